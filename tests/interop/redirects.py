#!/usr/bin/env python3
"""In a network of its own: a registry at a public address leads to public addresses, and never to private ones."""

import ctypes
import http.server
import json
import os
import threading

from harness import equal, expect, main, Skip
from images import Layout
from servers import Threads, proxy

REGISTRY, STORAGE, NOBODY = "1.2.3.4", "1.2.3.5", "1.2.3.6"  # public addresses, here on the loopback
INNER, INNER6 = "10.11.12.13", "fd00::13"
NEWNS, NEWNET, REC, PRIVATE = 0x00020000, 0x40000000, 0x4000, 0x40000
BIND = 0x1000
HOSTS = f"""127.0.0.1 localhost
{INNER} inner.example both.example
{STORAGE} storage.example
{NOBODY} both.example
{INNER6} six.example
"""


class Handler(http.server.BaseHTTPRequestHandler):
    """A registry of one image; server.leads: what is asked for there, and where that is said to be."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append(self.path)
        lead = next((to for part, to in self.server.leads.items() if part in self.path), None)
        if lead and lead.startswith("Bearer"):
            self.answer(401, b"", **{"WWW-Authenticate": lead})
        elif lead:
            self.answer(307, b"", Location=lead + self.path)
        elif "/blobs/" in self.path:
            self.answer(200, self.server.layout.read(self.path.rpartition("/")[2]))
        elif "/manifests/" in self.path:
            entry = self.server.layout.entries[0]
            self.answer(200, self.server.layout.read(entry["digest"]), **{"Content-Type": entry["mediaType"]})
        else:
            self.answer(200, json.dumps({"name": "app", "tags": ["1.0"]}).encode())

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Threads6(Threads):
    address_family = 10


def listen(w, address):
    server = (Threads6 if ":" in address else Threads)((address, 5000), Handler)
    server.layout, server.leads, server.seen = w.layout, {}, []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    w.at_end.extend([server.server_close, server.shutdown])
    return server


def set_up(w):
    """Nothing here reaches the network of the machine, and names are those of the file."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(NEWNET | NEWNS) != 0:
        raise Skip("a network of its own needs root")
    equal(libc.mount(b"none", b"/", None, REC | PRIVATE, None), 0, "private mounts")
    equal(libc.mount(w.write("hosts", HOSTS).encode(), b"/etc/hosts", None, BIND, None), 0, "names")
    w.run("ip", "link", "set", "lo", "up")
    for address in (REGISTRY, STORAGE, NOBODY, INNER):
        w.run("ip", "address", "add", address + "/32", "dev", "lo")
    w.run("ip", "address", "add", INNER6 + "/128", "dev", "lo", "nodad")
    w.layout = Layout(w.path("layout"))
    w.layout.image([{"file": b"text\n"}], "app")
    w.registry, w.storage, w.inner, w.inner6 = (listen(w, a) for a in (REGISTRY, STORAGE, INNER, INNER6))


def install(w, leads, *options, registry=REGISTRY, code=0):
    """What the storage and the private servers were asked for."""
    servers = (w.storage, w.inner, w.inner6)
    w.registry.leads = leads
    for server in servers:
        server.seen.clear()
    w.new_store()
    w.cprov("install-image", f"{registry}:5000/app:1.0", "--allow-http", "--retry", "0", "--trust", *options, code=code)
    return [len(s.seen) for s in servers]


def refused(w, leads, *options):
    equal(install(w, leads, *options, code=6), [0, 0, 0], f"requests that leads {leads} brought about")
    expect("private address" in w.last.err and "refused" in w.last.err, f"the reason is missing: {leads}\n{w.last}")


def S11_public_to_public(w):
    """The control: the same redirect to another public address, written and by name, is followed."""
    equal(install(w, {"/blobs/": f"http://{STORAGE}:5000"}), [2, 0, 0], "requests for blobs")
    equal(install(w, {"/blobs/": "http://storage.example:5000"}), [2, 0, 0], "requests for blobs")


def S11_public_to_private(w):
    """Blobs and manifests, by an address that is written or that a name leads to, of either family."""
    for part in ("/blobs/", "/manifests/"):
        for host in (INNER, "inner.example", f"[{INNER6}]", "six.example", f"[::ffff:{INNER}]"):
            refused(w, {part: f"http://{host}:5000"})


def S11_a_name_with_two_addresses(w):
    """Where nobody answers at the public one, the private one is not tried in its place."""
    equal(install(w, {"/blobs/": "http://both.example:5000"}, code=6), [0, 0, 0], "requests")
    expect("both.example" in w.last.err, f"the host is missing\n{w.last}")


def S11_over_two_hops(w):
    w.storage.leads = {"/blobs/": "http://inner.example:5000"}
    equal(install(w, {"/blobs/": f"http://{STORAGE}:5000"}, code=6)[1:], [0, 0], "requests at private addresses")
    expect("private address" in w.last.err, f"the reason is missing\n{w.last}")
    w.storage.leads = {}


def S11_token_server(w):
    leads = {"/v2/": 'Bearer realm="http://inner.example:5000/token",service="s"'}
    equal(install(w, leads, code=None), [0, 0, 0], "requests")
    expect(w.last.code in (6, 11) and "private address" in w.last.err, f"the reason is missing\n{w.last}")


def S11_private_to_private(w):
    """Whoever names a private registry is led on inside."""
    w.inner.leads = {"/blobs/": f"http://[{INNER6}]:5000"}
    equal(install(w, {}, registry=INNER)[2], 2, "requests for blobs")
    w.inner.leads = {}


def S11_through_a_proxy(w):
    """It looks up names itself: only an address that is written can be judged."""
    through = ("--proxy", "http://" + proxy(w).address)
    refused(w, {"/blobs/": f"http://{INNER}:5000"}, *through)
    equal(install(w, {"/blobs/": "http://inner.example:5000"}, *through)[1], 2, "requests for blobs")


main(["ip"], set_up, S11_public_to_public, S11_public_to_private, S11_a_name_with_two_addresses, S11_over_two_hops,
     S11_token_server, S11_private_to_private, S11_through_a_proxy)
