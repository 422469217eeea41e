"""Image layouts made of real files: those of the python that runs, and bytes that nobody can compress."""

import gzip
import hashlib
import io
import json
import os
import random
import tarfile

OCI = "application/vnd.oci.image."
INDEX, MANIFEST, CONFIG = OCI + "index.v1+json", OCI + "manifest.v1+json", OCI + "config.v1+json"
LAYER = OCI + "layer.v1.tar"
REAL = os.path.dirname(os.__file__)


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def real_files(folder, prefix=""):
    """The python sources of a folder of the standard library."""
    base = os.path.join(REAL, folder)
    found = {}
    for name in sorted(os.listdir(base)):
        if name.endswith(".py"):
            with open(os.path.join(base, name), "rb") as f:
                found[f"{prefix}usr/lib/{folder}/{name}"] = f.read()
    return found


def random_file(name, size, seed=1):
    return {name: random.Random(seed).randbytes(size)}


def tar(files):
    """A deterministic tar of {name: bytes}, with the folders above each."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        made = set()
        for name, data in files.items():
            parts = name.split("/")[:-1]
            for i in range(1, len(parts) + 1):
                folder = "/".join(parts[:i])
                if folder not in made:
                    made.add(folder)
                    info = tarfile.TarInfo(folder + "/")
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(info)
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Layout:
    def __init__(self, path):
        self.path = path
        self.entries = []
        os.makedirs(os.path.join(path, "blobs", "sha256"), exist_ok=True)
        with open(os.path.join(path, "oci-layout"), "w", encoding="utf-8") as f:
            f.write('{"imageLayoutVersion":"1.0.0"}')

    def put(self, data, media_type, **more):
        digest = sha256(data)
        with open(self.blob(digest), "wb") as f:
            f.write(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def blob(self, digest):
        return os.path.join(self.path, "blobs", *digest.split(":"))

    def read(self, digest):
        with open(self.blob(digest), "rb") as f:
            return f.read()

    def image(self, layers, tag=None, system="linux", arch="amd64", version=None, level=1, **manifest):
        """Layers are {name: bytes}; level None: not compressed. The image's descriptor with its platform."""
        descriptors, diff_ids = [], []
        for files in layers:
            data = tar(files)
            diff_ids.append(sha256(data))
            if level is None:
                descriptors.append(self.put(data, LAYER))
            else:
                descriptors.append(self.put(gzip.compress(data, level, mtime=0), LAYER + "+gzip"))
        return self.image_of(descriptors, diff_ids, tag, system, arch, version, **manifest)

    def image_of(self, layers, diff_ids, tag=None, system="linux", arch="amd64", version=None, **manifest):
        """An image of layers that are in place."""
        config = {
            "created": "2016-09-22T19:30:00Z",
            "architecture": arch,
            "os": system,
            "config": {"Cmd": ["/usr/bin/true"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created_by": f"layer {i}"} for i in range(len(layers))],
        }
        platform = {"os": system, "architecture": arch}
        if version:
            config["os.version"] = platform["os.version"] = version
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.put(json.dumps(config).encode(), CONFIG),
            "layers": layers,
            **manifest,
        }
        descriptor = self.put(json.dumps(document).encode(), MANIFEST)
        self.tag(descriptor, tag)
        return {**descriptor, "platform": platform}

    def index(self, children, tag=None):
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
        descriptor = self.put(json.dumps(document).encode(), INDEX)
        self.tag(descriptor, tag)
        return descriptor

    def tag(self, descriptor, tag):
        if tag:
            name = {"annotations": {"org.opencontainers.image.ref.name": tag}}
            self.entries.append({k: v for k, v in descriptor.items() if k != "platform"} | name)
        with open(os.path.join(self.path, "index.json"), "w", encoding="utf-8") as f:
            json.dump({"schemaVersion": 2, "manifests": self.entries}, f)

    def push(self, world, tag, destination, *options):
        """Sends it with skopeo to docker://DESTINATION, whole, its bytes as they are."""
        world.skopeo_copy(f"oci:{self.path}:{tag}", f"docker://{destination}", "--all", "--preserve-digests",
                          "--dest-tls-verify=false", *options)


def blobs_of(layout, descriptor):
    """Every descriptor of an image or index, itself first."""
    found = [descriptor]
    document = json.loads(layout.read(descriptor["digest"]))
    for child in document.get("manifests", []):
        found += blobs_of(layout, child)
    if "config" in document:
        found += [document["config"], *document["layers"]]
    return found
