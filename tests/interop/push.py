#!/usr/bin/env python3
"""Uploads into docker-registry: plain, with tokens, through a line that is cut; read again by skopeo."""

import hashlib
import json
import os

from harness import equal, expect, main
from images import Layout, random_file
from registry import Registry
from servers import limiter, relay, token_server

USER, WORD = "robot", "a-word-of-its-own"
SIZE = 5_000_000


def set_up(w):
    w.client = w.options.helper[0]
    w.registry = Registry(w)
    w.tokens = token_server(w, {USER: WORD})
    w.closed = Registry(w, "closed", auth=w.tokens.auth)
    w.file = w.write("file", os.urandom(SIZE))
    with open(w.file, "rb") as f:
        w.digest = "sha256:" + hashlib.sha256(f.read()).hexdigest()


def push(w, ref, *login, code=0):
    return w.run(w.client, ref, w.file, *login, code=code)


def a_blob_and_its_manifest(w):
    done = push(w, f"{w.registry.address}/team/catalog:v1")
    expect(f"blob sent {SIZE}\n" in done.out, done.out)
    raw = w.run("skopeo", "inspect", "--raw", "--tls-verify=false",
                f"docker://{w.registry.address}/team/catalog:v1").out
    equal("manifest sha256:" + hashlib.sha256(raw.encode()).hexdigest(), done.out.splitlines()[0], "digest")
    manifest = json.loads(raw)
    equal(manifest["artifactType"], "application/vnd.container-provider.catalog.v1+json", "artifactType")
    equal([(layer["digest"], layer["size"]) for layer in manifest["layers"]], [(w.digest, SIZE)], "layers")
    equal(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json", "config")
    equal(w.cprov("inspect", f"{w.registry.address}/team/catalog:v1", "--raw").out, raw, "what we read")


def skopeo_copies_it(w):
    w.skopeo_copy(f"docker://{w.registry.address}/team/catalog:v1", f"oci:{w.path('copy')}:v1",
                  "--src-tls-verify=false")
    with open(w.path("copy", "blobs", *w.digest.split(":")), "rb") as f:
        equal("sha256:" + hashlib.sha256(f.read()).hexdigest(), w.digest, "the blob")


def what_is_there_is_not_sent(w):
    w.registry.requests()
    done = push(w, f"{w.registry.address}/team/catalog:v2")
    expect("blob existed 0\n" in done.out, done.out)
    methods = [r.method for r in w.registry.requests()]
    equal(methods, ["HEAD", "HEAD", "PUT"], "requests")


def a_line_that_is_cut(w):
    """In the middle of the body, twice; then in the answer to it."""
    line = relay(w, w.registry.address)
    line.up_cuts, line.up_after = 2, SIZE // 2
    done = push(w, f"{line.address}/team/cut:v1")
    expect(f"blob sent {SIZE}\n" in done.out, done.out)
    equal(line.up_cuts, 0, "cuts left")
    line.up_cuts = 9
    push(w, f"{line.address}/team/given-up:v1", code=6)


def a_proxy_with_a_limit(w):
    """The usual one of nginx: the whole is refused, its pieces are taken."""
    proxy = limiter(w, w.registry.address, 1 << 20)
    w.registry.requests()
    done = push(w, f"{proxy.address}/team/pieces:v1")
    expect(f"blob sent {SIZE}\n" in done.out, done.out)
    equal(proxy.refused, ["PUT"], "refused")
    equal(len([r for r in w.registry.requests() if r.method == "PATCH"]), (SIZE + (1 << 19) - 1) >> 19, "pieces")
    w.skopeo_copy(f"docker://{w.registry.address}/team/pieces:v1", f"oci:{w.path('pieces')}:v1",
                  "--src-tls-verify=false")


def a_catalog_is_shared(w):
    """One finds, and pushes what was found; another one searches that, and asks no more than it must."""
    images = Registry(w, "images")
    layout = Layout(w.path("src"))
    for name, version in (("team/app", "1.0"), ("team/app", "2.0"), ("team/web", "1.1")):
        tag = f"{name.replace('/', '-')}-{version}"
        layout.image([random_file("data/x", 1000, 1)], tag)
        layout.push(w, tag, f"{images.address}/{name}:{version}")
    w.run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", w.path("key.pem"))
    w.run("openssl", "pkey", "-in", w.path("key.pem"), "-pubout", "-out", w.path("key.pub"))
    w.cprov("register-source", "images", images.url, "--trusted")
    rows = ("--all-versions", "--columns", "name,version,reference", "--no-header")
    found = w.cprov("find-image", *rows).out
    equal(len(found.splitlines()), 3, "found")
    place = f"{w.registry.address}/shared/catalog"
    pushed = w.cprov("catalog", "push", place, "--title", "Shared", "--sign", w.path("key.pem")).out
    expect(pushed.startswith(f"{place}:latest: digest: sha256:"), pushed)

    other = {"XDG_CACHE_HOME": w.path("other", "cache"), "XDG_CONFIG_HOME": w.path("other", "config"),
             "CPROV_SYSTEM_CONFIG_DIR": w.path("other", "etc")}
    place_of_other = w.registry.url + "/shared/catalog"
    w.cprov("register-source", "shared", place_of_other, "--type", "catalog", "--trusted", env=other)
    w.write("other/etc/with-key.yaml", json.dumps({"sources": [
        {"name": "shared", "location": place_of_other, "type": "catalog", "trusted": True, "key": w.path("key.pub")}]}))
    images.requests()
    equal(w.cprov("find-image", *rows, env=other).out, found, "what the other one finds")
    equal(images.requests(), [], "requests to the registry of the images")
    w.new_store()
    w.cprov("install-image", "team/app", "--version", "2.0", env=other)
    equal(w.cprov("get-image", "--columns", "name,version", "--no-header").out.split(), ["team/app", "2.0"], "images")
    w.registry.requests()
    equal(w.cprov("find-image", *rows, "--refresh", env=other).out, found, "what it finds again")
    equal([r.method for r in w.registry.requests()], ["HEAD"], "what it takes to know that nothing has changed")

    w.cprov("catalog", "push", place)  # not signed any more: the last one that was counts
    equal(w.cprov("find-image", *rows, "--refresh", env=other).out, found, "what is left")
    expect("not signed" in w.last.err, w.last.err)


def with_tokens(w):
    name = f"{w.closed.address}/team/catalog:v1"
    push(w, name, code=11)
    w.tokens.asked.clear()
    push(w, name, f"{USER}:{WORD}")
    equal(len(w.tokens.asked), 2, "tokens")  # for what each challenge names: to look, then to write
    scopes = w.tokens.asked[1][1]  # the registry names the two in any order
    expect({"repository:team/catalog:pull,push", "repository:team/catalog:push,pull"} & set(scopes), w.tokens.asked)


if __name__ == "__main__":
    main(["docker-registry", "skopeo", "openssl"], set_up, a_blob_and_its_manifest, skopeo_copies_it,
         what_is_there_is_not_sent, a_line_that_is_cut, a_proxy_with_a_limit, with_tokens,
         a_catalog_is_shared)
