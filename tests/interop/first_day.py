#!/usr/bin/env python3
"""The first day of somebody who knows docker and not this program: what is typed, and every word that is answered.

The golden text has words for what differs from run to run: HOST, DIR (the private folder), BYTES, DIGEST, SECONDS, AGE,
HEX, COUNT."""

import os
import re
import tarfile

from harness import VERBS, Failure, equal, expect, main
from images import Layout, random_file, real_files
from registry import Registry
from servers import certificates

USER, WORD = "robot", "a horse:battery"
PATTERNS = {"BYTES": r"\d[\d.]* [kM]?B", "DIGEST": "sha256:[0-9a-f]{64}", "SECONDS": r"\d+", "AGE": r"\d\d years ago",
            "HEX": "[0-9a-f]{12}", "COUNT": r"\d+"}
COMMAND = re.compile(r"\b(?:cprov [a-z-]+|(?:find|install|save|get|test)-image|(?:register|get|set|unregister)-source)\b")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def set_up(w):
    certificates(w)
    entry = w.run("htpasswd", "-nbB", "-C", "4", USER, WORD).out.strip()
    w.registry = Registry(w, auth={"htpasswd": {"realm": "real", "path": w.write("htpasswd", entry + "\n")}},
                          tls={"certificate": w.path("server.pem"), "key": w.path("server.key")})
    w.layout = Layout(w.path("src"))
    offer(w, "nginx", "1.25.3", 1)
    offer(w, "redis", "7.2.0", 2)
    w.said = []


def offer(w, name, version, seed):
    """NAME:VERSION for two platforms appears in the registry."""
    about = {"org.opencontainers.image." + key: value for key, value in
             {"version": version, "description": f"The {name} of the team", "vendor": "Example"}.items()}
    children = [w.layout.image([real_files("json"), random_file("srv/data", 300_000, seed)], arch=arch, annotations=about)
                for arch in ("amd64", "arm64")]
    w.layout.index(children, f"{name}-{version}")
    w.layout.push(w, f"{name}-{version}", f"{w.registry.address}/team/{name}:{version}", "--dest-creds", f"{USER}:{WORD}")


def pattern(w, golden):
    text = re.escape(golden.replace("HOST", w.registry.address).replace("DIR", w.dir))
    for word, meant in PATTERNS.items():
        text = re.sub(rf"\b{word}\b", lambda _, meant=meant: meant, text)
    return re.compile(text)


def says(w, argv, out="", err="", code=0, stdin="", env=None):
    """What is typed, and all that is answered on stdout and on stderr."""
    done = w.run(*argv.replace("HOST", w.registry.address).replace("DIR", w.dir).split(), code=code, stdin=stdin, env=env)
    for stream, got, wanted in (("stdout", done.out, out), ("stderr", done.err, err)):
        expect(pattern(w, wanted).fullmatch(got), f"{stream} of {argv}: got\n{got}\nwanted\n{wanted}")
    expect(WORD not in done.out + done.err, f"the password is shown\n{done}")
    w.said.append((argv.split(), done.err))
    return done


def the_first_minute(w):
    says(w, "cprov", err="cprov: a verb is missing\nhint: see 'cprov help'\n", code=2)
    screen = w.run("cprov", "help").out
    for verb in VERBS:
        expect(f"  {verb} " in screen, f"the overview has no {verb}")
    nothing = """\
find-image: no source is registered
hint: add one with register-source NAME LOCATION, or use a reference such as registry.example/team/app
"""
    for words in ("", " nginx", " --search web"):
        says(w, "find-image" + words, code=2, err=nothing)
    says(w, "get-image", err="No image is installed; 'find-image' shows what the sources offer, 'install-image NAME' "
                             "installs it.\n")
    says(w, "get-source", err="No source is registered; 'register-source NAME LOCATION' adds one.\n")
    says(w, "install-image nginx", code=3, err="""\
install-image: nginx: no source is registered
hint: add one with register-source NAME LOCATION
""")


def an_authority_of_our_own(w):
    """Nobody knows the authority; then it is given, once, and a login with it."""
    not_trusted = """\
cprov login: registry HOST: TLS: certificate of the server is not trusted (unable to get local issuer certificate)
hint: for a private authority use --ca-file FILE (register-source remembers it), or save its certificate as \
/etc/containers/certs.d/HOST/ca.crt
"""
    login = f"cprov login HOST --username {USER} --password-stdin"
    says(w, login, stdin=WORD, code=8, err=not_trusted)
    says(w, login + " --ca-file DIR/ca.pem", stdin="wrong", code=11, err="""\
cprov login: registry HOST: the login was refused or has no access
hint: log in again: cprov login HOST
""")
    says(w, login + " --ca-file DIR/ca.pem", stdin=WORD, out="Login Succeeded\n",
         err="Stored the login of HOST in DIR/xdg/containers/auth.json\n")


