"""Layouts and archives as other tools write them: made here, byte by byte, so that none of the tools is needed.

Each function of SHAPES takes a folder to write into and returns a Shape: a place, and the rows that find-image shows of it.
"""

import gzip
import io
import json
import os
import tarfile

from images import CONFIG, INDEX, LAYER, MANIFEST, Layout, sha256
from odd_images import Tar

REF, FULL = "org.opencontainers.image.ref.name", "io.containerd.image.name"
CREATED, TITLE, VERSION = (f"org.opencontainers.image.{x}" for x in ("created", "title", "version"))
DOCKER = "application/vnd.docker."
DOCKER_MANIFEST, DOCKER_LIST = DOCKER + "distribution.manifest.v2+json", DOCKER + "distribution.manifest.list.v2+json"
DOCKER_CONFIG, DOCKER_LAYER = DOCKER + "container.image.v1+json", DOCKER + "image.rootfs.diff.tar.gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
DATE = "2016-09-22T19:30:00Z"


class Shape:
    """A place; its rows as (name, version); what is true of all of them."""

    def __init__(self, place, *rows, kind="image", unpacks=True, why="", served=None, warns=""):
        self.place, self.rows, self.kind, self.unpacks, self.why, self.warns = place, list(rows), kind, unpacks, why, warns
        self.served = self.rows if served is None else served  # as (name, tag)


def hello(text="hello"):
    t = Tar()
    t.dir("etc")
    t.file("etc/greeting", text + "\n")
    t.symlink("greeting", "etc/greeting")
    return t.bytes()


def config_of(diff_ids, labels=None, **more):
    document = {"created": DATE, "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/true"]},
                "rootfs": {"type": "layers", "diff_ids": diff_ids}, **more}
    if labels:
        document["config"]["Labels"] = labels
    return {k: v for k, v in document.items() if v is not None}


class Foreign(Layout):
    """A layout whose every text can be said."""

    def document(self, document, media_type, **more):
        return self.put(json.dumps(document).encode(), media_type, **more)

    def make(self, *layers, labels=None, config_type=CONFIG, layer_type=LAYER + "+gzip", media_type=MANIFEST, config=None, **more):
        """The descriptor of an image; config: members that replace those of its configuration."""
        layers = layers or (hello(),)
        packed = [self.put(gzip.compress(t, 1, mtime=0), layer_type) for t in layers]
        document = config_of([sha256(t) for t in layers], labels, **(config or {}))
        return self.document({"schemaVersion": 2, "mediaType": media_type, "config": self.document(document, config_type),
                              "layers": packed, **more}, media_type)

    def list(self, *entries, **more):
        """index.json of (descriptor, {annotation: text})."""
        listed = [{**d, **({"annotations": a} if a else {})} for d, a in entries]
        with open(os.path.join(self.path, "index.json"), "w", encoding="utf-8") as f:
            json.dump({"schemaVersion": 2, **more, "manifests": listed}, f)
        return self

    def pack(self, path, **members):
        """An archive of it and of members: {name: document}."""
        texts = {k.replace("_json", ".json"): json.dumps(v).encode() for k, v in members.items()}
        for folder, _, names in os.walk(self.path):
            for name in names:
                file = os.path.join(folder, name)
                with open(file, "rb") as f:
                    texts.setdefault(os.path.relpath(file, self.path), f.read())
        return write_tar(path, {k: v for k, v in texts.items() if v != b"null" or k != "index.json"})


def write_tar(path, members):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(members.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            archive.addfile(info, io.BytesIO(data))
    return path


def saved(layout, tags, *layers, seed="hello", **config):
    """An entry of manifest.json; the layers lie among the blobs, as docker 25 has it."""
    layers = layers or (hello(seed),)
    put = [layout.put(t, LAYER) for t in layers]
    document = layout.document(config_of([d["digest"] for d in put], **config), CONFIG)
    entry = {"Config": "blobs/sha256/" + document["digest"][7:], "RepoTags": tags,
             "Layers": ["blobs/sha256/" + d["digest"][7:] for d in put]}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": document, "layers": put}
    return entry, manifest


# --- names: B13, B14, B15 ---

def B14_skopeo_bare_tag(base):
    layout = Foreign(base + "/app")
    return Shape(layout.list((layout.make(), {REF: "stable"})).path, ("app", "stable"))


def B14_bare_tag_like_a_number(base):
    layout = Foreign(base + "/app")
    return Shape(layout.list((layout.make(), {REF: "1.0"})).path, ("app", "1.0"))


def B14_regctl_two_tags(base):
    layout = Foreign(base + "/tool")
    one, two = layout.make(hello("one")), layout.make(hello("two"))
    return Shape(layout.list((one, {REF: "edge"}), (two, {REF: "v2"}), mediaType=INDEX).path, ("tool", "edge"), ("tool", "v2"))


def B14_regctl_signature_beside(base):
    layout = Foreign(base + "/signed")
    image = layout.make()
    about = layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x.signature",
                             "config": layout.put(b"{}", EMPTY), "layers": [layout.put(b"sig", "text/plain")],
                             "subject": image}, MANIFEST)
    place = layout.list((image, {REF: "1.0"}), (about, {REF: image["digest"].replace(":", "-") + ".sig"}), mediaType=INDEX).path
    return Shape(place, ("signed", "1.0"), served=None)


