#!/usr/bin/env python3
"""trees.py [OPTIONS] LEFT RIGHT: compares two folders, themselves included, and names every difference.

A line per difference: PATH: FIELD: what LEFT has | what RIGHT has. Exit 0: equal, 1: different, 2: not compared.
Fields:
  missing   the name is in one of them alone          owner     user and group by number
  type      file, folder, symlink, fifo, ...          mtime     nanoseconds, symlinks too
  content   size and SHA-256 of files                 xattr     every extended attribute, ACLs and capabilities too
  target    where a symlink leads                     links     which names of the tree are one file
  device    major and minor                           sparse    holes, only with --sparse
  mode      permissions, setuid, setgid, sticky
"""

import argparse
import dataclasses
import fnmatch
import hashlib
import os
import stat
import sys

FIELDS = "missing type content target device mode owner mtime xattr links sparse".split()
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFCHR: "character device", stat.S_IFBLK: "block device", stat.S_IFSOCK: "socket"}
BLOCK = 4096


@dataclasses.dataclass
class Options:
    ignore: frozenset = frozenset()  # fields
    ignore_xattrs: tuple = ()  # patterns of names
    skip: tuple = ()  # patterns of paths
    tolerance: int = 0  # nanoseconds
    since: float = float("inf")  # later than this on both sides: a clock's time, which no archive brings
    sparse: bool = False


@dataclasses.dataclass(frozen=True)
class Difference:
    path: bytes
    field: str
    left: str
    right: str

    def __str__(self):
        return f"{text(self.path)}: {self.field}: {self.left} | {self.right}"


@dataclasses.dataclass
class Entry:
    place: bytes
    info: os.stat_result
    xattrs: dict
    names: list  # every path of this inode, sorted when all is read

    @property
    def kind(self):
        return KINDS.get(stat.S_IFMT(self.info.st_mode), "unknown")

    def is_kind(self, kind):
        return stat.S_IFMT(self.info.st_mode) == kind


def text(raw):
    """Bytes as one line of ASCII from which they can be told again."""
    return "".join(chr(b) if 0x20 < b < 0x7f and b != 0x5c else f"\\x{b:02x}" for b in raw)


def xattrs_of(place):
    try:
        return {name: os.getxattr(place, name, follow_symlinks=False)
                for name in os.listxattr(place, follow_symlinks=False)}
    except OSError as error:
        if error.errno == 95:  # a file system without them
            return {}
        raise


class Tree:
    """{path: Entry} of all below a folder; the folder itself is b"."."""

    def __init__(self, root, skip=()):
        self.entries, self.inodes, self.skip = {}, {}, [os.fsencode(pattern) for pattern in skip]
        self.add(b".", os.fsencode(root))
        for entry in self.entries.values():
            entry.names.sort()

    def add(self, path, place):
        folders = [(path, place)]
        while folders:
            path, place = folders.pop()
            entry = self.read(path, place)
            if entry.is_kind(stat.S_IFDIR):
                folders += [(name if path == b"." else path + b"/" + name, place + b"/" + name)
                            for name in os.listdir(place)
                            if not self.is_skipped(name if path == b"." else path + b"/" + name)]

    def is_skipped(self, path):
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in self.skip)

    def read(self, path, place):
        info = os.lstat(place)
        key = (info.st_dev, info.st_ino)
        names = [] if stat.S_ISDIR(info.st_mode) else self.inodes.setdefault(key, [])
        names.append(path)
        self.entries[path] = Entry(place, info, xattrs_of(place), names)
        return self.entries[path]


def digest(place):
    with open(place, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def content(a, b):
    if not a.is_kind(stat.S_IFREG):
        return
    if a.info.st_size != b.info.st_size:
        yield "content", f"{a.info.st_size} bytes", f"{b.info.st_size} bytes"
    elif a.info.st_size:
        left, right = digest(a.place), digest(b.place)
        if left != right:
            yield "content", "sha256:" + left, "sha256:" + right


def links(a, b):
    if a.names != b.names:
        yield "links", *(" = ".join(map(text, e.names)) if len(e.names) > 1 else "alone" for e in (a, b))


def device(a, b):
    if a.is_kind(stat.S_IFCHR) or a.is_kind(stat.S_IFBLK):
        yield "device", *(f"{os.major(e.info.st_rdev)},{os.minor(e.info.st_rdev)}" for e in (a, b))


def target(a, b):
    if a.is_kind(stat.S_IFLNK):
        yield "target", *(text(os.readlink(e.place)) for e in (a, b))


def has_holes(entry):
    return entry.info.st_blocks * 512 + BLOCK <= entry.info.st_size


def sparse(a, b):
    if a.is_kind(stat.S_IFREG):
        yield "sparse", *("holes" if has_holes(e) else "no holes" for e in (a, b))


def xattrs(a, b, options):
    for name in sorted(a.xattrs.keys() | b.xattrs.keys()):
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in options.ignore_xattrs):
            values = [e.xattrs.get(name) for e in (a, b)]
            yield "xattr", *(f"{name} is " + ("not there" if v is None else "0x" + v.hex()) for v in values)


def seconds(ns):
    return f"{'-' if ns < 0 else ''}{abs(ns) // 10**9}.{abs(ns) % 10**9:09d}"


def fields(a, b, options):
    """Field, left, right of two entries of one name: some are equal."""
    yield "type", a.kind, b.kind
    if a.kind != b.kind:
        return
    if "content" not in options.ignore:  # the one that costs
        yield from content(a, b)
    yield from target(a, b)
    yield from device(a, b)
    if not a.is_kind(stat.S_IFLNK):
        yield "mode", *(f"{stat.S_IMODE(e.info.st_mode):04o}" for e in (a, b))
    yield "owner", *(f"{e.info.st_uid}:{e.info.st_gid}" for e in (a, b))
    times = [e.info.st_mtime_ns for e in (a, b)]
    if abs(times[0] - times[1]) > options.tolerance and min(times) < options.since * 1e9:
        yield "mtime", *map(seconds, times)
    yield from xattrs(a, b, options)
    yield from links(a, b)
    if options.sparse:
        yield from sparse(a, b)


def compare(left, right, options=Options()):
    """Every Difference of two folders, by path."""
    a, b = Tree(left, options.skip).entries, Tree(right, options.skip).entries
    found = []
    for path in sorted(a.keys() | b.keys()):
        if path not in a or path not in b:
            kinds = (side[path].kind if path in side else "nothing" for side in (a, b))
            found.append(Difference(path, "missing", *kinds))
        else:
            found += [Difference(path, *said) for said in fields(a[path], b[path], options) if said[1] != said[2]]
    return [d for d in found if d.field not in options.ignore]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("left")
    parser.add_argument("right")
    parser.add_argument("--ignore", action="append", default=[], choices=FIELDS, metavar="FIELD")
    parser.add_argument("--ignore-xattr", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--skip", action="append", default=[], metavar="PATTERN", help="paths, and all below them")
    parser.add_argument("--time-tolerance", type=int, default=0, metavar="NANOSECONDS")
    parser.add_argument("--since", type=float, default=float("inf"), metavar="SECONDS",
                        help="times that are later than this on both sides are equal")
    parser.add_argument("--sparse", action="store_true", help="holes too: the file systems must be of one kind")
    given = parser.parse_args()
    options = Options(frozenset(given.ignore), tuple(given.ignore_xattr), tuple(given.skip), given.time_tolerance,
                      given.since, given.sparse)
    try:
        found = compare(given.left, given.right, options)
    except OSError as error:
        print(f"trees.py: {error}", file=sys.stderr)
        return 2
    for difference in found:
        print(difference)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
