#!/usr/bin/env python3
"""docker-registry with htpasswd: logins that podman, skopeo and docker's helpers wrote, and that they read."""

import base64
import json
import os

from harness import Failure, equal, expect, main, need
from images import Layout, real_files
from registry import Registry

USER, WORD, WRONG = "robot", "correct horse \N{GREEK SMALL LETTER ALPHA} battery:staple", "wrong horse"


def set_up(w):
    entry = w.run("htpasswd", "-nbB", "-C", "4", USER, WORD).out.strip()
    w.registry = Registry(w, auth={"htpasswd": {"realm": "real", "path": w.write("htpasswd", entry + "\n")}})
    w.layout = Layout(w.path("src"))
    w.layout.image([real_files("json")], "app")
    for name in ("team/app:1.0", "other/app:1.0"):
        w.layout.push(w, "app", f"{w.registry.address}/{name}", "--dest-creds", f"{USER}:{WORD}")
    w.ref = w.registry.address + "/team/app:1.0"


def files(w):
    """The files that may hold logins: {path: text}."""
    found = {}
    for place in ("home", "xdg"):
        for folder, _, names in os.walk(w.path(place)):
            for name in names:
                if name in ("config.json", "auth.json"):
                    with open(os.path.join(folder, name), encoding="utf-8") as f:
                        found[os.path.join(folder, name)] = f.read()
    return found


def install(w, code=0, *options, **how):
    w.new_store()
    done = w.cprov("install-image", w.ref, "--trust", "--retry", "0", *options, code=code, **how)
    no_secret(done)
    return done


def no_secret(done):
    for word in (WORD, WRONG, base64.b64encode(f"{USER}:{WORD}".encode()).decode()):
        expect(word not in done.out + done.err, f"a secret is shown\n{done}")


def login(w, word=WORD, code=0, **how):
    done = w.cprov("login", w.registry.address, "--username", USER, "--password-stdin", stdin=word + "\n", code=code,
                   **how)
    no_secret(done)
    return done


def refused_without_a_login(w):
    done = install(w, 11)
    equal(len([line for line in done.err.splitlines() if not line.startswith("hint:")]), 1, "error lines")
    w.cprov("find-image", "--source", w.registry.url, "--retry", "0", code=11)
    equal(w.cprov("get-image", "--no-header").out, "", "images")


def a_wrong_password_is_not_kept(w):
    login(w, WRONG, 11)
    equal([path for path, text in files(w).items() if "auths" in text], [], "files with logins")


def what_login_writes_others_read(w):
    login(w)
    path, = files(w)
    equal(os.stat(path).st_mode & 0o777, 0o600, "mode")
    install(w)
    w.run("skopeo", "inspect", "--tls-verify=false", "--authfile", path, "docker://" + w.ref)
    w.run("skopeo", "inspect", "--tls-verify=false", "docker://" + w.ref)
    need("podman")
    equal(w.run("podman", "login", "--get-login", w.registry.address).out.strip(), USER, "podman's user")


def others_entries_stay(w):
    path, = files(w)
    with open(path, encoding="utf-8") as f:
        document = json.load(f)
    document["auths"]["elsewhere.example"] = {"auth": base64.b64encode(b"a:b").decode()}
    document["HttpHeaders"] = {"X": "y"}
    w.write(os.path.relpath(path, w.dir), json.dumps(document), 0o600)
    w.cprov("logout", w.registry.address)
    with open(path, encoding="utf-8") as f:
        after = json.load(f)
    equal(list(after["auths"]), ["elsewhere.example"], "logins after logout")
    equal(after["HttpHeaders"], {"X": "y"}, "what is not ours")
    install(w, 11)
    w.run("skopeo", "inspect", "--tls-verify=false", "docker://" + w.ref, code=1)
    os.unlink(path)


def what_skopeo_writes_we_read(w):
    done = w.run("skopeo", "login", "--tls-verify=false", "-u", USER, "--password-stdin", w.registry.address,
                 stdin=WORD)
    no_secret(done)
    expect(files(w), "skopeo wrote nothing")
    install(w)
    w.cprov("logout", w.registry.address)
    install(w, 11)
    for path in files(w):
        os.unlink(path)


def what_podman_writes_we_read(w):
    need("podman")
    # For one repository alone; the other one stays closed.
    w.run("podman", "login", "--tls-verify=false", "-u", USER, "--password-stdin", w.registry.address + "/team",
          stdin=WORD)
    install(w)
    w.cprov("install-image", w.registry.address + "/other/app:1.0", "--trust", code=11)
    for path in files(w):
        os.unlink(path)


def a_file_of_ones_own(w):
    login(w, WORD, 0, env={"REGISTRY_AUTH_FILE": w.path("own.json")})
    equal(list(files(w)), [], "other files")
    equal(os.stat(w.path("own.json")).st_mode & 0o777, 0o600, "mode")
    install(w, 11)
    install(w, 0, "--authfile", w.path("own.json"))
    w.run("skopeo", "inspect", "--tls-verify=false", "--authfile", w.path("own.json"), "docker://" + w.ref)


def a_login_for_one_call(w):
    install(w, 0, "--username", USER, "--password-stdin", stdin=WORD + "\n")
    equal(list(files(w)), [], "files")
    install(w, 11)


HELPER = """#!/bin/sh
echo "$1" >> "$HOME/asked"
case $1 in
get)   read -r server; [ -e "$HOME/kept" ] && cat "$HOME/kept" && exit
       echo "credentials not found in native keychain"; exit 1 ;;
store) cat > "$HOME/kept" ;;
erase) cat > /dev/null; rm "$HOME/kept" ;;
esac
"""


def a_helper_keeps_the_login(w):
    w.write("bin/docker-credential-chest", HELPER, 0o755)
    w.write("home/.docker/config.json", json.dumps({"credHelpers": {w.registry.address: "chest"}}), 0o600)
    install(w, 11)
    login(w)
    with open(w.path("home", "kept"), encoding="utf-8") as f:
        equal(json.load(f), {"ServerURL": w.registry.address, "Username": USER, "Secret": WORD}, "what the helper got")
    for path, text in files(w).items():
        expect(base64.b64encode(f"{USER}:{WORD}".encode()).decode() not in text, f"{path} has the login, too")
    install(w)
    w.run("skopeo", "inspect", "--tls-verify=false", "docker://" + w.ref)
    w.cprov("logout", w.registry.address)
    expect(not os.path.exists(w.path("home", "kept")), "the helper still has it")
    install(w, 11)


def a_helper_that_fails_is_named(w):
    w.write("bin/docker-credential-chest", "#!/bin/sh\necho 'the chest is jammed' >&2\nexit 3\n", 0o755)
    done = install(w, 11)
    if "chest" not in done.err:
        raise Failure(f"the helper is not named\n{done}")


main(["docker-registry", "skopeo", "htpasswd"], set_up, refused_without_a_login, a_wrong_password_is_not_kept,
     what_login_writes_others_read, others_entries_stay, what_skopeo_writes_we_read, what_podman_writes_we_read,
     a_file_of_ones_own, a_login_for_one_call, a_helper_keeps_the_login, a_helper_that_fails_is_named)
