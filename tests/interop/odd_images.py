#!/usr/bin/env python3
"""odd_images.py FOLDER: an OCI layout of images that are legal, and odd in one way each. The tag is the name.

Each function below that takes the list of layers is an image: it fills archives, the lowest first. The archives are
written by hand, since no tar program writes all of it; sparse files come from GNU tar itself.
"""

import gzip
import os
import struct
import subprocess
import sys
import tempfile

from images import LAYER, Layout, sha256

T = 1_400_000_000  # a time that is nobody's now
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw+ep


def acl(*entries):
    """The attribute's bytes of (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


ACCESS = acl((1, 6, 2**32 - 1), (2, 4, 1000), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 4, 2**32 - 1))
DEFAULT = acl((1, 7, 2**32 - 1), (4, 5, 2**32 - 1), (8, 7, 2000), (16, 7, 2**32 - 1), (32, 0, 2**32 - 1))


def number(value, width):
    """Octal, or base-256 when that is too short."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return bytes([0x80 if value >= 0 else 0xff]) + value.to_bytes(width - 1, "big", signed=True)


def raw(name):
    return name if isinstance(name, bytes) else name.encode()


class Tar:
    """One layer. Every maker takes mode, uid, gid, mtime, and `pax`: {key: value} for an extended header."""

    def __init__(self):
        self.data = b""

    def header(self, name, kind, size=0, mode=0o644, uid=0, gid=0, mtime=T, link=b"", device=(0, 0),
               magic=b"ustar\00000"):
        block = (raw(name)[:100].ljust(100, b"\0") + number(mode, 8) + number(uid, 8) + number(gid, 8) +
                 number(size, 12) + number(mtime, 12) + b" " * 8 + kind + raw(link)[:100].ljust(100, b"\0") +
                 magic + bytes(64) + number(device[0], 8) + number(device[1], 8)).ljust(512, b"\0")
        self.data += block[:148] + b"%06o\0 " % sum(block) + block[156:]

    def body(self, data):
        self.data += data + bytes(-len(data) % 512)

    def extended(self, records, kind=b"x"):
        """A PAX header: values are text or bytes; a list has (key, value) in order."""
        body = b""
        for key, value in records.items() if isinstance(records, dict) else records:
            rest = b" " + raw(key) + b"=" + raw(value) + b"\n"
            size = len(rest)
            while size != len(rest) + len(str(size)):
                size = len(rest) + len(str(size))
            body += b"%d" % size + rest
        self.header("PaxHeaders/x", kind, len(body))
        self.body(body)

    def gnu(self, kind, text):
        """@LongLink: L for the next name, K for the next target."""
        self.header("././@LongLink", kind, len(raw(text)) + 1, mtime=0, magic=b"ustar  \0")
        self.body(raw(text) + b"\0")

    def entry(self, name, kind, data=b"", pax=None, **how):
        if pax:
            self.extended(pax)
        self.header(name, kind, len(data), **how)
        self.body(data)

    def dir(self, name, mode=0o755, **how):
        self.entry(name + ("/" if isinstance(name, str) else b"/"), b"5", mode=mode, **how)

    def file(self, name, data=b"", **how):
        self.entry(name, b"0", raw(data), **how)

    def symlink(self, name, to, **how):
        self.entry(name, b"2", link=to, mode=0o777, **how)

    def hardlink(self, name, to, **how):
        self.entry(name, b"1", link=to, **how)

    def whiteout(self, name):
        folder, _, last = name.rpartition("/")
        self.file((folder + "/" if folder else "") + ".wh." + last)

    def opaque(self, folder):
        self.file(folder + "/.wh..wh..opq")

    def bytes(self):
        return self.data + bytes(1024)


def layers_of(*fill):
    made = []
    for function in fill:
        made.append(Tar())
        function(made[-1])
    return made


