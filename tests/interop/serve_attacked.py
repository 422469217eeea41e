#!/usr/bin/env python3
"""cprov serve under attack: clients that say nothing, clients that do not read, many names, rotten bytes."""

import http.client
import json
import os
import re
import socket
import threading
import time

from harness import equal, expect, main, need
from images import Layout, random_file
from serving import Server

IMAGES = 3000
MOST_MIB = 128
MOST_S = 1.0
LARGE = 12_000_000


def set_up(w):
    w.layout = layout = Layout(w.path("large"))
    image = layout.image([random_file("data", LARGE)], None, level=None)
    w.layer = json.loads(layout.read(image["digest"]))["layers"][0]
    plain = {k: v for k, v in image.items() if k != "platform"}
    for i in range(IMAGES):
        name = f"r.example/team/application-{i:05}:1.0"
        layout.entries.append({**plain, "annotations": {"org.opencontainers.image.ref.name": name}})
    layout.tag(image, "r.example/team/app:1.0")
    w.blob = "/v2/team/app/blobs/" + w.layer["digest"]


def dial(server, text=""):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", int(server.address.rpartition(":")[2])))
    if text:
        s.sendall(text.encode())
    return s


def ask(server, path, method="GET", **headers):
    begin = time.monotonic()
    c = http.client.HTTPConnection(server.address, timeout=30)
    c.request(method, path, headers=headers)
    answer = c.getresponse()
    body = answer.read()
    c.close()
    return answer.status, body, time.monotonic() - begin


def peak_mib(server):
    with open(f"/proc/{server.child.pid}/status", encoding="utf-8") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024


def descriptors(server):
    return len(os.listdir(f"/proc/{server.child.pid}/fd"))


def others_are_answered(w, server, what, *paths):
    slowest = 0.0
    for _ in range(4):
        for path in paths or ("/v2/", "/v2/team/app/manifests/1.0"):
            status, _, seconds = ask(server, path)
            equal(status, 200, f"{what}: {path}")
            slowest = max(slowest, seconds)
    print(f"    {what}: others within {slowest:.2f} s, {peak_mib(server):.0f} MiB, {descriptors(server)} descriptors")
    if not w.options.sanitized:  # the figures are those of what is shipped
        expect(slowest <= MOST_S, f"{what}: another client waits {slowest:.2f} s")
        expect(peak_mib(server) <= MOST_MIB, f"{what}: {peak_mib(server):.0f} MiB")


def H7_clients_that_say_nothing(w):
    server = Server(w, w.path("large"))
    for what, text in (("silent", ""), ("half a request", "GET /v2/ HTTP/1.1\r\nHost: 127"), ("a byte", "G")):
        guests = [dial(server, text) for _ in range(300)]
        others_are_answered(w, server, f"H7 300 clients, {what}")
        for s in guests:
            s.close()
    w.stop(server.child)


