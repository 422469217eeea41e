#!/usr/bin/env python3
"""One way to fail: `if (a() < 0 || b() < 0) return err->code;`, no ladder of `if (code == 0) code = ...;`."""

import re
import sys

import lint

# Rooms whose ladders are still to go; a room leaves this list and never joins it.
EXEMPT = ("net/", "registry/", "catalog/", "serve/", "provider/", "cli/", "tests/")
RUNG = r"if \(code == 0(?: && [^{};]*)?\)\s+code =[^=;{}][^;{}]*;\s*"
# Rungs on each other, or one that leads to the end: a condition says the same.
LADDER = re.compile(RUNG + r"(?:if \(code == 0\b|if \(code < 0\)\s+return code;|return code;)")
# Codes are 0 or negative, and everywhere asked in one way.
NOT_ZERO = re.compile(r"\bcode != 0\b")


def check(tree, _):
    for path in tree.sources():
        if path.startswith(EXEMPT) or not path.endswith(".c"):
            continue
        code = lint.code_of(tree.text(path))
        for match in LADDER.finditer(code):
            yield f"{path}:{lint.line_of(code, match.start())}: a ladder: say if (a() < 0 || b() < 0)"
        for match in NOT_ZERO.finditer(code):
            yield f"{path}:{lint.line_of(code, match.start())}: code != 0: say code < 0"


RUNGS = "int code = a(err);\nif (code == 0)\n    code = b(err);\n"
SAMPLES = [
    ({"store/a.c": RUNGS + "return code;"}, "store/a.c:2: a ladder"),
    ({"store/a.c": RUNGS + "if (code == 0 && more)\n    code = c(err);\nfree(p);\nreturn code;"}, "a ladder"),
    ({"store/a.c": RUNGS + "if (code < 0)\n    return code;"}, "a ladder"),
    ({"store/a.c": RUNGS + "free(p);\nreturn code;"}, None),
    ({"store/a.c": "if (a(err) < 0 || b(err) < 0)\n    return err->code;"}, None),
    ({"store/a.c": "int code = a(err);\nif (code != 0)\n    return code;"}, "say code < 0"),
    ({"net/a.c": RUNGS + "return code;"}, None),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
