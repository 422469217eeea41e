#!/usr/bin/env python3
"""docker-registry without a login: lists in pages, images of every kind, one request for each manifest and blob."""

import collections
import json
import os
import urllib.request

from harness import equal, expect, main, remove
from images import MANIFEST, Layout, blobs_of, random_file, real_files
from registry import Registry

TAGS, REPOSITORIES = 120, 1050


def set_up(w):
    w.registry = Registry(w)
    w.layout = layout = Layout(w.path("src"))
    w.app = layout.image([real_files("json"), real_files("email"), random_file("data/noise", 300000)], "app")
    arm = layout.image([real_files("json"), real_files("http")], arch="arm64", level=None)
    windows = layout.image([real_files("xml", "Files/"), real_files("wsgiref", "Files/")], "nano",
                           system="windows", version="10.0.17763.1")
    w.windows = windows
    w.multi = layout.index([w.app, arm, windows], "multi")
    layout.push(w, "app", w.registry.address + "/team/app:1.0")
    layout.push(w, "multi", w.registry.address + "/team/multi:1.0")
    layout.push(w, "nano", w.registry.address + "/windows/nanoserver:10.0.17763.1")
    w.skopeo_copy(f"oci:{layout.path}:app", f"docker://{w.registry.address}/team/docker:1.0", "--format", "v2s2",
                  "--dest-tls-verify=false")
    w.cprov("register-source", "real", w.registry.url, "--trusted")
    w.registry.requests()


def skopeo_digest(w, name):
    return w.run("skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}",
                 f"docker://{w.registry.address}/{name}").out.strip()


def rows(done):
    return [json.loads(line) for line in done.out.splitlines()]


def installed(w, name):
    found = [row for row in rows(w.cprov("get-image", "--format", "jsonl")) if row["Name"] == name]
    equal(len(found), 1, f"rows of {name}")
    return found[0]


def install_once(w, name, wanted, *options):
    """Installs; every wanted descriptor was asked for once, and nothing else."""
    w.registry.requests()
    w.cprov("install-image", f"{w.registry.address}/{name}", *options)
    got = collections.Counter(r.path.split("/")[-1] for r in w.registry.requests())
    first = name.rpartition(":")[2]
    names = collections.Counter([first] + [d["digest"] for d in wanted[1:]])
    equal(got, names, "requests")
    for descriptor in wanted:
        size = os.path.getsize(w.blob(descriptor["digest"]))
        equal(size, descriptor["size"], "size of " + descriptor["digest"])


def every_tag_is_found(w):
    body = w.layout.read(w.app["digest"])
    for i in range(TAGS):
        request = urllib.request.Request(f"{w.registry.url}/v2/team/app/manifests/2.{i}", data=body, method="PUT",
                                         headers={"Content-Type": MANIFEST})
        urllib.request.urlopen(request).close()
    found = rows(w.cprov("find-image", "team/app", "--all-versions", "--format", "jsonl"))
    wanted = [f"2.{i}" for i in range(TAGS - 1, -1, -1)] + ["1.0"]
    equal([row["Version"] for row in found], wanted, "versions, the newest first")
    equal({row["Digest"] for row in found}, {w.app["digest"]}, "digests")
    newest = rows(w.cprov("find-image", "app", "--format", "jsonl"))
    equal([row["Version"] for row in newest], [f"2.{TAGS - 1}"], "newest version")


def every_repository_is_found(w):
    base = os.path.join(w.registry.storage, "docker/registry/v2/repositories")
    os.mkdir(os.path.join(base, "many"))
    for i in range(REPOSITORIES):
        os.symlink(os.path.join(base, "team/multi"), os.path.join(base, "many", f"r{i:04}"))
    w.registry.requests()
    found = w.cprov("find-image", "many/*", "--refresh", "--columns", "name,version", "--format", "csv", "--no-header").out
    requests = w.registry.requests()
    remove(os.path.join(base, "many"))
    equal(found.split(), [f"many/r{i:04},1.0" for i in range(REPOSITORIES)], "repositories")
    # A catalog of two pages, the tags of each repository, and nothing else.
    equal(len([r for r in requests if "/_catalog" in r.path]), 2, "pages")
    equal(len([r for r in requests if "/tags/list" in r.path]), REPOSITORIES, "lists of tags")
    equal(len(requests), REPOSITORIES + 2, "requests")


def one_platform(w):
    install_once(w, "team/app:1.0", blobs_of(w.layout, w.app))
    row = installed(w, w.registry.address + "/team/app")
    equal(row["Digest"], skopeo_digest(w, "team/app:1.0"), "digest")
    w.clean()


def nothing_twice(w):
    w.registry.requests()
    done = w.cprov("install-image", f"{w.registry.address}/team/app:1.0")
    expect("Skipping installed package" in done.out + done.err, "it was not skipped")
    equal([r for r in w.registry.requests() if "/blobs/" in r.path], [], "requests of blobs")
    # Another image of the same blobs: its documents alone.
    w.cprov("install-image", f"{w.registry.address}/team/multi:1.0")
    equal([r for r in w.registry.requests() if "/blobs/" in r.path], [], "requests of blobs")


def a_manifest_of_docker(w):
    w.new_store()
    w.registry.requests()
    w.cprov("install-image", f"{w.registry.address}/team/docker:1.0")
    requests = w.registry.requests()
    equal(len(requests), 5, "requests")
    equal(len({r.path for r in requests}), 5, "different requests")
    row = installed(w, w.registry.address + "/team/docker")
    equal(row["Digest"], skopeo_digest(w, "team/docker:1.0"), "digest")
    equal(row["MediaType"], "application/vnd.docker.distribution.manifest.v2+json", "type")
    w.clean()


def all_platforms(w):
    w.new_store()
    install_once(w, "team/multi:1.0", unique(blobs_of(w.layout, w.multi)), "--all-platforms")
    row = installed(w, w.registry.address + "/team/multi")
    equal(row["Digest"], skopeo_digest(w, "team/multi:1.0"), "digest")
    equal(row["Platforms"], ["linux/amd64", "linux/arm64", "windows(10.0.17763.1)/amd64"], "platforms")
    w.clean()


def unique(descriptors):
    return list({d["digest"]: d for d in descriptors}.values())


def one_of_several_platforms(w):
    w.new_store()
    wanted = [{"digest": w.windows["digest"], "size": w.windows["size"]}] + blobs_of(w.layout, w.windows)
    install_once(w, "team/multi:1.0", wanted, "--platform", "windows/amd64")
    row = installed(w, w.registry.address + "/team/multi")
    equal(row["Digest"], skopeo_digest(w, "team/multi:1.0"), "digest")  # the index's, as the registry has it
    equal(row["PlatformDigest"], w.windows["digest"], "digest of the platform")
    w.clean()


def windows_image(w):
    w.new_store()
    w.cprov("install-image", "NanoServer")
    row = installed(w, "NanoServer")
    equal(row["Digest"], skopeo_digest(w, "windows/nanoserver:10.0.17763.1"), "digest")
    equal(row["OsVersion"], "10.0.17763.1", "version of Windows")
    w.clean()


main(["docker-registry", "skopeo"], set_up, every_tag_is_found, every_repository_is_found, one_platform, nothing_twice,
     a_manifest_of_docker, all_platforms, one_of_several_platforms, windows_image)