def whiteouts():
    def lower(t):
        for folder in ("a", "b", "b/deep", "c", "keep"):
            t.dir(folder)
        for name in ("first", "last", "again", "before", "a/1", "a/2", "a/3", "b/x", "b/deep/y", "c/z", "keep/me"):
            t.file(name, name)
        t.symlink("symlink", "keep")
        t.symlink("dangling", "nowhere")

    def middle(t):
        t.whiteout("first")  # before everything
        t.dir("a", mode=0o700)
        t.whiteout("a/1")
        t.file("a/4", "new")
        t.whiteout("a/2")
        t.whiteout("b")  # a full folder
        t.whiteout("symlink")  # the link, not what it leads to
        t.whiteout("dangling")
        t.whiteout("nothing")
        t.whiteout("no/such/folder")
        t.whiteout("again")
        t.file("again", "made after its whiteout")
        t.file("before", "made before its whiteout")
        t.whiteout("before")
        t.whiteout("last")

    def upper(t):
        t.whiteout("c/z")
        t.whiteout("a/4")
        t.dir("b")
        t.file("b/back", "a folder that came back is empty below")
    return layers_of(lower, middle, upper)


def opaque():
    def lower(t):
        for folder in ("first", "last", "between", "deep", "deep/er", "deep/er/est", "gone"):
            t.dir(folder)
            t.file(folder + "/old", "old")
            t.file(folder + "/both", "old")

    def upper(t):
        t.dir("first")
        t.opaque("first")
        t.file("first/new", "new")
        t.file("first/both", "new")
        t.dir("last", mode=0o711)
        t.file("last/new", "new")
        t.file("last/both", "new")
        t.dir("last/folder")
        t.file("last/folder/in", "new")
        t.opaque("last")
        t.dir("between")
        t.file("between/new", "new")
        t.opaque("between")
        t.file("between/both", "new")
        t.dir("deep")
        t.dir("deep/er")
        t.opaque("deep")
        t.file("deep/er/both", "new")
        t.opaque("gone")

    def top(t):
        t.opaque("nowhere")
        t.dir("first")
        t.opaque("first")
    return layers_of(lower, upper, top)


def opaque_root():
    def lower(t):
        t.dir("a")
        t.file("a/old", "old")
        t.file("old", "old")

    def upper(t):
        t.dir("b")
        t.file("b/new", "new")
        t.file(".wh..wh..opq")
        t.dir("a")
    return layers_of(lower, upper)


def types():
    names = "to_folder to_file to_symlink to_fifo to_device to_hardlink".split()

    def files(t):
        t.file("other", "other")
        for name in names:
            t.dir(name)
            t.dir(name + "/below")
            t.file(name + "/below/file", name)
        for name in names:
            t.file("file_" + name, "file")
            t.symlink("link_" + name, "other_folder")
        t.dir("other_folder")
        t.file("other_folder/stays", "stays")

    def change(prefix):
        def fill(t):
            t.dir(prefix + "to_folder")
            t.file(prefix + "to_folder/new", "new")
            t.file(prefix + "to_file", "new", mode=0o600)
            t.symlink(prefix + "to_symlink", "other")
            t.entry(prefix + "to_fifo", b"6", mode=0o620)
            t.entry(prefix + "to_device", b"3", mode=0o666, device=(1, 3))
            t.hardlink(prefix + "to_hardlink", "other")
        return fill

    def all_change(t):
        for prefix in ("", "file_", "link_"):
            change(prefix)(t)

    def back(t):  # and each becomes another thing once more
        for name in names[1:]:
            t.dir(name, mode=0o750)
            t.file(name + "/again", "again")
        for name in names[:1] + ["file_" + n for n in names[1:]]:
            t.file(name, "file again")
    return layers_of(files, all_change, back)


