#!/usr/bin/env python3
"""Makes the archives of this folder, and cases.json, which says what has to become of each.

A case is a few layers and a verdict: "fine" with what is there afterwards (path -> "file TEXT", "dir", "link TARGET",
"other" or null for nothing), "refused", or "limit". Outside of the folder that is unpacked to, nothing may change:
beside it is the file `canary`, and in /tmp/cprov-hostile, for absolute names, another one.
"""

import gzip
import io
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OUTSIDE = "/tmp/cprov-hostile"


def raw(value):
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def number(value, width):
    """Octal, or base 256 where that is too short or the value is negative."""
    if isinstance(value, bytes):
        return value
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return bytes([0x80 if value >= 0 else 0xFF]) + (value % 256 ** (width - 1)).to_bytes(width - 1, "big")


def header(name=b"", type="0", link=b"", mode=0o644, uid=0, gid=0, size=0, mtime=10**9, major=0, minor=0,
           magic=b"ustar\00000", tail=b"", broken=False):
    block = raw(name)[:100].ljust(100, b"\0") + number(mode, 8) + number(uid, 8) + number(gid, 8)
    block += number(size, 12) + number(mtime, 12) + b" " * 8 + raw(type) + raw(link)[:100].ljust(100, b"\0")
    block += magic.ljust(8, b"\0") + b"\0" * 64 + number(major, 8) + number(minor, 8)
    block = (block + tail).ljust(512, b"\0")
    total = sum(block) + (1 if broken else 0)
    return block[:148] + b"%06o\0 " % total + block[156:]


def padded(data):
    return data + b"\0" * (-len(data) % 512)


def member(name, content=b"", **fields):
    fields.setdefault("size", len(raw(content)))
    return header(name, **fields) + padded(raw(content))


def file(name, content="x", **fields):
    return member(name, content, **fields)


def folder(name, **fields):
    return member(name, type="5", mode=fields.pop("mode", 0o755), **fields)


def symlink(name, target):
    return member(name, type="2", link=target)


def hardlink(name, target, **fields):
    return member(name, type="1", link=target, **fields)


def body(type, data):
    return member("extended", data, type=type)


def record(key, value):
    rest = b" " + raw(key) + b"=" + raw(value) + b"\n"
    size = len(rest) + 1
    while len(b"%d" % size) + len(rest) != size:
        size = len(b"%d" % size) + len(rest)
    return b"%d" % size + rest


def pax(*pairs, type="x"):
    return body(type, b"".join(record(k, v) for k, v in pairs))


def gnu_sparse(name, extents, size, content=b""):
    tail = b"\0" * 41 + b"".join(number(n, 12) for pair in extents for n in pair).ljust(96, b"\0")
    return header(name, type="S", magic=b"ustar  \0", size=len(content), tail=tail + b"\0" + number(size, 12)) + padded(content)


def sparse(name, map, size, content=b"", **more):
    return pax(("GNU.sparse.size", str(size)), ("GNU.sparse.map", map), *more.items()) + file(name, content)


END = b"\0" * 1024
CASES = []


def case(name, verdict, *layers, tree=None, **options):
    """layers: bytes are closed with two blocks of zeroes; a pair (suffix, bytes) is written as it is."""
    CASES.append((name, verdict, layers, tree or {}, options))


