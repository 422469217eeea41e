#!/usr/bin/env python3
"""Odd images and a real one, unpacked by umoci, by podman and by us: the same files to the last attribute."""

import os
import shutil
import subprocess

import odd_images
from engines import Docker, Podman
from harness import need, expect, main
from images import Layout, blobs_of, sha256
from registry import Registry
from unpacking import Comparison, must_be_root, step

IMAGES = [make.__name__.replace("_", "-") for make in odd_images.ODD] + ["packings", "docker", "ends", "real"]
TAR = ["sparse", "sparse-gnu", "rare", "access-lists", "names", "ids", "extended", "real"]
SHARE = 200  # files of this machine in each layer of the real image


def machine_layers(w):
    """This machine's programs and documents in three layers, the third over the second."""
    made = []
    for i, (folder, first) in enumerate((("usr/share/doc", 0), ("usr/bin", 0), ("usr/bin", SHARE // 2))):
        names = sorted(os.listdir("/" + folder))[first:first + SHARE]
        names = [folder + "/" + n for n in names if os.lstat(os.path.join("/", folder, n)).st_size < 1 << 22]
        made.append(subprocess.run(
            ["tar", "-c", "--format=posix", "--pax-option=delete=atime,delete=ctime", "--xattrs",
             "--xattrs-include=*", "--numeric-owner", "-C", "/", *names], check=True, capture_output=True).stdout)
    return made


def set_up(w):
    w.comparison = Comparison()
    w.registry = Registry(w)
    w.layout = Layout(w.path("src"))
    w.plain = odd_images.build(w.layout)
    odd_images.add(w.layout, "real", machine_layers(w))
    w.plain.update(real="real", docker="types")
    w.podman, w.docker = Podman(w), None
    for tag in IMAGES:
        place = f"{w.registry.address}/odd/{tag}:1"
        if tag == "docker":  # the same blobs under Docker's media types, which no layout may have
            w.skopeo_copy(f"oci:{w.layout.path}:types", "docker://" + place, "--format", "v2s2",
                          "--dest-tls-verify=false")
        else:
            w.layout.push(w, tag, place)
    w.cprov("register-source", "odd", w.registry.url, "--trusted")


def ours(w, tag):
    """While it downloads, and once more from the store: the same. The folder with the files."""
    first, again = w.path("ours", tag), w.path("again", tag)
    os.makedirs(w.path("ours"), exist_ok=True)
    os.makedirs(w.path("again"), exist_ok=True)
    if not os.path.exists(first):
        w.cprov("install-image", f"odd/{tag}", "--unpack", first, "--xattr", "trusted.?")
        w.cprov("install-image", f"odd/{tag}", "--unpack", again, "--xattr", "trusted.?")
        w.comparison.same("ourselves", tag, first, again, sparse=True)
        remove(again)
    return first


def remove(folder):
    shutil.rmtree(folder)


def umoci(w, tag):
    need("umoci")
    mine = ours(w, tag)
    bundle = w.path("umoci", tag)
    os.makedirs(w.path("umoci"), exist_ok=True)
    if not w.comparison.refused("umoci", tag, w.run("umoci", "unpack", "--image",
                                                    f"{w.layout.path}:{w.plain[tag]}", bundle, code=None)):
        w.comparison.same("umoci", tag, bundle + "/rootfs", mine)
    remove(bundle)


def podman(w, tag):
    need("podman")
    mine = ours(w, tag)
    pulled = w.run(*w.podman.argv, "pull", "--quiet", "--tls-verify=false", f"{w.registry.address}/odd/{tag}:1",
                   code=None)
    if w.comparison.refused("podman", tag, pulled):
        return
    name = pulled.out.strip()
    w.comparison.same("podman", tag, w.podman("image", "mount", name), mine)
    w.podman("image", "umount", name)


def chain(diff_ids):
    """How a stack of layers is called."""
    name = diff_ids[0]
    for diff_id in diff_ids[1:]:
        name = sha256(f"{name} {diff_id}".encode())
    return name


def docker(w, tag):
    mine = ours(w, tag)
    if not w.docker:
        w.docker = Docker(w)
    name = f"{w.registry.address}/odd/{tag}:1"
    pulled = w.run("docker", "-H", w.docker.socket, "pull", "--quiet", name, code=None)
    if w.comparison.refused("docker", tag, pulled):
        return
    data = w.path("docker", "data")
    of_chain = chain(w.docker.image(name)["RootFS"]["Layers"]).replace(":", "/")
    with open(f"{data}/image/vfs/layerdb/{of_chain}/cache-id", encoding="utf-8") as f:
        w.comparison.same("docker", tag, f"{data}/vfs/dir/{f.read()}", mine)


def gnu_tar(w, tag):
    """What Go's programs refuse or leave out is compared with tar itself: layers without whiteouts."""
    mine, folder = ours(w, tag), w.path("tar", tag)
    os.makedirs(folder)
    image = next(e for e in w.layout.entries if tag in e["annotations"].values())
    for layer in blobs_of(w.layout, image)[2:]:
        w.run("tar", "-x", "-p", "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner", "-C", folder, "-f",
              w.layout.blob(layer["digest"]))
    os.utime(folder, (0, 0))
    w.comparison.same("tar", tag, folder, mine, sparse=True)
    remove(folder)


def bundle(w):
    """A bundle's root file system is what --unpack makes."""
    w.cprov("install-image", "odd/docker", "--bundle", w.path("bundle"))
    expect(os.path.isfile(w.path("bundle", "config.json")), "no config.json")
    w.comparison.same("ourselves", "bundle", ours(w, "docker"), w.path("bundle", "rootfs"))


def sparse_stays_sparse(w):
    mine = ours(w, "sparse")
    for form in range(3):
        for name, most in (("few", 65536), ("many", 1 << 20), ("only-hole", 0), ("end", 65536)):
            used = os.stat(f"{mine}/s{form}/{name}").st_blocks * 512
            expect(used <= most, f"s{form}/{name}: {used} bytes on the disk")


def every_exception_is_needed(w):
    w.comparison.every_exception_is_needed(w)


must_be_root()
main(["docker-registry", "skopeo", "zstd", "tar"], set_up,
     *(step(f"{peer.__name__}: {tag}", peer, tag) for tag in IMAGES for peer in (umoci, podman, docker)),
     *(step(f"tar: {tag}", gnu_tar, tag) for tag in TAR), bundle, sparse_stays_sparse, every_exception_is_needed)
