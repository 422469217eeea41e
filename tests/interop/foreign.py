#!/usr/bin/env python3
"""What other tools write, through every verb: skopeo, regctl, oras, buildkit, ko, crane, docker save, ctr, bsdtar."""

import json
import os
import shutil
import tarfile

import foreign_shapes as shapes
from engines import Containerd, Docker, Podman
from foreign_shapes import FULL, NAMES, REF, SHAPES, Foreign, hello, saved, write_tar
from harness import equal, expect, main, need
from serving import Server, curl
from unpacking import step

STANDS_FOR = "io.container-provider.stands-for"


def rows_of(w, place, *options):
    return [json.loads(line) for line in w.cprov("find-image", "--source", place, "--all-versions", "--format", "jsonl",
                                                 *options).out.splitlines()]


def find(w, shape):
    """The rows; a version of None in the shape is the 12 digits of the row's own digest."""
    rows = rows_of(w, shape.place)
    expect(shape.warns in w.last.err, f"no word of '{shape.warns}': {w.last.err}")
    expect(shape.warns or not w.last.err, "a word too many: " + w.last.err)
    digits = {r["Name"]: r["Digest"].partition(":")[2][:12] for r in rows}
    wanted = [(n, digits.get(n) if v is None else v) for n, v in shape.rows]
    equal(sorted((r["Name"], r["Version"]) for r in rows), sorted(wanted), "rows of find-image")
    equal({r["Kind"] for r in rows}, {shape.kind}, "kinds")
    return rows


def installed(w):
    return [(r["Name"], r["Version"]) for r in map(json.loads, w.cprov("get-image", "--format", "jsonl").out.splitlines())]


def installed_digest(w):
    return json.loads(w.cprov("get-image", "team/app", "--format", "jsonl").out)["PlatformDigest"]


def install(w, shape, rows):
    """By name, and by the row alone in another store; both are whole, and called as find-image said."""
    wanted = sorted((r["Name"], r["Version"]) for r in rows)
    w.new_store("by-ref")
    w.cprov("install-image", "--input", "-", "--trust", stdin="".join(json.dumps({"Ref": r["Ref"]}) + "\n" for r in rows))
    equal(sorted(installed(w)), wanted, "installed by Ref")
    w.clean()
    w.new_store()
    for name, version in wanted:
        w.cprov("install-image", name, "--version", version, "--source", shape.place, "--trust")
        w.cprov("inspect", f"{name}:{version}")
    equal(sorted(installed(w)), wanted, "installed by name")
    w.clean()


def read_in_place(w, shape, name, version):
    """By a name of the place, with nothing installed."""
    kind = "oci" if os.path.isdir(shape.place) else "oci-archive"
    full = f"{kind}:{shape.place}:{name}:{version}"
    w.cprov("inspect", full)
    equal(w.cprov("ls", full, code=None).code == 0, shape.unpacks, "ls " + full)


def unpack(w, shape, name, version):
    """--unpack, export, ls and cat have one tree, or one refusal which says why."""
    full, out, tar = f"{name}:{version}", w.path("out"), w.path("out.tar")
    runs = [w.cprov("install-image", full, "--unpack", out, "--offline", code=None), w.cprov("export", full, tar, code=None),
            w.cprov("ls", full, "/", "-r", "--format", "jsonl", code=None)]
    equal({r.code == 0 for r in runs}, {shape.unpacks}, "unpacked: " + " ".join(r.err for r in runs))
    for run in runs if shape.why else ():
        expect(shape.why in run.err, f"the reason is missing\n{run}")
    if shape.unpacks:
        made = sorted(os.path.relpath(os.path.join(d, n), out) for d, ds, fs in os.walk(out) for n in ds + fs)
        equal(sorted(json.loads(line)["Path"].strip("/") for line in runs[2].out.splitlines()), made, "ls")
        with tarfile.open(tar) as archive:
            equal(sorted(m.name.strip("./") for m in archive if m.name.strip("./")), made, "export")
        links = [p for p in made if os.path.islink(os.path.join(out, p))]
        for path in [p for p in made if os.path.isfile(os.path.join(out, p)) and p not in links]:
            with open(os.path.join(out, path), encoding="utf-8") as f:
                equal(w.cprov("cat", full, path).out, f.read(), "cat " + path)
    shutil.rmtree(out, ignore_errors=True)
    if os.path.exists(tar):
        os.unlink(tar)


def save(w, shape, name, version):
    """From the place, and from the store; an archive has the image under its name."""
    for source in (("--source", shape.place), ("--offline",)):
        file = w.path("saved.oci.tar")
        w.cprov("save-image", f"{name}:{version}", *source, "--path", file)
        equal([(r["Name"], r["Version"]) for r in rows_of(w, file)], [(name, version)], f"saved with {source[0]}")
        os.unlink(file)


