#!/usr/bin/env python3
"""A C program of somebody else, built against what `cmake --install` puts down, with a real registry."""

import os
import re
import subprocess

from harness import HERE, Failure, equal, expect, main, need
from images import Layout, real_files
from registry import Registry

VERBS = "pull images inspect login logout serve compat completion help version".split()


def set_up(w):
    with open(os.path.join(w.options.build, "CMakeCache.txt"), encoding="utf-8") as f:
        w.cache = dict(re.findall(r"^(\w+):\w+=(.*)$", f.read(), re.M))
    w.run("cmake", "--install", w.options.build, env={"DESTDIR": w.path("root")})
    w.prefix = w.path("root") + w.cache["CMAKE_INSTALL_PREFIX"]
    w.lib = os.path.join(w.prefix, w.cache.get("CMAKE_INSTALL_LIBDIR", "lib"))
    w.registry = Registry(w)
    w.layout = Layout(w.path("src"))
    w.app = w.layout.image([real_files("json")], "app")
    w.layout.push(w, "app", w.registry.address + "/team/app:1.0")


def flags(w):
    found = w.run("pkg-config", "--cflags", "--libs", "libcprov", env={"PKG_CONFIG_LIBDIR": w.lib + "/pkgconfig"}).out.split()
    sanitize = w.cache.get("CPROV_SANITIZE")
    return found + ([f"-fsanitize={sanitize}"] if sanitize else [])


def a_program_in_c(w):
    compiler = w.cache["CMAKE_C_COMPILER"]
    w.run(compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-o",
          w.path("client"), os.path.join(HERE, "api_client.c"), *flags(w))
    env = {"LD_LIBRARY_PATH": w.lib}
    digest = w.app["digest"]
    version = re.search(r"(\d+\.\d+\.\d+)", w.cprov("version").out).group(1)
    done = w.run(w.path("client"), w.path("store"), w.registry.url, "team/app", env=env)
    equal(done.out, f"available team/app 1.0 {digest}\nadded team/app 1.0 {digest}\ninstalled team/app 1.0 {digest}\n"
                    f"3 items, 0 failures, progress, version {version}\n", "what it said")
    equal(done.err, "", "what the library wrote")
    done = w.run(w.path("client"), w.path("store"), w.registry.url, "team/app", env=env)
    expect(f"present team/app 1.0 {digest}\n" in done.out, done.out)
    done = w.run(w.path("client"), w.path("store"), w.registry.url, "team/nowhere", env=env, code=3)
    expect("failure -3 NoMatchFoundForCriteria team/nowhere\n" in done.out, done.out)
    w.clean()


def a_program_in_cpp(w):
    need("c++")
    source = w.write("client.cpp", """#include <provider.h>
int main()
{
    cprov_find_options find = CPROV_INIT(struct cprov_find_options);
    cprov_session *session = nullptr;
    cprov_session_close(session);
    return !CPROV_HAS(&find, names) || find.names_count || cprov_version() != CPROV_VERSION;
}
""")
    w.run("c++", "-Wall", "-Wextra", "-Werror", "-o", w.path("client++"), source, *flags(w))
    w.run(w.path("client++"), env={"LD_LIBRARY_PATH": w.lib})


def symbols_have_a_version(w):
    need("readelf")
    library = os.path.join(w.lib, "libcprov.so")
    text = w.run("readelf", "--wide", "--dyn-syms", library).out
    defined = [line.split()[7] for line in text.splitlines()
               if re.search(r" (GLOBAL|WEAK) .* \d+ \S+$", line) and " UND " not in line]
    ours = [name for name in defined if name.startswith("cprov_")]
    equal([name for name in ours if not name.endswith("@@CPROV_1")], [], "symbols without a version")
    expect("cprov_session_open@@CPROV_1" in ours, f"not what it should be: {ours}")
    dynamic = w.run("readelf", "--wide", "--dynamic", library).out
    expect("Library soname: [libcprov.so.1]" in dynamic, dynamic)
    for late in ("libcurl", "libarchive", "libmicrohttpd"):
        expect(late not in dynamic, f"{late} is linked, not loaded when it is wanted")


def programs_are_where_they_should_be(w):
    names = sorted(os.listdir(os.path.join(w.prefix, "bin")))
    links = [name for name in names if name != "cprov"]
    equal(len(names), len(links) + 1, "cprov itself")
    env = {"LD_LIBRARY_PATH": w.lib} if w.options.sanitized else {}
    for name in links:
        equal(os.readlink(os.path.join(w.prefix, "bin", name)), "cprov", name)
        expect(w.run(os.path.join(w.prefix, "bin", name), "--help", env=env).out.startswith(f"Usage: {name}"), name)
    said = w.run(os.path.join(w.prefix, "bin", "cprov"), "get-image", "--no-header", "--columns", "name", env=env)
    equal(said.out.strip(), "team/app", "images")
    for name in ["cprov", *links, *(f"cprov-{verb}" for verb in VERBS)]:
        with open(os.path.join(w.prefix, "share/man/man1", name + ".1"), encoding="utf-8") as f:
            expect(f.read().startswith(".TH "), f"{name}.1 is no page")


def pages_and_completions_are_well_formed(w):
    for shell, path in (("bash", "bash-completion/completions/cprov"), ("zsh", "zsh/site-functions/_cprov"),
                        ("fish", "fish/vendor_completions.d/cprov.fish")):
        file = os.path.join(w.prefix, "share", path)
        expect(os.path.getsize(file) > 500, f"{path} is too short")
        if subprocess.run(["which", shell], capture_output=True).returncode == 0:
            w.run(shell, "-n", file)
    if subprocess.run(["which", "groff"], capture_output=True).returncode == 0:
        for name in os.listdir(os.path.join(w.prefix, "share/man/man1")):
            done = w.run("groff", "-man", "-ww", "-z", os.path.join(w.prefix, "share/man/man1", name))
            if done.err:
                raise Failure(f"{name}: {done.err}")


main(["docker-registry", "skopeo", "cmake", "pkg-config"], set_up, a_program_in_c, a_program_in_cpp,
     symbols_have_a_version, programs_are_where_they_should_be, pages_and_completions_are_well_formed)
