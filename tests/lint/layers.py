#!/usr/bin/env python3
"""Who may include, and link, whom: cli -> provider -> mirror -> {registry, store} -> {manifest, conf} -> base."""

import re
import sys

import lint

MAY = {
    "base": {"base"},
    "manifest": {"manifest", "base"},
    "conf": {"conf", "base"},
    "registry": {"registry", "manifest", "conf", "base"},
    "store": {"store", "manifest", "conf", "base"},
    "mirror": {"mirror", "registry", "store", "manifest", "conf", "base"},
    "provider": {"provider", "mirror", "registry", "store", "manifest", "conf", "base"},
    "cli": {"cli", "base"},
}
PRIVATE = re.compile(r"(^|/|_)private\.h$")


def allowed(path, folder, target):
    if folder == "cli" and target == "provider/provider.h":
        return True
    return target.split("/")[0] in MAY[folder]


def check(tree, _):
    for path in tree.sources(*MAY):
        folder = path.split("/")[0]
        for line, name, quoted in lint.includes_of(tree.text(path)):
            if not quoted:
                continue
            if name.split("/")[0] not in MAY:
                yield f"{path}:{line}: \"{name}\" does not begin with a folder of the house"
            elif not allowed(path, folder, name):
                yield f"{path}:{line}: {folder}/ may not include {name}"
            elif PRIVATE.search(name) and name.split("/")[0] != folder:
                yield f"{path}:{line}: {name} is private to its folder"
    for folder, may in MAY.items():
        lists = f"{folder}/CMakeLists.txt"
        if not tree.has(lists):
            continue
        text = re.sub(r"#[^\n]*", "", tree.text(lists))
        for match in re.finditer(r"\bcprov_(%s)\b" % "|".join(MAY), text):
            if match.group(1) not in may:
                yield f"{lists}:{lint.line_of(text, match.start())}: {folder}/ may not link {match.group(0)}"


SAMPLES = [
    ({"base/a.c": '#include "base/a.h"\n'}, None),
    ({"base/a.c": '#include "manifest/digest.h"\n'}, "base/ may not include manifest/digest.h"),
    ({"conf/a.c": '#include "manifest/digest.h"\n'}, "conf/ may not include"),
    ({"registry/a.c": '#include "store/store.h"\n'}, "registry/ may not include store/store.h"),
    ({"store/a.c": '#include "registry/http.h"\n'}, "store/ may not include registry/http.h"),
    ({"mirror/a.h": '#include "provider/provider.h"\n'}, "mirror/ may not include"),
    ({"cli/a.c": '#include "provider/provider.h"\n#include "base/span.h"\n'}, None),
    ({"cli/a.c": '#include "provider/session.h"\n'}, "cli/ may not include provider/session.h"),
    ({"cli/a.c": '\n#  include "store/store.h"\n'}, "cli/a.c:2"),
    ({"provider/a.c": '#include "store/private.h"\n'}, "is private to its folder"),
    ({"provider/a.c": '#include "registry/client_private.h"\n'}, "is private to its folder"),
    ({"store/a.c": '#include "blobs.h"\n'}, "does not begin with a folder"),
    ({"store/CMakeLists.txt": "cprov_module(store SOURCES a.c LINK cprov_registry)\n"}, "store/ may not link cprov_registry"),
    ({"store/CMakeLists.txt": "cprov_module(store SOURCES a.c LINK cprov_base) # not cprov_registry\n"}, None),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
