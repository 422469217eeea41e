#!/usr/bin/env python3
"""Who may include, and link, whom; and that what a room calls private stays in it.

Each room names the rooms straight below it; what these may see, it may see too, and nothing leads back up.
"""

import re
import sys

import lint

BELOW = {
    "base": (),
    "manifest": ("base",),
    "conf": ("base",),
    "net": ("conf", "manifest"),
    "registry": ("net",),
    "store": ("manifest",),
    "archive": ("store",),
    "rootfs": ("archive",),
    "engine": ("rootfs",),
    "catalog/document": ("net", "manifest"),
    "catalog/cache": ("catalog/document",),
    "catalog/source": ("catalog/document", "registry", "archive"),
    "catalog/search": ("catalog/cache", "catalog/source"),
    "serve": ("store", "catalog/document"),
    "provider/find": ("provider",),
    "provider": ("serve", "engine", "catalog/search"),
    "cli": ("base",),
}
PRIVATE = re.compile(r"_private\.h$")


def may_see(room):
    seen = {room}
    for below in BELOW[room]:
        seen |= may_see(below)
    return seen


MAY = {room: may_see(room) for room in BELOW}


def room_of(path):
    """The innermost room that the path is in, or None."""
    parts = path.split("/")[:-1]
    while parts and "/".join(parts) not in BELOW:
        parts.pop()
    return "/".join(parts) or None


def check(tree, _):
    for path in tree.sources(*lint.FOLDERS):
        room = room_of(path)
        if not room:
            yield f"{path}: is in no room of the house"
            continue
        for line, name, quoted in lint.includes_of(tree.text(path)):
            if not quoted:
                continue
            other = room_of(name)
            if not other:
                yield f"{path}:{line}: \"{name}\" does not begin with a room of the house"
            elif other not in MAY[room] and (room, name) != ("cli", "provider/provider.h"):
                yield f"{path}:{line}: {room}/ may not include {name}"
            elif PRIVATE.search(name) and other != room:
                yield f"{path}:{line}: {name} is private to its room"
    libraries = {room.replace("/", "_"): room for room in BELOW}
    for room in BELOW:
        lists = f"{room}/CMakeLists.txt"
        if not tree.has(lists):
            continue
        text = re.sub(r"#[^\n]*", "", tree.text(lists))
        for match in re.finditer(r"\bcprov_(%s)\b" % "|".join(libraries), text):
            if libraries[match.group(1)] not in MAY[room]:
                yield f"{lists}:{lint.line_of(text, match.start())}: {room}/ may not link {match.group(0)}"


SAMPLES = [
    ({"base/a.c": '#include "base/a.h"\n'}, None),
    ({"base/a.c": '#include "manifest/digest.h"\n'}, "base/ may not include manifest/digest.h"),
    ({"conf/a.c": '#include "manifest/digest.h"\n'}, "conf/ may not include"),
    ({"registry/a.c": '#include "store/store.h"\n'}, "registry/ may not include store/store.h"),
    ({"store/a.c": '#include "net/http.h"\n'}, "store/ may not include"),
    ({"store/a.c": '#include "archive/tar_reader.h"\n'}, "store/ may not include"),
    ({"catalog/cache/a.c": '#include "catalog/search/search.h"\n'}, "catalog/cache/ may not include"),
    ({"catalog/cache/a.c": '#include "catalog/document/entry.h"\n'}, None),
    ({"catalog/document/a.c": '#include "registry/client.h"\n'}, "catalog/document/ may not include"),
    ({"catalog/search/a.c": '#include "catalog/cache/cache_private.h"\n'}, "is private to its room"),
    ({"catalog/a.c": ""}, "is in no room"),
    ({"serve/ui/a.c": '#include "serve/view_private.h"\n'}, None),
    ({"serve/a.h": '#include "provider/provider.h"\n'}, "serve/ may not include"),
    ({"cli/a.c": '#include "provider/provider.h"\n#include "base/span.h"\n'}, None),
    ({"cli/a.c": '#include "provider/session.h"\n'}, "cli/ may not include provider/session.h"),
    ({"cli/a.c": '\n#  include "store/store.h"\n'}, "cli/a.c:2"),
    ({"provider/a.c": '#include "provider/find/filter.h"\n'}, "provider/ may not include"),
    ({"provider/a.c": '#include "store/store_private.h"\n'}, "is private to its room"),
    ({"store/a.c": '#include "blobs.h"\n'}, "does not begin with a room"),
    ({"store/CMakeLists.txt": "cprov_module(store SOURCES a.c LINK cprov_registry)\n"}, "store/ may not link cprov_registry"),
    ({"catalog/cache/CMakeLists.txt": "LINK cprov_catalog_search\n"}, "catalog/cache/ may not link cprov_catalog_search"),
    ({"store/CMakeLists.txt": "cprov_module(store SOURCES a.c LINK cprov_base) # not cprov_registry\n"}, None),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
