#!/usr/bin/env python3
"""What a header declares is in the .c file of its name, or in files whose names begin with it."""

import os
import re
import sys

import lint

# One object in several files, or a door to several: each with the reason why the header is one.
SEVERAL = {
    "base/inflate_codec.h": "what inflate.c is made from, for its codecs",
    "catalog/cache/cache.h": "one database",
    "catalog/cache/cache_private.h": "its rows",
    "catalog/search/search.h": "one search",
    "cli/cli.h": "one file a verb",
    "cli/help.h": "one text, on the screen and as a man page",
    "cli/options.h": "the table of options, and what reads them",
    "cli/out_format.h": "what the formats share",
    "conf/conf.h": "all that is configured",
    "conf/credentials.h": "logins, and what wipes them",
    "conf/draft_private.h": "a configuration while its files are read",
    "manifest/platform.h": "platforms, what fits them, and versions of Windows",
    "manifest/reference.h": "references and the hosts in them",
    "net/http_transfer_private.h": "one transfer, and why it failed",
    "provider/outcome.h": "what several operations share",
    "provider/provider.h": "the public interface: one file an operation",
    "provider/session.h": "one session",
    "registry/client.h": "one client: one file an operation",
    "rootfs/files.h": "the doors to the files of an image",
    "rootfs/merge_journal_private.h": "one journal, written and undone",
    "serve/served_private.h": "one view",
    "serve/ui/ui_page_private.h": "one file a page",
    "store/blobs.h": "one door to the blobs",
    "store/store.h": "one store",
}
FUNCTION = r"^(?!static\b|typedef\b|#)[\w][\w \*]*?[ \*](\w+)\((?:[^;{}()]|\([^()]*\))*\)"
DEFINED = re.compile(FUNCTION + r"\n\{", re.M)
DECLARED = re.compile(FUNCTION + r"[^;{}]*;", re.M)


def stem(path):
    return re.sub(r"_private$", "", os.path.splitext(path)[0])


def check(tree, _):
    code = {path: lint.code_of(tree.text(path)) for path in tree.sources(*lint.FOLDERS)}
    homes = {}
    for path in code:
        if path.endswith(".c"):
            for match in DEFINED.finditer(code[path]):
                homes.setdefault(match.group(1), path)
    for path in code:
        if not path.endswith(".h") or path in SEVERAL:
            continue
        for match in DECLARED.finditer(code[path]):
            home = homes.get(match.group(1))
            if home and stem(home) != stem(path) and not stem(home).startswith(stem(path) + "_"):
                yield f"{path}:{lint.line_of(code[path], match.start())}: {match.group(1)}() is in {home}"


A = "#ifndef A\nint cprov_a(int (*f)(void));\nCPROV_MUST_CHECK\nint cprov_b(void) CPROV_PRINTF(1, 2);\n#endif\n"
SAMPLES = [
    ({"store/a.h": A, "store/a.c": "int cprov_a(int (*f)(void))\n{\n}\n"}, None),
    ({"store/a_private.h": A, "store/a_more.c": "int cprov_a(int (*f)(void))\n{\n}\n"}, None),
    ({"store/a.h": A, "store/other.c": "int cprov_a(int (*f)(void))\n{\n}\n"}, "store/a.h:2: cprov_a() is in store/other.c"),
    ({"store/a.h": A, "store/ab.c": "int cprov_b(void)\n{\n}\n"}, "cprov_b() is in store/ab.c"),
    ({"store/a.h": A, "net/a.c": "int cprov_b(void)\n{\n}\n"}, "cprov_b() is in net/a.c"),
    ({"store/a.h": A, "store/b.c": "static int cprov_a(void)\n{\n}\n"}, None),
    ({"store/store.h": A, "store/b.c": "int cprov_b(void)\n{\n}\n"}, None),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