def names():
    case("dotdot-file", "refused", file("../canary"))
    case("dotdot-after-folders", "refused", file("a/b/../../../canary"))
    case("dotdot-after-root", "refused", file("/../canary"))
    case("dotdot-folder", "refused", folder("../new"))
    case("dotdot-alone", "refused", folder(".."))
    case("dotdot-symlink", "refused", symlink("../link", "canary"))
    case("dotdot-fifo", "refused", member("../fifo", type="6"))
    case("dotdot-inside", "fine", file("a/../b"), tree={"b": "file x", "a": None})
    case("dotdot-backslash", "fine", file("..\\canary"), tree={"..\\canary": "file x"})
    case("absolute", "fine", file(OUTSIDE + "/canary"), tree={OUTSIDE[1:] + "/canary": "file x"})
    case("absolute-twice", "fine", file("/" + OUTSIDE + "/new"), tree={OUTSIDE[1:] + "/new": "file x"})
    case("dots", "fine", file("./././a//./f"), tree={"a/f": "file x"})
    case("empty-name", "refused", file(""))
    case("root-as-file", "refused", file("."))
    case("root-as-symlink", "refused", symlink("./", ".."))
    case("root-as-hardlink", "refused", hardlink("/", "f"))
    case("root-as-fifo", "refused", member("/", type="6"))
    case("trailing-slash", "fine", file("f/"), tree={"f": "file x"})
    case("component-too-long", "refused", pax(("path", "n" * 256)) + file("n"))
    case("path-too-long", "limit", pax(("path", "n/" * 3000)) + file("n"))
    case("drive-letter", "fine", file("C:\\Windows\\x"), tree={"C:\\Windows\\x": "file x"})
    case("stream", "fine", file("f") + file("f:stream"), tree={"f:stream": "file x"})
    case("control-characters", "fine", file("a\n\x1b[2J"), tree={"a\n\x1b[2J": "file x"})
    case("duplicates", "fine", b"".join(file("f", str(i)) for i in range(20)), tree={"f": "file 19"})
    case("nul-in-path", "refused", pax(("path", "f\0/../../canary")) + file("f"))


def links():
    case("parent-absolute", "fine", symlink("s", OUTSIDE) + file("s/x"), tree={OUTSIDE[1:] + "/x": "file x"})
    case("parent-upwards", "fine", symlink("s", "..") + file("s/canary"), tree={"canary": "file x"})
    case("parent-far-upwards", "fine", symlink("s", "../../../../../../tmp") + file("s/x"), tree={"tmp/x": "file x"})
    case("parent-chain", "fine", symlink("a", "b") + symlink("b", "c/..") + symlink("c", "../..") + file("a/canary"),
         tree={"canary": "file x"})
    case("parent-of-layer-below", "fine", symlink("s", ".."), file("s/canary"), tree={"canary": "file x"})
    case("parent-proc", "fine", symlink("s", "/proc/self/root") + file("s/x"), tree={"proc/self/root/x": "file x"})
    case("write-through-last", "fine", symlink("s", "../canary") + file("s"), tree={"s": "file x"})
    case("write-through-absolute", "fine", symlink("s", OUTSIDE + "/canary"), file("s"), tree={"s": "file x"})
    case("folder-over-symlink", "fine", symlink("s", "..") + folder("s", mode=0o777) + file("s/canary"),
         tree={"s/canary": "file x", "canary": None})
    case("symlink-over-folder", "fine", folder("d") + file("d/a") + symlink("d", "..") + file("d/canary"),
         tree={"d": "link ..", "canary": "file x"})
    case("fifo-over-symlink", "fine", symlink("s", "../canary") + member("s", type="6"), tree={"s": "other"})
    case("parent-is-file", "fine", file("f") + symlink("s", "f") + file("s/x"), tree={"f/x": "file x"})
    case("parent-is-fifo", "fine", member("p", type="6") + file("p/x"), tree={"p/x": "file x"})
    case("loop", "refused", symlink("a", "b") + symlink("b", "a") + file("a/x"))
    case("loop-self", "refused", symlink("a", "a/a") + file("a/x"))
    case("loop-growing", "refused", symlink("a", "a/../a/../a/../a") + file("a/x"))
    case("too-many-links", "refused", symlink("l0", ".") + b"".join(symlink(f"l{i}", f"l{i-1}") for i in range(1, 50)) + file("l49/x"))
    case("target-empty", "refused", symlink("s", ""))
    case("target-too-long", "refused", pax(("linkpath", "x" * 5000)) + symlink("s", "y"))
    case("target-nul", "refused", pax(("linkpath", "x\0y")) + symlink("s", "y"))

    case("hardlink-upwards", "refused", hardlink("h", "../canary"))
    case("hardlink-absolute", "refused", hardlink("h", OUTSIDE + "/canary"))
    case("hardlink-through-parent", "refused", symlink("s", "..") + hardlink("h", "s/canary"))
    case("hardlink-through-absolute-parent", "refused", symlink("s", OUTSIDE), hardlink("h", "s/canary"))
    case("hardlink-to-symlink", "fine", symlink("s", "../canary") + hardlink("h", "s") + file("h"),
         tree={"h": "file x", "s": "link ../canary"})
    case("hardlink-then-overwrite", "fine", file("f", "first") + hardlink("h", "f") + file("h"),
         tree={"f": "file first", "h": "file x"})
    case("hardlink-itself", "refused", file("f") + hardlink("f", "./f"))
    case("hardlink-folder", "refused", folder("d") + hardlink("h", "d"))
    case("hardlink-root", "refused", hardlink("h", "/"))
    case("hardlink-missing", "refused", hardlink("h", "later") + file("later"))
    case("hardlink-lower", "fine", file("f"), hardlink("h", "f"), tree={"h": "file x"})
    case("hardlink-hidden", "refused", file("f"), file(".wh.f") + hardlink("h", "f"))
    case("hardlink-with-content", "refused", hardlink("h", "f", size=3) + padded(b"abc"))
    case("hardlink-into-own-target", "refused", file("d/f") + hardlink("d", "d/f"))


