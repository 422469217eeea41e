#!/usr/bin/env python3
"""What `cmake --install` puts down is complete and works where it is put: the programs run, a program of others
builds with pkg-config and runs, pages and completions are there."""

import os
import re
import subprocess
import sys
import tempfile

import lint

LINKS = """find-image install-image save-image get-image test-image register-source get-source set-source
unregister-source""".split()
WANTED = [f"bin/{name}" for name in ["cprov", *LINKS]]
WANTED += [f"share/man/man1/{name}.1" for name in ["cprov", "cprov-serve", *LINKS]]
WANTED += ["include/container-provider/provider.h", "lib/libcprov.so", "lib/libcprov.so.1", "lib/pkgconfig/libcprov.pc",
           "share/bash-completion/completions/cprov", "share/zsh/site-functions/_cprov",
           "share/fish/vendor_completions.d/cprov.fish", "share/doc/container-provider/LICENSE",
           "share/doc/container-provider/README.md", "share/doc/container-provider/docs/design.md",
           "share/doc/container-provider/docs/catalog-format.md", "share/doc/container-provider/docs/catalog.schema.json",
           "share/doc/container-provider/conf/container-provider.yaml"]
EXAMPLE = """#include <provider.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct cprov_session_options options = CPROV_INIT(struct cprov_session_options);
    struct cprov_session *session = NULL;

    if (cprov_session_open(&options, NULL, &session) < 0)
        return 1;
    cprov_session_close(session);
    puts(cprov_version_text());
    return 0;
}
"""


def options(parser):
    parser.add_argument("--build", default="", help="a build folder")
    parser.add_argument("--prefix", default="", help="for which it was configured")
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--version", default="")


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


def build_example(folder, prefix, arguments):
    source, program = os.path.join(folder, "example.c"), os.path.join(folder, "example")
    with open(source, "w", encoding="utf-8") as f:
        f.write(EXAMPLE)
    flags = run(["pkg-config", "--cflags", "--libs", "libcprov"],
                {"PKG_CONFIG_SYSROOT_DIR": folder, "PKG_CONFIG_LIBDIR": f"{prefix}/lib/pkgconfig"})
    said = run([arguments.compiler, "-std=c11", "-Wall", "-Werror", source, "-o", program, *flags.split()])
    return said or run([program], {"LD_LIBRARY_PATH": f"{prefix}/lib", "HOME": folder})


def check(tree, arguments):
    if tree.files is not None:  # a sample
        yield from missing(tree.files)
        return
    if not arguments.build:
        raise lint.Skip("no build folder was given")
    with tempfile.TemporaryDirectory() as folder:
        said = run(["cmake", "--install", arguments.build], {"DESTDIR": folder})
        prefix = folder + arguments.prefix
        yield from missing({path for path in WANTED if os.path.exists(os.path.join(prefix, path))} or {said})
        yield from dead_links(f"{prefix}/share/doc/container-provider")
        wanted = f"cprov {arguments.version}"
        if (said := run([f"{prefix}/bin/cprov", "version"])) != wanted:
            yield f"cprov version: {said!r}, not {wanted!r}"
        if "find-image" not in (said := run([f"{prefix}/bin/find-image", "--help"])):
            yield f"find-image --help: {said!r}"
        if (said := build_example(folder, prefix, arguments)) != arguments.version:
            yield f"a program of others: {said!r}"


SAMPLES = [
    (dict.fromkeys(WANTED, ""), None),
    (dict.fromkeys(WANTED[1:], ""), "bin/cprov is not installed"),
    (dict.fromkeys(WANTED[:-1], ""), "container-provider.yaml is not installed"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES, options))