def usrmerge():
    def lower(t):
        for folder in ("usr", "usr/lib", "usr/bin", "usr/lib/sub", "var", "var/lib"):
            t.dir(folder)
        t.symlink("lib", "usr/lib")
        t.symlink("bin", "/usr/bin")
        t.symlink("usr/lib64", "lib")
        t.symlink("usr/lib/up", "../../var/lib")
        t.symlink("outside", "../../../../var")
        t.file("usr/lib/a", "a")
        t.file("usr/lib/b", "b")

    def upper(t):
        t.file("lib/x", "x")
        t.dir("lib/folder")
        t.file("lib/folder/y", "y")
        t.file("lib/sub/z", "z")
        t.file("bin/tool", "tool", mode=0o755)
        t.file("usr/lib64/w", "w")
        t.file("lib/up/v", "v")  # two links on the way
        t.file("outside/u", "u")  # leads to /var in here
        t.hardlink("hard", "lib/x")
        t.hardlink("lib/hard", "bin/tool")
        t.symlink("lib/soft", "x")
        t.whiteout("lib/a")
        t.file("lib/b", "new")
    return layers_of(lower, upper)


def hardlinks():
    def lower(t):
        t.dir("d")
        t.file("a", "a", mode=0o4755)
        t.file("d/b", "b", mtime=T + 5)
        t.hardlink("d/b2", "d/b", mtime=T + 5)
        t.symlink("s", "d/b")
        t.file("r", "r")
        t.hardlink("r2", "r")

    def middle(t):
        t.hardlink("b", "a", mode=0o4755)  # into a lower layer
        t.hardlink("d/c", "b", mode=0o4755)
        t.hardlink("s2", "s", mode=0o777)  # a second name of a symlink
        t.hardlink("d/b3", "./d/b2", mtime=T + 5)
        t.hardlink("d/b4", "/d/b2", mtime=T + 5)
        t.file("r", "new r")  # r2 keeps the old

    def upper(t):
        t.whiteout("a")  # its other names stay
        t.hardlink("d/d", "d/c", mode=0o4755)
        t.hardlink("d/c", "d/b", mtime=T + 5)  # over a name of another file
        t.hardlink("r2", "r")
    return layers_of(lower, middle, upper)


def modes():
    def lower(t):
        t.dir("tmp", mode=0o1777)
        t.dir("closed", mode=0)
        t.dir("closed/below", mode=0o111)
        t.file("closed/below/file", "x", mode=0)
        t.dir("group", mode=0o2775, gid=50)
        t.file("group/file", "x", gid=0)
        t.dir("group/folder", gid=0)
        for mode in (0o4755, 0o2755, 0o6711, 0o7777, 0o1644, 0o4000):
            t.file(f"m{mode:04o}", "x", mode=mode, uid=1, gid=2)
        t.dir("all", mode=0o7777, uid=3, gid=4)

    def upper(t):
        t.file("closed/below/more", "y", mode=0o200)
        t.file("tmp/file", "y", uid=1000, gid=1000)
        t.dir("tmp", mode=0o700)
        t.file("group/more", "y", gid=50)
    return layers_of(lower, upper)


def attributes():
    def xattr(name, value):
        return {"SCHILY.xattr." + name: value}

    def lower(t):
        t.file("capable", "x", mode=0o755, pax=xattr("security.capability", CAPABILITY))
        t.file("owned", "x", mode=0o755, uid=7, gid=8, pax=xattr("security.capability", CAPABILITY))
        t.file("user", "x", pax={**xattr("user.one", "1"), **xattr("user.bytes", b"a\0b\n=\xff"),
                                 **xattr("user.empty", b"")})
        t.file("read-only", "x", mode=0o444, pax=xattr("user.ro", "1"))
        t.dir("folder", mode=0o750, pax={**xattr("user.dir", "d"), **xattr("trusted.t", "t")})
        t.file("access", "x", mode=0o664, pax=xattr("system.posix_acl_access", ACCESS))
        t.dir("default", mode=0o750, pax=xattr("system.posix_acl_default", DEFAULT))
        t.symlink("symlink", "user", pax=xattr("trusted.s", "s"))
        t.entry("fifo", b"6", pax=xattr("trusted.f", "f"))

    def upper(t):
        t.file("default/inherits", "not the list of its folder", mode=0o600)
        t.dir("default/folder", mode=0o700)
        t.file("user", "and no attributes any more")
        t.dir("folder", mode=0o750)
        t.hardlink("linked", "capable", mode=0o755)
    return layers_of(lower, upper)


