#!/usr/bin/env python3
"""A tag means one thing: no struct, union or enum tag is defined twice in the product, not even in two files of their own."""

import re
import sys

import lint

DEFINED = re.compile(r"^(?:static |const )*(?:struct|union|enum) (\w+) \{", re.M)


def check(tree, _):
    first = {}
    for path in tree.sources(*lint.FOLDERS):
        code = lint.code_of(tree.text(path))
        for match in DEFINED.finditer(code):
            place = f"{path}:{lint.line_of(code, match.start())}"
            if match.group(1) in first:
                yield f"{place}: '{match.group(1)}' is what {first[match.group(1)]} calls something else"
            first.setdefault(match.group(1), place)


SAMPLES = [
    ({"base/a.c": "struct cprov_job {\n};\n", "conf/b.h": "struct cprov_task {\n};\n"}, None),
    ({"base/a.c": "struct cprov_job {\n};\n", "conf/b.h": "\nstruct cprov_job {\n};\n"},
     "conf/b.h:2: 'cprov_job' is what base/a.c:1 calls something else"),
    ({"base/a.c": "static const struct part {\n} parts[] = {\n};\n", "cli/b.c": "enum part {\n};\n"}, "cli/b.c:1: 'part'"),
    ({"base/a.c": "struct cprov_job *next;\n", "conf/b.h": "struct cprov_job {\n};\n"}, None),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