def H7_clients_that_keep_what_they_have(w):
    """Every place is taken by one that has had its answer and stays."""
    server = Server(w, w.path("large"))
    guests = [dial(server, "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(300)]
    others_are_answered(w, server, "H7 300 clients, idle")
    for s in guests:
        s.close()
    w.stop(server.child)


def S9_clients_that_do_not_read(w):
    server = Server(w, w.path("large"), "--ui")
    first = ask(server, "/_cprov/catalog.json")
    expect(len(first[1]) > 1_000_000, "the catalog is small")
    ask(server, w.blob)
    before = descriptors(server)
    for path in ("/_cprov/catalog.json", w.blob, "/", "/ui/graph", "/v2/_catalog", "/v2/team/app/manifests/1.0"):
        # A page takes a sanitizer many times as long as what is shipped.
        count = 40 if w.options.sanitized and path in ("/", "/ui/graph") else 250
        guests = [dial(server, f"GET {path} HTTP/1.1\r\nHost: a{i}.localhost:5000\r\n\r\n" * 3) for i in range(count)]
        others_are_answered(w, server, f"S9 250 clients that do not read {path[:24]}", "/v2/",
                            "/v2/team/app/manifests/1.0", "/v2/team/app/tags/list")
        for s in guests:
            s.close()
    for _ in range(50):
        if descriptors(server) <= before + 4:
            break
        time.sleep(0.1)
    expect(descriptors(server) <= before + 4, f"{before} descriptors before, {descriptors(server)} after")
    w.stop(server.child)


def S9_a_name_for_every_request(w):
    """The catalog is one file, whatever the Host header: no file and no second for a name."""
    server = Server(w, w.path("large"))
    ask(server, "/_cprov/catalog.json")
    before, begin = descriptors(server), time.monotonic()
    for i in range(100):
        status, body, _ = ask(server, "/_cprov/catalog.json", Host=f"h{i}.localhost")
        equal(status, 200, "status")
        if i % 25 == 0:
            document = json.loads(body)
            equal(len(document["images"]), IMAGES + 1, "images")
            expect(f'"h{i}.localhost/team/app:1.0"' in body.decode(), "its own name is not in it")
    seconds = time.monotonic() - begin
    print(f"    S9 100 names: {seconds:.1f} s, {peak_mib(server):.0f} MiB, {descriptors(server)} descriptors")
    expect(descriptors(server) <= before + 2, f"{before} descriptors before, {descriptors(server)} after")
    expect(w.options.sanitized or seconds <= 5, f"{seconds:.1f} s for 100 names")
    expect(w.options.sanitized or peak_mib(server) <= MOST_MIB, f"{peak_mib(server):.0f} MiB")
    w.stop(server.child)


def S9_what_takes_long(w):
    """While the catalog and the tree of bases are made, and a changed list is read, nobody else waits."""
    server = Server(w, w.path("large"), "--ui")
    for path in ("/_cprov/catalog.json", "/ui/graph", "/"):
        w.layout.tag({k: v for k, v in w.layout.entries[0].items() if k != "annotations"}, "r.example/team/more:1.0")
        done = []
        asked = threading.Thread(target=lambda path=path, done=done: done.append(ask(server, path)))
        asked.start()
        slowest, rounds = 0.0, 0
        while asked.is_alive():
            slowest, rounds = max(slowest, ask(server, "/v2/")[2]), rounds + 1
        asked.join()
        equal(done[0][0], 200, path)
        print(f"    S9 {path}: made in {done[0][2]:.2f} s, others within {slowest:.2f} s, {rounds} of them")
        expect(w.options.sanitized or slowest <= MOST_S, f"{path}: another client waits {slowest:.2f} s")
    w.stop(server.child)


def H7_a_rotten_blob(w):
    """Never as if it were whole: neither all of it nor a part; mended, it is given again."""
    server = Server(w, w.path("large"))
    equal(len(ask(server, w.blob)[1]), w.layer["size"], "bytes while it is sound")
    with open(w.layout.blob(w.layer["digest"]), "r+b") as f:
        f.seek(LARGE // 2)
        byte = f.read(1)
        f.seek(LARGE // 2)
        f.write(bytes([byte[0] ^ 1]))
    time.sleep(3)  # what has just changed is not remembered
    try:
        _, body, _ = ask(server, w.blob)
        raise AssertionError(f"{len(body)} rotten bytes as if whole")
    except http.client.IncompleteRead as cut:
        expect(len(cut.partial) < w.layer["size"], "all bytes")
    for _ in range(2):
        equal([ask(server, w.blob, verb)[0] for verb in ("HEAD", "GET")], [404, 404], "what is known to be rotten")
        status, body, _ = ask(server, w.blob, Range="bytes=0-99")
        equal((status, json.loads(body)["errors"][0]["code"]), (404, "BLOB_UNKNOWN"), "a part of it")
    with open(w.layout.blob(w.layer["digest"]), "r+b") as f:
        f.seek(LARGE // 2)
        f.write(byte)
    status, body, _ = ask(server, w.blob, Range="bytes=0-99")
    equal((status, body), (206, w.layout.read(w.layer["digest"])[:100]), "a part, mended")
    equal(len(ask(server, w.blob)[1]), w.layer["size"], "all of it, mended")
    manifest = w.layout.entries[0]["digest"]
    with open(w.layout.blob(manifest), "r+b") as f:
        text = f.read()
        f.seek(0)
        f.write(text.replace(b'"schemaVersion": 2', b'"schemaVersion":2 '))
    equal([ask(server, "/v2/team/app/manifests/1.0", v)[0] for v in ("HEAD", "GET")], [404, 404], "a rotten manifest")
    with open(w.layout.blob(manifest), "r+b") as f:
        f.write(text)
    equal(ask(server, "/v2/team/app/manifests/1.0")[0], 200, "the manifest, mended")
    w.stop(server.child)


def S18_names_of_others(w):
    server = Server(w, w.path("large"), "--ui", "--host", "mirror.example")
    for host, wanted in (("evil.example", 421), ("127.0.0.1.evil.example:80", 421), ("mirror.example", 200),
                         ("localhost:1", 200), (server.address, 200)):
        for path in ("/", "/v2/", "/_cprov/catalog.json", w.blob):
            equal(ask(server, path, "HEAD", Host=host)[0], wanted, f"{host} {path}")
    w.stop(server.child)


def B29_what_is_listened_on(w):
    for listen, begin in (("0.0.0.0:0", "http://0.0.0.0:"), (":0", "http://[::]:"), ("127.0.0.1:0", "http://127.0.0.1:")):
        log = w.path("listen.log")
        open(log, "w", encoding="utf-8").close()
        child = w.start("cprov", "serve", w.path("large"), "--listen", listen, log=log)
        for _ in range(200):
            with open(log, encoding="utf-8") as f:
                text = f.read()
            if "Serving at" in text:
                break
            time.sleep(0.05)
        time.sleep(0.1)
        w.stop(child)
        expect(begin in text or (listen == ":0" and "http://0.0.0.0:" in text), text)
        expect("127.0.0.1" not in text or listen.startswith("127"), text)


def crane_is_never_cut(w):
    """It tries TLS first: an answer in plain HTTP tells it so, a silent end is "retrying EOF"."""
    need("crane")
    server = Server(w, w.path("large"))
    for i in range(30):
        done = w.run("crane", "manifest", f"{server.address}/team/app:1.0")
        equal(done.err, "", f"run {i}")
    w.stop(server.child)


def TLS_on_a_plain_port(w):
    server = Server(w, w.path("large"))
    for first in (b"\x16\x03\x01\x05\xd4\x01\n\n", b"\x16\x03\x01 no end", b"\x00", b"\x16"):
        s = dial(server)
        s.sendall(first)
        answer = b""
        while piece := s.recv(4096):
            answer += piece
        expect(answer.startswith(b"HTTP/1.1 400 "), f"{first}: {answer}")
        s.close()
    w.stop(server.child)


main([], set_up, H7_clients_that_say_nothing, H7_clients_that_keep_what_they_have, S9_clients_that_do_not_read,
     S9_a_name_for_every_request, S9_what_takes_long, H7_a_rotten_blob, S18_names_of_others, B29_what_is_listened_on,
     TLS_on_a_plain_port, crane_is_never_cut)