def access_lists():
    """As star and GNU tar write them."""
    def only(t):
        t.file("access", "x", mode=0o664, pax={
            "SCHILY.acl.access": "user::rw-,user:1000:r--,group::r--,mask::rw-,other::r--"})
        t.dir("default", mode=0o750, pax={
            "SCHILY.acl.default": "user::rwx\ngroup::r-x\ngroup:2000:rwx\nmask::rwx\nother::---\n"})
        t.file("star", "x", mode=0o664, pax={  # the number of a name that this machine does not know
            "SCHILY.acl.access": "user::rw-,user:nobody-here:r--:1000,group::r--,mask::rw-,other::r--"})
    return layers_of(only)


def sparse_layers(*ways):
    """One layer for each way that GNU tar has; the members of one lie in a folder of their own."""
    made = []
    with tempfile.TemporaryDirectory() as base:
        for i, (form, *how) in enumerate(ways):
            folder = os.path.join(base, f"s{i}")
            os.mkdir(folder)
            for name, size, pieces in (("few", 300000, (0, 100000)), ("many", 4 << 20, range(65536, 4 << 20, 131072)),
                                       ("only-hole", 1 << 20, ()), ("end", 200001, (200000,)),
                                       ("n" * 150, 300000, (8192,)), ("full", 5000, (0,))):
                with open(os.path.join(folder, name), "wb") as f:
                    for at in pieces:
                        f.seek(at)
                        f.write(bytes([65 + i]) * min(4096, size - at))
                    f.truncate(size)
            tar = Tar()
            tar.data = subprocess.run(
                ["tar", "-c", "--sparse", "--format=" + form, *how, "--hole-detection=seek", "--sort=name", "--owner=0",
                 "--group=0", "--numeric-owner", f"--mtime=@{T}", "-C", base, f"s{i}"],
                check=True, capture_output=True).stdout
            made.append(tar)
    return made


def sparse():
    return sparse_layers(*(("posix", f"--sparse-version={v}") for v in ("0.0", "0.1", "1.0")))


def sparse_gnu():
    return sparse_layers(("gnu",))


def names():
    def pax_and_gnu(t):
        long, deep = "l" * 255, "/".join(["deep" * 20] * 30)
        t.extended({"path": long})
        t.file(long[:100], "pax name")
        t.gnu(b"L", "g" * 255)
        t.file("g" * 100, "gnu name")
        t.extended({"path": "pax-link", "linkpath": "t" * 1000})
        t.symlink("pax-link", "t" * 100)
        t.gnu(b"K", "k" * 1000)
        t.symlink("gnu-link", "k" * 100)
        t.gnu(b"K", "g" * 255)
        t.gnu(b"L", "h" * 200)
        t.hardlink("h" * 100, "g" * 100)
        t.extended({"path": deep + "/file"})
        t.file("deep", "below thirty folders")
        t.gnu(b"L", deep + "/gnu/")
        t.entry("deep", b"5", mode=0o711)

    def bytes_in_names(t):
        for name in (b"\xff\xfe", "é".encode(), "e\u0301".encode(), "日本".encode(), b"new\nline", b"\ttab", b"sp ace ",
                     b" lead", b"back\\slash", b"-dash", b"~", b"*", b"\x01\x7f\x1b[31m", b"..x", b"...", b".hidden",
                     b"a:b", b"C:", b".whiteout", b"wh.x"):
            t.file(name, name)
        t.symlink(b"to-bytes", b"\xff\xfe")
        t.dir(b"folder-\xe9")
        t.file(b"folder-\xe9/\xe8", "latin 1")
        t.extended({"hdrcharset": "BINARY", "path": b"binary-\xf0\xff"})
        t.file("binary", "a PAX name of bytes")

    def spellings(t):
        t.dir("./dot")
        t.file("./dot/./a", "a")
        t.file("dot//b", "b")
        t.file("/absolute", "leads nowhere but here")
        t.entry("old/", b"\0", mode=0o700)  # a folder as version 7 wrote it
        t.entry("old/file", b"\0", b"old", magic=bytes(8))
        t.header("file", b"0", 1)  # name in two parts
        at = len(t.data) - 512
        block = bytearray(t.data[at:])
        block[345:345 + 6], block[148:156] = b"prefix", b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        t.data = t.data[:at] + bytes(block)
        t.body(b"p")
    return layers_of(pax_and_gnu, bytes_in_names, spellings)


