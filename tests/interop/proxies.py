#!/usr/bin/env python3
"""A forward proxy with a login between us and docker-registry, for plain requests and for TLS."""

from harness import equal, expect, main
from images import Layout, real_files
from registry import Registry
from servers import certificates, proxy

LOGIN, WRONG = "me:a-word-of-its-own", "me:another-word"


def set_up(w):
    certificates(w)
    w.plain = Registry(w, "plain")
    w.tls = Registry(w, "tls", tls={"certificate": w.path("server.pem"), "key": w.path("server.key")})
    layout = Layout(w.path("src"))
    layout.image([real_files("json")], "app")
    layout.push(w, "app", w.plain.address + "/team/app:1.0")
    layout.push(w, "app", w.tls.address + "/team/app:1.0")
    w.proxy = proxy(w, LOGIN)


def install(w, registry, *options, code=0, **env):
    """What the proxy saw of an install."""
    w.new_store()
    w.proxy.seen.clear()
    registry.requests()
    done = w.cprov("install-image", "team/app:1.0", "--source", registry.url, "--trust", "--retry", "0", "--debug",
                   "--ca-file", w.path("ca.pem"), *options, code=code, env=env)
    for secret in (LOGIN, WRONG, LOGIN.partition(":")[2], WRONG.partition(":")[2]):
        expect(secret not in done.out + done.err, f"a password is shown\n{done}")
    w.asked = len(registry.requests())
    return list(w.proxy.seen)


def through(w, login=LOGIN):
    return f"http://{login}@{w.proxy.address}"


def plain(w, seen):
    """Whether all requests went through it."""
    equal(w.asked, 4, "requests at the registry")
    equal([(status, method) for status, method, _ in seen], [(200, "GET")] * 4, "requests at the proxy")
    expect(all(target.startswith(w.plain.url + "/v2/") for _, _, target in seen), str(seen))


def tunnel(w, seen):
    equal(w.asked, 4, "requests at the registry")
    equal(set(seen), {(200, "CONNECT", w.tls.address)}, "requests at the proxy")


def from_the_environment(w):
    plain(w, install(w, w.plain, http_proxy=through(w)))
    tunnel(w, install(w, w.tls, https_proxy=through(w)))
    tunnel(w, install(w, w.tls, HTTPS_PROXY=through(w)))
    plain(w, install(w, w.plain, all_proxy=through(w)))
    # A variable is for its own scheme.
    equal(install(w, w.tls, http_proxy=through(w)), [], "what the proxy saw")
    equal(w.asked, 4, "requests")


def not_for_these_hosts(w):
    for value in ("127.0.0.1", "example.org,127.0.0.1", "*", "127.0.0.0/8"):
        equal(install(w, w.plain, http_proxy=through(w), no_proxy=value), [], f"seen with no_proxy={value}")
        equal(install(w, w.tls, https_proxy=through(w), NO_PROXY=value), [], f"seen with NO_PROXY={value}")
    plain(w, install(w, w.plain, http_proxy=through(w), no_proxy="example.org,10.0.0.0/8"))


def from_the_command_line(w):
    plain(w, install(w, w.plain, "--proxy", through(w)))
    tunnel(w, install(w, w.tls, "--proxy", through(w), https_proxy="http://127.0.0.1:1"))
    equal(install(w, w.plain, "--proxy", "none", http_proxy=through(w)), [], "what the proxy saw")


def of_one_source(w):
    """A password of a proxy is not for the registry of sources: the user's own file has it."""
    w.cprov("register-source", "there", w.plain.url, "--proxy", through(w), code=2)
    w.write("home/.config/container-provider/own.yaml", f"""sources:
  - {{ name: there, location: "{w.plain.url}", trusted: true, proxy: "{through(w)}" }}
  - {{ name: here, location: "{w.tls.url}", trusted: true }}
""", 0o600)
    for source, registry, times in (("there", w.plain, 4), ("here", w.tls, 0)):
        w.new_store()
        w.proxy.seen.clear()
        registry.requests()
        w.cprov("install-image", "team/app:1.0", "--source", source, "--ca-file", w.path("ca.pem"))
        equal(len(registry.requests()), 4, "requests at the registry")
        equal([status for status, _, _ in w.proxy.seen], [200] * times, f"what the proxy saw of '{source}'")
    expect(LOGIN.partition(":")[2] not in w.cprov("get-source", "--format", "json").out, "the password is shown")


def a_wrong_password(w):
    for registry, variable in ((w.plain, "http_proxy"), (w.tls, "https_proxy")):
        for url in (through(w, WRONG), "http://" + w.proxy.address):
            seen = install(w, registry, code=11, **{variable: url})
            expect(seen and {status for status, _, _ in seen} == {407}, str(seen))
            equal(w.asked, 0, "requests at the registry")
            errors = [line for line in w.last.err.splitlines() if line.startswith("install-image:") and "407" in line]
            expect(errors and "hint: put the proxy's login into its URL" in w.last.err, str(w.last))


def a_proxy_that_is_not_there(w):
    install(w, w.plain, code=6, http_proxy="http://127.0.0.1:1")


main(["docker-registry", "skopeo", "openssl"], set_up, from_the_environment, not_for_these_hosts, from_the_command_line,
     a_wrong_password, a_proxy_that_is_not_there, of_one_source)