def B14_one_image_two_tags(base):
    layout = Foreign(base + "/app")
    image = layout.make()
    return Shape(layout.list((image, {REF: "1.0"}), (image, {REF: "1"})).path, ("app", "1.0"), ("app", "1"))


def B14_buildkit_full_name(base):
    """type=oci with name=: a tag in ref.name, all of it in the annotation of containerd; an attestation in the index."""
    layout = Foreign(base + "/tree")
    image = {**layout.make(), "platform": {"architecture": "amd64", "os": "linux"}}
    layer = layout.put(b'{"_type":"https://in-toto.io/Statement/v0.1"}', "application/vnd.in-toto+json")
    about = {**layout.document({"schemaVersion": 2, "mediaType": MANIFEST,
                                "config": layout.document(config_of([layer["digest"]], architecture="unknown", os="unknown"), CONFIG),
                                "layers": [layer]}, MANIFEST),
             "platform": {"architecture": "unknown", "os": "unknown"},
             "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}}
    index = layout.index([image, about])
    layout.list((index, {FULL: "docker.io/team/app:1.0", REF: "1.0", CREATED: DATE}))
    return Shape(layout.pack(base + "/out.tar"), ("team/app", "1.0"))


def B14_buildkit_no_name(base):
    layout = Foreign(base + "/out")
    return Shape(layout.list((layout.make(), {CREATED: DATE})).pack(base + "/build.oci.tar"), ("build", "latest"))


def titled(base):
    layout = Foreign(base + "/out")
    return layout.list((layout.make(labels={TITLE: "Titled", VERSION: "3.1"}), None))


def B14_title_in_an_archive(base):
    return Shape(titled(base).pack(base + "/some.tar"), ("Titled", "3.1"))


def B14_title_in_a_folder(base):
    """The pages of registries know no titles: the folder names what is served."""
    return Shape(titled(base).path, ("Titled", "3.1"), served=[("out", "latest")])


def B14_ko_two_without_names(base):
    layout = Foreign(base + "/ko")
    made = [layout.make(hello(t)) for t in ("server", "client")]
    return Shape(layout.list(*((d, None) for d in made)).path, *(("ko", d["digest"][7:19]) for d in made))


def B14_nameless_of_every_kind(base):
    """An index with its images beside it, a titled one, a signature: what is a row is served, by that very name."""
    layout = Foreign(base + "/Mixed")
    children, titled, named = [layout.make(hello(t)) for t in "ab"], layout.make(hello("t"), labels={TITLE: "Titled"}), layout.make()
    index = layout.index([{**c, "platform": {"architecture": a, "os": "linux"}} for c, a in zip(children, ("amd64", "arm64"))])
    about = layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x.signature",
                             "config": layout.put(b"{}", EMPTY), "layers": [layout.put(b"sig", "text/plain")],
                             "subject": titled}, MANIFEST)
    place = layout.list((named, {REF: "team/app:1.0"}), *((d, None) for d in (*children, index, titled, about))).path
    digits = [d["digest"][7:19] for d in (index, titled)]
    return Shape(place, ("team/app", "1.0"), *(("Mixed", d) for d in digits),
                 served=[("team/app", "1.0"), *(("mixed", d) for d in digits)])


def B14_crane_annotated_ref(base):
    layout = Foreign(base + "/any")
    return with_host(layout.list((layout.make(), {REF: "registry.example/team/app:1.0"})).path, ("team/app", "1.0"))


def with_host(place, row):
    """A name with a host is served with it and without it."""
    return Shape(place, row, served=[row, ("registry.example/" + row[0], row[1])])


