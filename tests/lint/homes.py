#!/usr/bin/env python3
"""One foreign library, one home: nobody else includes its headers, not even through a header of ours."""

import posixpath
import re
import sys

import lint

# header -> the files that may see it
HOMES = [
    (r"yajl/", r"base/json\w*\.c"),
    (r"openssl/", r"base/(hash|signature)\.c"),
    (r"isa-l|zlib\.h|zstd|zconf\.h", r"base/(in|de)flate\w*\.[ch]"),
    (r"dlfcn\.h", r"base/library\.c"),
    (r"spawn\.h", r"base/child\.c"),
    (r"yaml\.h", r"conf/yaml_value\.c"),
    (r"curl/", r"net/(http\w*|curl_library\w*|url)\.[ch]"),
    (r"libpsl", r"net/origin\.c"),
    (r"sqlite3", r"catalog/cache/\w+\.[ch]"),
    (r"archive", r"archive/foreign\.c"),
    (r"wimlib", r"archive/wim\.c"),
    (r"microhttpd", r"serve/\w+\.[ch]"),
    (r"glib|gio/|gobject/|packagekit", r"provider/packagekit/\w+\.[ch]"),
]
# C, POSIX and Linux; anything else is a library that has no home yet.
SYSTEM = """assert ctype dirent endian errno fcntl fnmatch getopt glob ifaddrs inttypes langinfo libgen limits
link locale math netdb poll pthread pwd grp regex sched semaphore signal spawn stdalign stdarg stdatomic
stdbool stddef stdint stdio stdlib stdnoreturn string strings syslog termios threads time unistd utime wchar
wctype""".split()
SYSTEM_FOLDERS = ("sys/", "linux/", "netinet/", "net/", "arpa/")


def is_system(name):
    return name.startswith(SYSTEM_FOLDERS) or name.removesuffix(".h") in SYSTEM


def seen_by(tree, path, known):
    """Foreign headers that a file sees, each with the way there."""
    if path in known:
        return known[path]
    known[path] = {}
    seen = {}
    for line, name, quoted in lint.includes_of(tree.text(path)):
        if not quoted:
            seen.setdefault(name, f"{path}:{line}")
        elif tree.has(name):
            for foreign, way in seen_by(tree, posixpath.normpath(name), known).items():
                seen.setdefault(foreign, f"{path}:{line}, by {way}")
    known[path] = seen
    return seen


def check(tree, _):
    known = {}
    for path in tree.sources(*lint.FOLDERS):
        for name, way in seen_by(tree, path, known).items():
            if is_system(name) and name not in ("dlfcn.h", "spawn.h"):
                continue
            homes = [home for header, home in HOMES if re.match(header, name)]
            if not homes:
                yield f"{way}: <{name}> belongs to no library that has a home"
            elif not any(re.fullmatch(home, path) for home in homes):
                yield f"{way}: <{name}> is at home in {' and '.join(homes)}"


SAMPLES = [
    ({"base/hash.c": "#include <openssl/evp.h>\n#include <string.h>\n"}, None),
    ({"store/hash.c": "#include <openssl/evp.h>\n"}, "at home in base/"),
    ({"registry/client.c": "#include <curl/curl.h>\n"}, "at home in net/"),
    ({"registry/client.c": '#include "net/http.h"\n', "net/http.h": "#include <curl/curl.h>\n"}, "registry/client.c:1, by net/http.h:1"),
    ({"provider/serve.c": "#include <microhttpd.h>\n"}, "at home in serve/"),
    ({"archive/a.c": "#include <archive_entry.h>\n"}, "at home in archive/foreign"),
    ({"base/conf.c": "#include <yaml.h>\n"}, "at home in conf/"),
    ({"store/check.c": "#include <zlib.h>\n"}, "at home in base/(in|de)flate"),
    ({"manifest/a.c": "#include <yajl/yajl_parse.h>\n"}, "at home in base/json"),
    ({"store/a.c": "#include <dlfcn.h>\n"}, "at home in base/library"),
    ({"engine/a.c": "#include <spawn.h>\n"}, "at home in base/child"),
    ({"base/child.c": "#include <spawn.h>\n"}, None),
    ({"provider/a.c": "#include <wimlib.h>\n"}, "at home in archive/wim"),
    ({"cli/a.c": "#include <glib.h>\n"}, "at home in provider/packagekit"),
    ({"cli/a.c": "#include <ncurses.h>\n"}, "belongs to no library that has a home"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
