"""A layout with the images of a small firm, for what shows images: bases, what stands on them, several platforms."""

import gzip
import json

from images import CONFIG, LAYER, MANIFEST, Layout, random_file, sha256, tar

LABEL = "org.opencontainers.image."
EVIL = "<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>&amp;\u202e\u0007"


class Shop:
    def __init__(self, path):
        self.layout = Layout(path)
        self.day = 0

    def layer(self, name, size):
        data = tar(random_file(name, size, seed=len(name) * 1000 + sum(map(ord, name))))
        return self.layout.put(gzip.compress(data, 1, mtime=0), LAYER + "+gzip"), sha256(data)

    def image(self, layers, steps, labels=None, arch="amd64", system="linux", version=None, **config):
        """layers are pairs of layer(); steps are texts, one for each, and "-text" for those without a layer."""
        self.day += 1
        created = f"2026-0{1 + self.day // 28}-{1 + self.day % 28:02}T09:30:00Z"
        document = {
            "created": created, "architecture": arch, "os": system,
            "config": {**config, "Labels": labels or {}},
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
            "history": [{"created": created, "created_by": step.lstrip("-"),
                         **({"empty_layer": True} if step[0] == "-" else {})} for step in steps],
        }
        platform = {"os": system, "architecture": arch}
        if version:
            document["os.version"] = platform["os.version"] = version
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.layout.put(json.dumps(document).encode(), CONFIG),
                    "layers": [descriptor for descriptor, _ in layers]}
        return {**self.layout.put(json.dumps(manifest).encode(), MANIFEST), "platform": platform}


def labels(description, vendor, **more):
    return {LABEL + "description": description, LABEL + "vendor": vendor, **more}


