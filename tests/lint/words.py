#!/usr/bin/env python3
"""Words that are nowhere in the tree: paths of one machine, hosts of package registries, notes to oneself."""

import re
import sys

import lint

# Put together here, so that this file may be looked at too.
HOSTS = [".".join(parts) for parts in (
    ("deb", "debian", "org"), ("security", "debian", "org"), ("proxy", "golang", "org"), ("sum", "golang", "org"),
    ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("crates", "io"))]
PLACES = ["/wo" + "rk", "/tm" + "p/b-"]
NOTES = ["TO" + "DO", "FIX" + "ME", "X" * 3]

RULES = [
    ("a path of one machine", re.compile(rb"(?<![\w.~-])(%s\b|%s)" % tuple(p.encode() for p in PLACES))),
    ("the host of a package registry",
     re.compile(rb"(?<![\w-])(%s)(?![\w-])" % b"|".join(re.escape(h.encode()) for h in HOSTS), re.I)),
    ("a note to oneself", re.compile(rb"(?<!\w)(%s)(?!\w)" % b"|".join(n.encode() for n in NOTES))),
]


def check(tree, _):
    for path in tree.paths:
        if path.startswith("tests/fuzz/corpus/"):
            continue  # found by a machine
        data = tree.bytes(path)
        for what, rule in RULES:
            for match in rule.finditer(data):
                line = data.count(b"\n", 0, match.start()) + 1
                yield f"{path}:{line}: {what}: {match.group(0).decode()}"


SAMPLES = [({"README.md": f"see {word}{end}\n"}, "README.md:1") for word in HOSTS + PLACES + NOTES for end in ("x" if word.endswith("-") else "", ":")]
SAMPLES += [
    ({"a.c": "mkstemp(name" + "X" * 6 + ") network/work a/work/b /workdir /tmp/bin"}, None),
    ({"a.sh": "\n\ncd " + PLACES[0] + "/x\n"}, "a.sh:3: a path"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
