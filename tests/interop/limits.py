#!/usr/bin/env python3
"""What a release build promises of memory, and of libraries that are not loaded when they are not wanted."""

import hashlib
import io
import os
import re
import shutil
import tarfile

from harness import Skip, equal, expect, main
from images import LAYER, Layout
from registry import Registry

LARGE = 300_000_000
# Two thirds of it are pages of shared libraries. Of transfers at once each has its buffers.
PEAKS_KIB = {"install-image": 12 * 1024, "test-image": 12 * 1024, "save-image": 16 * 1024}
AT_ONCE_KIB = 1024
LATE = ("libcurl", "libarchive", "libmicrohttpd")


class Noise(io.RawIOBase):
    """So many bytes that nobody can compress, without holding them."""

    def __init__(self, size):
        self.left = size

    def read(self, size=-1):
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        return os.urandom(size)


def set_up(w):
    w.registry = Registry(w)
    w.layout = Layout(w.path("src"))
    w.layout.image([{"etc/hello": b"hello\n"}], "small")
    w.layout.push(w, "small", w.registry.address + "/team/small:1.0")
    w.cprov("register-source", "real", w.registry.url, "--trusted")
    w.cprov("install-image", "team/small")


def loaded(w, *argv):
    found = w.run(*argv, env={"LD_DEBUG": "files"}).err
    expect("libc.so" in found, "LD_DEBUG tells nothing")
    return {name for name in LATE if re.search(rf"file={name}|{name}\.so.*;  (needed|generating)", found)}


def libraries_that_are_not_wanted(w):
    equal(loaded(w, "find-image"), {"libcurl"}, "loaded by find-image")
    for argv in (("cprov", "version"), ("get-image",), ("get-image", "team/small", "--format", "json"),
                 ("cprov", "images"), ("get-source",), ("install-image", "--help"), ("cprov", "help"),
                 ("cprov", "completion", "bash")):
        equal(loaded(w, *argv), set(), "loaded by " + " ".join(argv))


def noisy_image(w, tag, layers):
    """Layers of 300 MB together, each written to a file as it is made."""
    descriptors = []
    for _ in range(layers):
        with tarfile.open(w.path("layer"), "w", format=tarfile.USTAR_FORMAT) as archive:
            info = tarfile.TarInfo("data")
            info.size = LARGE // layers
            archive.addfile(info, Noise(info.size))
        with open(w.path("layer"), "rb") as f:
            digest = "sha256:" + hashlib.file_digest(f, "sha256").hexdigest()
        descriptors.append({"mediaType": LAYER, "digest": digest, "size": os.path.getsize(w.path("layer"))})
        os.rename(w.path("layer"), w.layout.blob(digest))
    digests = [d["digest"] for d in descriptors]
    w.layout.image_of(descriptors, digests, tag)
    w.layout.push(w, tag, f"{w.registry.address}/team/{tag}:1.0")
    for digest in digests:
        os.unlink(w.layout.blob(digest))


def measured(w, tag, layers):
    if w.options.sanitized or not w.options.release:
        raise Skip("this is not a release build")
    if shutil.disk_usage(w.dir).free < 8 * LARGE:
        raise Skip("the disk is too full")
    noisy_image(w, tag, layers)
    w.new_store()
    peaks = {}
    for argv in (("install-image", "team/" + tag), ("test-image", "--all"),
                 ("save-image", "team/" + tag, "--path", w.path("run"))):
        done = w.run(w.options.helper[0], *argv, timeout=120)
        peaks[argv[0]] = int(re.search(r"^peak (\d+)$", done.err, re.M).group(1))
    print("    KiB at the highest: " + ", ".join(f"{verb} {peak}" for verb, peak in peaks.items()))
    for verb, peak in peaks.items():
        most = PEAKS_KIB[verb] + (AT_ONCE_KIB if layers > 1 else 0)
        expect(peak <= most, f"{verb} takes {peak} KiB, at most {most}")


def memory_for_one_layer(w):
    measured(w, "large", 1)


def memory_for_eight_layers(w):
    measured(w, "many", 8)


main(["docker-registry", "skopeo"], set_up, libraries_that_are_not_wanted, memory_for_one_layer,
     memory_for_eight_layers)
