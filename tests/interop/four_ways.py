#!/usr/bin/env python3
"""H6: --unpack, export, ls and cat of one image agree, for every odd image and every case of data/hostile: the same
refusals with the same code, and one tree to the last attribute."""

import gzip
import json
import os
import re
import shutil
import subprocess
import time

import odd_images
from harness import HERE, Failure, equal, main
from images import LAYER, Layout, sha256
from unpacking import must_be_root, step, trees

HOSTILE = os.path.join(HERE, "..", "data", "hostile")
PLAIN = re.compile(r"[ -.0-~]+(/[ -.0-~]+)*")  # names that JSON shows as they are
FILES = 12  # of an image whose content is looked at
KINDS = {"file": "file", "hardlink": "file", "folder": "folder", "symlink": "symlink", "pipe": "fifo"}
OPTIONS = {"entries": "--max-entries", "bytes": "--max-size"}


def hostile_cases():
    with open(os.path.join(HOSTILE, "cases.json"), encoding="utf-8") as f:
        return json.load(f)


def add_case(layout, case):
    descriptors, diff_ids = [], []
    for name in case["layers"]:
        with open(os.path.join(HOSTILE, name), "rb") as f:
            data = f.read()
        try:
            plain = gzip.decompress(data) if name.endswith(".gz") else data
        except (OSError, EOFError):
            plain = data
        descriptors.append(layout.put(data, LAYER + ("+gzip" if name.endswith(".gz") else "")))
        diff_ids.append(sha256(plain))
    layout.image_of(descriptors, diff_ids, "h-" + case["name"], "windows" if case.get("windows") else "linux")


def set_up(w):
    w.begin = time.time() - 1
    w.layout = Layout(w.path("src"))
    odd_images.build(w.layout)
    for case in hostile_cases():
        add_case(w.layout, case)


def four(w, tag, options=()):
    """The codes of --unpack, export and ls; what they made is in out/, out.tar and the rows that are returned."""
    name = f"oci:{w.layout.path}:{tag}"
    unpack = w.cprov("install-image", name, "--unpack", w.path("out"), "--trust", "--platform", platform_of(tag), *options, code=None)
    export = w.cprov("export", name, w.path("out.tar"), *options, code=None)
    ls = w.cprov("ls", name, "/", "-r", "--format", "jsonl", *options, code=None)
    return name, unpack, export, ls


def platform_of(tag):
    return "windows/amd64" if tag.startswith("h-windows") else "linux/amd64"


def is_of_the_clock(w, difference):
    """The time of a folder that no layer describes is nobody's."""
    path = os.path.join(os.fsencode(w.path("out")), difference.path)
    return difference.field == "mtime" and os.lstat(path).st_mtime > w.begin


def differences(w, tag):
    """Between out/ and what tar makes of out.tar. GNU tar takes access lists from its own records alone."""
    flat = w.path("flat")
    os.mkdir(flat)
    w.run("tar", "-x", "-p", "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner", "-C", flat, "-f", w.path("out.tar"))
    options = trees.Options(since=w.begin, skip=(b".cprov-windows.jsonl",),
                            ignore_xattrs=("system.posix_acl_*",) if tag in ("attributes", "access-lists") else ())
    bad = [d for d in trees.compare(w.path("out"), flat, options)
           if d.path not in (b"", b".") and not is_of_the_clock(w, d)]
    shutil.rmtree(flat)
    return bad


def rows_differ(w, rows):
    tree = trees.Tree(w.path("out")).entries
    named = {os.fsdecode(p): e for p, e in tree.items() if p not in (b"", b".", b".cprov-windows.jsonl")}
    wanted = {p: e for p, e in named.items() if PLAIN.fullmatch(p) and "device" not in e.kind}
    shown = {r["Path"]: r for r in rows if r["Path"] in wanted}
    equal(sorted(shown), sorted(wanted), "names that ls shows")
    equal(len(rows), len(named), "the number of names")
    for path, row in shown.items():
        st = os.lstat(w.path("out", path))
        equal(KINDS[row["Type"]], wanted[path].kind, f"kind of {path}")
        equal((row["Uid"], row["Gid"]), (st.st_uid, st.st_gid), f"owner of {path}")
        if row["Type"] != "symlink":
            equal(int(row["Permissions"], 8), st.st_mode & 0o7777, f"mode of {path}")
        elif PLAIN.fullmatch(os.readlink(w.path("out", path))):
            equal(row["Link"] or "", os.readlink(w.path("out", path)), f"target of {path}")
        if row["Type"] in ("file", "hardlink"):
            equal(row["Size"], st.st_size, f"size of {path}")


def contents_differ(w, name):
    files = [os.path.join(d, f) for d, _, names in os.walk(os.fsencode(w.path("out"))) for f in names]
    base = len(os.fsencode(w.path("out"))) + 1
    files = sorted(f[base:] for f in files if os.path.isfile(f) and not os.path.islink(f) and os.path.getsize(f) < 1 << 23)
    for path in [f for f in files if f != b".cprov-windows.jsonl"][:FILES]:
        got = subprocess.run(["cprov", "cat", "--", name, path], env=w.env, capture_output=True, timeout=60, check=False)
        with open(os.path.join(os.fsencode(w.path("out")), path), "rb") as f:
            if got.returncode != 0 or got.stdout != f.read():
                raise Failure(f"cat of {path!r}: {got.returncode} {got.stderr.decode(errors='replace')}")


def clean_up(w):
    for left in ("out", "flat"):
        shutil.rmtree(w.path(left), ignore_errors=True)
    if os.path.exists(w.path("out.tar")):
        os.unlink(w.path("out.tar"))


def agree(w, tag, options=()):
    try:
        compare(w, tag, options)
    finally:
        clean_up(w)


def compare(w, tag, options):
    name, unpack, export, ls = four(w, tag, options)
    equal((export.code, ls.code), (unpack.code, unpack.code), f"{tag}: {unpack.err}{export.err}{ls.err} codes of export and ls")
    if unpack.code == 0:
        bad = differences(w, tag)
        if bad:
            raise Failure(f"{tag}: --unpack has the left, export the right:\n" + "\n".join(map(str, bad[:20])))
        rows_differ(w, [json.loads(line) for line in ls.out.splitlines()])
        contents_differ(w, name)
        clean_up(w)
    for left in ("out", "out.tar"):
        equal(os.path.exists(w.path(left)), False, f"{tag}: {left} is left")


def hostile(w):
    """One step for all: each is small."""
    wrong = []
    for case in hostile_cases():
        if "ratio" in case:  # beyond a gigabyte only
            continue
        try:
            agree(w, "h-" + case["name"], [x for k, o in OPTIONS.items() if k in case for x in (o, str(case[k]))])
        except Failure as failure:
            wrong.append(f"{case['name']}: {failure}")
    if wrong:
        raise Failure(f"{len(wrong)} cases:\n" + "\n".join(wrong))


must_be_root()
main(["tar", "zstd"], set_up, hostile,
     *(step(tag, agree, tag) for tag in [m.__name__.replace("_", "-") for m in odd_images.ODD] + ["packings", "ends"]))
