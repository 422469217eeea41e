#!/usr/bin/env python3
"""Installs that die at random moments, are interrupted, or run at the same time: never half an image, nothing twice."""

import json
import os
import random
import signal
import subprocess
import time

from harness import equal, expect, main, wait_for
from images import Layout, blobs_of, random_file
from registry import Registry

SEED = 20160922
# Bytes a second, and the longest life: from start-up to the last rename some run is met at every moment.
PACES = (("1M", 0.5), ("8M", 0.5), ("64M", 0.4), (None, 0.15), (None, 0.03))


def set_up(w):
    w.registry = Registry(w)
    layout = Layout(w.path("src"))
    app = layout.image([random_file(f"data/{size}", size, size) for size in (7_000_000, 9_000_000, 4_000_000)], "app")
    layout.push(w, "app", w.registry.address + "/team/app:1.0")
    w.name = w.registry.address + "/team/app:1.0"
    w.blobs = {d["digest"]: d["size"] for d in blobs_of(layout, app)[1:]}
    w.kills = 60 if w.options.sanitized else 200
    w.slow = 4 if w.options.sanitized else 1


def install(w, *options):
    argv = [w.path("bin", "cprov"), "install-image", w.name, "--trust", *options]
    return subprocess.Popen(argv, env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def missing(w):
    """Bytes of blobs that are neither in the store nor among the partial downloads."""
    here = 0
    for digest, size in w.blobs.items():
        partial = os.path.join(w.env["CPROV_ROOT"], "cprov", "partial", digest.replace(":", "-"))
        here += size if size_of(w.blob(digest)) == size else min(size, size_of(partial))
    return sum(w.blobs.values()) - here


def listed(w):
    """Whether the image is listed; then every blob of it is there."""
    rows = [json.loads(line) for line in w.cprov("get-image", "--format", "jsonl").out.splitlines()]
    if rows:
        equal(missing(w), 0, "bytes missing of an image that is listed")
    return bool(rows)


def served(w):
    """Bytes of blobs that were sent since the last call."""
    return sum(r.sent for r in w.registry.bodies("blobs") if r.status < 300)


def killed(w, chance):
    """Starts an install and kills it; whether it was still there to be killed."""
    rate, longest = chance.choice(PACES)
    child = install(w, *(("--limit-rate", rate) if rate else ()))
    try:
        _, err = child.communicate(timeout=chance.uniform(0, longest * w.slow))
        equal(child.returncode, 0, f"exit of an install that was not killed: {err}")
        return False
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return True


def rest_alone(w):
    """One run to the end fetches exactly what is not there."""
    served(w)
    wanted = missing(w)
    w.cprov("install-image", w.name, "--trust")
    equal(served(w), wanted, "bytes sent to the run that ended the installation")
    expect(listed(w), "the image is not listed")


def two_hundred_kills(w):
    chance = random.Random(SEED)
    kills = rounds = whole = 0
    seen = set()
    w.new_store()
    last = chance.randrange(2, 24)
    while kills < w.kills:
        if killed(w, chance):
            kills += 1
            seen.add(missing(w))
            if kills % 20 == 0:
                w.clean()
        done = listed(w)
        last -= 1
        if done or last <= 0:
            whole += done
            rest_alone(w)
            rounds += 1
            w.clean()
            w.new_store()
            last = chance.randrange(2, 24)
    rest_alone(w)
    w.clean()
    print(f"    {kills} kills; {rounds} images, {whole} of them whole all the same; {len(seen)} amounts left")
    expect(len(seen) > 20, "the kills all met the same state")


def under_way(w):
    return 0 < missing(w) < sum(w.blobs.values())


def interrupted(w):
    w.new_store()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = missing(w)
        child = install(w, "--limit-rate", "3M")
        wait_for(lambda left=before: missing(w) < left, 20, "the download begins")
        child.send_signal(number)
        begin = time.monotonic()
        _, err = child.communicate(timeout=20)
        equal(child.returncode, 130, f"exit after {number.name}")
        expect(time.monotonic() - begin < 2 * w.slow, "it took its time")
        expect(len(err.splitlines()) <= 1, f"more than a line: {err}")
        expect(not listed(w), "an image is listed")
        w.clean()
    rest_alone(w)


def two_at_once(w):
    w.new_store()
    served(w)
    children = [install(w, "--limit-rate", "20M") for _ in range(3)]
    for child in children:
        _, err = child.communicate(timeout=60)
        equal(child.returncode, 0, f"exit: {err}")
    requests = [r for r in w.registry.bodies("blobs") if r.status < 300]
    equal(sorted(r.path.split("/")[-1] for r in requests), sorted(w.blobs), "blobs that were asked for")
    equal(sum(r.sent for r in requests), sum(w.blobs.values()), "bytes sent")
    equal(len(w.cprov("get-image", "--no-header").out.splitlines()), 1, "images")
    w.clean()


def the_other_one_goes_on(w):
    """Of two installs the one that downloads dies: the one that waits takes over."""
    w.new_store()
    served(w)
    first = install(w, "--limit-rate", "4M")
    wait_for(lambda: under_way(w), 20, "the download begins")
    second = install(w)
    time.sleep(0.3 * w.slow)
    expect(second.poll() is None, "the second one does not wait")
    first.kill()
    first.communicate()
    _, err = second.communicate(timeout=60)
    equal(second.returncode, 0, f"exit: {err}")
    # What was on its way to the first one when it died was sent in vain.
    expect(served(w) < 2 * sum(w.blobs.values()), "it began anew")
    w.clean()


main(["docker-registry", "skopeo"], set_up, two_hundred_kills, interrupted, two_at_once, the_other_one_goes_on)