def whiteouts():
    case("whiteout-parent", "refused", file("f"), file(".wh..."))
    case("whiteout-itself", "refused", file("f"), file(".wh.."))
    case("whiteout-empty", "refused", file("f"), file("d/.wh."))
    case("whiteout-upwards", "refused", file("f"), file("../.wh.canary"))
    case("whiteout-absolute", "fine", file("f"), file(OUTSIDE + "/.wh.canary"), tree={"f": "file x"})
    case("whiteout-through-symlink", "fine", symlink("s", "..") + file("canary"), file("s/.wh.canary"), tree={"canary": None})
    case("whiteout-through-absolute", "fine", symlink("s", OUTSIDE), file("s/.wh.canary"), tree={"s": "link " + OUTSIDE})
    case("whiteout-of-symlink", "fine", symlink("s", "../canary"), file(".wh.s"), tree={"s": None})
    case("whiteout-below", "refused", file("f"), file(".wh.f/x"))
    case("whiteout-folder", "fine", file("d/f"), folder(".wh.d"), tree={"d": None, ".wh.d": None})
    case("whiteout-hardlink", "fine", file("f"), hardlink(".wh.f", "../canary"), tree={"f": None})
    case("whiteout-symlink", "fine", file("f"), symlink(".wh.f", "../canary"), tree={"f": None})
    case("whiteout-content", "fine", file("f"), file(".wh.f", "not for the tree"), tree={"f": None, ".wh.f": None})
    case("whiteout-own-layer", "fine", file("f", "low"), file("f") + file(".wh.f"), tree={"f": "file x"})
    case("whiteout-reserved", "fine", file("f"), file(".wh..wh.plnk/1.2") + file(".wh..wh.aufs") + folder(".wh..wh.orph"),
         tree={"f": "file x", ".wh..wh.plnk": None, ".wh..wh.aufs": None})
    case("whiteout-inside-reserved", "fine", file("f"), file(".wh..wh.plnk/.wh.f"), tree={"f": "file x"})
    case("aufs-links", "fine", file("low"), folder(".wh..wh.plnk") + file(".wh..wh.plnk/6.9", "two") + hardlink("d/a", ".wh..wh.plnk/6.9")
         + hardlink("b", "/.wh..wh.plnk/6.9") + file(".wh..wh.orph/x") + hardlink(".wh.low", ".wh..wh.aufs") + file(".wh..wh..opq"),
         tree={"d/a": "file two", "b": "file two", "low": None, ".wh..wh.plnk": None, ".wh..wh.orph": None})
    case("aufs-links-missing", "refused", hardlink("a", ".wh..wh.plnk/6.9"))
    case("aufs-links-lower", "refused", file(".wh..wh.plnk/6.9"), hardlink("a", ".wh..wh.plnk/6.9"))
    case("aufs-links-out", "refused", hardlink("a", ".wh..wh.plnk/../../canary"))
    case("aufs-beside-files", "fine", file("d/.wh..wh.x/y") + hardlink("d/a", "d/.wh..wh.x/y") + file("d/.wh..wh.z"),
         tree={"d/a": "file x", "d/.wh..wh.x": None, "d/.wh..wh.z": None})
    case("opaque-root", "fine", file("a") + file("d/b"), file("c") + file(".wh..wh..opq"), tree={"a": None, "d": None, "c": "file x"})
    case("opaque-through-symlink", "fine", symlink("s", "..") + file("f"), file("s/.wh..wh..opq"), tree={"f": "file x"})
    case("opaque-upwards", "refused", file("f"), file("../.wh..wh..opq"))
    case("opaque-file", "fine", file("f"), file("f/.wh..wh..opq"), tree={"f": "file x"})
    case("whiteout-deep", "fine", pax(("path", "d/" * 1500 + "f")) + file("f"), file(".wh.d"), tree={"d": None})
    case("whiteout-deep-beside-own", "limit", pax(("path", "d/" * 300 + "f")) + file("f"), file("e") + file(".wh.d"))


