#!/usr/bin/env python3
"""Removing is never in the way of what others do: containers that are made meanwhile, installs, and sudden ends."""

import os
import shutil
import subprocess
import sys
import time

from harness import HERE, Failure, Skip, equal, expect, main

TOOL = os.path.join(HERE, "..", "cli", "tools", "make-image")
# What changes a store; after any of them the process may be gone.
CHANGES = "unlinkat,renameat,renameat2,linkat,fsync,fdatasync,pwrite64,write,mkdirat,ftruncate"


def make(w, name, *layers, store="store"):
    lines = "".join(f"layer\nfile f{i} {text}\n" for i, text in enumerate(layers))
    w.run(sys.executable, TOOL, name, stdin=lines, env={"CPROV_ROOT": w.path(store)})


def files(w):
    found = []
    for folder, _, names in os.walk(w.path("store", "blobs")):
        found += [os.path.join(folder, name) for name in names]
    return sorted(found)


def names(w):
    return w.cprov("get-image", "--format", "template={{.Name}}:{{.Version}}").out.split()


def race_with_containers(w, rounds):
    """R15: one of the two wins; a container never stands without its image."""
    won = {"container": 0, "removal": 0}
    for i in range(rounds):
        make(w, "app:1", f"round {i}")
        new = subprocess.Popen([w.path("bin", "cprov"), "new-container", "c1", "--image", "app"], env=w.env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(i % 5 * 0.0005)
        gone = w.run("cprov", "remove-image", "app", "--force", code=None)
        made = new.wait(60)
        if made == 0:
            equal(gone.code, 5, f"round {i}: removal beside a container")
            equal(names(w), ["app:1"], "images")
            w.cprov("remove-container", "c1", "--yes")
            w.cprov("remove-image", "app", "--yes")
            won["container"] += 1
        else:
            equal(gone.code, 0, f"round {i}: removal")
            won["removal"] += 1
        equal(files(w), [], f"round {i}: blobs")
    print(f"{rounds} rounds: {won}")


def end_anywhere(w, what, *command):
    """kill -9 at each change: afterwards the store is whole, and the same command ends the work."""
    if not shutil.which("strace"):
        raise Skip("strace is not installed")
    for when in range(1, 400):
        w.cprov("remove-image", "*", "--yes")
        make(w, "base:1", "base")
        make(w, "web:1", "base", "web")
        make(w, "stray:1", "stray")
        w.cprov("remove-image", "stray", "--yes", "--keep-blobs")
        w.run("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={CHANGES}",
              "-e", f"inject={CHANGES}:signal=SIGKILL:when={when}", "cprov", *command, code=None,
              env={"ASAN_OPTIONS": "exitcode=99:detect_leaks=0"})  # which does not work under ptrace
        ended = w.last.code == 0
        w.cprov("test-image", "--all")
        w.run("cprov", *command, code=None)
        expect(w.last.code in (0, 3), f"{what}, killed at change {when}, then again: {w.last}")
        w.cprov("gc", "--force")
        equal(names(w), ["base:1"] if command[0] == "remove-image" else ["base:1", "web:1"], f"{what}: images")
        w.cprov("test-image", "--all")
        equal(len(files(w)), 3 if command[0] == "remove-image" else 6, f"{what}, killed at change {when}: blobs")
        w.cprov("remove-image", "*", "--yes")
        equal(files(w), [], f"{what}: blobs at the end")
        if ended:
            print(f"{what}: killed at each of {when - 1} changes")
            return
    raise Failure(f"{what}: no end after 400 changes")


def set_up(w):
    os.makedirs(w.path("store"), exist_ok=True)
    make(w, "first:1", "first")  # a store
    w.cprov("remove-image", "first", "--yes")


def two_hundred_rounds_with_containers(w):
    race_with_containers(w, 40 if w.options.sanitized else 200)


def ended_in_a_removal(w):
    end_anywhere(w, "remove-image", "remove-image", "web", "--yes")


def ended_in_a_collection(w):
    end_anywhere(w, "gc", "gc")


def beside_installs(w):
    """Installs and removals of the same few images, and gc all the while: list installed images is whole."""
    for i in range(4):
        make(w, f"app{i}:1", "shared", f"own {i}", store=f"src{i}")
    loop = ("end=$(($(date +%s) + $2)); n=0; while [ $(date +%s) -lt $end ]; do cprov install-image oci:$PWD/src$1 --trust -q || exit 1; "
            "n=$((n + 1)); cprov remove-image app$1 --yes -q; done; cprov install-image oci:$PWD/src$1 --trust -q; echo $n")
    seconds = int(os.environ.get("SECONDS_BESIDE", "8"))
    children = [subprocess.Popen(["sh", "-c", loop, "sh", str(i % 4), str(seconds)], env=w.env, cwd=w.dir, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(8)]
    rounds = 0
    while any(child.poll() is None for child in children):
        w.cprov("gc", "--force")
        rounds += 1
    for child in children:
        out, err = child.communicate()
        equal(child.returncode, 0, f"installs: {out}{err[-2000:]}")
    w.cprov("test-image", "--all")
    w.cprov("remove-image", "*", "--yes")
    w.cprov("gc", "--force")
    equal(files(w), [], "blobs at the end")
    print(f"    gc ran {rounds} times beside 8 that install")


main([], set_up, two_hundred_rounds_with_containers, ended_in_a_removal, ended_in_a_collection, beside_installs)