def a_source(w):
    says(w, "register-source team HOST/team --ca-file DIR/ca.pem",
         err="Registered team (oci, HOST/team, not trusted)\n")
    says(w, "get-source", out="""\
Name Type Trusted Location
---- ---- ------- --------
team oci  False   HOST/team
""")


def find(w):
    """The authority and the login are remembered: nothing is given any more."""
    says(w, "find-image", out="""\
Name                 Version                 Description
----                 -------                 -----------
nginx                1.25.3                  The nginx of the team
redis                7.2.0                   The redis of the team
""")
    says(w, "find-image nginx --version 9", code=3,
         err="find-image: nginx 9: not found in source 'team' (newest is 1.25.3)\n")


def install(w):
    says(w, "install-image nginx", code=8, err="""\
install-image: nginx 1.25.3: source 'team' is not trusted
hint: install it with --trust, or make it permanent: set-source team --trusted
""")
    says(w, "set-source team --trusted", err="Changed team (oci, HOST/team, trusted)\n")
    done = says(w, "install-image nginx", out="Downloaded in 0 hours, 0 minutes, SECONDS seconds.\n",
                err="Installed nginx 1.25.3 (linux/amd64, BYTES, DIGEST) from team in DIR/store\n")
    # What was installed, from where, how large, which digest, where: the digest is the one the registry tells.
    digest = next(e["digest"] for e in w.layout.entries
                  if e["annotations"]["org.opencontainers.image.ref.name"] == "nginx-1.25.3")
    expect(digest in done.err, f"not the registry's digest {digest}\n{done}")
    says(w, "install-image nginx", out="Skipping installed package nginx 1.25.3.\n")


def unpack(w):
    says(w, "install-image nginx --unpack DIR/root", out="Skipping installed package nginx 1.25.3.\n",
         err="Unpacked COUNT entries, BYTES, into DIR/root\n")
    expect(os.path.getsize(w.path("root", "srv", "data")) == 300_000, "the root is not whole")
    says(w, "install-image nginx --unpack DIR/root", code=10, out="Skipping installed package nginx 1.25.3.\n", err="""\
install-image: nginx 1.25.3: DIR/root is not empty
hint: use another folder, or --force to unpack over existing files
""")


def upgrade(w):
    """A newer version appears: installing the name again is the upgrade."""
    offer(w, "nginx", "1.27.1", 3)
    says(w, "find-image nginx --refresh", out="""\
Name                 Version                 Description
----                 -------                 -----------
nginx                1.27.1                  The nginx of the team
""")
    says(w, "install-image nginx", out="Downloaded in 0 hours, 0 minutes, SECONDS seconds.\n",
         err="Installed nginx 1.27.1 (linux/amd64, BYTES, DIGEST) from team in DIR/store\n")
    says(w, "get-image", out="""\
Name  Publisher Version IsOSImage
----  --------- ------- ---------
nginx Example   1.27.1  False
nginx Example   1.25.3  False
""")


def offline(w):
    w.stop(w.registry.child)
    says(w, "find-image --offline", out="""\
Name                 Version                 Description
----                 -------                 -----------
nginx                1.27.1                  The nginx of the team
redis                7.2.0                   The redis of the team
""")
    says(w, "install-image nginx --offline", out="Skipping installed package nginx 1.27.1.\n")
    says(w, "install-image redis --offline", code=6, err="install-image: redis: not installed, and the session is offline\n")
    says(w, "save-image nginx --offline --path DIR", out="Downloaded in 0 hours, 0 minutes, SECONDS seconds.\n",
         err="Saved nginx 1.27.1 (linux/amd64, BYTES, DIGEST) from team as DIR/nginx-1-27-1.oci.tar\n")
    says(w, "cprov export nginx:1.27.1 DIR/files.tar", err="Exported nginx:1.27.1 (BYTES) as DIR/files.tar\n")
    with tarfile.open(w.path("files.tar")) as archive:
        equal(archive.getmember("srv/data").size, 300_000, "bytes of srv/data")
    done = w.run("install-image", "redis", "--retry", "0", code=6)
    expect("Connection refused" in done.err and w.registry.address in done.err, str(done))
    w.said.append((["install-image"], done.err))


