#!/usr/bin/env python3
"""cprov serve, pulled by skopeo, podman, Docker, containerd and crane; its HTTP, as curl sees it."""

import hashlib
import json
import os
import shutil
import signal

from engines import Containerd, Docker, Podman
from harness import equal, expect, main, need
from images import CONFIG, Layout, blobs_of, random_file, real_files
from registry import Registry
from servers import certificates
from serving import Server, curl

APP, NANO = "team/app:1.0", "windows/nanoserver:10.0.17763.1"


def set_up(w):
    certificates(w)
    w.registry = Registry(w)
    w.layout = layout = Layout(w.path("src"))
    first, second = real_files("json"), {**real_files("email"), **random_file("data/noise", 400000)}
    w.files = {**first, **second}
    w.app = layout.image([first, second], "app")
    arm = layout.image([first], arch="arm64")
    w.nano = layout.image([real_files("xml", "Files/")], "nano", system="windows", version="10.0.17763.1")
    w.multi = layout.index([w.app, arm, w.nano], "multi")
    for tag, name in (("app", APP), ("multi", "team/multi:1.0"), ("nano", NANO)):
        layout.push(w, tag, f"{w.registry.address}/{name}")
    w.config = blobs_of(layout, w.app)[1]["digest"]
    w.cprov("register-source", "real", w.registry.url, "--trusted")
    w.cprov("install-image", "team/app", "NanoServer")
    w.cprov("install-image", "team/multi", "--all-platforms")
    w.server = Server(w)
    w.tls = Server(w, "--cert", w.path("server.pem"), "--key", w.path("server.key"))


def inspect(w, name, *options):
    return json.loads(w.run("skopeo", "inspect", *options, "docker://" + name).out)


def skopeo_pulls(w):
    at = w.server.address
    seen = inspect(w, f"{at}/{APP}", "--tls-verify=false")
    equal((seen["Digest"], seen["RepoTags"]), (w.app["digest"], ["1.0"]), "digest and tags")
    w.skopeo_copy(f"docker://{at}/team/multi:1.0", f"oci:{w.path('copied')}:all", "--all", "--src-tls-verify=false")
    with open(w.path("copied", "index.json"), encoding="utf-8") as f:
        equal(json.load(f)["manifests"][0]["digest"], w.multi["digest"], "digest")
    w.run("skopeo", "--insecure-policy", "--override-os", "windows", "copy", "--quiet", "--src-tls-verify=false",
          f"docker://{at}/{NANO}", f"dir:{w.path('nano')}")


def skopeo_pulls_with_tls(w):
    os.makedirs(w.path("certs"))
    shutil.copy(w.path("ca.pem"), w.path("certs", "ca.crt"))
    equal(inspect(w, f"{w.tls.address}/{APP}", "--cert-dir", w.path("certs"))["Digest"], w.app["digest"], "digest")
    w.skopeo_copy(f"docker://{w.tls.address}/{APP}", f"dir:{w.path('from-tls')}", "--src-cert-dir", w.path("certs"))
    w.run("skopeo", "inspect", f"docker://{w.tls.address}/{APP}", code=1)


def podman_pulls(w):
    podman = Podman(w)
    name = f"{w.server.address}/{APP}"
    podman("pull", "--quiet", "--tls-verify=false", name)
    equal(podman.check(name, w.config, w.files)["Digest"], w.app["digest"], "digest")
    podman("pull", "--quiet", "--cert-dir", w.path("certs"), f"{w.tls.address}/team/multi@{w.multi['digest']}")


def docker_pulls(w):
    docker = Docker(w)
    try:
        name = f"{w.server.address}/{APP}"
        docker("pull", "--quiet", name)
        docker.check(name, w.config, w.files)
        equal(docker.image(name)["RepoDigests"], [f"{w.server.address}/team/app@{w.app['digest']}"], "digests")
        docker("pull", "--quiet", f"{w.server.address}/team/multi:1.0")
        equal(docker.image(f"{w.server.address}/team/multi:1.0")["Id"], w.config, "id")
    finally:
        w.stop(docker.child)