def types():
    case("device-then-file", "fine", member("n", type="3", major=1, minor=3) + file("n"), tree={"n": "file x"})
    case("fifo-then-file", "fine", member("p", type="6") + file("p"), tree={"p": "file x"})
    case("device-numbers", "refused", member("n", type="4", major=2**40))
    case("device-parent", "fine", member("n", type="3", major=1, minor=3) + file("n/x"), tree={"n/x": "file x"})
    case("folder-closed", "fine", folder("d", mode=0) + file("d/f"), tree={"d": "dir"})
    case("mode-bits", "fine", file("f", mode=b"7777777\0"), tree={"f": "file x"})
    case("setuid-file", "fine", file("f", mode=0o6777, uid=1, gid=1), tree={"f": "file x"})
    case("owner-too-large", "refused", file("f", uid=2**32))
    case("owner-nobody", "refused", file("f", uid=2**32 - 1))
    case("owner-negative", "refused", file("f", gid=-1))
    case("unknown-type", "refused", file("f", type="Q"))
    case("unknown-type-empty", "fine", file("f", "", type="Q"), tree={"f": None})
    case("dump-folder", "fine", file("d", "Yname\0\0", type="D") + file("f"), tree={"d": "dir", "f": "file x"})
    case("volume-label", "fine", file("../canary", "", type="V") + file("f"), tree={"f": "file x"})