def tags_of(w, folder):
    """What cprov serve says of a folder, as (repository, tag)."""
    server = Server(w, folder)
    try:
        names = json.loads(curl(w, "/v2/_catalog", server=server)[2])["repositories"]
        listed = [(n, t) for n in names for t in json.loads(curl(w, f"/v2/{n}/tags/list", server=server)[2])["tags"] or []]
        for name, tag in listed:
            equal(curl(w, f"/v2/{name}/manifests/{tag}", server=server)[0], 200, f"{name}:{tag} served")
        return listed
    finally:
        w.stop(server.child)


def serve(w, shape, rows):
    """A folder is served as find-image shows it, but for signatures, which registries list; the store as well."""
    if os.path.isdir(shape.place):
        got = [(n, t) for n, t in tags_of(w, shape.place) if not t.endswith(".sig")]
        equal(sorted(got), sorted(shape.served), "served of the folder")
    wanted = {(r["Name"].lower(), r["Version"]) for r in rows}
    equal(wanted - set(tags_of(w, w.env["CPROV_ROOT"])), set(), "not served of the store")


def every_verb(w, function):
    base = w.path("shapes", NAMES[function])
    os.makedirs(base)
    shape = function(base)
    rows = find(w, shape)
    install(w, shape, rows)
    for row in rows:
        read_in_place(w, shape, row["Name"], row["Version"])
        unpack(w, shape, row["Name"], row["Version"])
        save(w, shape, row["Name"], row["Version"])
    serve(w, shape, rows)


def through(w, place, *rows):
    shape = shapes.Shape(place, *rows)
    found = find(w, shape)
    install(w, shape, found)
    serve(w, shape, found)


def B25_nothing_usable(w):
    """An archive in which there is no image: never silence, never a row. An empty layout is a warning."""
    empty = Foreign(w.path("empty")).list()
    equal(rows_of(w, empty.path), [], "rows of an empty layout")
    expect("contains no image" in w.last.err, "an empty layout without a word: " + w.last.err)
    places = [write_tar(w.path("text.tar"), {"hello.txt": b"hello\n"}),
              write_tar(w.path("none.tar"), {"manifest.json": b"[]"}),
              write_tar(w.path("half.tar"), {"index.json": b'{"schemaVersion":2,"manifests":[]}'}),
              empty.pack(w.path("empty.tar"))]
    for place in places:
        for verb in (("find-image", "--source", place), ("install-image", "app", "--source", place, "--trust"),
                     ("save-image", "app", "--source", place, "--path", w.path("run"))):
            done = w.cprov(*verb, code=None)
            expect(done.code == 4 and not done.out.strip() and place in done.err, f"not told of {place}\n{done}")


def skopeo_makes_a_layout(w):
    """By the real tool: two tags in one folder, the same in an archive, and what docker save would write."""
    need("skopeo")
    layout = Foreign(w.path("input"))
    layout.list((layout.make(hello("real")), {REF: "in"}))
    os.mkdir(w.path("skopeo"))
    for tag in ("stable", "1.0"):
        w.skopeo_copy(f"oci:{layout.path}:in", f"oci:{w.path('skopeo/app')}:{tag}")
    w.skopeo_copy(f"oci:{layout.path}:in", f"oci-archive:{w.path('skopeo/packed.tar')}:stable")
    w.skopeo_copy(f"oci:{layout.path}:in", f"docker-archive:{w.path('skopeo/docker.tar')}:team/app:2.0")
    for place, *rows in (("app", ("app", "stable"), ("app", "1.0")), ("packed.tar", ("packed", "stable")),
                         ("docker.tar", ("team/app", "2.0"))):
        through(w, w.path("skopeo", place), *rows)


def umoci_makes_a_layout(w):
    need("umoci")
    place = w.path("umoci", "made")
    os.makedirs(os.path.dirname(place))
    w.run("umoci", "init", "--layout", place)
    w.run("umoci", "new", "--image", place + ":first")
    w.run("umoci", "tag", "--image", place + ":first", "second")
    through(w, place, ("made", "first"), ("made", "second"))


def B27_kinds_in_one_place(w):
    """A chart and an artifact beside an image: each of its kind, and none of them what a host runs."""
    layout = Foreign(w.path("kinds"))
    image = layout.make()
    chart = layout.document({"schemaVersion": 2, "config": layout.put(b"{}", "application/vnd.cncf.helm.config.v1+json"), "layers": []},
                            shapes.MANIFEST)
    data = layout.document({"schemaVersion": 2, "artifactType": "application/x.data", "config": layout.put(b"{}", shapes.EMPTY),
                            "layers": [layout.put(b"x", "text/plain")]}, shapes.MANIFEST)
    layout.list((image, {REF: "app:1"}), (chart, {REF: "chart:1"}), (data, {REF: "data:1"}))
    wanted = {"app": "image", "chart": "chart", "data": "artifact"}
    equal({r["Name"]: r["Kind"] for r in rows_of(w, layout.path)}, wanted, "kinds")
    windows = rows_of(w, layout.path, "--os-version", "10.0.20348.1")
    equal(windows, [], "what a Windows host runs")


def stand_in(w):
    """The entry of the store's index.json that stands for another."""
    with open(os.path.join(w.env["CPROV_ROOT"], "index.json"), encoding="utf-8") as f:
        return next(e for e in json.load(f)["manifests"] if STANDS_FOR in e["annotations"])


