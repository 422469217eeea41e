#!/usr/bin/env python3
"""What the built files show: libcprov.so exports what provider.h declares and nothing else, every other
symbol of ours begins with cprov_, and the libraries that are loaded at first use are not linked."""

import re
import subprocess
import sys

import lint

LOADED_LATER = ("libcurl", "libarchive", "libmicrohttpd")
# what compilers and sanitizers add
FOREIGN = re.compile(r"__(asan|odr_asan|ubsan|sanitizer|gcov|llvm|start|stop)|_?_?x86\.|DW\.ref\.|CPROV_\d+$")


def options(parser):
    parser.add_argument("--library", default="", help="libcprov.so")
    parser.add_argument("--program", default="", help="cprov")
    parser.add_argument("--archive", action="append", default=[], help="the static library of a folder")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def declared(header):
    """Names of the functions that a header marks CPROV_API."""
    return set(re.findall(r"\bCPROV_API\b[^;{]*?\b(cprov_\w+)\s*\(", lint.code_of(header)))


def mapped(text):
    """Names that a version script lets out."""
    return set(re.findall(r"\bcprov_\w+(?=\s*;)", text))


def defined(listing):
    """Names that nm says are defined; '@@CPROV_1' of a version is left out."""
    return {line.split()[-1].split("@")[0] for line in listing.splitlines() if len(line.split()) >= 3}


def needed(listing):
    return re.findall(r"\(NEEDED\).*\[([^]]+)\]", listing)


def compare(header, script, exported, listings, linked):
    """listings: nm of each static library by its name; linked: readelf -d of each shared object."""
    public = declared(header)
    if not public:
        yield "provider.h declares nothing"
    for what, names in (("libcprov.map", mapped(script)), ("libcprov.so", {n for n in defined(exported) if not FOREIGN.match(n)})):
        for name in sorted(public - names):
            yield f"{what} lacks {name}, which provider.h declares"
        for name in sorted(names - public):
            yield f"{what} has {name}, which provider.h does not declare"
    for archive, listing in listings.items():
        for name in sorted(defined(listing)):
            if not name.startswith("cprov_") and not FOREIGN.match(name):
                yield f"{archive}: {name} does not begin with cprov_"
    for path, listing in linked.items():
        for library in needed(listing):
            if library.startswith(LOADED_LATER):
                yield f"{path} is linked with {library}"


def check(tree, arguments):
    if tree.files is not None:  # a sample
        yield from compare(*(tree.files[k] for k in ("header", "map", "nm")),
                           {"a.a": tree.files["a.a"]}, {"a.so": tree.files["a.so"]})
        return
    if not arguments.library:
        raise lint.Skip("no library was given")
    yield from compare(tree.text("provider/provider.h"), tree.text("provider/libcprov.map"),
                       run("nm", "-D", "--defined-only", arguments.library),
                       {a: run("nm", "-g", "--defined-only", a) for a in arguments.archive},
                       {p: run("readelf", "-dW", p) for p in (arguments.library, arguments.program) if p})


GOOD = {
    "header": "CPROV_API int cprov_a(int x);\nCPROV_API const char *cprov_b(void); /* CPROV_API int cprov_c(void); */\n",
    "map": "CPROV_1 {\n  global:\n    cprov_a; cprov_b;\n  local: *;\n};\n",
    "nm": "0000 A CPROV_1\n0010 T cprov_a@@CPROV_1\n0020 T cprov_b@@CPROV_1\n",
    "a.a": "a.o:\n0000 T cprov_a\n0000 D cprov_kind\n",
    "a.so": " 0x1 (NEEDED)  Shared library: [libc.so.6]\n",
}
SAMPLES = [
    (GOOD, None),
    ({**GOOD, "nm": "0010 T cprov_a@@CPROV_1\n"}, "libcprov.so lacks cprov_b"),
    ({**GOOD, "nm": GOOD["nm"] + "0030 T cprov_c@@CPROV_1\n"}, "libcprov.so has cprov_c"),
    ({**GOOD, "nm": GOOD["nm"] + "0030 T helper\n"}, "libcprov.so has helper"),
    ({**GOOD, "map": GOOD["map"].replace("cprov_b;", "")}, "libcprov.map lacks cprov_b"),
    ({**GOOD, "map": GOOD["map"].replace("cprov_b;", "cprov_b; cprov_d;")}, "libcprov.map has cprov_d"),
    ({**GOOD, "header": ""}, "declares nothing"),
    ({**GOOD, "a.a": "0000 T helper\n"}, "a.a: helper does not begin with cprov_"),
    ({**GOOD, "a.so": " 0x1 (NEEDED)  Shared library: [libcurl.so.4]\n"}, "a.so is linked with libcurl.so.4"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES, options))
