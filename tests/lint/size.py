#!/usr/bin/env python3
"""Sizes: a function has at most 80 lines and 8 parameters, a file 700 lines, a header 200 (provider.h 900: hosts install,
read and search one file, and every verb has a struct and its contract in it; fixtures of the tests, which are code, 300)."""

import re
import sys

import lint

FUNCTION, PARAMETERS = 80, 8


def lines_at_most(path):
    if path.endswith(".c"):
        return 700
    if path == "provider/provider.h":
        return 900
    return 300 if path.startswith("tests/") else 200


def parameters(signature):
    """How many parameters the first list has: commas at its own depth, and one more."""
    depth = count = 0
    for character in signature[signature.find("(") :]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        count += depth == 1 and character == ","
        if depth == 0:
            break
    return count + 1


def functions(code):
    """(first line, lines, signature); the text is formatted: bodies are { to } in the first column."""
    lines = code.split("\n")
    begin = None
    for number, line in enumerate(lines):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            above = begin
            while above > 0 and lines[above - 1].strip() and lines[above - 1][0] not in "}#":
                above -= 1
            yield begin + 1, number - begin + 1, " ".join(lines[above:begin])
            begin = None


def check(tree, _):
    for path in tree.sources():
        text = tree.text(path)
        count = text.count("\n")
        if count > lines_at_most(path):
            yield f"{path}: {count} lines, at most {lines_at_most(path)}"
        for line, length, signature in functions(lint.code_of(text)):
            if length > FUNCTION:
                yield f"{path}:{line}: the function has {length} lines, at most {FUNCTION}"
            if parameters(signature) > PARAMETERS:
                yield f"{path}:{line}: {parameters(signature)} parameters, at most {PARAMETERS}"


def body(lines):
    return "int f(void)\n{\n" + "    x();\n" * lines + "}\n"


SAMPLES = [
    ({"base/a.c": body(78)}, None),
    ({"base/a.c": "int a;\n\n" + body(79)}, "base/a.c:4: the function has 81 lines"),
    ({"base/a.c": "int x;\n" * 700}, None),
    ({"base/a.c": "int x;\n" * 701}, "701 lines, at most 700"),
    ({"base/a.h": "int x;\n" * 201}, "201 lines, at most 200"),
    ({"tests/fake/a.h": "int x;\n" * 301}, "301 lines, at most 300"),
    ({"provider/provider.h": "int x;\n" * 900}, None),
    ({"provider/provider.h": "int x;\n" * 901}, "901 lines, at most 900"),
    ({"base/a.c": "int f(int a, int b, int c, int d,\n      int (*e)(int, int, int), int g, int h, int i)\n{\n}\n"}, None),
    ({"base/a.c": "int f(int a, int b, int c, int d,\n      int e, int g, int h, int i, int j)\n{\n}\n"}, "9 parameters"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