def containerd_pulls(w):
    ctr = Containerd(w)
    try:
        name = f"{w.server.address}/{APP}"
        ctr("images", "pull", "--plain-http", "--snapshotter", "native", name)
        equal(ctr.digests(), {name: w.app["digest"]}, "digests")
        # Of the loopback it thinks that there is no TLS, unless told.
        w.write(f"hosts/{w.tls.address}/hosts.toml",
                f'[host."{w.tls.url}"]\ncapabilities = ["pull", "resolve"]\nca = "{w.path("ca.pem")}"\n')
        name = f"{w.tls.address}/team/multi:1.0"
        ctr("images", "pull", "--hosts-dir", w.path("hosts"), "--snapshotter", "native", name)
        equal(ctr.digests()[name], w.multi["digest"], "digest of the index")
    finally:
        w.stop(ctr.child)


def crane_pulls(w):
    need("crane")
    equal(w.run("crane", "digest", f"{w.server.address}/{APP}").out.strip(), w.app["digest"], "digest")
    equal(w.run("crane", "ls", f"{w.server.address}/team/app").out.split(), ["1.0"], "tags")
    w.run("crane", "pull", f"{w.server.address}/{APP}", w.path("crane.tar"))


def http_of_a_blob(w):
    layer = blobs_of(w.layout, w.app)[-1]
    path, whole = "/v2/team/app/blobs/" + layer["digest"], w.layout.read(layer["digest"])
    status, head, body = curl(w, path)
    equal((status, body == whole, head["docker-content-digest"]), (200, True, layer["digest"]), "GET")
    status, head, body = curl(w, path, "--head")
    equal((status, int(head["content-length"])), (200, layer["size"]), "HEAD")
    status, head, body = curl(w, path, "--range", "1000-1999")
    equal((status, body == whole[1000:2000]), (206, True), "range")
    equal(head["content-range"], f"bytes 1000-1999/{len(whole)}", "Content-Range")
    status, head, body = curl(w, path, "--range", "300000-")
    equal((status, body == whole[300000:]), (206, True), "open range")
    status, head, body = curl(w, path, "--range", "-77")
    equal((status, body == whole[-77:]), (206, True), "last bytes")
    equal(curl(w, path, "--range", f"{len(whole)}-")[0], 416, "past the end")
    status, head, _ = curl(w, path, "-H", f"If-None-Match: \"{layer['digest']}\"")
    equal(status, 304, "If-None-Match")
    status, head, body = curl(w, path, "--range", "5-9", "-H", 'If-Range: "another"')
    equal((status, body == whole), (200, True), "If-Range of another")


def http_of_a_manifest(w):
    for name in ("1.0", w.app["digest"]):
        status, head, body = curl(w, "/v2/team/app/manifests/" + name)
        equal((status, head["content-type"]), (200, w.app["mediaType"]), name)
        equal(head["docker-content-digest"], w.app["digest"], "digest")
        equal("sha256:" + hashlib.sha256(body).hexdigest(), w.app["digest"], "bytes")
        equal(curl(w, "/v2/team/app/manifests/" + name, "--head")[0], 200, "HEAD")
    etag = curl(w, "/v2/team/app/manifests/1.0")[1]["etag"]
    equal(curl(w, "/v2/team/app/manifests/1.0", "-H", "If-None-Match: " + etag)[0], 304, "If-None-Match")


def what_is_not_there_and_what_is_not_done(w):
    zeros = "sha256:" + 64 * "0"
    for path, code in (("/v2/team/app/manifests/nope", "MANIFEST_UNKNOWN"), ("/v2/no/such/tags/list", "NAME_UNKNOWN"),
                       ("/v2/team/app/manifests/" + zeros, "MANIFEST_UNKNOWN"),
                       ("/v2/team/app/blobs/" + zeros, "BLOB_UNKNOWN")):
        status, _, body = curl(w, path)
        equal((status, json.loads(body)["errors"][0]["code"]), (404, code), path)
    for path in ("/v2/team/app/blobs/../../../../etc/passwd", "/v2/team/app/blobs/sha256:..%2f..%2foci-layout"):
        expect(curl(w, path, "--path-as-is")[0] in (400, 404), path)
    for method, path in (("DELETE", "/v2/team/app/manifests/1.0"), ("PUT", "/v2/team/app/manifests/2.0"),
                         ("POST", "/v2/team/app/blobs/uploads/")):
        equal(curl(w, path, "-X", method, "-d", "")[0], 405, method)


