#!/usr/bin/env python3
"""Our store and our archives, as others read them: skopeo, umoci, podman, Docker, containerd."""

import json
import os

from engines import Containerd, Docker, Podman
from harness import equal, expect, main, need
from images import Layout, blobs_of, random_file, real_files
from registry import Registry

APP = "team/app:1.0"


def set_up(w):
    w.registry = Registry(w)
    w.layout = layout = Layout(w.path("src"))
    w.first, w.second = real_files("json"), {**real_files("email"), **random_file("data/noise", 400000)}
    w.files = {**w.first, **w.second}
    w.app = layout.image([w.first, w.second], "app")
    arm = layout.image([w.first], arch="arm64")
    w.nano = layout.image([real_files("xml", "Files/")], "nano", system="windows", version="10.0.17763.1")
    w.multi = layout.index([w.app, arm, w.nano], "multi")
    for tag, name in (("app", APP), ("multi", "team/multi:1.0"), ("nano", "windows/nanoserver:10.0.17763.1")):
        layout.push(w, tag, f"{w.registry.address}/{name}")
    w.config = blobs_of(layout, w.app)[1]["digest"]
    w.cprov("register-source", "real", w.registry.url, "--trusted")
    w.cprov("install-image", "team/app:1.0", "NanoServer:10.0.17763.1")
    w.cprov("install-image", "team/multi", "--all-platforms")
    w.store = w.env["CPROV_ROOT"]
    for name, kind in (("app", "team/app"), ("multi", "team/multi"), ("nano", "NanoServer")):
        more = ("--all-platforms",) if name == "multi" else ()
        w.cprov("save-image", kind, "--path", w.path(name + ".oci.tar"), *more)


def inspect(w, place, *options):
    return json.loads(w.run("skopeo", *options, "inspect", place).out)


def skopeo_reads_the_store(w):
    seen = inspect(w, f"oci:{w.store}:{APP}")
    equal(seen["Digest"], w.app["digest"], "digest")
    equal(seen["Layers"], [d["digest"] for d in blobs_of(w.layout, w.app)[2:]], "layers")
    seen = inspect(w, f"oci:{w.store}:NanoServer:10.0.17763.1", "--override-os", "windows")
    equal((seen["Digest"], seen["Os"]), (w.nano["digest"], "windows"), "Windows image")
    equal(inspect(w, f"oci:{w.store}:team/multi:1.0")["Digest"], w.multi["digest"], "digest of the index")


def skopeo_copies_out_of_the_store(w):
    w.skopeo_copy(f"oci:{w.store}:{APP}", f"dir:{w.path('dir')}")
    with open(w.path("dir", "manifest.json"), "rb") as f:
        equal(f.read(), w.layout.read(w.app["digest"]), "manifest")
    for descriptor in blobs_of(w.layout, w.app)[1:]:
        with open(w.path("dir", descriptor["digest"].partition(":")[2]), "rb") as f:
            expect(f.read() == w.layout.read(descriptor["digest"]), "another blob: " + descriptor["digest"])
    w.skopeo_copy(f"oci:{w.store}:team/multi:1.0", f"oci:{w.path('copied')}:all", "--all")
    with open(w.path("copied", "index.json"), encoding="utf-8") as f:
        equal(json.load(f)["manifests"][0]["digest"], w.multi["digest"], "digest of the index")


def umoci_reads_the_store(w):
    need("umoci")
    names = w.run("umoci", "ls", "--layout", w.store).out.split()
    equal(sorted(names), ["NanoServer:10.0.17763.1", APP, "team/multi:1.0"], "names")
    seen = json.loads(w.run("umoci", "stat", "--json", "--image", f"{w.store}:{APP}").out)
    layers = [h["layer"]["digest"] for h in seen["history"] if h.get("layer")]
    equal(layers, [d["digest"] for d in blobs_of(w.layout, w.app)[2:]], "layers")
    rootless = () if os.geteuid() == 0 else ("--rootless",)
    w.run("umoci", "unpack", *rootless, "--image", f"{w.store}:{APP}", w.path("bundle"))
    for name, data in w.files.items():
        with open(w.path("bundle", "rootfs", name), "rb") as f:
            expect(f.read() == data, "another file: " + name)
    w.clean()  # readers left the store as it was


def skopeo_reads_archives(w):
    for name, wanted in (("app", w.app), ("multi", w.multi)):
        equal(inspect(w, f"oci-archive:{w.path(name + '.oci.tar')}")["Digest"], wanted["digest"], "digest of " + name)
    seen = inspect(w, f"oci-archive:{w.path('nano.oci.tar')}", "--override-os", "windows")
    equal(seen["Digest"], w.nano["digest"], "digest of the Windows image")
    w.skopeo_copy(f"oci-archive:{w.path('multi.oci.tar')}", f"dir:{w.path('dir-multi')}", "--all")


def a_saved_layout(w):
    w.cprov("save-image", "team/app", "--type", "oci", "--path", w.path("saved"))
    equal(inspect(w, f"oci:{w.path('saved')}")["Digest"], w.app["digest"], "digest")
    need("umoci")
    equal(len(w.run("umoci", "ls", "--layout", w.path("saved")).out.split()), 1, "names")


def podman_loads(w):
    podman = Podman(w)
    said = podman("load", "--quiet", "-i", w.path("app.oci.tar"))
    podman.check(said.split()[-1], w.config, w.files)
    podman("load", "--quiet", "-i", w.path("multi.oci.tar"))


def docker_loads(w):
    docker = Docker(w)
    try:
        said = docker("load", "--quiet", "-i", w.path("app.oci.tar"))
        docker.check(said.split("Loaded image: ")[-1].split()[-1], w.config, w.files)
    finally:
        w.stop(docker.child)


def containerd_imports(w):
    ctr = Containerd(w)
    try:
        ctr("images", "import", "--snapshotter", "native", w.path("app.oci.tar"))
        equal(list(ctr.digests().values()), [w.app["digest"]], "digests")
        ctr("images", "import", "--all-platforms", "--no-unpack", w.path("multi.oci.tar"))
        expect(w.multi["digest"] in ctr.digests().values(), str(ctr.digests()))
        ctr("images", "import", "--all-platforms", "--no-unpack", w.path("nano.oci.tar"))
        expect(w.nano["digest"] in ctr.digests().values(), str(ctr.digests()))
    finally:
        w.stop(ctr.child)


main(["docker-registry", "skopeo"], set_up, skopeo_reads_the_store, skopeo_copies_out_of_the_store,
     umoci_reads_the_store, skopeo_reads_archives, a_saved_layout, podman_loads, docker_loads, containerd_imports)
