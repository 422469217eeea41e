#!/usr/bin/env python3
"""Shows that trees.py finds every kind of difference, calls it by its name, and finds none where there is none."""

import os
import shutil
import subprocess
import sys
import tempfile

import trees

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.geteuid() == 0
TIME = 1_500_000_000_123_456_789
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")  # cap_net_raw+ep
ACL = bytes.fromhex("02000000" "01000600ffffffff" "02000400e8030000" "04000400ffffffff" "10000400ffffffff"
                    "20000400ffffffff")


def write(path, data=b"data", mode=0o644):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def build(top):
    """A tree with something of every kind."""
    os.makedirs(top + "/folder/below")
    write(top + "/file")
    write(top + "/folder/below/setuid", b"x" * 10000, 0o4755)
    write(os.fsencode(top) + b"/\xff\xfe \n", b"")
    write(top + "/one")
    os.link(top + "/one", top + "/two")
    os.link(top + "/one", top + "/folder/three")
    write(top + "/copy")
    os.symlink("file", top + "/symlink")
    os.mkfifo(top + "/fifo")
    os.truncate(top + "/copy", 1 << 20)
    try:
        os.setxattr(top + "/file", "user.some", b"value")
    except OSError:
        print("no user.* attributes here: they are not tested")
    if ROOT:
        os.mknod(top + "/device", 0o20600, os.makedev(1, 3))
        os.setxattr(top + "/one", "security.capability", CAPABILITY)
    for at, folders, files in os.walk(os.fsencode(top), topdown=False):
        for name in files + folders:
            os.utime(at + b"/" + name, ns=(TIME, TIME), follow_symlinks=False)
    os.utime(top, ns=(TIME, TIME))


def rewrite(path, data):
    write(path, data)
    os.utime(path, ns=(TIME, TIME))


def replace(path, make):
    os.unlink(path)
    make()
    os.utime(path, ns=(TIME, TIME), follow_symlinks=False)


def unlink_link(top):
    """The same bytes under the same name, and no link any more."""
    shutil.copy2(top + "/two", top + "/two.new")
    os.rename(top + "/two.new", top + "/two")


# name: what happens to the right tree; path and field of the only difference that may come of it
CASES = {
    "a name too many": (lambda t: write(t + "/new"), b"new", "missing"),
    "a name too few": (lambda t: os.unlink(t + "/symlink"), b"symlink", "missing"),
    "an empty folder too many": (lambda t: os.mkdir(t + "/folder/below/new"), b"folder/below/new", "missing"),
    "another type": (lambda t: replace(t + "/fifo", lambda: write(t + "/fifo", b"")), b"fifo", "type"),
    "other bytes": (lambda t: rewrite(t + "/file", b"Data"), b"file", "content"),
    "other size": (lambda t: rewrite(t + "/file", b"data "), b"file", "content"),
    "no bytes": (lambda t: rewrite(t + "/file", b""), b"file", "content"),
    "other target": (lambda t: replace(t + "/symlink", lambda: os.symlink("file/", t + "/symlink")), b"symlink",
                     "target"),
    "mode": (lambda t: os.chmod(t + "/file", 0o640), b"file", "mode"),
    "setuid": (lambda t: os.chmod(t + "/folder/below/setuid", 0o755), b"folder/below/setuid", "mode"),
    "sticky": (lambda t: os.chmod(t + "/folder", 0o1755), b"folder", "mode"),
    "mode of the tree": (lambda t: os.chmod(t, 0o700), b".", "mode"),
    "mode of a fifo": (lambda t: os.chmod(t + "/fifo", 0o600), b"fifo", "mode"),
    "a nanosecond": (lambda t: os.utime(t + "/file", ns=(TIME, TIME + 1)), b"file", "mtime"),
    "time of a folder": (lambda t: os.utime(t + "/folder", ns=(TIME, 0)), b"folder", "mtime"),
    "time of a symlink": (lambda t: os.utime(t + "/symlink", ns=(TIME, 0), follow_symlinks=False), b"symlink",
                          "mtime"),
    "time of the tree": (lambda t: os.utime(t, ns=(TIME, 0)), b".", "mtime"),
    "a name of bytes": (lambda t: os.utime(os.fsencode(t) + b"/\xff\xfe \n", ns=(0, 0)), b"\xff\xfe \n", "mtime"),
    "holes": (lambda t: rewrite(t + "/copy", b"data" + bytes((1 << 20) - 4)), b"copy", "sparse"),
}
XATTRS = {
    "attribute gone": (lambda t: os.removexattr(t + "/file", "user.some"), b"file", "xattr"),
    "attribute more": (lambda t: os.setxattr(t + "/folder", "user.more", b""), b"folder", "xattr"),
    "attribute's value": (lambda t: os.setxattr(t + "/file", "user.some", b"Value"), b"file", "xattr"),
}
AS_ROOT = {
    "user": (lambda t: os.chown(t + "/file", 1, -1), b"file", "owner"),
    "group": (lambda t: os.chown(t + "/folder", -1, 1), b"folder", "owner"),
    "owner of a symlink": (lambda t: os.lchown(t + "/symlink", 1, 1), b"symlink", "owner"),
    "device number": (lambda t: replace(t + "/device", lambda: os.mknod(t + "/device", 0o20600, os.makedev(1, 5))),
                      b"device", "device"),
    "kind of device": (lambda t: replace(t + "/device", lambda: os.mknod(t + "/device", 0o60600, os.makedev(1, 3))),
                       b"device", "type"),
    "access list": (lambda t: os.setxattr(t + "/file", "system.posix_acl_access", ACL), b"file", "xattr"),
}