def overrides():
    case("pax-path-upwards", "refused", pax(("path", "../canary")) + file("f"))
    case("pax-path-absolute", "fine", pax(("path", OUTSIDE + "/canary")) + file("f"), tree={OUTSIDE[1:] + "/canary": "file x", "f": None})
    case("pax-linkpath", "refused", file("f") + pax(("linkpath", "../canary")) + hardlink("h", "f"))
    case("pax-size-long", "refused", pax(("size", "5000")) + file("f") + file("g"))
    case("pax-size-short", "refused", pax(("size", "0")) + file("f", "this is no header"))
    case("pax-size-overflow", "refused", pax(("size", str(2**63))) + file("f"))
    case("pax-size-negative", "refused", pax(("size", "-1")) + file("f"))
    case("pax-length-lies", "refused", body("x", "99 path=f\n") + file("f"))
    case("pax-length-zero", "refused", body("x", "0 path=f\n") + file("f"))
    case("pax-no-newline", "refused", body("x", "9 path=f\0") + file("f"))
    case("pax-alone", "refused", pax(("path", "f")))
    case("pax-global-path", "fine", pax(("path", "../canary"), ("linkpath", ".."), type="g") + file("f"), tree={"f": "file x"})
    case("pax-huge", "limit", header("extended", type="x", size=1 << 21))
    case("pax-many", "limit", pax(*[(f"k{i}", "") for i in range(2000)]) + file("f"))
    case("pax-time-strange", "refused", pax(("mtime", "1e9")) + file("f"))
    case("pax-time-far", "fine", pax(("mtime", str(2**63 - 1))) + file("f"), tree={"f": "file x"})
    case("gnu-name-upwards", "refused", body("L", "../canary\0") + file("f"))
    case("gnu-link-upwards", "refused", body("K", "../canary\0") + hardlink("h", "f"))
    case("gnu-name-over-pax", "refused", pax(("path", "f")) + body("L", "../canary\0") + file("g"))
    case("gnu-name-nul", "fine", body("L", "f\0/../../canary") + file("g"), tree={"f": "file x"})
    case("gnu-name-huge", "limit", member("long", type="L", size=1 << 40))
    case("xattr-name-nul", "refused", pax(("SCHILY.xattr.user.a\0b", "x")) + file("f"))
    case("xattr-name-long", "refused", pax(("SCHILY.xattr.user." + "n" * 300, "x")) + file("f"))
    case("xattr-overlay", "fine", pax(("SCHILY.xattr.trusted.overlay.redirect", "/"), ("SCHILY.xattr.trusted.overlay.opaque", "y")) + folder("d"),
         tree={"d": "dir"})
    case("xattr-forged-owner", "fine", pax(("SCHILY.xattr.user.rootlesscontainers", "\x08\x01")) + file("f"), tree={"f": "file x"})
    case("acl-malformed", "refused", pax(("SCHILY.acl.access", "user::rwx,nonsense")) + file("f"))
    case("sparse-name-upwards", "refused", sparse("f", "0,1", 1, b"x", **{"GNU.sparse.name": "../canary"}))


