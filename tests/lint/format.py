#!/usr/bin/env python3
"""Every C file reads as clang-format 14 writes it."""

import os
import shutil
import subprocess
import sys
import tempfile

import lint

PROGRAM = "clang-format-14"


def complaints(root, paths):
    """Each file that clang-format would change, with the first place."""
    run = subprocess.run([PROGRAM, "--dry-run", "-Werror", *paths], cwd=root, capture_output=True, text=True)
    seen = set()
    for line in run.stderr.splitlines():
        path = line.split(":")[0]
        if ": error:" in line and path not in seen:
            seen.add(path)
            yield line
    if run.returncode and not seen:
        yield f"{PROGRAM}: {run.stderr.strip()}"


def check(tree, arguments):
    if not shutil.which(PROGRAM):
        raise lint.Skip(f"{PROGRAM} is not installed")
    paths = list(tree.sources())
    if tree.files is None:
        yield from complaints(tree.root, paths)
        return
    with tempfile.TemporaryDirectory() as folder:  # a sample
        shutil.copy(os.path.join(arguments.root, ".clang-format"), folder)
        for path in paths:
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
                f.write(tree.text(path))
        yield from complaints(folder, paths)


SAMPLES = [
    ({"base/a.c": "int f(void)\n{\n    return 0;\n}\n"}, None),
    ({"base/a.c": "int f(void) {\n  return 0;\n}\n"}, "base/a.c:1:"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