def by_digest(base, name, tag_text):
    layout = Foreign(base + "/any")
    d = layout.make()
    layout.list((d, {FULL: f"{name}@{d['digest']}", REF: tag_text + d["digest"]}))
    return layout


def B15_ctr_by_digest(base):
    return Shape(by_digest(base, "docker.io/library/app", "@").pack(base + "/ctr.tar"), ("app", "latest"))


def B15_ctr_by_digest_of_a_host(base):
    return with_host(by_digest(base, "registry.example/team/app", "@").path, ("team/app", "latest"))


def B15_digest_alone(base):
    return with_host(by_digest(base, "registry.example/team/app", "").path, ("team/app", "latest"))


def B15_two_by_digest(base):
    layout = Foreign(base + "/any")
    made = [layout.make(hello(t)) for t in "ab"]
    layout.list(*((d, {FULL: f"docker.io/team/app@{d['digest']}", REF: "@" + d["digest"]}) for d in made))
    return Shape(layout.pack(base + "/ctr.tar"), ("team/app", "latest"), ("team/app", made[1]["digest"][7:19]))


def B13_docker24(base):
    """Folders named by id, layer.tar in each, repositories, no index.json."""
    tar = hello()
    config = json.dumps(config_of([sha256(tar)])).encode()
    folder, name = "a" * 64, sha256(config)[7:] + ".json"
    listed = [{"Config": name, "RepoTags": ["team/app:1.0"], "Layers": [folder + "/layer.tar"]}]
    return Shape(write_tar(base + "/save.tar", {name: config, folder + "/layer.tar": tar, folder + "/VERSION": b"1.0",
                                                folder + "/json": b"{}", "manifest.json": json.dumps(listed).encode(),
                                                "repositories": b'{"team/app":{"1.0":"' + b"a" * 64 + b'"}}'}), ("team/app", "1.0"))


def B13_docker25_layers_lost(base):
    layout = Foreign(base + "/x")
    entry, manifest = saved(layout, ["app:1.0"])
    lost = layout.document({**manifest, "layers": []}, MANIFEST)
    layout.list((lost, {FULL: "docker.io/library/app:1.0", REF: "1.0"}))
    return Shape(layout.pack(base + "/save.tar", manifest_json=[entry], repositories={}), ("app", "1.0"))


def B13_manifests_null(base):
    layout = Foreign(base + "/x")
    entry, _ = saved(layout, ["team/app:1.0"])
    layout.list()
    return Shape(layout.pack(base + "/save.tar", index_json={"schemaVersion": 2, "manifests": None}, manifest_json=[entry]),
                 ("team/app", "1.0"))


def B13_untagged_beside_tagged(base):
    layout = Foreign(base + "/x")
    one, manifest = saved(layout, ["team/app:1.0"], seed="one")
    two, _ = saved(layout, None, seed="two")
    layout.list((layout.document(manifest, MANIFEST), {FULL: "docker.io/team/app:1.0", REF: "1.0"}))
    return Shape(layout.pack(base + "/save.tar", manifest_json=[one, two]), ("team/app", "1.0"), ("save", None))


def B13_two_tags_of_one(base):
    layout = Foreign(base + "/x")
    entry, _ = saved(layout, ["team/app:1.0", "team/app:1", "localhost:5000/other:2"])
    return Shape(layout.pack(base + "/save.tar", manifest_json=[entry], index_json=None, **{"oci-layout": None}),
                 ("team/app", "1.0"), ("team/app", "1"), ("other", "2"))


# --- kinds: B16, B17, B20, B27 ---

def of_config_type(media_type):
    def shape(base):
        layout = Foreign(base + "/app")
        return Shape(layout.list((layout.make(config_type=media_type), {REF: "1.0"})).path, ("app", "1.0"))
    return shape


B16_config_octet_stream = of_config_type("application/octet-stream")
B16_config_json = of_config_type("application/json")
B16_config_text_html = of_config_type("text/html")
B16_config_empty = of_config_type("")


def B17_oras_artifact(base):
    layout = Foreign(base + "/notes")
    layer = layout.put(b"some text\n", "text/plain", annotations={TITLE: "notes.txt"})
    made = layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x.notes",
                            "config": {**layout.put(b"{}", EMPTY), "data": "e30="}, "layers": [layer],
                            "annotations": {CREATED: DATE}}, MANIFEST)
    return Shape(layout.list(({**made, "artifactType": "application/x.notes"}, {REF: "v1"})).path, ("notes", "v1"), kind="artifact",
                 unpacks=False, why="artifact")