def has_xattrs(top):
    return "user.some" in os.listxattr(top + "/file")


def differences(base, change):
    right = base + "/right"
    shutil.rmtree(right, ignore_errors=True)
    build(right)
    times = {place: os.stat(place).st_mtime_ns for place in (right, right + "/folder", right + "/folder/below")}
    change(right)
    found = trees.compare(base + "/left", right, trees.Options(sparse=True))
    # a name made or removed changes the time of its folder too: that is another case
    touched = {os.fsencode(os.path.relpath(place, right)) for place, time in times.items()
               if os.stat(place).st_mtime_ns != time}
    return found, [d for d in found if not (d.field == "mtime" and d.path in touched)]


def check(base, name, case):
    change, path, field = case
    found, kept = differences(base, change)
    if field == "mtime":
        kept = found
    if [(d.path, d.field) for d in kept] != [(path, field)]:
        return [f"{name}: wanted {field} of {path!r}, got: " + "; ".join(map(str, found))]
    return []


def check_links(base):
    """A link less is told for each name: all of them have fewer companions."""
    kept = differences(base, unlink_link)[1]
    got = {(d.path, d.field) for d in kept}
    wanted = {(name, "links") for name in (b"one", b"two", b"folder/three")}
    return [] if got == wanted else [f"links: got {got}"]


def check_capability(base):
    """One file of three names: told for each."""
    kept = differences(base, lambda t: os.removexattr(t + "/one", "security.capability"))[1]
    good = len(kept) == 3 and all(d.field == "xattr" and "security.capability" in d.left for d in kept)
    return [] if good else [f"capability: got {kept}"]


def run(*argv):
    return subprocess.run([sys.executable, HERE + "/trees.py", *argv], capture_output=True, text=True, check=False)


def check_program(base):
    """What the options and the exit code say."""
    differences(base, lambda t: os.utime(t + "/file", ns=(TIME, TIME + 5)))
    left, right, bad = base + "/left", base + "/right", []
    for argv, code, lines in (((left, left), 0, 0), ((left, right), 1, 1), ((left, base + "/none"), 2, 0),
                              (("--time-tolerance", "5", left, right), 0, 0),
                              (("--time-tolerance", "4", left, right), 1, 1),
                              (("--since", str(TIME // 10**9), left, right), 0, 0),
                              (("--since", str(TIME // 10**9 + 1), left, right), 1, 1),
                              (("--ignore", "mtime", left, right), 0, 0), (("--ignore", "mode", left, right), 1, 1),
                              (("--skip", "fil*", left, right), 0, 0)):
        done = run(*argv)
        if done.returncode != code or len(done.stdout.splitlines()) != lines:
            bad.append(f"{argv}: exit {done.returncode}, wanted {code}: {done.stdout}{done.stderr}")
    if has_xattrs(left):
        os.setxattr(right + "/file", "user.some", b"other")
        if run("--ignore", "mtime", "--ignore-xattr", "user.*", left, right).returncode != 0:
            bad.append("--ignore-xattr")
    return bad


def main():
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="cprov-trees-") as base:
        build(base + "/left")
        cases = dict(CASES)
        if has_xattrs(base + "/left"):
            cases.update(XATTRS)
        if ROOT:
            cases.update(AS_ROOT)
        bad = [] if not differences(base, lambda t: None)[0] else ["equal trees differ"]
        for name, case in cases.items():
            bad += check(base, name, case)
        bad += check_links(base) + check_program(base)
        if ROOT:
            bad += check_capability(base)
    print("\n".join(bad) or f"{len(cases)} kinds of difference found" + ("" if ROOT else " (not root: fewer)"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
