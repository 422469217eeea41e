#!/usr/bin/env python3
"""Write a catalog in our own format (docs/catalog-format.md) as large as one likes.

  make-catalog.py [--images 20000] [--versions 50] [--host registry.example] > catalog.json

Names, descriptions and publishers are made of words, so that a search finds some and not all; every
version has a reference, a digest, a size, a date and platforms; an image in twenty is for Windows,
one version in ten has the digest of another image's. Each image has a channel "latest". The same
arguments make the same bytes. 1,000,000 versions: 271 MB, 6 s.
"""
import argparse, hashlib, itertools, json, random, sys, time

TEAM = ("platform payments identity search media logistics pricing analytics billing catalog checkout delivery fraud "
        "growth inventory ledger mobile network orders partner risk security shipping storefront support tax telemetry "
        "tenant testing trading travel treasury").split()
STEM = ("account archive audit batch billing broker cache calendar cart config contract cursor customer device document "
        "event export feature feed file geo graph health image import index invoice job journal label lease ledger limit "
        "mail map market message metric model notice order payment policy price product profile quota rate report resource "
        "route rule schema session stock stream tag task telemetry template tenant term ticket token trace user vault "
        "voucher warehouse web").split()
KIND = ("api worker gateway proxy operator exporter agent controller scheduler migrator runner cli base builder "
        "sidecar mirror").split()
WHAT = ("keeps {s} records and answers questions about them", "moves {s} data between regions",
        "watches {s} changes and tells other services", "turns {s} events into reports",
        "checks every {s} before it is stored", "is what all {s} images are built on",
        "serves {s} pages at the edge", "tests {s} rules against production traffic")
PLATFORMS = (["linux/amd64"], ["linux/amd64", "linux/arm64"], ["linux/amd64", "linux/arm64", "linux/arm/v7"],
             ["linux/amd64", "linux/arm64", "linux/s390x", "linux/ppc64le"])
BUILDS = ("10.0.14393", "10.0.17763", "10.0.20348", "10.0.26100")


def versions_of(rnd, n, windows):
    """In the manner of one project: a product line, dates, or builds of Windows."""
    kind = rnd.random()
    major, minor, patch, build = rnd.randrange(0, 9), 0, 0, rnd.randrange(100, 400)
    for i in range(n):
        if windows:
            build += rnd.randrange(1, 60); yield "%s.%d" % (BUILDS[i * len(BUILDS) // n], build)
        elif kind < .1:
            yield time.strftime("%Y%m%d", time.gmtime(1600000000 + i * 7 * 86400))
        else:
            step = rnd.random()
            if step < .04: major, minor, patch = major + 1, 0, 0
            elif step < .3: minor, patch = minor + 1, 0
            else: patch += 1
            yield "%s%d.%d.%d%s" % ("v" if kind < .4 else "", major, minor, patch, "-rc.1" if step > .97 else "")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--images", type=int, default=20000); p.add_argument("--versions", type=int, default=50)
    p.add_argument("--host", default="registry.example")
    o = p.parse_args(); rnd = random.Random(1); out = sys.stdout
    names = ["%s/%s-%s" % n for n in itertools.product(TEAM, STEM, KIND)]; rnd.shuffle(names)
    if o.images > len(names): sys.exit("at most %d images" % len(names))
    publishers = ["%s %s" % (t.capitalize(), k) for t in TEAM for k in ("Team", "Services", "Labs", "Inc.")]
    out.write('{"format":"container-provider/catalog","formatVersion":1,"name":"bench","images":[')
    for i, name in enumerate(names[:o.images]):
        windows = i % 20 == 7; stem = name.split("/")[1].split("-")[0]
        image = {"name": name, "description": "The %s %s of %s: it %s." % (
            stem, name.rsplit("-", 1)[1], name.split("/")[0], rnd.choice(WHAT).format(s=stem)),
            "publisher": rnd.choice(publishers)}
        if windows: image["osImage"] = True
        platforms = json.dumps(rnd.choice(PLATFORMS)); born = rnd.randrange(1580000000, 1690000000)
        out.write(("," if i else "") + "\n" + json.dumps(image)[:-1] + ',"versions":[')
        for k, v in enumerate(versions_of(rnd, o.versions, windows)):
            of = names[i ^ 1] if rnd.random() < .1 else name
            out.write('%s\n{"version":"%s","reference":"%s/%s:%s","digest":"sha256:%s","size":%d,"created":"%s",%s}' % (
                "," if k else "", v, o.host, name, v, hashlib.sha256(("%s %d" % (of, k)).encode()).hexdigest(),
                int(rnd.lognormvariate(17.5, 1.2)), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(born + k * 600000)),
                '"platforms":["windows(%s)/amd64"],"osVersion":"%s"' % (v, v) if windows else '"platforms":' + platforms))
        out.write('],"channels":{"latest":"%s"}}' % v)
    out.write("\n]}\n")


main()