def B17_helm_chart(base):
    layout = Foreign(base + "/mychart")
    chart = layout.put(gzip.compress(hello(), mtime=0), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    config = layout.put(b'{"name":"mychart","version":"0.1.0","apiVersion":"v2"}', "application/vnd.cncf.helm.config.v1+json")
    made = layout.document({"schemaVersion": 2, "config": config, "layers": [chart]}, MANIFEST)
    return Shape(layout.list((made, {REF: "0.1.0"})).path, ("mychart", "0.1.0"), kind="chart", unpacks=False, why="chart")


def B20_no_rootfs_type(base):
    layout = Foreign(base + "/talos")
    image = layout.make(config={"rootfs": {"diff_ids": [sha256(hello())]}})
    return Shape(layout.list((image, {REF: "1.12.0"})).path, ("talos", "1.12.0"))


def B20_empty_rootfs_type(base):
    layout = Foreign(base + "/nix")
    image = layout.make(config={"rootfs": {"type": "", "diff_ids": [sha256(hello())]}})
    return Shape(layout.list((image, {REF: "1"})).path, ("nix", "1"))


def B20_no_rootfs(base):
    layout = Foreign(base + "/bare")
    return Shape(layout.list((layout.make(config={"rootfs": None}), {REF: "1"})).path, ("bare", "1"), unpacks=False, why="diff")


def B20_rootfs_without_layers(base):
    layout = Foreign(base + "/bare")
    return Shape(layout.list((layout.make(config={"rootfs": {}}), {REF: "1"})).path, ("bare", "1"), unpacks=False, why="diff")


# --- layers: B10, B31 ---

def B10_bsdtar_hardlink_to_symlink(base):
    """bsdtar of libarchive writes ./ before each name, and a second name of a symlink as a hard link."""
    t = Tar()
    t.dir("./bin")
    t.file("./bin/real", "real\n", mode=0o755)
    t.symlink("./bin/link", "real")
    t.hardlink("./bin/second", "./bin/link", mode=0o777)
    t.hardlink("./bin/third", "./bin/real", mode=0o755)
    layout = Foreign(base + "/app")
    return Shape(layout.list((layout.make(t.bytes()), {REF: "1"})).path, ("app", "1"))


def B31_aufs(base):
    t = Tar()
    t.dir(".wh..wh.plnk", mode=0o700)
    t.file(".wh..wh.plnk/101.5", "linked\n")
    t.hardlink("one", ".wh..wh.plnk/101.5")
    t.hardlink("two", ".wh..wh.plnk/101.5")
    t.file(".wh..wh.aufs")
    t.dir(".wh..wh.orph", mode=0o700)
    layout = Foreign(base + "/old")
    return Shape(layout.list((layout.make(hello(), t.bytes()), {REF: "1"})).path, ("old", "1"))


def B31_x86_64_Linux(base):
    layout = Foreign(base + "/app")
    made = [{**layout.make(hello(a), config={"architecture": a, "os": "Linux"}), "platform": {"architecture": a, "os": "Linux"}}
            for a in ("x86_64", "aarch64")]
    return Shape(layout.list((layout.index(made), {REF: "1"})).path, ("app", "1"))


def B30_docker_types(base):
    layout = Foreign(base + "/docker")
    image = layout.make(config_type=DOCKER_CONFIG, layer_type=DOCKER_LAYER, media_type=DOCKER_MANIFEST)
    return Shape(layout.list((image, {REF: "team/app:1.0"})).path, ("team/app", "1.0"))


def B30_docker_list(base):
    layout = Foreign(base + "/docker")
    image = layout.make(config_type=DOCKER_CONFIG, layer_type=DOCKER_LAYER, media_type=DOCKER_MANIFEST)
    made = layout.document({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [
        {**image, "platform": {"architecture": "amd64", "os": "linux"}}]}, DOCKER_LIST)
    return Shape(layout.list((made, {REF: "team/app:1.0"})).path, ("team/app", "1.0"))


def B24_odd_names(base):
    layout = Foreign(base + "/app")
    odd = ["a\nb", "\x1b[31mred", "x" * 3000]
    entries = [(layout.make(hello(str(i))), {REF: n}) for i, n in enumerate(odd)]
    return Shape(layout.list((layout.make(), {REF: "1"}), *entries).path, ("app", "1"), warns="has no valid name")


SHAPES = [f for n, f in list(globals().items()) if n[0] == "B" and n[1:3].isdigit() and callable(f)]
NAMES = {f: n for n, f in list(globals().items()) if n[0] == "B" and n[1:3].isdigit()}
