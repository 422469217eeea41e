#!/usr/bin/env python3
"""The index of the sources under stress: refreshes that are killed, several at once, documents without an end."""

import glob
import http.server
import json
import os
import random
import sqlite3
import subprocess
import threading
import time

from harness import equal, expect, main

SEED = 20160922
IMAGES, VERSIONS = 2000, 10
ROW = b'{"Name":"endless","Version":"1.0","Description":"a row that comes again and again"},'


def document(mark):
    """Every description carries the mark: half of one document and half of another is seen."""
    rows = [{"Name": f"team/image{i}", "Version": f"1.{v}", "Description": f"mark {mark}"}
            for i in range(IMAGES) for v in range(VERSIONS)]
    return json.dumps(rows, separators=(",", ":")).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        try:
            if self.path == "/endless.json":
                self.endless(b"[", ROW * 500)
            elif self.path == "/blank.json":
                self.endless(b"[", b" " * 65536)
            elif self.path == "/record.json":
                self.endless(b'[{"Name":"', b"x" * 65536)
            else:
                self.document()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def document(self):
        mark, body = self.server.now
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{mark}"')
        self.end_headers()
        self.wfile.write(body)

    def endless(self, first, then):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(first)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.wfile.write(then)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # clients die here all the time
        pass


def set_up(w):
    w.server = Server(("127.0.0.1", 0), Handler)
    w.server.now = 0, document(0)
    threading.Thread(target=w.server.serve_forever, daemon=True).start()
    w.at_end.append(w.server.shutdown)
    w.url = f"http://127.0.0.1:{w.server.server_port}"
    w.env["CPROV_CACHE_DIR"] = w.path("cache")
    w.cprov("register-source", "doc", w.url + "/doc.json", "--type", "document", "--no-check")
    w.kills = 15 if w.options.sanitized else 60


def whole(w, documents=1):
    """The index is no ruin, and holds one document from end to end; which. A search during a refresh may see the
    one it replaces, too: images are read one after the other."""
    for path in glob.glob(w.path("cache", "catalog-*.sqlite")):
        db = sqlite3.connect(path)
        equal(db.execute("pragma integrity_check").fetchall(), [("ok",)], "integrity of the index")
        equal(db.execute("select count(*) from version where repository not in (select id from repository)").fetchone(),
              (0,), "versions of nothing")
        db.close()
    done = w.cprov("find-image", "--offline", "--all-versions", "--format", "jsonl", code=None)
    rows = [json.loads(line) for line in done.out.splitlines()]
    done.out = ""
    marks = {row["Description"] for row in rows}
    expect(len(rows) in (0, IMAGES * VERSIONS) and len(marks) <= documents, f"{len(rows)} rows of {sorted(marks)[:3]}: {done.err}")
    return marks.pop() if marks else None


def refresh(w):
    return subprocess.Popen([w.path("bin", "cprov"), "refresh", "doc", "--progress", "none"], env=w.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def killed_refreshes(w):
    chance = random.Random(SEED)
    begin = time.monotonic()
    w.cprov("refresh", "doc")
    longest = time.monotonic() - begin
    last = "mark 0"
    for i in range(1, w.kills + 1):
        w.server.now = i, document(i)
        child = refresh(w)
        try:
            child.wait(chance.uniform(0, longest * 1.2))
            expect(child.returncode == 0, f"exit {child.returncode}: {child.stderr.read()}")
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stderr.close()
        if i % 5 == 0:
            mark = whole(w)
            expect(mark is not None, "what was known is gone")
            expect(int(mark.split()[1]) >= int(last.split()[1]), f"{mark} after {last}")
            last = mark
    w.cprov("refresh", "doc")
    equal(whole(w), f"mark {w.kills}", "the document after the last refresh")
    print(f"    {w.kills} kills within {longest:.2f} s each")


def several_at_once(w):
    w.server.now = 1000, document(1000)
    children = [refresh(w) for _ in range(4)]
    for _ in range(3):
        whole(w, documents=2)
    for child in children:
        _, err = child.communicate(timeout=120)
        equal((child.returncode, err), (0, ""), "a refresh beside others")
    equal(whole(w), "mark 1000", "the document after all of them")


def peak_of(w, name, limit_s):
    """Runs find over one document; exit, stderr and the most memory it took, in KiB."""
    child = subprocess.Popen([w.path("bin", "cprov"), "find-image", "--source", w.url + name, "--no-header"],
                             env={**w.env, "CPROV_CACHE_DIR": w.path("other")}, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak, end = 0, time.monotonic() + limit_s
    while child.poll() is None and time.monotonic() < end:
        try:
            with open(f"/proc/{child.pid}/status", encoding="ascii") as f:
                peak = max([peak] + [int(line.split()[1]) for line in f if line.startswith("VmHWM:")])
        except OSError:
            pass
        time.sleep(0.02)
    ended = child.poll() is not None
    child.kill()
    _, err = child.communicate()
    return ended, child.returncode, err, peak


def documents_without_an_end(w):
    w.cprov("register-source", "record", w.url + "/record.json", "--type", "document", "--no-check")
    w.cprov("find-image", "--source", "record", code=4, timeout=20)
    expect("'record'" in w.last.err and "byte" in w.last.err, f"no place in: {w.last.err}")
    for name in ("/endless.json", "/blank.json"):
        ended, code, err, peak = peak_of(w, name, 4)
        expect(not ended or code == 4, f"{name}: exit {code}: {err}")
        if not w.options.sanitized:
            expect(peak < 48 * 1024, f"{name}: {peak} KiB")
    equal(whole(w), "mark 1000", "the other document")
    for path in glob.glob(w.path("other", "catalog-*.sqlite")):
        equal(sqlite3.connect(path).execute("pragma integrity_check").fetchall(), [("ok",)], "integrity")


def it_can_be_ended(w):
    """A document that does not end: --timeout, and an interrupt, end it."""
    w.cprov("register-source", "endless", w.url + "/endless.json", "--type", "document", "--no-check")
    begin = time.monotonic()
    w.cprov("refresh", "endless", "--timeout", "2", "--retry", "0", code=6, timeout=30)
    expect(time.monotonic() - begin < 15, "--timeout was not kept")
    w.cprov("find-image", "--source", "doc", "--source", "endless", "--timeout", "2", "--retry", "0", "team/image7",
            "--no-header", code=6, timeout=30)
    equal(w.last.out.split()[:2], ["team/image7", "1.9"], "the row of the source that answers")
    expect("'endless'" in w.last.err, f"the other one is not named: {w.last.err}")


main([], set_up, killed_refreshes, several_at_once, documents_without_an_end, it_can_be_ended)
