#!/usr/bin/env python3
"""Every code of the table of exit codes, provoked with a real registry: one line that says why, and a sound store."""

import os
import signal
import subprocess
import time

from harness import Skip, equal, expect, main, wait_for
from images import Layout, blobs_of, random_file, real_files
from registry import Registry


def set_up(w):
    w.registry = Registry(w)
    w.layout = layout = Layout(w.path("src"))
    w.app = layout.image([real_files("json")], "app")
    w.bad = layout.image([real_files("http")], "bad")
    w.big = layout.image([random_file("data", 3_000_000)], "big")
    layout.image([real_files("xml", "Files/")], "nano", system="windows", version="10.0.99999.0")
    for tag in ("app", "bad", "big", "nano"):
        layout.push(w, tag, f"{w.registry.address}/team/{tag}:1.0")
    w.cprov("register-source", "real", w.registry.url, "--trusted")


def one_line(done, program):
    lines = done.err.splitlines()
    errors = [line for line in lines if not line.startswith(("hint: ", "Installed "))]
    equal(len(errors), 1, f"lines of error in {done.err!r}")
    expect(errors[0].startswith(program + ": "), errors[0])
    expect(sum(line.startswith("hint: ") for line in lines) <= 1, f"more than one hint: {done.err!r}")


def fails(w, code, verb, *argv, **how):
    done = w.cprov(verb, *argv, code=code, **how)
    one_line(done, verb)
    w.clean()
    return done


def c0_nothing_to_do(w):
    w.cprov("install-image", "team/app:1.0")
    w.cprov("install-image", "team/app:1.0")
    w.clean()


def c1_other_failure(w):
    fails(w, 1, "get-image", "--root", w.write("file", "not a folder"))


def c2_usage(w):
    fails(w, 2, "install-image", "team/app", "--nonsense")
    fails(w, 2, "find-image", "team/app", "--version", "1", "--minimum-version", "2")


def c3_not_found(w):
    fails(w, 3, "install-image", "team/nowhere")
    fails(w, 3, "install-image", "team/app:9.9")
    fails(w, 3, "find-image", "team/nowhere")


def c4_wrong_bytes(w):
    layer = blobs_of(w.layout, w.bad)[-1]["digest"].partition(":")[2]
    path = os.path.join(w.registry.storage, "docker/registry/v2/blobs/sha256", layer[:2], layer, "data")
    with open(path, "r+b") as f:
        f.seek(100)
        byte = f.read(1)
        f.seek(100)
        f.write(bytes([byte[0] ^ 1]))
    fails(w, 4, "install-image", "team/bad:1.0", "--retry", "0")
    expect("team/bad" not in w.cprov("get-image").out, "it is listed")


def c6_no_network(w):
    fails(w, 6, "install-image", f"127.0.0.1:{w.free_port()}/team/app:1.0", "--trust", "--retry", "0")
    w.stop(w.registry.child)
    fails(w, 6, "install-image", "team/big:1.0", "--retry", "0")
    fails(w, 6, "find-image", "--retry", "0")
    w.registry.start()
    w.cprov("set-source", "real", "--location", w.registry.url)


def small_disk(w, script, size="2m"):
    """Runs the script with a store on a disk of that size, that nobody else sees."""
    if os.geteuid() != 0 or w.run("unshare", "-m", "true", code=None).code != 0:
        raise Skip("needs root, and a mount namespace")
    os.makedirs(w.path("small"), exist_ok=True)
    script = f"""mount -t tmpfs -o size={size} none "$SMALL" && export CPROV_ROOT="$SMALL/store" || exit 77
    {script}"""
    done = w.run("unshare", "-m", "--propagation", "private", "sh", "-c", script, code=None,
                 env={"SMALL": w.path("small")})
    if done.code == 77:
        raise Skip("no tmpfs here")
    return done


def c7_no_space(w):
    done = small_disk(w, """install-image team/big:1.0; code=$?
    test-image --all -q >&2 || exit 78; get-image --no-header -q; exit $code""")
    equal((done.code, done.out), (7, ""), f"exit and images; {done.err}")
    one_line(done, "install-image")


def c7_no_space_any_more(w):
    """There was room when it began; somebody else took it."""
    done = small_disk(w, """install-image team/big:1.0 --limit-rate 1M & pid=$!
    for i in $(seq 200); do
        [ -n "$(find "$CPROV_ROOT/cprov/partial" -size +50k 2> /dev/null)" ] && break
        sleep 0.02
    done
    cat /dev/zero > "$SMALL/others" 2> /dev/null
    wait $pid; code=$?
    test-image --all -q >&2 || exit 78
    rm "$SMALL/others"
    get-image --no-header -q
    install-image -q team/big:1.0 > /dev/null && test-image --all > /dev/null || exit 79
    exit $code""", "8m")
    equal((done.code, done.out), (7, ""), f"exit and images; {done.err}")
    one_line(done, "install-image")


def c8_not_trusted(w):
    w.cprov("set-source", "real", "--trusted=false")
    fails(w, 8, "install-image", "team/big:1.0")
    w.cprov("set-source", "real", "--trusted")


def c9_not_for_this_machine(w):
    fails(w, 9, "install-image", "team/nano:1.0", "--os-version", "10.0.17763.1")


def c10_exists(w):
    fails(w, 10, "register-source", "real", w.registry.url)


def c11_login(w):
    logins = w.write("htpasswd", w.run("htpasswd", "-nbB", "-C", "4", "u", "p").out)
    closed = Registry(w, "closed", auth={"htpasswd": {"realm": "real", "path": logins}})
    fails(w, 11, "install-image", closed.address + "/team/app:1.0", "--trust")
    one_line(w.cprov("login", closed.address, "-u", "u", "--password-stdin", stdin="wrong", code=11), "cprov login")
    w.clean()


def c12_some_failed(w):
    w.new_store()
    fails(w, 12, "install-image", "team/app:1.0", "team/nowhere:1.0")
    equal(len(w.cprov("get-image", "--no-header").out.splitlines()), 1, "images")


def c130_interrupted(w):
    w.new_store()
    child = subprocess.Popen([w.path("bin", "install-image"), "team/big:1.0", "--limit-rate", "1M"], env=w.env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    partial = w.path("store", "cprov", "partial")
    wait_for(lambda: os.path.isdir(partial) and os.listdir(partial), 20, "the download begins")
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    equal(child.returncode, 130, f"exit: {err}")
    expect(len(err.splitlines()) <= 1, f"more than a line: {err}")
    w.clean()


main(["docker-registry", "skopeo", "htpasswd"], set_up, c0_nothing_to_do, c1_other_failure, c2_usage, c3_not_found,
     c4_wrong_bytes, c6_no_network, c7_no_space, c7_no_space_any_more, c8_not_trusted, c9_not_for_this_machine,
     c10_exists, c11_login, c12_some_failed, c130_interrupted)
