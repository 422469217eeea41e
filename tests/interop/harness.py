"""What the interop tests share: a private world, its processes, and a docker-registry in it."""

import argparse
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
VERBS = """find-image install-image save-image get-image test-image register-source get-source set-source
unregister-source remove-image""".split()


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def expect(condition, message):
    if not condition:
        raise Failure(message)


def equal(got, wanted, what):
    expect(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def wait_for(question, seconds, what):
    """Until question() is true; what it said."""
    limit = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > limit:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.02)


class Result:
    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    def __str__(self):
        return f"$ {' '.join(self.argv)}\nexit {self.code}\n{self.out[-3000:]}{self.err[-3000:]}"


class World:
    """A private folder with homes, a store and an environment; the processes that a test started."""

    def __init__(self, options):
        self.options = options
        self.dir = tempfile.mkdtemp(prefix="cprov-interop-")
        self.children = []
        self.at_end = []
        self.last = None
        for name in ("home", "bin", "run", "etc", "xdg"):
            os.mkdir(self.path(name), 0o700)
        for verb in VERBS + ["cprov"]:
            os.symlink(os.path.abspath(options.cprov), self.path("bin", verb))
        self.env = {
            "PATH": ":".join([self.path("bin"), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]),
            "HOME": self.path("home"),
            "XDG_CONFIG_HOME": self.path("home", ".config"),
            "XDG_DATA_HOME": self.path("home", ".local"),
            "XDG_CACHE_HOME": self.path("home", ".cache"),
            "XDG_RUNTIME_DIR": self.path("xdg"),
            "CPROV_SYSTEM_CONFIG_DIR": self.path("etc"),
            "CPROV_ROOT": self.path("store"),
            "TMPDIR": self.path("run"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
        }
        self.cprov("unregister-source", "dockerhub")  # no test may reach the outside by accident

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def run(self, *argv, code=0, stdin="", timeout=60, env=None, cwd=None):
        """Runs a program to its end; code None: whatever it ends with."""
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**self.env, **(env or {})}, cwd=cwd or self.dir, start_new_session=True)
        try:
            out, err = child.communicate(stdin.encode(), timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            raise Failure(f"no end after {timeout} s: {' '.join(argv)}\n{err.decode(errors='replace')}") from None
        done = Result(argv, child.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
        self.last = done
        if re.search(r"AddressSanitizer|LeakSanitizer|runtime error:", done.err):
            raise Failure(f"a sanitizer has something to say\n{done}")
        if code is not None and done.code != code:
            raise Failure(f"exit {done.code}, wanted {code}\n{done}")
        return done

    def cprov(self, verb, *argv, **how):
        return self.run("cprov", verb, *argv, **how)

    def skopeo_copy(self, source, destination, *options, **how):
        return self.run("skopeo", "--insecure-policy", "copy", "--quiet", *options, source, destination, timeout=120,
                        **how)

    def start(self, *argv, log=None, env=None, stop=signal.SIGTERM, cwd=None):
        """A process that ends with the test; its output goes to the file `log`."""
        with open(log or os.devnull, "ab") as out:
            # The process is told when this one dies, whatever the cause.
            child = subprocess.Popen(["setpriv", "--pdeathsig", signal.Signals(stop).name[3:], *argv],
                                     stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd or self.dir,
                                     env={**self.env, **(env or {})})
        self.children.append(child)
        return child

    def stop(self, child, seconds=20):
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if child in self.children:
            self.children.remove(child)

    @staticmethod
    def free_port():
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    @staticmethod
    def answers(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def new_store(self, name="store"):
        """An empty store becomes the one in use."""
        remove(self.path(name))
        self.env["CPROV_ROOT"] = self.path(name)
        return self.path(name)

    def blob(self, digest):
        return os.path.join(self.env["CPROV_ROOT"], "blobs", *digest.split(":"))

    def clean(self):
        """Every byte of the store is as it should be."""
        self.cprov("test-image", "--all", timeout=120)

    def close(self):
        for end in reversed(self.at_end):
            end()
        for child in reversed(list(self.children)):
            self.stop(child)
        unmount_below(self.dir)
        remove(self.dir)


def unmount_below(folder):
    """What an engine that died left mounted must not be looked into when the folder is removed."""
    with open("/proc/self/mounts", encoding="utf-8") as f:
        places = [line.split()[1] for line in f]
    for place in sorted(places, reverse=True):
        if place.startswith(folder + "/"):
            ctypes.CDLL(None).umount2(place.encode(), 2)


def remove(path):
    if not os.path.lexists(path):
        return
    for root, dirs, _ in os.walk(path):
        for name in dirs:
            if not os.path.islink(os.path.join(root, name)):
                os.chmod(os.path.join(root, name), 0o700)
    shutil.rmtree(path, ignore_errors=True)


def need(*programs):
    for program in programs:
        if not shutil.which(program, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"):
            raise Skip(f"{program} is not installed")


def main(needs, *steps):
    """Runs the steps in order, each a function of the world; the process ends with 0, 1, or 77."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cprov", required=True)
    parser.add_argument("--build", default="")
    parser.add_argument("--helper", action="append", default=[])
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--release", action="store_true")
    parser.add_argument("--step", help="run this one and those that prepare it (their names begin with 'set')")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    failures = skips = 0
    try:
        need("setpriv", *needs)
    except Skip as skip:
        print(f"skipped: {skip}")
        sys.exit(SKIPPED)
    world = World(options)
    try:
        for step in steps:
            name = step.__name__
            if options.step and name != options.step and not name.startswith("set"):
                continue
            begin = time.monotonic()
            try:
                step(world)
                verdict = "ok"
            except Skip as skip:
                verdict, skips = f"skipped: {skip}", skips + 1
            except Exception as error:  # the other steps still have something to tell
                verdict, failures = "FAILED", failures + 1
                text = str(error) if isinstance(error, Failure) else traceback.format_exc()
                if world.last and str(world.last) not in text:
                    text += f"\nlast command:\n{world.last}"
                print("    " + text.replace("\n", "\n    "))
            print(f"{name.replace('_', ' ')}: {verdict} ({time.monotonic() - begin:.1f} s)", flush=True)
            if failures and name.startswith("set"):
                break
    finally:
        world.close()
    if failures:
        sys.exit(1)
    sys.exit(SKIPPED if skips == len([s for s in steps if not s.__name__.startswith("set")]) else 0)
