#!/usr/bin/env python3
"""Folders that images are unpacked into: whole or not at all, whoever is killed, and one for one. CPROV_ROUNDS says how
many rounds; by default a few."""

import hashlib
import os
import random
import resource
import shutil
import subprocess
import time

from harness import equal, expect, main
from images import Layout

SEED = 20161012
ROUNDS = int(os.environ.get("CPROV_ROUNDS", "0"))
FILES = 400


def set_up(w):
    """Two images whose files have the same names, and one that is refused in its last layer."""
    w.kills = ROUNDS or (24 if w.options.sanitized else 60)
    w.pairs = ROUNDS or 30
    w.layout = Layout(w.path("src"))
    for tag in "ab":
        layers = [{f"d{i % 7}/e{layer}/f{i}": (tag + str(i)).encode() * 40 for i in range(FILES)} for layer in range(3)]
        w.layout.image(layers, f"team/app:{tag}")
    w.layout.image([{"f": b"new", "g": b"new"}, {"../bad": b"x"}], "team/app:bad")
    w.cprov("register-source", "lay", w.layout.path, "--trusted")
    for tag in ("a", "b", "bad"):
        w.cprov("install-image", f"team/app:{tag}")
    w.whole = {}
    for tag in "ab":
        w.cprov("install-image", f"team/app:{tag}", "--unpack", w.path("whole", tag))
        w.whole[tag] = tree(w.path("whole", tag))
    expect(len(w.whole["a"]) > 3 * FILES and w.whole["a"] != w.whole["b"], "the images are too small")


def tree(folder):
    """Every name below with what it holds, and the folders' modes."""
    found = {}
    for at, dirs, files in os.walk(folder):
        for name in dirs + files:
            path = os.path.join(at, name)
            st = os.lstat(path)
            content = ""
            if name in files:
                with open(path, "rb") as f:
                    content = hashlib.sha256(f.read()).hexdigest()
            found[os.path.relpath(path, folder)] = (oct(st.st_mode), content)
    return found


