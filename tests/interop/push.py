#!/usr/bin/env python3
"""Uploads into docker-registry: plain, with tokens, through a line that is cut; read again by skopeo."""

import hashlib
import json
import os

from harness import equal, expect, main
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


def with_tokens(w):
    name = f"{w.closed.address}/team/catalog:v1"
    push(w, name, code=11)
    w.tokens.asked.clear()
    push(w, name, f"{USER}:{WORD}")
    equal(len(w.tokens.asked), 2, "tokens")  # for what each challenge names: to look, then to write
    expect("repository:team/catalog:pull,push" in w.tokens.asked[1][1], w.tokens.asked)


if __name__ == "__main__":
    main(["docker-registry", "skopeo", "openssl"], set_up, a_blob_and_its_manifest, skopeo_copies_it,
         what_is_there_is_not_sent, a_line_that_is_cut, a_proxy_with_a_limit, with_tokens)