def rare():
    """Kinds of members that Go's archives have no name for."""
    def only(t):
        t.entry("contiguous", b"7", b"c", mode=0o600)
        t.extended({"comment": "0123456789012345678901234567890123456789"}, kind=b"g")  # git archive
        t.file("after-global", "x")
    return layers_of(only)


def devices():
    def lower(t):
        t.dir("dev")
        t.entry("dev/null", b"3", mode=0o666, device=(1, 3))
        t.entry("dev/disk", b"4", mode=0o660, gid=6, device=(8, 300))
        t.entry("dev/big", b"3", mode=0o600, device=(4095, 1048575))
        t.entry("dev/fifo", b"6", mode=0o622, uid=5)
        t.entry("dev/old", b"3", device=(1, 5))
        t.entry("dev/hidden", b"4", device=(1, 6))
        t.hardlink("dev/null2", "dev/null", mode=0o666)

    def upper(t):
        t.file("dev/old", "a file now")
        t.whiteout("dev/hidden")
    return layers_of(lower, upper)


def ids():
    def only(t):
        t.file("pax", "x", pax={"uid": "2000000000", "gid": "3000000000"})
        t.file("base256", "x", uid=2**31 - 1, gid=4294967293)
        t.dir("folder", uid=65534, gid=65534)
        t.file("below/without/folders", "x", uid=1, gid=1)
        t.symlink("symlink", "x", uid=1000, gid=1001)
        t.extended({"uname": "nobody", "gname": "root"})
        t.file("by-number", "names are not looked at", uid=12345, gid=54321)
    return layers_of(only)


def times():
    def lower(t):
        t.file("ns", "x", pax={"mtime": "1400000001.123456789", "atime": "1400000002.5", "ctime": "1400000003.5"})
        t.file("many", "x", pax={"mtime": "1400000001.1234567891234"})
        t.file("few", "x", pax={"mtime": "1400000001.5"})
        t.file("before-1970", "x", mtime=-86400 * 365)
        t.file("before-1970-pax", "x", pax={"mtime": "-1000.25"})
        t.file("zero", "x", mtime=0)
        t.file("after-2038", "x", mtime=2**31 + 5)
        t.file("octal-maximum", "x", mtime=8**11 - 1)
        t.dir("folder", pax={"mtime": "1400000001.000000001"})
        t.file("folder/file", "x", mtime=T + 1)
        t.symlink("symlink", "x", pax={"mtime": "1400000004.000000004"})
        t.entry("fifo", b"6", mtime=T + 2)
        t.dir("untouched", mtime=T + 3)
        t.file("untouched/file", "x")
        t.dir("shrinks", mtime=T + 4)
        t.file("shrinks/a", "x")
        t.dir("late")
        t.file("late/a", "x")

    def upper(t):
        t.dir("folder", mtime=T + 7)
        t.file("folder/new", "x")
        t.dir("shrinks", mtime=T + 8)
        t.whiteout("shrinks/a")
        t.file("late/b", "x")
        t.dir("late", mtime=T + 9)  # after what is in it
    return layers_of(lower, upper)


def parents():
    """Folders that no entry brings, and files into folders of lower layers that this layer does not name."""
    def lower(t):
        t.file("made/by/need/file", "x")
        t.dir("known", mode=0o700, uid=9, gid=9)
        t.dir("known/inner", mode=0o711)

    def upper(t):
        t.file("known/inner/file", "x")
        t.symlink("more/to/come/link", "x")
        t.hardlink("hard/link", "made/by/need/file")
        t.dir("more/to", mode=0o750)
    return layers_of(lower, upper)


