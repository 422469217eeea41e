"""Unpacking as the tests of it share it: trees compared, and the table of the differences that are right."""

import fnmatch
import os
import sys
import time

from harness import HERE, Failure, expect

sys.path.insert(0, os.path.join(HERE, "..", "compare"))
import trees  # noqa: E402  the tool of the folder beside this one

SHOWN = 40


def fits(text, patterns):
    return any(fnmatch.fnmatchcase(text, p) for p in patterns.split(","))


class Accepted:
    """Lines of `unpack_accepted.txt`: PEER IMAGE FIELD PATH WHY; the first four are patterns, with commas between."""

    def __init__(self):
        self.rows, self.used, self.seen = [], set(), set()
        with open(os.path.join(HERE, "unpack_accepted.txt"), encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if line.strip() and not line.startswith("#"):
                    words = line.split(None, 4)
                    expect(len(words) == 5, f"unpack_accepted.txt:{number}: no reason given")
                    self.rows.append((number, words[:4]))

    def takes(self, peer, image, field, path):
        found = [number for number, row in self.rows
                 if all(map(fits, (peer, image, field, path), row))]
        self.used.update(found)
        return bool(found)

    def idle(self):
        """Rows about peers and images that were looked at, which no difference needed."""
        return [number for number, (peer, image, *_) in self.rows if number not in self.used and
                any(fits(p, peer) and fits(i, image) for p, i in self.seen)]


class Comparison:
    def __init__(self):
        self.accepted, self.begin = Accepted(), time.time() - 1

    def refused(self, peer, image, done):
        """Whether they do not take what we do; the path of such a line of the table is `-`."""
        self.accepted.seen.add((peer, image))
        if done.code != 0 and not self.accepted.takes(peer, image, "refused", "-"):
            raise Failure(f"{peer} does not take {image}\n{done}")
        return done.code != 0

    def same(self, peer, image, theirs, ours, **options):
        """Ours and theirs are equal but for what the table knows."""
        self.accepted.seen.add((peer, image))
        bad = [d for d in trees.compare(theirs, ours, trees.Options(since=self.begin, **options))
               if not self.accepted.takes(peer, image, d.field, trees.text(d.path))]
        if bad:
            raise Failure(f"{image}: {peer} has the left, we the right: {len(bad)} differences\n" +
                          "\n".join(map(str, bad[:SHOWN])))

    def every_exception_is_needed(self, _):
        idle = self.accepted.idle()
        expect(not idle, f"unpack_accepted.txt: no difference needs the lines {idle}")


def step(name, function, *arguments):
    """A step of main() that is a function with arguments."""
    def run(w):
        return function(w, *arguments)
    run.__name__ = name
    return run


def must_be_root():
    if os.geteuid() != 0:
        print("skipped: owners and devices are root's to make")
        sys.exit(SKIPPED)
