#!/usr/bin/env python3
"""What a release build promises: program and library stripped take at most 1 MiB, and a verb that touches no
network starts and ends within 5 ms."""

import os
import subprocess
import sys
import tempfile
import time

import lint

BYTES, MILLISECONDS, RUNS = 1 << 20, 5.0, 60
VERBS = (("version",), ("get-image",), ("help",))


def options(parser):
    parser.add_argument("--library", default="", help="libcprov.so")
    parser.add_argument("--program", default="", help="cprov")


def stripped(path, folder):
    copy = os.path.join(folder, "stripped")
    subprocess.run(["strip", "-o", copy, path], check=True)
    return os.path.getsize(copy)


def milliseconds(command, environment):
    """The quarter point of many runs: what it takes when the machine is not busy with others."""
    null = os.open(os.devnull, os.O_RDWR)
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        child = os.posix_spawn(command[0], command, environment,
                               file_actions=[(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)])
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        times.append(1000 * (time.perf_counter() - begin))
        if status:
            raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return sorted(times)[RUNS // 4]


def measured(arguments):
    with tempfile.TemporaryDirectory() as folder:
        environment = {"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder, "PATH": os.environ["PATH"],
                       "CPROV_ROOT": os.path.join(folder, "store"), "CPROV_SYSTEM_CONFIG_DIR": folder, "CPROV_CACHE_DIR": folder}
        size = sum(stripped(path, folder) for path in (arguments.library, arguments.program))
        times = {verb[0]: milliseconds([arguments.program, *verb], environment) for verb in VERBS}
    return size, times


def judge(size, times):
    if size > BYTES:
        yield f"program and library take {size} bytes, at most {BYTES}"
    for verb, time_ms in times.items():
        if time_ms > MILLISECONDS:
            yield f"cprov {verb} takes {time_ms:.1f} ms, at most {MILLISECONDS}"


def check(tree, arguments):
    if tree.files is not None:  # a sample
        yield from judge(int(tree.files["size"]), {"version": float(tree.files["time"])})
        return
    if not arguments.library or not arguments.program:
        raise lint.Skip("no program was given")
    size, times = measured(arguments)
    print(f"{size} bytes; " + ", ".join(f"{verb} {t:.1f} ms" for verb, t in times.items()))
    yield from judge(size, times)


SAMPLES = [
    ({"size": str(BYTES), "time": "5.0"}, None),
    ({"size": str(BYTES + 1), "time": "1.0"}, "at most 1048576"),
    ({"size": "1", "time": "5.1"}, "takes 5.1 ms"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES, options))
