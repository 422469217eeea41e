#!/usr/bin/env python3
"""What new-image makes of a folder, umoci unpacks to the same folder, and skopeo copies; and a sudden end leaves no image."""

import os
import shutil

from harness import Skip, equal, main

CHANGES = "renameat,fsync,fdatasync,write,pwrite64,copy_file_range"


def tree(top):
    """Every file below: what it is, whose, how old, and what is in it."""
    found = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            kind = oct(st.st_mode)
            what = os.readlink(path) if os.path.islink(path) else ""
            if os.path.isfile(path) and not what:
                with open(path, "rb") as file:
                    what = file.read()
            attributes = {} if os.path.islink(path) else {
                key: os.getxattr(path, key) for key in os.listxattr(path) if key.startswith("user.app")}
            found[os.path.relpath(path, top)] = (kind, st.st_uid, st.st_gid, int(st.st_mtime), st.st_rdev, what, attributes,
                                                 st.st_nlink if not os.path.isdir(path) else 0)
    return found


def set_up(w):
    if os.geteuid() != 0:
        raise Skip("owners and devices need root")
    top = w.path("in")
    os.makedirs(top + "/etc/deep/" + "long" * 40)
    w.write("in/etc/a", "hello\n", 0o4755)
    os.link(top + "/etc/a", top + "/etc/deep/b")
    os.symlink("../etc/a", top + "/link")
    os.mkfifo(top + "/pipe")
    os.mknod(top + "/null", 0o020666, os.makedev(1, 3))
    w.write("in/etc/\u00e4 name", "x" * 300000, 0o600)
    os.chown(top + "/etc/\u00e4 name", 1234, 70000)
    os.setxattr(top + "/etc/a", "user.app.x", b"\0y")
    os.utime(top + "/link", (5, 5), follow_symlinks=False)
    w.cprov("new-image", "--path", top, "--publisher", "Demo", "--name", "app", "--version", "1.0", "--cmd", "/etc/a")


def umoci_unpacks_the_same(w):
    if not shutil.which("umoci"):
        raise Skip("umoci is not installed")
    w.run("umoci", "unpack", "--image", w.path("store") + ":app:1.0.0.0", w.path("bundle"))
    equal(tree(w.path("bundle", "rootfs")), tree(w.path("in")), "what umoci unpacked")


def skopeo_copies(w):
    if not shutil.which("skopeo"):
        raise Skip("skopeo is not installed")
    w.skopeo_copy("oci:" + w.path("store") + ":app:1.0.0.0", "oci:" + w.path("copy") + ":app")


def ended_while_it_was_made(w):
    """kill -9 at each change: no image, or a whole one; and the same call ends the work."""
    if not shutil.which("strace"):
        raise Skip("strace is not installed")
    call = ["new-image", "--path", w.path("in"), "--publisher", "Demo", "--name", "again", "--version", "1.0"]
    for when in range(1, 200):
        w.run("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={CHANGES}",
              "-e", f"inject={CHANGES}:signal=SIGKILL:when={when}", "cprov", *call, code=None,
              env={"ASAN_OPTIONS": "exitcode=99:detect_leaks=0"})
        ended = w.last.code == 0
        w.cprov("test-image", "--all")
        if w.run("cprov", *call, code=None).code not in (0, 10):
            equal(w.last.code, 0, f"killed at change {when}, then again: {w.last}")
        w.cprov("remove-image", "again", "--yes")
        if ended:
            return
    raise AssertionError("it never ended")


main([], set_up, umoci_unpacks_the_same, skopeo_copies, ended_while_it_was_made)