def start(w, tag, *options):
    argv = [w.path("bin", "cprov"), "install-image", f"team/app:{tag}", *options]
    return subprocess.Popen(argv, env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def left_over(w, folder):
    return [n for n in os.listdir(w.path(folder)) if n.startswith(".")]


def killed(w, chance, how, place, longest):
    """Kills a run at some moment; what its folder looks like: None, or its tree."""
    child = start(w, "a", how, place, *(("--force",) if os.path.isdir(place) else ()))
    try:
        _, err = child.communicate(timeout=chance.uniform(0, longest))
        equal(child.returncode, 0, f"exit of a run that was not killed: {err}")
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
    return tree(place) if os.path.isdir(place) else None


def time_of(w, how):
    begin = time.monotonic()
    w.cprov("install-image", "team/app:a", how, w.path("timed"))
    shutil.rmtree(w.path("timed"))
    return 1.1 * (time.monotonic() - begin)


def H5_sixty_kills_into_a_new_folder(w):
    """kill -9 at any moment: the folder is not there, or whole; the next run needs no help and leaves nothing else."""
    chance = random.Random(SEED)
    wanted = {"--unpack": w.whole["a"]}
    w.cprov("install-image", "team/app:a", "--bundle", w.path("whole", "bundle"))
    wanted["--bundle"] = tree(w.path("whole", "bundle"))
    halves = early = 0
    os.makedirs(w.path("new"))
    longest = {how: time_of(w, how) for how in wanted}
    for i in range(w.kills):
        how, place = ("--unpack", "--bundle")[i % 2], w.path("new", f"root{i}")
        seen = killed(w, chance, how, place, longest[how])
        halves += seen not in (None, wanted[how])
        early += seen is None
        if seen is None:
            w.cprov("install-image", "team/app:a", how, place)
        equal(tree(place), wanted[how], "the tree of the next run")
        equal(left_over(w, "new"), [], "what is left beside")
        shutil.rmtree(place)
    print(f"    {w.kills} kills, {early} before the end, {halves} half roots")
    equal(halves, 0, "half roots")
    expect(early > w.kills // 10, "the kills came too late")


def H5_kills_over_content(w):
    """Over files of the user: before the end they are as they were, and the next run makes all of it new."""
    chance = random.Random(SEED + 1)
    place, longest, untouched, rounds = w.path("over", "root"), time_of(w, "--unpack"), 0, max(8, w.kills // 4)
    for _ in range(rounds):
        shutil.copytree(w.path("whole", "b"), place, symlinks=True)
        with open(os.path.join(place, "mine"), "w", encoding="utf-8") as f:
            f.write("kept")
        before = tree(place)
        seen = killed(w, chance, "--unpack", place, longest)
        untouched += {n: v for n, v in seen.items() if not n.startswith(".cprov-unpack")} == before
        w.cprov("install-image", "team/app:a", "--unpack", place, "--force")
        equal(tree(place), {**w.whole["a"], "mine": before["mine"]}, "the tree of the next run")
        shutil.rmtree(w.path("over"))
    print(f"    {rounds} kills, {untouched} of them before anything was replaced")
    expect(untouched > 0, "all runs had come to their end")


def H5_a_refused_image_touches_nothing(w):
    os.makedirs(w.path("mine"))
    w.write("mine/f", "old")
    w.write("mine/other", "old")
    before = tree(w.path("mine"))
    w.cprov("install-image", "team/app:bad", "--unpack", w.path("mine"), "--force", code=4)
    equal(tree(w.path("mine")), before, "files of the user")


def H5_few_descriptors(w):
    """With few descriptors a run fails and says so, or all of it is there."""
    done = 0
    for limit in range(8, 40, 4):
        child = subprocess.run([w.path("bin", "cprov"), "install-image", "team/app:a", "--unpack", w.path("few")],
                               env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True, timeout=60, check=False,
                               preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
        done += child.returncode == 0
        if child.returncode == 0:
            equal(tree(w.path("few")), w.whole["a"], f"the tree with {limit} descriptors")
            shutil.rmtree(w.path("few"))
        else:
            expect(child.stderr, f"nothing said with {limit} descriptors")
            expect(not os.path.exists(w.path("few")), f"something is left with {limit} descriptors")
    print(f"    {done} of 8 had enough")
    w.cprov("install-image", "team/app:a", "--unpack", w.path("few"))


def H4_two_into_one_folder(w):
    """Two images, one new folder, at once: one has it, the other is told."""
    both = 0
    for i in range(w.pairs):
        place = w.path("one", f"root{i}")
        os.makedirs(w.path("one"), exist_ok=True)
        runs = {tag: start(w, tag, "--unpack", place) for tag in "ab"}
        codes = {}
        for tag, run in runs.items():
            _, err = run.communicate(timeout=60)
            codes[tag] = run.returncode
            expect(run.returncode in (0, 5, 10), f"exit {run.returncode}: {err}")
        equal(sorted(codes.values())[0], 0, "one of the two installs")
        winners = [tag for tag, code in codes.items() if code == 0]
        equal(len(winners), 1, "images that say they are in the folder")
        both += 5 in codes.values()
        equal(tree(place), w.whole[winners[0]], "the tree of the one that has it")
        equal(left_over(w, "one"), [], "what is left beside")
    print(f"    {w.pairs} pairs, {both} of them told 'in use'")
    expect(both > w.pairs // 2, "the two did not meet")


def H4_eight_of_one_image(w):
    place = w.path("eight", "root")
    os.makedirs(w.path("eight"))
    runs = [start(w, "a", "--unpack", place) for _ in range(8)]
    codes = [run.wait(60) for run in runs if run.communicate(timeout=60) is not None]
    equal(codes.count(0), 1, "of eight, those that have the folder")
    expect(set(codes) <= {0, 5, 10}, f"exits {codes}")
    equal(tree(place), w.whole["a"], "the tree")


main([], set_up, H5_sixty_kills_into_a_new_folder, H5_kills_over_content, H5_a_refused_image_touches_nothing,
     H5_few_descriptors, H4_two_into_one_folder, H4_eight_of_one_image)