def one_connection_for_many_requests(w):
    url = w.server.url + "/v2/team/app/tags/list"
    done = w.run("curl", "-sS", "--noproxy", "*", "-w", "%{num_connects}\n", *3 * ("-o", "/dev/null", url))
    equal(done.out.split(), ["1", "0", "0"], "connections")


def lists(w):
    equal(json.loads(curl(w, "/v2/team/app/tags/list")[2]), {"name": "team/app", "tags": ["1.0"]}, "tags")
    names = json.loads(curl(w, "/v2/_catalog")[2])["repositories"]
    expect({"team/app", "team/multi", "windows/nanoserver"} <= set(names), str(names))
    status, head, body = curl(w, "/v2/_catalog?n=1")
    equal((status, len(json.loads(body)["repositories"])), (200, 1), "a page of one")
    expect('rel="next"' in head["link"], "no next page")
    equal(curl(w, "/v2/")[0], 200, "/v2/")


def what_is_installed_meanwhile(w):
    w.layout.push(w, "app", w.registry.address + "/team/later:2.0")
    w.cprov("install-image", "team/later")
    equal(inspect(w, f"{w.server.address}/team/later:2.0", "--tls-verify=false")["Digest"], w.app["digest"], "digest")


def referrers(w):
    """A layout of somebody else, with a signature and a list of parts that point to an image."""
    layout = Layout(w.path("signed"))
    image = layout.image([real_files("json")], "team/app:1.0")
    subject = {k: image[k] for k in ("mediaType", "digest", "size")}
    wanted = {}
    for tag in ("team/app:signature", "team/app:parts"):
        kind = "application/vnd.example." + tag.partition(":")[2]
        found = layout.image([], tag, artifactType=kind, subject=subject, annotations={"who": kind})
        wanted[found["digest"]] = kind
    server = Server(w, w.path("signed"))
    status, head, body = curl(w, "/v2/team/app/referrers/" + image["digest"], server=server)
    document = json.loads(body)
    equal((status, document["mediaType"]), (200, "application/vnd.oci.image.index.v1+json"), "status and type")
    equal({m["digest"]: m["artifactType"] for m in document["manifests"]}, wanted, "referrers")
    equal({m["annotations"]["who"] for m in document["manifests"]}, set(wanted.values()), "annotations")
    status, head, body = curl(w, f"/v2/team/app/referrers/{image['digest']}?artifactType=application/vnd.example.parts",
                              server=server)
    equal(([m["artifactType"] for m in json.loads(body)["manifests"]], head["oci-filters-applied"]),
          (["application/vnd.example.parts"], "artifacttype"), "filtered")
    expect(CONFIG not in str(document), "the type of the config is told where that of the artifact should be")
    w.stop(server.child)
    expect(not os.path.exists(w.path("signed", "cprov")), "serving left something in the layout")


def ends_when_told(w):
    for number in (signal.SIGINT, signal.SIGTERM):
        server = Server(w)
        server.child.send_signal(number)
        equal(server.child.wait(10), 0, f"exit after {number.name}")
        w.children.remove(server.child)


main(["docker-registry", "skopeo", "openssl", "curl"], set_up, skopeo_pulls, skopeo_pulls_with_tls, podman_pulls,
     docker_pulls, containerd_pulls, crane_pulls, http_of_a_blob, http_of_a_manifest,
     what_is_not_there_and_what_is_not_done, one_connection_for_many_requests, lists, what_is_installed_meanwhile,
     referrers, ends_when_told)