def sizes():
    case("sparse-past-end", "refused", sparse("f", "0,1,100,5", 100, b"abcdef"))
    case("sparse-overlap", "refused", sparse("f", "0,4,2,2", 100, b"abcdef"))
    case("sparse-backwards", "refused", sparse("f", "10,2,0,2", 100, b"abcd"))
    case("sparse-overflow", "refused", sparse("f", f"{2**64 - 1},1", 100, b"a"))
    case("sparse-sum", "refused", sparse("f", "0,1", 100, b"abcdef"))
    case("sparse-half", "refused", sparse("f", "0", 100))
    case("sparse-map-cut", "refused", pax(("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "9")) + file("f", "5\n1\n1\n"))
    case("sparse-map-count", "limit", pax(("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "9")) + file("f", f"{10**15}\n".ljust(512, "\0")))
    case("sparse-old-past-end", "refused", gnu_sparse("f", [(0, 512), (4096, 512)], 4096, b"d" * 1024))
    case("sparse-old-negative", "refused", gnu_sparse("f", [(-512, 512)], 4096, b"d" * 512))
    case("sparse-endless", "limit", sparse("f", "", 2**62))
    case("size-negative", "refused", file("f", size=-512))
    case("size-huge", "limit", header("f", size=2**50))
    case("size-not-there", "refused", ("tar", header("f", size=4096) + b"cut"))
    case("header-cut", "refused", ("tar", file("f") + header("g")[:300]))
    case("header-broken", "refused", file("f") + header("g", broken=True))
    case("header-garbage", "refused", b"\xff" * 512)
    case("hole-in-the-middle", "refused", ("tar", file("f") + b"\0" * 512 + file("../canary") + END))
    case("after-the-end", "fine", ("tar", file("f") + END + file("../canary") + END), tree={"f": "file x"})
    case("nothing", "fine", ("tar", b""), tree={".": "dir"})
    case("bomb-members", "limit", b"".join(file(f"f{i}", "") for i in range(21)), entries=20)
    case("bomb-members-over-layers", "limit", file("a") + file("b"), file("c") + file("d"), entries=3)
    case("bomb-bytes", "limit", file("f", b"\0" * 5000), bytes=4999)
    case("bomb-ratio", "limit", ("tar.gz", packed(file("f", b"\0" * (8 << 20)) + END)), ratio=100, free_bytes=1 << 20)
    case("gzip-cut", "refused", ("tar.gz", packed(file("f", b"random" * 9999) + END)[:-20]))
    case("gzip-damaged", "refused", ("tar.gz", packed(file("f") + END)[:-8] + b"\0" * 8))
    case("gzip-garbage-after", "refused", ("tar.gz", packed(file("f") + END) + b"garbage"))
    case("gzip-inside-gzip", "refused", ("tar.gz", packed(packed(file("f") + END))))


def windows():
    case("windows-case", "fine", file("Files/Windows/a", "low"), file("files/WINDOWS/A"), windows=True,
         tree={"Files/Windows/a": "file x", "files": None})
    case("windows-upwards", "refused", file("Files/../../canary"), windows=True)
    case("windows-metadata-forged", "refused", file(".cprov-WINDOWS.jsonl"), windows=True)
    case("windows-drive", "refused", file("C:\\x"), windows=True)
    case("windows-drive-folder", "refused", file("c:/x"), windows=True)
    case("windows-backslash", "refused", file("Files/..\\..\\x"), windows=True)
    case("windows-hardlink-drive", "refused", file("Files/a") + member("Files/b", type="1", link="C:\\a"), windows=True)
    case("windows-stream", "fine", file("Files/a") + file("Files/a:stream"), windows=True, tree={"Files/a:stream": "file x"})
    case("windows-whiteout-case", "fine", file("Files/Foo") + file("Files/D/x"), file("files/.wh.fOO") + file("Files/d/.wh..wh..opq"),
         windows=True, tree={"Files/Foo": None, "Files/D": "dir", "Files/D/x": None})
    case("windows-whiteout-lowest", "refused", file("Files/.wh.x"), windows=True)
    case("windows-whiteout-hives", "refused", file("Files/a"), file("Hives/.wh.System_Delta"), windows=True)
    case("windows-symlink", "fine", symlink("Files/s", "..\\..\\..") + file("Files/S/x"), windows=True, tree={"Files/..\\..\\../x": "file x"})


def packed(data):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as stream:
        stream.write(data)
    return out.getvalue()


def write(path, data):
    with open(os.path.join(HERE, path), "wb") as out:
        out.write(data)


def main():
    for group in (names, links, whiteouts, types, overrides, sizes, windows):
        group()
    for old in os.listdir(HERE):
        if old.endswith((".tar", ".tar.gz")):
            os.unlink(os.path.join(HERE, old))
    listed = []
    for name, verdict, layers, tree, options in CASES:
        files = []
        for i, layer in enumerate(layers, 1):
            suffix, data = layer if isinstance(layer, tuple) else ("tar", layer + END)
            files.append(f"{name}.{i}.{suffix}" if len(layers) > 1 else f"{name}.{suffix}")
            write(files[-1], data)
        listed.append({"name": name, "verdict": verdict, "layers": files, "tree": tree, **options})
    write("cases.json", ("[\n" + ",\n".join(json.dumps(c) for c in listed) + "\n]\n").encode())
    print(f"{len(listed)} cases")


if __name__ == "__main__":
    sys.exit(main())
