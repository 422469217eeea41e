#!/usr/bin/env python3
"""Runs the cases of the command line: one *.test file, its registry, its steps. README.md has the format."""

import argparse
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
VERBS = """find-image install-image save-image get-image test-image register-source get-source set-source
unregister-source remove-image new-image""".split()
FILE_SECTIONS = {"BEFORE", "REGISTRY", "REGISTRY2", "TLS", "SOURCE", "NEEDS", "STORE", "DOCKERHUB", "SECRETS",
                 "HELPER"}
STEP_SECTIONS = {
    "ARGS", "SETUP", "EXIT", "STDOUT", "STDERR", "STDOUT_CONTAINS", "STDERR_CONTAINS", "STDOUT_LACKS",
    "STDERR_LACKS", "STDOUT_LINES", "STDERR_LINES", "CHECK", "STDIN", "TTY", "TIMEOUT",
}


class Failure(Exception):
    pass


class Skip(Exception):
    pass


# --- reading a case ---


class Section:
    def __init__(self, name, argument, line):
        self.name, self.argument, self.line = name, argument, line
        self.lines = []

    def text(self):
        lines = list(self.lines)
        while lines and not lines[-1].strip():
            lines.pop()
        return "".join(line + "\n" for line in lines)


class Step:
    def __init__(self, section):
        self.args = section.argument + "\n" + section.text()
        self.line = section.line
        self.sections = []
        self.setup = []

    def one(self, name, otherwise=None):
        for section in self.sections:
            if section.name == name:
                return section
        return otherwise


