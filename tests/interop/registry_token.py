#!/usr/bin/env python3
"""docker-registry with a token server: anonymous and with a login; tokens that end in the middle of a download."""

from harness import equal, expect, main
from images import Layout, blobs_of, random_file, real_files
from registry import Registry
from servers import relay, token_server

USER, WORD = "robot", "a-word-of-its-own"


def set_up(w):
    w.tokens = token_server(w, {USER: WORD})
    w.registry = Registry(w, auth=w.tokens.auth)
    w.layout = layout = Layout(w.path("src"))
    w.small = layout.image([real_files("json")], "small")
    w.large = layout.image([random_file(f"data/{i}", 900_000, i) for i in range(3)], "large")
    w.single = layout.image([random_file("data/whole", 3_000_000, 9)], "single")
    for tag, name in (("small", "public/small"), ("large", "public/large"), ("single", "public/single"),
                      ("small", "private/small")):
        layout.push(w, tag, f"{w.registry.address}/{name}:1.0", "--dest-creds", f"{USER}:{WORD}")
    w.skopeo = w.run("skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}",
                     f"docker://{w.registry.address}/public/large:1.0").out.strip()


def install(w, name, *options, code=0, address=None, **how):
    w.new_store()
    w.tokens.asked.clear()
    w.tokens.tokens.clear()
    w.registry.requests()
    ref = f"{address or w.registry.address}/{name}:1.0"
    done = w.cprov("install-image", ref, "--trust", *options, code=code, **how)
    for secret in w.tokens.tokens + [WORD]:
        expect(secret not in done.out + done.err, "a secret is shown")
    return done


def lives(w, life, told):
    w.tokens.life, w.tokens.told = life, told


def one_token_for_all(w):
    install(w, "public/small", "--debug")
    equal(w.tokens.asked, [(None, ["repository:public/small:pull"])], "what was asked of the token server")
    requests = w.registry.requests()
    equal([r.status for r in requests], [401] + 3 * [200], "answers")
    w.clean()


def closed_without_a_login(w):
    install(w, "private/small", "--retry", "0", code=11)
    equal(w.cprov("get-image", "--no-header").out, "", "images")


def with_a_login(w):
    w.cprov("login", w.registry.address, "-u", USER, "--password-stdin", stdin="wrong", code=11)
    w.cprov("login", w.registry.address, "-u", USER, "--password-stdin", stdin=WORD)
    install(w, "private/small", "--debug")
    equal({user for user, _ in w.tokens.asked}, {USER}, "users")
    w.run("skopeo", "inspect", "--tls-verify=false", f"docker://{w.registry.address}/private/small:1.0")
    w.cprov("logout", w.registry.address)
    install(w, "private/small", "--retry", "0", code=11)


def names_of_the_catalog(w):
    """The catalog is a scope of its own: with it a login finds, without it is refused."""
    w.cprov("find-image", "--source", w.registry.url, "--retry", "0", code=11)
    done = w.cprov("find-image", "--source", w.registry.url, "--columns", "name", "--no-header", "-u", USER,
                   "--password-stdin", stdin=WORD)
    equal(sorted(done.out.split()), ["private/small", "public/large", "public/single", "public/small"], "names")


def a_token_that_ends_as_it_said(w):
    """Three layers one after the other, slower than the token lives."""
    lives(w, 2, 2)
    install(w, "public/large", "--parallel", "1", "--limit-rate", "600K")
    expect(len(w.tokens.asked) >= 2, "one token was enough")
    w.clean()


def a_token_that_ends_before_it_said(w):
    lives(w, 2, 300)
    install(w, "public/large", "--parallel", "1", "--limit-rate", "600K", "--retry", "0")
    requests = w.registry.requests()
    expect([r for r in requests if r.status == 401 and "/blobs/" in r.path], "no blob was refused")
    blobs = [r for r in requests if "/blobs/" in r.path and r.status < 300]
    equal(len(blobs), 4, "blobs that were sent")
    row = w.cprov("get-image", "--format", "template={{.Digest}}").out.strip()
    equal(row, w.skopeo, "digest")
    w.clean()


def a_token_that_ends_within_a_blob(w):
    """The connection breaks when the token is over: the rest is fetched with another token."""
    lives(w, 1, 300)
    # The connection of the layer dies after two seconds; that of the small documents does not.
    slow = relay(w, w.registry.address, cuts=1, after=2_000_000, rate=1_000_000)
    install(w, "public/single", "--parallel", "1", address=slow.address)
    requests = w.registry.requests()
    equal(slow.cuts, 0, "cuts to come")
    digest = blobs_of(w.layout, w.single)[-1]["digest"]
    layer = [r for r in requests if digest in r.path]
    expect(401 in [r.status for r in layer], f"the layer was not refused: {layer}")
    equal(layer[-1].status, 206, "the last answer")
    expect(layer[-1].sent < 1_500_000, f"more than the rest was sent: {layer}")
    expect(len(w.tokens.asked) >= 2, "one token was enough")
    w.clean()


main(["docker-registry", "skopeo", "openssl"], set_up, one_token_for_all, closed_without_a_login, with_a_login,
     names_of_the_catalog, a_token_that_ends_as_it_said, a_token_that_ends_before_it_said,
     a_token_that_ends_within_a_blob)
