#!/usr/bin/env python3
"""What is cleaned up at the end of its scope holds something sound from the beginning: a pointer is initialised
where it is declared, and nothing returns before a struct was first given to somebody."""

import re
import sys

import lint

DECLARATION = re.compile(r"\bauto_\w+\s+struct\s+\w+\s+(\**)(\w+)\s*;")


def check(tree, _):
    for path in tree.sources():
        code = lint.code_of(tree.text(path))
        for match in DECLARATION.finditer(code):
            pointer, name = match.groups()
            first = re.search(rf"(?P<used>\b{name}\b)|\b(return|goto|break|continue)\b|^}}", code[match.end() :], re.M)
            if pointer or not first or not first.group("used"):
                yield f"{path}:{lint.line_of(code, match.start())}: {name} may be cleaned up before it is made"


SAMPLES = [
    ({"cli/a.c": "    auto_buf struct cprov_buf b = { 0 };\n    return 0;\n}\n"}, None),
    ({"cli/a.c": "    auto_buf struct cprov_buf b;\n    auto_buf struct cprov_buf c;\n\n    cprov_buf_init(&b, 1);\n    cprov_buf_init(&c, 1);\n    return 0;\n}\n"}, None),
    ({"cli/a.c": "    auto_buf struct cprov_buf b;\n    if (!x)\n        return 0;\n    cprov_buf_init(&b, 1);\n}\n"}, "cli/a.c:1: b may be"),
    ({"cli/a.c": "    auto_buf struct cprov_buf b;\n    cprov_buf_init(&bb, 1);\n    return 0;\n}\n"}, "b may be"),
    ({"cli/a.c": "    auto_buf struct cprov_buf b;\n    return f(&b);\n}\n"}, "b may be"),
    ({"cli/a.c": "    auto_store struct cprov_store *s;\n    f(&s);\n    return 0;\n}\n"}, "s may be"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