def empty():
    def root(t):
        t.dir(".", mode=0o711, uid=11, gid=12, mtime=T + 11)
        t.file("file", "x")

    def nothing(_):
        pass

    def empty_files(t):
        t.file("empty", b"")
        t.dir("folder")
    return layers_of(nothing, root, nothing, empty_files)


def duplicates():
    def lower(t):
        t.dir("twice")
        t.file("twice/old", "old")

    def upper(t):
        t.dir("twice")
        t.opaque("twice")
        t.file("twice/new", "new")
        t.opaque("twice")
        t.file("a", "one")
        t.file("a", "two and longer", mode=0o600)
        t.dir("d", mode=0o700)
        t.file("d/x", "x")
        t.dir("d", mode=0o755, mtime=T + 1)
        t.file("f", "file")
        t.hardlink("h", "f")
        t.file("f", "another file")  # h stays the first
        t.symlink("s", "a")
        t.file("s", "not into a", mode=0o600)
        t.symlink("e", "d")
        t.dir("e", mode=0o711)
        t.file("t", "file")
        t.dir("t")
        t.file("t/in", "in")
        t.entry("p", b"6")
        t.entry("p", b"6", mode=0o600)
    return layers_of(lower, upper)


def extended():
    """Headers that others overrule, and archives with odd ends."""
    def lower(t):
        t.extended([("path", "first"), ("path", "last-wins")])
        t.file("neither", "x")
        t.extended({"size": "5", "VENDOR.unknown": "x"})
        t.header("size-from-pax", b"0", 0)
        t.body(b"12345")
        t.extended({"path": "pax-under-gnu"})
        t.gnu(b"L", "gnu-over-pax")
        t.file("x", "x")
        t.extended({"LIBARCHIVE.creationtime": "1", "SCHILY.dev": "5", "SCHILY.ino": "6", "SCHILY.nlink": "9"})
        t.file("schily", "x")
    return layers_of(lower)


ODD = (whiteouts, opaque, opaque_root, types, usrmerge, hardlinks, modes, attributes, access_lists, sparse, sparse_gnu,
       names, rare, devices, ids, times, parents, empty, duplicates, extended)


def pack(data, how):
    """The blob, and what its media type ends in."""
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, check=True, capture_output=True).stdout, "+zstd"
    if how == "members":  # one gzip member after another
        half = len(data) // 1024 * 512
        return gzip.compress(data[:half], 1, mtime=0) + gzip.compress(data[half:], 9, mtime=0), "+gzip"
    return (gzip.compress(data, 6, mtime=0), "+gzip") if how == "gzip" else (data, "")


def add(layout, tag, archives, packing=("gzip",)):
    """One image: the packing of each layer in turn, from the beginning again when they are fewer."""
    descriptors = []
    for i, data in enumerate(archives):
        blob, suffix = pack(data, packing[i % len(packing)])
        descriptors.append(layout.put(blob, LAYER + suffix))
    layout.image_of(descriptors, [sha256(a) for a in archives], tag)


def build(layout):
    """All of them; {tag: the tag of the same files in gzip, for a reader that knows no more}."""
    plain = {}
    for make in ODD:
        tag = make.__name__.replace("_", "-")
        add(layout, tag, [layer.bytes() for layer in make()])
        plain[tag] = tag
    mixed = [*whiteouts(), *usrmerge()]
    for layer in mixed:  # others than those above, which a store would use again
        layer.file("mixed")
    mixed = [layer.bytes() for layer in mixed]
    add(layout, "packings", mixed, ("zstd", "none", "gzip", "members"))
    add(layout, "packings-gzip", mixed)
    add(layout, "ends", [layer.data + end for layer, end in zip(opaque(), (b"", bytes(512), bytes(512 * 40)))])
    return {**plain, "packings": "packings-gzip", "ends": "ends"}


if __name__ == "__main__":
    print("\n".join(build(Layout(sys.argv[1]))))