def docker_types_by_name(w, function):
    """Out of the store: by name an OCI index, in it the very manifests of the registry."""
    base = w.path("B30", NAMES[function])
    os.makedirs(base)
    shape = function(base)
    row, store = find(w, shape)[0], w.new_store()
    w.cprov("install-image", row["Name"], "--source", shape.place, "--trust")
    place, entry = f"oci:{store}:team/app:1.0", stand_in(w)
    equal(entry["annotations"][STANDS_FOR], installed_digest(w), "what is stood for")
    equal(json.loads(w.run("skopeo", "inspect", place).out)["Digest"], entry["digest"], "digest by name")
    w.skopeo_copy(place, f"dir:{base}/copied", "--all")
    digits = installed_digest(w).partition(":")[2]
    with open(w.blob(installed_digest(w)), "rb") as ours, open(f"{base}/copied/{digits}.manifest.json", "rb") as copied:
        equal(copied.read(), ours.read(), "bytes of the Docker manifest")
    w.skopeo_copy(place, f"oci:{store}:team/oci:1.0", "--format", "oci")
    equal(installed(w), [("team/app", "1.0"), ("team/oci", "1.0")], "rows, when skopeo has written too")
    equal(sorted(r["Name"] for r in rows_of(w, store)), ["team/app", "team/oci"], "rows of the store as a source")
    w.cprov("test-image", "--all")
    need("umoci")
    equal(w.run("umoci", "ls", "--layout", store).out.split(), ["team/app:1.0", "team/oci:1.0"], "names that umoci lists")
    rootless = () if os.geteuid() == 0 else ("--rootless",)
    refused = w.run("umoci", "unpack", *rootless, "--image", f"{store}:team/app:1.0", base + "/refused", code=None)
    expect(refused.code != 0 and "distribution.manifest.v2" in refused.err, f"umoci knows Docker types now\n{refused}")
    w.run("umoci", "unpack", *rootless, "--image", f"{store}:team/oci:1.0", base + "/bundle")
    expect(os.path.isfile(base + "/bundle/rootfs/etc/greeting"), "umoci unpacks something else")
    need("podman")
    expect(Podman(w)("pull", "--quiet", place), "podman does not read it by name")


def B30_docker_archives(w):
    base = w.path("B30-archive")
    os.mkdir(base)
    shape = shapes.B30_docker_types(base)
    row, archive = find(w, shape)[0], base + "/saved.tar"
    w.cprov("save-image", "team/app:1.0", "--source", shape.place, "--trust", "--path", archive)
    need("skopeo")
    equal(json.loads(w.run("skopeo", "inspect", "oci-archive:" + archive).out)["Digest"], row["Digest"], archive)
    expect("team/app:1.0" in Podman(w)("load", "--quiet", "-i", archive), "podman names it otherwise")


def docker_saves(w):
    """By the real one: two tags of an image, and one that has none."""
    layout = Foreign(w.path("docker-in"))
    entries = [saved(layout, ["team/app:1.0", "team/app:1"], seed="one")[0], saved(layout, None, seed="two")[0]]
    archive = layout.list().pack(w.path("docker-in.tar"), manifest_json=entries, index_json=None)
    docker = Docker(w)
    try:
        docker("load", "--quiet", "-i", archive)
        bare = [i for i in docker("images", "--no-trunc", "--quiet", "--filter", "dangling=true").split()]
        docker("save", "-o", w.path("docker.tar"), "team/app:1.0", "team/app:1", *bare)
    finally:
        w.stop(docker.child)
    equal(len(bare), 1, "images without a tag in Docker")
    through(w, w.path("docker.tar"), ("team/app", "1.0"), ("team/app", "1"), *(("docker", None) for _ in bare))


def ctr_exports(w):
    """By the real one: a tag, and the same image by its digest alone."""
    layout = Foreign(w.path("ctr-in"))
    made = layout.make()
    archive = layout.list((made, {FULL: "registry.example/team/app:1.0", REF: "1.0"})).pack(w.path("ctr-in.tar"))
    by_digest = "registry.example/team/other@" + made["digest"]
    ctr = Containerd(w)
    try:
        ctr("images", "import", "--no-unpack", archive)
        ctr("images", "tag", "registry.example/team/app:1.0", by_digest)
        ctr("images", "export", w.path("both.tar"), "registry.example/team/app:1.0", by_digest)
        ctr("images", "export", w.path("digest.tar"), by_digest)
    finally:
        w.stop(ctr.child)
    through(w, w.path("both.tar"), ("team/app", "1.0"), ("team/other", "latest"))
    through(w, w.path("digest.tar"), ("team/other", "latest"))


main(["curl"], *(step(NAMES[f], every_verb, f) for f in SHAPES), B25_nothing_usable, B27_kinds_in_one_place,
     *(step(NAMES[f] + "_by_name", docker_types_by_name, f) for f in (shapes.B30_docker_types, shapes.B30_docker_list)),
     B30_docker_archives, skopeo_makes_a_layout, umoci_makes_a_layout, docker_saves, ctr_exports)
