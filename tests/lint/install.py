#!/usr/bin/env python3
"""What `cmake --install --prefix` puts down is complete and works where it is moved to: the programs run, the program of
docs/embedding.md builds with pkg-config and runs, pages and completions are there, and all tell the same version."""

import os
import re
import subprocess
import sys
import tempfile

import abi
import lint

LINKS = """find-image install-image save-image get-image test-image register-source get-source set-source
unregister-source remove-image new-image""".split()
WANTED = [f"bin/{name}" for name in ["cprov", *LINKS]]
WANTED += [f"share/man/man1/{name}.1" for name in ["cprov", "cprov-serve", *LINKS]]
WANTED += ["include/container-provider/provider.h", "lib/libcprov.so", "lib/libcprov.so.1", "lib/pkgconfig/libcprov.pc",
           "share/bash-completion/completions/cprov", "share/zsh/site-functions/_cprov",
           "share/fish/vendor_completions.d/cprov.fish", "share/doc/container-provider/LICENSE",
           "share/doc/container-provider/README.md", "share/doc/container-provider/docs/design.md",
           "share/doc/container-provider/docs/catalog-format.md", "share/doc/container-provider/docs/catalog.schema.json",
           "share/doc/container-provider/conf/container-provider.yaml"]


def options(parser):
    parser.add_argument("--build", default="", help="a build folder")
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--version", default="")
    parser.add_argument("--abi", default="")


def run(command, environment=None):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    if done.returncode:
        return f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}"
    return done.stdout.strip()


def missing(present):
    for path in WANTED:
        if path not in present:
            yield f"{path} is not installed"


def dead_links(folder):
    """Links of the pages below the folder that lead to no file."""
    for where, _, names in os.walk(folder):
        for name in sorted(n for n in names if n.endswith(".md")):
            with open(os.path.join(where, name), encoding="utf-8") as f:
                text = f.read()
            for link in re.findall(r"\]\(([^)#\s]+)", text):
                if "://" not in link and not os.path.exists(os.path.join(where, link)):
                    yield f"{name} links to {link}, which is not installed"


def pkg_config(prefix, *what):
    return run(["pkg-config", *what, "libcprov"], {"PKG_CONFIG_LIBDIR": f"{prefix}/lib/pkgconfig"})


def build_example(folder, prefix, arguments):
    source, program = os.path.join(folder, "example.c"), os.path.join(folder, "example")
    with open(f"{prefix}/share/doc/container-provider/{abi.PAGE}", encoding="utf-8") as page, \
         open(source, "w", encoding="utf-8") as f:
        f.write(abi.example_of(page.read()))
    said = run([arguments.compiler, "-std=c11", "-Wall", "-Werror", source, "-o", program,
                *pkg_config(prefix, "--cflags", "--libs").split()])
    return said or run([program], {"LD_LIBRARY_PATH": f"{prefix}/lib", "HOME": folder})


def versions(prefix, arguments):
    """(what tells a version, what it tells, what it is to tell)"""
    yield "cprov version", run([f"{prefix}/bin/cprov", "version"]), f"cprov {arguments.version}"
    yield "libcprov.pc", pkg_config(prefix, "--modversion"), arguments.version
    yield "abi of libcprov.pc", pkg_config(prefix, "--variable=abi"), arguments.abi
    real = f"libcprov.so.{arguments.abi}.{arguments.version}"
    yield "libcprov.so.1", os.readlink(f"{prefix}/lib/libcprov.so.{arguments.abi}"), real


def check(tree, arguments):
    if tree.files is not None:  # a sample
        yield from missing(tree.files)
        return
    if not arguments.build:
        raise lint.Skip("no build folder was given")
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/elsewhere"
        said = run(["cmake", "--install", arguments.build, "--prefix", f"{folder}/here"])
        os.rename(f"{folder}/here", prefix)
        yield from missing({path for path in WANTED if os.path.exists(os.path.join(prefix, path))} or {said})
        yield from dead_links(f"{prefix}/share/doc/container-provider")
        for what, said, wanted in versions(prefix, arguments):
            if said != wanted:
                yield f"{what}: {said!r}, not {wanted!r}"
        if "find-image" not in (said := run([f"{prefix}/bin/find-image", "--help"])):
            yield f"find-image --help: {said!r}"
        if (said := build_example(folder, prefix, arguments)) != f"libcprov {arguments.version}: 0 images":
            yield f"the program of {abi.PAGE}: {said!r}"


SAMPLES = [
    (dict.fromkeys(WANTED, ""), None),
    (dict.fromkeys(WANTED[1:], ""), "bin/cprov is not installed"),
    (dict.fromkeys(WANTED[:-1], ""), "container-provider.yaml is not installed"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES, options))
