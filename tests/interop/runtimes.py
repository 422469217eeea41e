#!/usr/bin/env python3
"""Bundles: config.json has the shape the runtime specification asks for, and crun and runc really start it."""

import json
import os
import shutil
import subprocess
import tempfile
import time

from harness import Skip, equal, expect, main, remove, wait_for

MAKE_IMAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli", "tools", "make-image")


def libraries_of(program):
    """The files a program needs to start: its interpreter and its libraries."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    words = [word for line in listed.splitlines() for word in line.split() if word.startswith("/")]
    return [word for word in words if os.path.isfile(word)]


def set_up(w):
    lines, folders = ["layer"], set()
    for program in ("/bin/sh", "/bin/sleep"):
        for path in [program, *libraries_of(program)]:
            parts = path.strip("/").split("/")
            for i in range(1, len(parts)):
                folder = "/".join(parts[:i])
                if folder not in folders:
                    lines.append(f"dir {folder}")
                folders.add(folder)
            lines.append(f"copy {path.strip('/')} {os.path.realpath(path)} mode=755")
    lines += ["dir tmp mode=1777", "dir etc", r"file etc/passwd 'app:x:7:8::/home/app:/bin/sh\n'",
              r"file etc/group 'app:x:8:\nmore:x:9:app\n'"]
    run = {"User": "app", "WorkingDir": "/tmp", "Env": ["GREETING=hello"], "Volumes": {"/data": {}},
           "Entrypoint": ["/bin/sh", "-c"], "StopSignal": "SIGINT", "ExposedPorts": {"80/tcp": {}},
           "Labels": {"com.example.label": "x"},
           "Cmd": ["echo $GREETING $HOME $PWD; while read a b; do case $a in Uid:|Gid:|Groups:) echo $a $b;; esac; done"
                   " < /proc/self/status; test ! -e wait || sleep 60"]}
    lines.append("config '" + json.dumps(run) + "'")
    w.lines = "\n".join(lines)
    w.run("python3", MAKE_IMAGE, "app:1", stdin=w.lines)
    w.run("python3", MAKE_IMAGE, "win:1", stdin="layer\ndir Files\nplatform windows/amd64\n"
          "config '{\"Cmd\": [\"cmd\"], \"User\": \"ContainerUser\"}'")


# --- the shape: what config.md and config-linux.md of runtime-spec 1.1 require ---

ROOT = {"ociVersion": str, "process": dict, "root": dict, "hostname": str, "mounts": list, "annotations": dict,
        "linux": dict, "windows": dict}
PROCESS = {"terminal": bool, "user": dict, "args": list, "env": list, "cwd": str, "capabilities": dict,
           "noNewPrivileges": bool}
LINUX = {"namespaces": list, "uidMappings": list, "gidMappings": list, "resources": dict, "maskedPaths": list,
         "readonlyPaths": list}
NAMESPACES = {"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"}


def typed(value, shape, what):
    for key, member in value.items():
        expect(key in shape, f"{what}: {key} is no member of it")
        expect(type(member) is shape[key], f"{what}.{key} is a {type(member).__name__}")


def texts(values, what):
    expect(all(isinstance(value, str) for value in values), f"{what} are not texts: {values}")
    equal(len(values), len(set(values)), f"{what}: none twice")


def check_ids(maps, what):
    for entry in maps:
        equal(set(entry), {"containerID", "hostID", "size"}, what)
        expect(all(type(n) is int and 0 <= n < 2**32 for n in entry.values()) and entry["size"] > 0, f"{what}: {entry}")


def check_linux(linux):
    typed(linux, LINUX, "linux")
    types = [namespace["type"] for namespace in linux["namespaces"]]
    texts(types, "namespaces")
    expect(set(types) <= NAMESPACES and "mount" in types, f"namespaces {types}")
    equal("user" in types, "uidMappings" in linux, "a user namespace has maps")
    check_ids(linux.get("uidMappings", []), "uidMappings")
    check_ids(linux.get("gidMappings", []), "gidMappings")
    for paths in ("maskedPaths", "readonlyPaths"):
        texts(linux[paths], paths)
        expect(all(path.startswith("/") for path in linux[paths]), f"{paths} are absolute")
    for device in linux.get("resources", {}).get("devices", []):
        expect(type(device["allow"]) is bool and set(device["access"]) <= set("rwm"), f"device {device}")


def check_process(process, windows):
    typed(process, PROCESS, "process")
    expect(process["args"] and all(isinstance(arg, str) for arg in process["args"]), "args are texts")
    expect(all("=" in variable for variable in process["env"]), f"env {process['env']}")
    user = process["user"]
    if windows:
        typed(user, {"username": str}, "user")
        return
    expect(process["cwd"].startswith("/"), "cwd is absolute")
    typed(user, {"uid": int, "gid": int, "additionalGids": list}, "user")
    expect({"uid", "gid"} <= set(user), f"user {user}")
    for name, list_ in process["capabilities"].items():
        expect(name in ("bounding", "effective", "inheritable", "permitted", "ambient"), f"capabilities.{name}")
        texts(list_, name)
        expect(all(word.startswith("CAP_") for word in list_), f"{name}: {list_}")


def check_config(path, windows=False):
    with open(os.path.join(path, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    typed(config, ROOT, "config.json")
    expect(config["ociVersion"].split(".")[0] == "1", config["ociVersion"])
    equal(set(config["root"]) - {"readonly"}, {"path"}, "root")
    expect(os.path.isdir(os.path.join(path, config["root"]["path"])), "root.path is a folder of the bundle")
    expect(all(isinstance(value, str) and key for key, value in config["annotations"].items()), "annotations are texts")
    check_process(config["process"], windows)
    equal("linux" in config, not windows, "linux")
    equal("windows" in config, windows, "windows")
    for mount in config.get("mounts", []):
        typed(mount, {"destination": str, "type": str, "source": str, "options": list}, "mount")
        expect(mount["destination"].startswith("/"), f"mount {mount}")
        texts(mount.get("options", []), "options")
    if windows:
        expect(config["windows"]["layerFolders"], "windows.layerFolders")
    else:
        check_linux(config["linux"])
    return config


def shape(w):
    if os.geteuid() != 0:
        raise Skip("owners can be set by root only")
    w.cprov("new-container", "plain", "--image", "app", "--path", "plain")
    config = check_config(w.path("plain"))
    equal(config["process"]["user"], {"uid": 7, "gid": 8, "additionalGids": [9]}, "user")
    expect("/data" in [mount["destination"] for mount in config["mounts"]], "the volume is mounted")
    w.cprov("new-container", "mapped", "--image", "app", "--path", "mapped", "--uid-map", "0:100000:65536")
    equal(check_config(w.path("mapped"))["linux"]["gidMappings"],
          [{"containerID": 0, "hostID": 100000, "size": 65536}], "gidMappings")
    w.cprov("new-container", "less", "--image", "app", "--path", "less", "--rootless")
    check_config(w.path("less"))
    w.cprov("new-container", "win", "--image", "win", "--path", "win", "--platform", "windows/amd64")
    check_config(w.path("win"), windows=True)


def as_umoci(w):
    """What umoci says in its own config.json and in ours is the same, where both say something."""
    if os.geteuid() != 0 or not shutil.which("umoci"):
        raise Skip("umoci is not installed, or not root")
    w.run("umoci", "unpack", "--image", f"{w.env['CPROV_ROOT']}:app:1", w.path("umoci"))
    with open(w.path("umoci", "config.json"), encoding="utf-8") as f:
        theirs = json.load(f)
    ours = check_config(w.path("plain"))
    for key in ("args", "user", "cwd"):
        equal(ours["process"][key], theirs["process"][key], key)
    equal(sorted(ours["process"]["env"]), sorted(theirs["process"]["env"]), "env")
    said = {key: value for key, value in theirs["annotations"].items()
            if value and not value.startswith("0001-") and key.startswith("org.opencontainers.image.")}
    equal(ours["annotations"], said, "annotations")
    equal([m["destination"] for m in ours["mounts"]], [m["destination"] for m in theirs["mounts"]], "mounts")


# --- and started ---

def works_here(w, runtime):
    """Whether the machine lets the runtime start anything: a bundle that another program wrote."""
    if not shutil.which(runtime, path=w.env["PATH"]):
        raise Skip(f"{runtime} is not installed")
    if os.geteuid() != 0:
        raise Skip("not root")
    bundle = w.path(f"{runtime}-probe")
    remove(bundle)
    os.mkdir(bundle)
    w.run("cp", "-a", w.path("plain", "rootfs"), bundle)
    w.run(runtime, "spec", cwd=bundle)
    with open(os.path.join(bundle, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    config["process"].update(terminal=False, args=["/bin/sh", "-c", "exit 0"])
    with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as f:
        json.dump(config, f)
    name = f"cprov-probe-{os.getpid()}"
    done = w.run(runtime, "run", "--bundle", bundle, name, code=None)
    if done.code != 0:
        w.run(runtime, "delete", "--force", name, code=None)
        raise Skip(f"{runtime} starts nothing here: {(done.err.strip().splitlines() or ['?'])[-1]}")


def starts(w, runtime):
    works_here(w, runtime)
    name = f"cprov-{runtime}-{os.getpid()}"
    bundle = w.path(name)
    w.cprov("new-container", name, "--image", "app", "--path", bundle)
    done = w.run(runtime, "run", "--bundle", bundle, name)
    equal(done.out.split("\n")[0], "hello /home/app /tmp", "what the process says")
    expect("Uid: 7" in done.out and "Gid: 8" in done.out and "Groups: 9" in done.out, done.out)
    open(os.path.join(bundle, "rootfs", "tmp", "wait"), "w", encoding="utf-8").close()
    w.at_end.append(lambda: subprocess.run([runtime, "delete", "--force", name], stderr=subprocess.DEVNULL, check=False))
    w.start(runtime, "run", "--bundle", bundle, name)

    def state():
        return w.cprov("get-container", name, "--format", "template={{.State}} {{.Runtime}}").out.strip()

    wait_for(lambda: state() == f"Running {runtime}", 20, "it runs")
    time.sleep(1.1)
    expect(w.cprov("get-container", name, "--format", "template={{.Uptime}}").out.strip() > "00:00:00", "uptime")
    w.cprov("remove-container", name, "--yes", code=5)
    w.run(runtime, "kill", name, "KILL")
    wait_for(lambda: state().split()[0] in ("Off", "Stopped"), 20, "it is stopped")
    w.cprov("remove-container", name, "--yes", "--delete-files")
    expect(not os.path.exists(bundle), "the bundle is gone")


def runc_starts_it(w):
    starts(w, "runc")


def crun_starts_it(w):
    starts(w, "crun")


def ordinary_user_starts_it(w):
    """--rootless, for a user who may do nothing: files, bundle, and a container that runs."""
    works_here(w, "runc")
    home = tempfile.mkdtemp(prefix="cprov-rootless-")
    w.at_end.append(lambda: remove(home))
    shutil.copytree(w.env["CPROV_ROOT"], os.path.join(home, "store"))
    w.run("chown", "-R", "65534:65534", home)
    user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "-i", f"HOME={home}",
            f"PATH={w.env['PATH']}", f"CPROV_SYSTEM_CONFIG_DIR={home}/etc", f"XDG_RUNTIME_DIR={home}", f"CPROV_ROOT={home}/store", f"TMPDIR={home}"]
    program = os.path.abspath(w.options.cprov)
    if w.run(*user, program, "version", code=None, cwd=home).code != 0:
        raise Skip("another user cannot run the program where it is")
    w.run("python3", MAKE_IMAGE, "root:1", env={"CPROV_ROOT": f"{home}/store"},
          stdin=w.lines.replace('"User": "app"', '"User": ""'))
    w.run(*user, program, "new-container", "me", "--image", "root", "--path", f"{home}/b", "--rootless", cwd=home)
    check_config(f"{home}/b")
    done = w.run(*user, "runc", "--root", f"{home}/runc", "run", "--bundle", f"{home}/b", "me", cwd=home, code=None)
    if "user namespace" in done.err or "operation not permitted" in done.err:
        raise Skip(f"no user namespaces here: {done.err.strip().splitlines()[-1]}")
    equal(done.code, 0, done.err)
    expect("Uid: 0" in done.out, done.out)
    w.run(*user, program, "remove-container", "me", "--yes", "--delete-files", cwd=home)
    expect(not os.path.exists(f"{home}/b"), "the bundle is gone")


main(["ldd"], set_up, shape, as_umoci, runc_starts_it, crun_starts_it, ordinary_user_starts_it)