def linux_base(shop, number, arch):
    root = shop.layer(f"root-{number}-{arch}", 300000 + 1000 * number)
    return [root], shop.image([root], ["ADD rootfs.tar.xz / # buildkit", '-CMD ["bash"]'],
                              labels("A small Linux to build on", "Harbour Linux"), arch, Cmd=["bash"],
                              Env=["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])


def chart(layout, name):
    """What helm pushes."""
    helm = "application/vnd.cncf.helm."
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                "config": layout.put(b'{"name":"quay","version":"3.1.0"}', helm + "config.v1+json"),
                "layers": [layout.put(b"chart" * 100, helm + "chart.content.v1.tar+gzip",
                                      annotations={LABEL + "title": "quay-3.1.0.tgz"})],
                "annotations": {LABEL + "description": "The whole quay", LABEL + "created": "2026-03-04T05:06:07Z"}}
    layout.tag(layout.put(json.dumps(manifest).encode(), MANIFEST), name)


def many(path, count):
    """A layout with so many images on a few dozen bases; their layers are not there."""
    shop = Shop(path)
    layout, layers = shop.layout, []

    def layer(number):
        digest = sha256(b"layer %d" % number)
        return {"mediaType": LAYER + "+gzip", "digest": digest, "size": 1000000 + 1000 * number}, digest

    for i in range(count):
        below = layers[(i * 7) % len(layers)] if i % 9 and layers else []
        mine = below + [layer(i)]
        if len(mine) < 6:
            layers.append(mine)
        shop.day = i % 200
        for k in range(1 + i % 4):
            image = shop.image(mine + [layer(10000 + 10 * i + k)] * (k > 0), ["COPY a /"] * (len(mine) + (k > 0)),
                               labels(f"Number {i} of the images of a firm that has many", "Harbour Traders"))
            name = f"shop.example/division-{i % 7}/department/application-number-{i:04}:{k}.0.0"
            entry = {k: v for k, v in image.items() if k != "platform"}
            layout.entries.append({**entry, "annotations": {LABEL + "ref.name": name}})
    layout.tag(image, "shop.example/division-0/last:1.0")


def fill(path):
    """The Shop, with everything in it."""
    shop = Shop(path)
    layout = shop.layout
    bases = {}
    for number in (11, 12):
        both = {arch: linux_base(shop, number, arch) for arch in ("amd64", "arm64")}
        layout.index([image for _, image in both.values()], f"shop.example/base/harbour:{number}.0")
        bases[number] = {arch: layers for arch, (layers, _) in both.items()}
    steps = ["ADD rootfs.tar.xz / # buildkit", '-CMD ["bash"]',
             "RUN apt-get update && apt-get install -y --no-install-recommends python3 ca-certificates"]
    python, runtime = {}, labels("Python 3.12 on Harbour Linux", "Harbour Linux")
    for arch in ("amd64", "arm64"):
        python[arch] = bases[12][arch] + [shop.layer(f"python-{arch}", 180000)]
    layout.index([shop.image(python[arch], steps, runtime, arch, Cmd=["python3"]) for arch in ("amd64", "arm64")],
                 "shop.example/runtime/python:3.12.4")
    for i, version in enumerate(("1.8.0", "1.9.0", "2.0.0-rc.1", "2.0.0")):
        own = [shop.layer(f"needs-{i // 2}", 90000), shop.layer(f"shop-{version}", 40000 + 3000 * i)]
        layout.tag(shop.image(
            python["amd64"] + own,
            steps + ["RUN pip install -r requirements.txt", "COPY app /srv/app",
                     "-ENV PORT=8080", "-EXPOSE 8080/tcp", '-ENTRYPOINT ["/srv/app/start"]'],
            labels("The shop itself: catalogue, basket and checkout", "Harbour Traders",
                   **{LABEL + "source": "https://code.example/shop", LABEL + "licenses": "Apache-2.0"}),
            Entrypoint=["/srv/app/start"], Cmd=["--workers", "4"], User="shop", WorkingDir="/srv/app",
            Env=["PATH=/usr/bin:/bin", "PORT=8080", "API_TOKEN=do-not-show"],
            ExposedPorts={"8080/tcp": {}}, Volumes={"/srv/data": {}}), f"shop.example/team/shop:{version}")
    layout.tag(shop.image(python["amd64"] + [shop.layer("worker", 60000)], steps + ["COPY worker /srv/worker"],
                          labels("Sends the mails that the shop has promised", "Harbour Traders")),
               "shop.example/team/mailer:0.7.2")
    layout.tag(shop.image(bases[11]["amd64"] + [shop.layer("pg", 240000)],
                          steps[:2] + ["RUN apt-get install -y postgresql-15"],
                          labels("A relational database", "Harbour Linux")), "shop.example/data/postgres:15.6")
    layout.tag(shop.image(python["amd64"] + [shop.layer("worker", 60000)], steps + ["COPY worker /srv/worker"],
                          labels("The mailer by the name it had", "Harbour Traders")), "shop.example/team/postman:1.0")
    mailer = next(e for e in layout.entries if "shop.example/team/mailer:0.7.2" in e["annotations"].values())
    signature = layout.image([random_file("signature", 300)], None)
    layout.tag(signature, f"shop.example/team/mailer:{mailer['digest'].replace(':', '-')}.sig")
    chart(layout, "shop.example/charts/quay:3.1.0")
    layout.tag(shop.image([shop.layer("rare", 5000)], ["COPY rare /"], labels("For a rare machine", "Harbour Linux"),
                          arch="riscv64", version="a-version-of-an-operating-system.that.is-longer-than.any-column"),
               "shop.example/odd/platform:1.0")
    windows = [shop.layer("Files/nano", 350000)]
    build = "10.0.20348.1"
    layout.tag(shop.image(windows, [f"Apply image {build}"], labels("Nano Server for containers", "Example Systems"),
                          system="windows", version=build), "shop.example/windows/nanoserver:10.0.20348.1")
    layout.tag(shop.image(windows + [shop.layer("Files/till", 70000)], [f"Apply image {build}", "COPY till C:/till"],
                          labels("The till of the shops on the quay", "Harbour Traders"),
                          system="windows", version=build), "shop.example/team/till:4.1.0")
    layout.tag(shop.image([shop.layer("evil", 5000)], [f"RUN echo {EVIL}"], labels(EVIL, EVIL, **{EVIL: EVIL}),
                          Entrypoint=[EVIL], Env=[EVIL + "=1"], User=EVIL), "shop.example/odd/evil:0.1")
    return shop
