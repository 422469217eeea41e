#!/usr/bin/env python3
"""Subjects of commits: at most 60 characters about one thing, and a body that says why. Looked at since this rule exists."""

import os
import subprocess
import sys

import lint

LONGEST = 60
SELF = "tests/lint/subjects.py"
BETWEEN, FIELD = "\x1e", "\x1f"


def complaints(log):
    """Of a log of records: hash, subject, body."""
    for record in filter(None, log.split(BETWEEN)):
        commit, subject, body = record.strip("\n").split(FIELD)
        if len(subject) > LONGEST:
            yield f"{commit}: the subject has {len(subject)} characters, at most {LONGEST}: {subject}"
        if ";" in subject:
            yield f"{commit}: the subject is about two things: {subject}"
        if not body.strip():
            yield f"{commit}: no body says why: {subject}"


def git(root, *arguments):
    run = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else ""


def check(tree, _):
    if tree.files is not None:
        yield from complaints(tree.text("log"))
        return
    root = os.path.abspath(tree.root)
    begin = git(root, "log", "--diff-filter=A", "--format=%H", "--", SELF).split()
    if not begin:
        raise lint.Skip("the history is not here")
    yield from complaints(git(root, "log", "--no-merges", f"--format={BETWEEN}%h{FIELD}%s{FIELD}%b", f"{begin[-1]}..HEAD"))


def record(subject, body="Because."):
    return {"log": f"{BETWEEN}abc{FIELD}{subject}{FIELD}{body}\n"}


SAMPLES = [
    (record("store: garbage is collected"), None),
    (record("s" * 60), None),
    (record("s" * 61), "abc: the subject has 61 characters"),
    (record("index: one thing; another thing"), "about two things"),
    (record("store: garbage is collected", "\n"), "no body says why"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
