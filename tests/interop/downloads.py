#!/usr/bin/env python3
"""Downloads side by side and after accidents: every install ends, bytes that are not verified decide nothing, and a
download's own failure is the one that is told. CPROV_ROUNDS says how many rounds; by default a few."""

import http.server
import json
import os
import shutil
import signal
import subprocess
import time

from harness import equal, expect, main, wait_for
from images import Layout, random_file
from servers import serve

ROUNDS = int(os.environ.get("CPROV_ROUNDS", "6"))
WRONG_AT = 200_000  # an offset in a layer's packed bytes, far from its end


class Registry(http.server.BaseHTTPRequestHandler):
    """Serves a layout; server.fault(handler, digest, data) may answer for a blob, and says whether it did."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, data, media="application/octet-stream", send=None):
        self.send_response_only(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data if send is None else data[:send])
        if send is not None:
            self.close_connection = True

    def refuse(self, status, code):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": code}]}).encode(), "application/json")

    def do_GET(self):
        kind, _, reference = self.path.rpartition("/")
        layout, tags = self.server.layout, self.server.tags
        if self.path == "/v2/":
            self.answer(200, b"{}", "application/json")
        elif kind.endswith("/manifests") and (reference in tags or os.path.exists(layout.blob(reference))):
            found = tags.get(reference, reference)
            self.answer(200, layout.read(found), json.loads(layout.read(found))["mediaType"])
        elif kind.endswith("/blobs") and os.path.exists(layout.blob(reference)):
            data = layout.read(reference)
            if not self.server.fault(self, reference, data):
                self.range(data)
        else:
            self.refuse(404, "BLOB_UNKNOWN" if kind.endswith("/blobs") else "MANIFEST_UNKNOWN")

    do_HEAD = do_GET

    def range(self, data):
        value = self.headers.get("Range", "")
        if not value.startswith("bytes="):
            self.answer(200, data)
            return
        first, _, last = value[6:].partition("-")
        part = data[int(first) : int(last) + 1 if last else None]
        self.send_response_only(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


def no_fault(*_):
    return False


def set_up(w):
    w.layout = Layout(w.path("src"))
    shared = random_file("shared", 1_500_000, 1)
    app = w.layout.image([shared, *(random_file(f"f{i}", 900_000, i) for i in (2, 3))], "1.0")
    other = w.layout.image([shared, random_file("other", 100_000, 4)])
    w.layers = json.loads(w.layout.read(app["digest"]))["layers"]
    gone = {**other, "digest": "sha256:" + "0" * 64}
    w.index = w.layout.index([gone])
    tags = {"1.0": app["digest"], "2.0": other["digest"]}
    w.registry = serve(w, Registry, layout=w.layout, tags=tags, fault=no_fault)
    w.name = w.registry.address + "/team/app:1.0"
    w.archive = w.path("app.tar")
    w.run("tar", "cf", w.archive, "-C", w.layout.path, "oci-layout", "index.json", "blobs")
    w.round = 0


def fresh(w):
    """A store with nothing in it, and a folder that is not there."""
    w.new_store()
    w.round += 1
    return w.path(f"root{w.round}")


def files_of(root):
    return sorted(os.listdir(root)) if os.path.isdir(root) else []


APP = ["f2", "f3", "shared"]


# --- H1: installs that never end ---


def start_install(w, source, *options):
    name = ("src", "--source", source) if os.path.isdir(source) else ("app", "--source", source)
    argv = (w.name,) if source == w.name else name
    return subprocess.Popen([w.path("bin", "cprov"), "install-image", *argv, "--trust", "--yes", *options], env=w.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(children, what):
    """Every exit code; none may be left running."""
    results = []
    for child in children:
        try:
            out, err = child.communicate(timeout=60)
            results.append((child.returncode, err))
        except subprocess.TimeoutExpired:
            results.append((None, "never ended"))
            child.kill()
            child.communicate()
    expect(all(code == 0 for code, _ in results), f"{what}: {results}")


def H1_three_at_once(w):
    """One image, three processes, one store, from each kind of place, into roots and bundles."""
    for source in (w.layout.path, w.archive, w.name):
        for option, below in (("--unpack", ""), ("--bundle", "rootfs")):
            for k in range(ROUNDS):
                root = fresh(w)
                ended([start_install(w, source, option, f"{root}-{i}") for i in range(3)], f"{source} round {k}")
                for i in range(3):
                    equal(files_of(os.path.join(f"{root}-{i}", below)), APP, f"{source} {option} round {k}")
                    shutil.rmtree(f"{root}-{i}")
    w.clean()


def H1_three_find_it(w):
    """Three read a layout into an index that is not there yet: each finds what is in it."""
    argv = [w.path("bin", "cprov"), "find-image", "src", "--source", w.layout.path]
    how = {"env": w.env, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    for k in range(10 * ROUNDS):
        shutil.rmtree(w.path("home", ".cache"), ignore_errors=True)
        ended([subprocess.Popen(argv, **how) for _ in range(3)], f"round {k}")


def held(handler, digest, data):
    """The first half of the first layer, then nothing until the test says so."""
    server = handler.server
    if digest != server.held or server.let_go:
        return False
    handler.send_response_only(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2])
    wait_for(lambda: server.let_go, 60, "the test goes on")
    handler.wfile.write(data[len(data) // 2 :])
    return True


def waiter_is_told(w, end):
    """Two unpack; the one that waits learns what becomes of the one that downloads."""
    root = fresh(w)
    w.registry.fault, w.registry.held, w.registry.let_go = held, w.layers[0]["digest"], False
    first = start_install(w, w.name, "--unpack", root + "-1")
    partial = os.path.join(w.env["CPROV_ROOT"], "cprov", "partial", w.layers[0]["digest"].replace(":", "-"))
    wait_for(lambda: os.path.exists(partial) and os.path.getsize(partial) > WRONG_AT, 20, "the download begins")
    second = start_install(w, w.name, "--unpack", root + "-2")
    time.sleep(1.5)
    expect(second.poll() is None, "the second one does not wait")
    end(first)
    w.registry.let_go = True
    out, err = second.communicate(timeout=60)
    first.communicate(timeout=60)
    equal(second.returncode, 0, f"exit of the one that waited: {err}")
    expect("waiting for another process" in err, f"it does not say that it waits: {err}")
    equal(files_of(root + "-2"), APP, "files")
    w.registry.fault = no_fault
    w.clean()
    return first.returncode


def H1_told_of_a_commit(w):
    equal(waiter_is_told(w, lambda first: None), 0, "exit of the one that downloaded")


def H1_told_of_a_failure(w):
    equal(waiter_is_told(w, lambda first: first.send_signal(signal.SIGINT)), 130, "exit of the interrupted one")


def H1_told_of_a_death(w):
    equal(waiter_is_told(w, lambda first: first.kill()), -signal.SIGKILL, "exit of the killed one")


# --- H2: one bad download poisons the next ---


def changed(data):
    return data[:WRONG_AT] + bytes([data[WRONG_AT] ^ 0xFF]) + data[WRONG_AT + 1 :]


def wrong_then_cut(handler, digest, data):
    """Wrong bytes, and the line breaks after half of them; nothing more is to be had."""
    if digest != handler.server.bad:
        return False
    if "Range" in handler.headers:
        handler.refuse(503, "UNAVAILABLE")
    else:
        handler.answer(200, changed(data), send=len(data) // 2)
    return True


def wrong_once(handler, digest, data):
    if digest != handler.server.bad or handler.server.sent:
        return False
    handler.server.sent = True
    handler.answer(200, changed(data))
    return True


def always_wrong(handler, digest, data):
    if digest != handler.server.bad:
        return False
    handler.answer(200, changed(data))
    return True


def poison(w):
    """An install that leaves half a layer of wrong bytes."""
    root = fresh(w)
    w.registry.bad, w.registry.fault = w.layers[0]["digest"], wrong_then_cut
    w.cprov("install-image", w.name, "--trust", "--unpack", root, "--retry", "0", code=6)
    expect(not os.path.exists(root), "a root is left")
    partial = os.path.join(w.env["CPROV_ROOT"], "cprov", "partial", w.layers[0]["digest"].replace(":", "-"))
    expect(os.path.getsize(partial) > WRONG_AT, "no wrong bytes are left: the case shows nothing")
    w.registry.fault = no_fault
    return root


def H2_after_wrong_bytes(w):
    """The next install of it, and that of an image that shares the layer, each end well."""
    for version, files in (("1.0", APP), ("2.0", ["other", "shared"])):
        for _ in range(3):
            root = poison(w)
            name = w.registry.address + "/team/app:" + version
            w.cprov("install-image", name, "--trust", "--unpack", root)
            equal(files_of(root), files, f"files of {version}")
            w.clean()


def H2_a_wrong_byte_once(w):
    for _ in range(5):
        root = fresh(w)
        w.registry.bad, w.registry.sent, w.registry.fault = w.layers[0]["digest"], False, wrong_once
        w.cprov("install-image", w.name, "--trust", "--unpack", root)
        equal(files_of(root), APP, "files")
    w.registry.fault = no_fault
    w.clean()


def H2_always_wrong(w):
    """The digest's verdict, not the tar's; and no byte of it stays."""
    for number in range(3):
        root = fresh(w)
        w.registry.bad, w.registry.fault = w.layers[number]["digest"], always_wrong
        for _ in range(2):
            done = w.cprov("install-image", w.name, "--trust", "--unpack", root, code=4)
            expect(w.layers[number]["digest"] in done.err, f"the blob is not named: {done.err}")
            expect("tar" not in done.err, f"the tar is blamed: {done.err}")
            expect(not os.path.exists(root), "a root is left")
        partial = os.path.join(w.env["CPROV_ROOT"], "cprov", "partial", w.layers[number]["digest"].replace(":", "-"))
        expect(not os.path.exists(partial), "bytes that are wrong are kept")
    w.registry.fault = no_fault


# --- H3: one cause, one code ---


def lacking(handler, digest, data):
    if digest != handler.server.bad:
        return False
    handler.refuse(404, "BLOB_UNKNOWN")
    return True


def cut(handler, digest, data):
    if digest != handler.server.bad:
        return False
    handler.answer(200, data, send=WRONG_AT)
    return True


def H3_one_code_for_one_cause(w):
    for fault, runs in ((lacking, 20), (cut, 20)):
        for number in (0, 2):
            w.registry.bad, w.registry.fault = w.layers[number]["digest"], fault
            for run in range(runs // 2):
                root = fresh(w)
                done = w.cprov("install-image", w.name, "--trust", "--unpack", root, "--retry", "0", code=None)
                equal(done.code, 6, f"{fault.__name__}, layer {number + 1}, run {run}: {done.err}")
                expect(w.layers[number]["digest"][:19] in done.err, f"the blob is not named: {done.err}")
                expect(w.registry.address in done.err, f"the host is not named: {done.err}")
                expect(not os.path.exists(root), "a root is left")
    w.registry.tags["3.0"] = w.index["digest"]
    done = w.cprov("install-image", w.registry.address + "/team/app:3.0", "--trust", code=6)
    expect("the registry does not have" in done.err, f"a manifest that an index names: {done.err}")
    w.registry.bad, w.registry.fault = w.layers[1]["digest"], lacking
    fresh(w)
    w.cprov("install-image", w.name, "--trust", code=6)
    w.registry.fault = no_fault


main([], set_up, H1_three_at_once, H1_three_find_it, H1_told_of_a_commit, H1_told_of_a_failure, H1_told_of_a_death,
     H2_after_wrong_bytes, H2_a_wrong_byte_once, H2_always_wrong, H3_one_code_for_one_cause)