class Case:
    def __init__(self, path):
        self.path = path
        self.sections = []
        self.read()
        self.steps, self.top = [], []
        pending = []
        for section in self.sections:
            if section.name in FILE_SECTIONS:
                self.top.append(section)
            elif section.name == "SETUP":
                pending.append(section)
            elif section.name == "ARGS":
                self.steps.append(Step(section))
                self.steps[-1].setup, pending = pending, []
            elif not self.steps:
                raise Failure(f"line {section.line}: @{section.name} before the first @ARGS")
            else:
                self.steps[-1].sections.append(section)
        if pending or not self.steps:
            raise Failure("a case ends with a step: @ARGS is missing")

    def read(self):
        with open(self.path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        for number, line in enumerate(lines, 1):
            match = re.match(r"@([A-Z][A-Z0-9_]*)(?:\s+(.*))?$", line)
            if match:
                name = match.group(1)
                if name not in FILE_SECTIONS | STEP_SECTIONS:
                    raise Failure(f"line {number}: unknown section @{name}")
                self.sections.append(Section(name, match.group(2) or "", number))
            elif self.sections:
                self.sections[-1].lines.append(line)

    def named(self, name):
        return [s for s in self.top if s.name == name]

    def write(self):
        """Puts the sections' text back: for --update."""
        with open(self.path, encoding="utf-8") as f:
            head = []
            for line in f.read().split("\n"):
                if line.startswith("@"):
                    break
                head.append(line)
        out = head
        for section in self.sections:
            out.append(f"@{section.name} {section.argument}".rstrip())
            out.extend(section.lines)
        with open(self.path, "w", encoding="utf-8") as f:
            f.write("\n".join(out))


# --- comparing ---


def substitute(text, env):
    return re.sub(r"\$\{(\w+)\}", lambda m: env.get(m.group(1), m.group(0)), text)


def same_line(want, got, env):
    if want.startswith("~"):
        return re.fullmatch(substitute(want[1:], env), got) is not None
    return substitute(want, env) == got


def same_text(want, got, env):
    wanted, had = want.split("\n"), got.split("\n")
    return len(wanted) == len(had) and all(same_line(w, h, env) for w, h in zip(wanted, had))


def merged(section, got, env):
    """The section's lines for --update: a pattern that fits its line stays."""
    old, new = section.text().split("\n"), got.split("\n")
    lines = []
    for i, line in enumerate(new):
        if i < len(old) and same_line(old[i], line, env):
            lines.append(old[i])
            continue
        for name in ("REG2", "OTHER2", "REG", "OTHER", "CPROV_ROOT", "HOME", "PWD"):
            if env.get(name):
                line = line.replace(env[name], "${" + name + "}")
        lines.append(line)
    if lines and lines[-1] == "":
        lines.pop()
    blank = [""] if section.lines and section.lines[-1] == "" else []
    return lines + blank


def indent(text):
    return "".join("    | " + line + "\n" for line in text.split("\n")[:60])


# --- running ---


class World:
    """A private folder, its environment, and the processes of one case."""

    def __init__(self, case, options):
        self.case, self.options = case, options
        self.dir = tempfile.mkdtemp(prefix="cprov-case-")
        self.children = []
        self.env = self.environment()

    def environment(self):
        d = self.dir
        for name in ("home", "bin", "work", "run", "etc"):
            os.mkdir(os.path.join(d, name), 0o700)
        for verb in VERBS + ["cprov"]:
            os.symlink(os.path.abspath(self.options.cprov), os.path.join(d, "bin", verb))
        env = {
            "PATH": ":".join([os.path.join(d, "bin"), os.path.join(HERE, "tools"), "/usr/local/bin", "/usr/bin",
                              "/bin", "/usr/sbin", "/sbin"]),
            "HOME": os.path.join(d, "home"),
            "XDG_CONFIG_HOME": os.path.join(d, "home", ".config"),
            "XDG_DATA_HOME": os.path.join(d, "home", ".local"),
            "XDG_CACHE_HOME": os.path.join(d, "home", ".cache"),
            "XDG_RUNTIME_DIR": os.path.join(d, "run"),
            "CPROV_SYSTEM_CONFIG_DIR": os.path.join(d, "etc"),
            "CPROV_ROOT": os.path.join(d, "store"),
            "PWD": os.path.join(d, "work"),
            "TMPDIR": os.path.join(d, "run"),
            "TOOLS": os.path.join(HERE, "tools"),
            "CPROV_BIN": os.path.join(d, "bin"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
            "SANITIZED": "1" if self.options.sanitized else "",
        }
        return env

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(5)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        for root, dirs, _ in os.walk(self.dir):
            for name in dirs:
                path = os.path.join(root, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def make_certificates(self):
        """A CA, and a server certificate for the loopback signed by it."""
        env = dict(self.env)
        script = f"""set -e; cd "{self.dir}"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ca.key -out ca.pem \
            -subj "/CN=Test CA" -addext basicConstraints=critical,CA:TRUE
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr \
            -subj "/CN=127.0.0.1"
        printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\n' > ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile ext
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -out client.csr \
            -subj "/CN=client"
        openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.pem"""
        done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True)
        if done.returncode:
            raise Failure("openssl: " + done.stderr)
        for name, file in (("CA", "ca.pem"), ("CA_KEY", "ca.key"), ("SERVER_CERT", "server.pem"),
                           ("SERVER_KEY", "server.key"), ("CLIENT_CERT", "client.pem"), ("CLIENT_KEY", "client.key")):
            self.env[name] = self.path(file)

    def start_registry(self, section, number, tls):
        script = ""
        if section.argument:
            with open(os.path.join(HERE, "registry", section.argument), encoding="utf-8") as f:
                script = f.read()
        script += "\n" + section.text()
        if os.path.exists(self.path("work/registry")):
            with open(self.path("work/registry"), encoding="utf-8") as f:
                script += f.read()
        names = {k: self.path(f"{k}{number}") for k in ("script", "ports", "log", "inventory")}
        with open(names["script"], "w", encoding="utf-8") as f:
            f.write(script)
        open(names["log"], "w").close()
        command = [self.options.fake, "--script", names["script"], "--port-file", names["ports"], "--log",
                   names["log"], "--inventory", names["inventory"]]
        if tls:
            command += ["--cert", self.env["SERVER_CERT"], "--key", self.env["SERVER_KEY"]]
            if "plain-other" in tls.argument:
                command.append("--plain-other")
        child = subprocess.Popen(command, cwd=self.path("work"), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.children.append(child)
        limit = time.monotonic() + 120
        while not os.path.exists(names["ports"]):
            if child.poll() is not None or time.monotonic() > limit:
                raise Failure("the registry does not start: " + (child.stderr.read() if child.poll() else ""))
            time.sleep(0.01)
        with open(names["ports"], encoding="utf-8") as f:
            main, other = f.read().split()
        suffix = "" if number == 1 else str(number)
        self.env.update({"REG" + suffix: main, "OTHER" + suffix: other, "LOG" + suffix: names["log"],
                         "INV" + suffix: names["inventory"]})

    def prepare(self):
        tls = (self.case.named("TLS") or [None])[0]
        if tls:
            self.make_certificates()
        for section in self.case.named("BEFORE"):
            done = self.shell(section.argument + "\n" + section.text(), 60)
            if done[0]:
                raise Failure(f"@BEFORE: exit {done[0]}: {done[2]}")
        for number, name in ((1, "REGISTRY"), (2, "REGISTRY2")):
            for section in self.case.named(name):
                self.start_registry(section, number, tls)
        for section in self.case.named("HELPER"):
            self.children.append(subprocess.Popen(
                ["sh", "-c", "exec " + section.argument], cwd=self.path("work"), env=self.env,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True))
        # No case may reach the outside by accident.
        if not self.case.named("DOCKERHUB"):
            self.shell("cprov unregister-source dockerhub", 30)
        for section in self.case.named("SOURCE"):
            words = section.argument.split()
            scheme = "https" if tls else "http"
            reg = "REG2" if "second" in words else "REG"
            trust = "" if "untrusted" in words else "--trusted"
            done = self.shell(f"cprov register-source {words[0]} {scheme}://${reg} --no-check {trust}", 30)
            if done[0]:
                raise Failure(f"@SOURCE: exit {done[0]}: {done[2]}")

    def shell(self, script, timeout, stdin=None, tty=None):
        """Runs the script; exit status, stdout, stderr."""
        argv = ["sh", "-c", script]
        where = {"cwd": self.path("work"), "env": self.env, "start_new_session": True}
        if tty is not None:
            return run_on_terminal(argv, where, tty, timeout)
        child = subprocess.Popen(argv, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, **where)
        try:
            out, err = child.communicate(stdin.encode() if stdin else None, timeout)
        except subprocess.TimeoutExpired:
            end_group(child)
            out, err = child.communicate()
            raise Failure(f"no end after {timeout} s\n{indent(err.decode(errors='replace'))}") from None
        finally:
            end_group(child)
        return child.returncode, out.decode(errors="surrogateescape"), err.decode(errors="surrogateescape")


def end_group(child):
    """Ends what the step left running: the session that was started for it."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_on_terminal(argv, where, tty, timeout):
    """stdin and stderr (with `all` stdout, too) are a terminal; each line is typed once a prompt waits."""
    answers = ["\n" if line == "<enter>\n" else line for line in tty.text().splitlines(keepends=True)]
    master, slave = pty.openpty()
    mode = termios.tcgetattr(slave)
    mode[3] &= ~termios.ECHO
    mode[1] &= ~termios.ONLCR
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    read_end, write_end = os.pipe()

    def adopt():  # /dev/tty is this terminal for the session that was just made
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    child = subprocess.Popen(argv, stdin=slave, stdout=slave if "all" in tty.argument else write_end, stderr=slave,
                             preexec_fn=adopt, **where)
    os.close(slave)
    os.close(write_end)
    got = {master: b"", read_end: b""}
    open_ends, quiet_since, limit = {master, read_end}, time.monotonic(), time.monotonic() + timeout
    seen = 0
    while open_ends:
        if time.monotonic() > limit:
            end_group(child)
            raise Failure(f"no end after {timeout} s on the terminal\n{indent(got[master].decode(errors='replace'))}")
        for end in select.select(list(open_ends), [], [], 0.05)[0]:
            try:
                data = os.read(end, 65536)
            except OSError:  # what a terminal says when its last user is gone
                data = b""
            if not data:
                open_ends.discard(end)
            got[end] += data
            quiet_since = time.monotonic()
        text = got[master]
        if answers and len(text) > seen and not text.endswith(b"\n") and time.monotonic() - quiet_since > 0.1:
            seen = len(text)
            os.write(master, answers.pop(0).encode())
    status = child.wait()
    end_group(child)
    os.close(master)
    os.close(read_end)
    return status, got[read_end].decode(errors="surrogateescape"), got[master].decode(errors="surrogateescape")


# --- judging ---


def problems_of(step, result, env, update):
    status, out, err = result
    streams = {"STDOUT": out, "STDERR": err}
    problems = []
    wanted = step.one("EXIT")
    code = int(wanted.argument) if wanted else 0
    if status != code:
        problems.append(f"exit {status}, wanted {code}")
    for section in step.sections:
        stream, _, rule = section.name.partition("_")
        if stream not in streams:
            continue
        got = streams[stream]
        if rule == "":
            if not same_text(section.text(), got, env):
                if update:
                    section.lines = merged(section, got, env)
                else:
                    problems.append(f"{section.name} (line {section.line}) differs; wanted\n" + indent(section.text()))
        elif rule == "LINES":
            # A hint belongs to the line before it.
            count = sum(1 for line in got.split("\n")[:-1] if not line.startswith("hint: "))
            if count != int(section.argument):
                problems.append(f"{count} lines on {stream}, wanted {section.argument}")
        else:
            for line in section.text().splitlines():
                if not line:
                    continue
                hit = any(same_line(line, had, env) for had in got.split("\n")) if line.startswith("~") \
                    else substitute(line, env) in got
                if hit != (rule == "CONTAINS"):
                    problems.append(f"{section.name} (line {section.line}): {line}")
    if re.search(r"AddressSanitizer|LeakSanitizer|runtime error:", err):
        problems.append("a sanitizer has something to say")
    return problems


def check_scripts(world, step, timeout):
    problems = []
    for section in step.sections:
        if section.name != "CHECK":
            continue
        script = section.argument + "\n" + section.text()
        status, out, err = world.shell("set -e\n" + script, timeout)
        if status:
            problems.append(f"@CHECK (line {section.line}) ended with {status}\n" + indent(script.strip()) +
                            indent(out + err))
    return problems


def run_step(world, step, update):
    timeout = int(step.one("TIMEOUT").argument) if step.one("TIMEOUT") else 60
    if world.options.sanitized:
        timeout *= 3
    for section in step.setup:
        status, out, err = world.shell("set -e\n" + section.argument + "\n" + section.text(), timeout)
        if status == SKIPPED:
            raise Skip(err.strip() or "setup")
        if status:
            raise Failure(f"@SETUP (line {section.line}) ended with {status}\n" + indent(out + err))
    stdin = step.one("STDIN")
    result = world.shell(step.args, timeout, stdin.text() if stdin else None, step.one("TTY"))
    status, world.env["EXIT"] = result[0], str(result[0])
    for name, text in (("OUT", result[1]), ("ERR", result[2])):
        world.env[name] = world.path(name.lower())
        with open(world.env[name], "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
    problems = problems_of(step, result, world.env, update)
    # Every secret of every case has this word in it, and none may ever be seen.
    if "SECRET" in result[1] + result[2] and not world.case.named("SECRETS"):
        problems.append("a secret was printed")
    problems += check_scripts(world, step, timeout)
    if problems:
        raise Failure(f"step at line {step.line}: {step.args.strip()}\n" + "\n".join("  " + p for p in problems) +
                      f"\n  exit {status}\n  stdout\n{indent(result[1])}  stderr\n{indent(result[2])}")


def check_store(world):
    """Whatever happened, the store is whole afterwards."""
    if world.case.named("STORE") or not os.path.exists(os.path.join(world.env["CPROV_ROOT"], "index.json")):
        return
    status, out, err = world.shell("cprov test-image --all", 300)
    if status:
        raise Failure(f"test-image --all afterwards: exit {status}\n{indent(out + err)}")


def check_needs(case):
    for section in case.named("NEEDS"):
        for need in section.argument.split():
            kind, _, value = need.partition("=")
            if kind == "tool" and not shutil.which(value):
                raise Skip(f"{value} is not installed")
            if kind == "disk" and shutil.disk_usage(tempfile.gettempdir()).free < int(value) << 30:
                raise Skip(f"wants {value} GiB free")
            if kind == "root" and os.geteuid() != 0:
                raise Skip("wants root")
            if kind not in ("tool", "disk", "root"):
                raise Failure(f"unknown need {need}")


def run_case(path, options):
    case = Case(path)
    check_needs(case)
    world = World(case, options)
    try:
        world.prepare()
        for step in case.steps:
            run_step(world, step, options.update)
        check_store(world)
    finally:
        if options.keep:
            print(f"kept {world.dir}")
            world.dir = tempfile.mkdtemp()
        world.close()
        if options.update:
            case.write()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cprov", required=True, help="the program under test")
    parser.add_argument("--fake", required=True, help="the scripted registry")
    parser.add_argument("--sanitized", action="store_true", help="slower, larger: no limits of time and memory")
    parser.add_argument("--update", action="store_true", help="rewrite what is expected on stdout and stderr")
    parser.add_argument("--keep", action="store_true", help="leave the private folder")
    parser.add_argument("cases", nargs="+")
    options = parser.parse_args()
    failed = skipped = 0
    for path in options.cases:
        name = os.path.relpath(path, HERE)
        try:
            run_case(path, options)
            print(f"ok {name}", flush=True)
        except Skip as why:
            skipped += 1
            print(f"skipped {name}: {why}", flush=True)
        except Failure as why:
            failed += 1
            print(f"FAILED {name}\n{why}", flush=True)
    if failed:
        return 1
    return SKIPPED if skipped == len(options.cases) else 0


if __name__ == "__main__":
    sys.exit(main())