def look(w):
    says(w, "get-image nginx --version 1.27.1 --format list --columns Name,Version,Source,Size,Digest,Platforms", out="""\
Name      : nginx
Version   : 1.27.1
Source    : team
Size      : BYTES
Digest    : DIGEST
Platforms : linux/amd64
""")
    says(w, "cprov images nginx", out="""\
REPOSITORY          TAG                 IMAGE ID            CREATED             VIRTUAL SIZE
nginx               1.27.1              HEX        AGE        BYTES
nginx               1.25.3              HEX        AGE        BYTES
""")
    says(w, "test-image", out="""\
Name  Version Result Problem Blob Message
----  ------- ------ ------- ---- -------
nginx 1.27.1  ok
nginx 1.25.3  ok
""")
    says(w, "cprov cat nginx:1.27.1 srv", code=2, err="""\
cprov cat: nginx:1.27.1: srv: it is a folder
hint: 'cprov ls' shows what is in it
""")
    says(w, "cprov ls ngnix", code=3, err="""\
cprov ls: ngnix: not installed
hint: 'get-image' lists the installed images
""")


def completion(w):
    def offered(*words):
        return w.run("cprov", "__complete", "--", *words).out.split()

    for shell in ("bash", "zsh", "fish"):
        expect("__complete" in w.run("cprov", "completion", shell).out, f"no script for {shell}")
    expect("install-image" in offered("inst"), "verbs")
    expect("--platform" in offered("install-image", "--pl"), "options")
    expect("nginx" in offered("get-image", "ng"), "installed images")
    expect({"1.25.3", "1.27.1"} <= {w.rpartition(":")[2] for w in offered("get-image", "nginx:")}, "versions after name:")
    expect("team" in offered("find-image", "--source", ""), "sources")


def wrong_words(w):
    for argv, code, error, hint in (
            ("cprov instal-image x", 2, "cprov: unknown verb 'instal-image'", "did you mean 'install-image'?"),
            ("cprov uninstall nginx", 2,
             "remove-image: nginx: the name matches 2 installed images: nginx 1.27.1, nginx 1.25.3", ""),
            ("cprov run nginx", 2, "cprov: unknown verb 'run'", None),
            ("find-image --platfrom linux/amd64", 2, "find-image: unknown option '--platfrom'",
             "did you mean '--platform'?"),
            ("find-image --format tabel", 2, None, "did you mean 'table'?"),
            ("find-image --platform arm", 2, "find-image: platform: not os/architecture, such as linux/arm64", ""),
            ("install-image", 2, "install-image: NAME... is missing", "see 'install-image --help'"),
            ("install-image --password x nginx", 2, None, "use --password-stdin and give the password on standard input"),
            ("register-source team", 2, "register-source: a NAME and a LOCATION are needed", "see 'register-source --help'"),
            ("register-source team HOST/team --no-check", 10, None, "'set-source team' changes it, --force replaces it"),
            ("save-image nginx", 2, None, "see 'save-image --help'"),
            ("cprov login HOST", 8, "cprov login: HOST: no terminal to ask the question", None),
            ("cprov logout nowhere.example", 3, "cprov logout: nowhere.example: no login is stored for it", "")):
        done = w.run(*argv.replace("HOST", w.registry.address).split(), code=code)
        lines = done.err.splitlines()
        equal(len([line for line in lines if not line.startswith("hint: ")]), 1, f"lines of {done}")
        if error:
            equal(lines[0], error.replace("HOST", w.registry.address), argv)
        if hint == "":
            equal(len(lines), 1, f"lines of {done}")
        else:
            expect(len(lines) == 2 and lines[1].startswith("hint: "), f"no hint\n{done}")
        if hint:
            equal(lines[1], "hint: " + hint, argv)
        w.said.append((argv.split(), done.err))
    table = w.run("find-image", "--offline").out
    done = w.run("install-image", "--input", "-", stdin=table, code=2)
    w.said.append((["install-image"], done.err))
    expect("hint: use --format jsonl for the verb that writes the input" in done.err, str(done))


def every_hint_names_what_exists(w):
    """Each command and each option that any line above named."""
    common = w.run("cprov", "help", "options").out
    seen = set()
    for argv, err in w.said:
        own = argv[1] if argv[0] == "cprov" and len(argv) > 1 else argv[0]
        for line in err.splitlines():
            if not line.startswith("hint: ") and "'" not in line:
                continue
            named = [c.removeprefix("cprov ") for c in COMMAND.findall(line.partition("hint: ")[2] or line)]
            named = [c for c in named if f"unknown verb '{c}'" not in line]
            for verb in named:
                w.run("cprov", "help", verb)
                seen.add(verb)
            if line.startswith("hint: "):
                texts = [common] + [w.run("cprov", "help", v, code=None).out for v in (*named, own)]
                for option in OPTION.findall(line):
                    expect(option == "--help" or any(option in t for t in texts), f"{option} does not exist: {line}")
                    seen.add(option)
    expect(len(seen) > 15, f"the hints name only {seen}")


main(["docker-registry", "skopeo", "htpasswd", "openssl"], set_up, the_first_minute, an_authority_of_our_own, a_source,
     find, install, unpack, upgrade, offline, look, completion, wrong_words, every_hint_names_what_exists)
