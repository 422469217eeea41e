#!/usr/bin/env python3
"""Odd images unpacked by an ordinary user, by umoci and by us: the same files, owners kept in the same attribute."""

import glob
import os
import shutil

import odd_images
from harness import expect, main
from images import Layout
from registry import Registry
from unpacking import Comparison, must_be_root, step

USER = 12345
UMOCI = "umoci-rootless"
LEFT_OUT = {"sparse-gnu", "rare"}  # umoci refuses them; unpack.py looks at them
IMAGES = [make.__name__.replace("_", "-") for make in odd_images.ODD] + ["packings", "ends"]


def set_up(w):
    w.comparison = Comparison()
    w.registry = Registry(w)
    w.layout = Layout(w.path("src"))
    w.plain = odd_images.build(w.layout)
    for tag in IMAGES:
        w.layout.push(w, tag, f"{w.registry.address}/odd/{tag}:1")
    os.chmod(w.dir, 0o755)
    home = w.path("user")
    for folder in (home, home + "/ours", home + "/umoci", home + "/run"):
        os.mkdir(folder)
        os.chown(folder, USER, USER)
    w.as_user = {"HOME": home, "XDG_CONFIG_HOME": home + "/.config", "XDG_DATA_HOME": home + "/.data",
                 "XDG_CACHE_HOME": home + "/.cache", "XDG_RUNTIME_DIR": home + "/run", "TMPDIR": home + "/run",
                 "CPROV_ROOT": home + "/store",
                 "LD_LIBRARY_PATH": w.dir}
    built = os.path.realpath(w.path("bin", "cprov"))
    w.program = shutil.copy(built, w.path("program"))  # where it is built nobody else may look
    for library in glob.glob(os.path.dirname(built) + "/../**/libcprov.so.*", recursive=True):
        shutil.copy(library, w.dir)
    os.chmod(w.path("etc"), 0o755)
    user(w, w.program, "register-source", "odd", w.registry.url, "--trusted")


def user(w, *argv, **how):
    return w.run("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all",
                 "--bounding-set=-all", *argv, env=w.as_user, cwd=w.path("user"), **how)


def compare(w, tag):
    mine, theirs = w.path("user", "ours", tag), w.path("user", "umoci", tag)
    said = user(w, w.program, "install-image", f"odd/{tag}", "--unpack", mine, "--rootless")
    if tag == "devices":
        expect("device" in said.err, "nothing is said of the devices left out")
    user(w, "umoci", "unpack", "--rootless", "--image", f"{w.layout.path}:{w.plain[tag]}", theirs)
    w.comparison.same(UMOCI, tag, theirs + "/rootfs", mine)


def every_exception_is_needed(w):
    w.comparison.every_exception_is_needed(w)


must_be_root()
main(["docker-registry", "skopeo", "zstd", "tar", "umoci"], set_up,
     *(step(f"umoci: {tag}", compare, tag) for tag in IMAGES if tag not in LEFT_OUT), every_exception_is_needed)
