#!/usr/bin/env python3
"""Every header compiles alone, and when it is included twice; the public one also as C++."""

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

import lint

FLAGS = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
         '-DCPROV_TEST_DATA="tests/data"']
PUBLIC = "provider/provider.h"
KEEP = ("PATH", "HOME", "TMPDIR")


def options(parser):
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--include", action="append", default=[], help="folders of foreign headers; ';' between several")


def compile_header(root, path, arguments, language):
    """What the compiler says, or None."""
    if language[0] == "c++":
        compiler = "clang"  # any gcc may lack its half for C++
    else:
        compiler = arguments.compiler
    folders = [f for several in arguments.include for f in several.split(";") if f]
    command = [compiler, "-x", *language, *FLAGS, "-I", root, *(f"-isystem{f}" for f in folders), "-"]
    twice = f'#include "{path}"\n' * 2 + "typedef int not_empty;\n"
    run = subprocess.run(command, input=twice, capture_output=True, text=True,
                         env={**{k: os.environ[k] for k in KEEP if k in os.environ}, "LC_ALL": "C"})
    if run.returncode:
        said = [line for line in run.stderr.splitlines() if "error:" in line]
        return f"{path} ({language[0]}): {said[0] if said else run.stderr.strip()}"
    return None


def of_tree(root, paths, arguments):
    jobs = [(path, ("c", "-std=c11")) for path in paths]
    if PUBLIC in paths and shutil.which("clang"):
        jobs.append((PUBLIC, ("c++", "-std=c++11")))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for said in pool.map(lambda job: compile_header(root, job[0], arguments, job[1]), jobs):
            if said:
                yield said


def check(tree, arguments):
    paths = [path for path in tree.sources() if path.endswith(".h")]
    if tree.files is None:
        yield from of_tree(os.path.abspath(tree.root), paths, arguments)
        return
    with tempfile.TemporaryDirectory() as folder:  # a sample
        for path in paths:
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
                f.write(tree.text(path))
        yield from of_tree(folder, paths, arguments)


SAMPLES = [
    ({"base/a.h": "#ifndef A\n#define A\n#include <stddef.h>\nstruct a {\n    size_t n;\n};\n#endif\n"}, None),
    ({"base/a.h": "#ifndef A\n#define A\nstruct a {\n    size_t n;\n};\n#endif\n"}, "base/a.h (c)"),
    ({"base/a.h": "struct a {\n    int n;\n};\n"}, "redefinition"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES, options))
