#!/usr/bin/env python3
"""Tired words and phrases in what people read: texts of the program, pages, the changelog, the shipped configuration."""

import re
import sys

import lint

PAGES = re.compile(r"^(README\.md|CHANGELOG\.md|docs/[^/]+\.md|conf/.*\.yaml)$")
STRING = re.compile(lint.PIECE.pattern, re.S)

# What is written, what to write. A phrase may run over the end of a line.
TIRED = {
    "nowhere": "say what is missing",
    "nobody": "name who, or use the passive",
    "anew": "again",
    "all the same": "anyway, still",
    r"(?:is|are|was|were) told": "is reported, is shown",
    r"(?:is|are) believed": "is trusted, counts as current",
    r"of those that": "of the ... that",
    r"(?:gone|goes|go) on (?:from|where|with)": "resumed, continued",
    r"(?:is|are) there already": "exists already",
    r"(?:is|are) not to be had": "is not available",
    r"(?:is|are) not one\b(?! )": "is not valid",
    r"so (?:large|long|many) as": "as large as",
    r"somebody else's": "of another user or program",
    r"to be no \w+": "not to be a ...",
    r"the index of (?:the|all) sources": "the cache",
    r"the places? to look": "the sources",
}
RULES = [(re.compile(r"(?<![\w'-])%s(?![\w-])" % phrase.replace(" ", r"[\s\"*]+"), re.I), better) for phrase, better in TIRED.items()]


def literals(text):
    """C text with everything but its string literals blanked; lines stay where they are."""

    def keep(match):
        piece = match.group(0)
        return piece if piece[0] == '"' else "\n" * piece.count("\n")

    kept, at = [], 0
    for match in STRING.finditer(text):
        kept.append(re.sub(r"[^\n\s]+", ";", text[at : match.start()]))
        kept.append(keep(match))
        at = match.end()
    return "".join(kept) + re.sub(r"[^\n\s]+", ";", text[at:])


def check(tree, _):
    for path in tree.paths:
        if PAGES.match(path):
            text = tree.text(path)
        elif path.endswith((".c", ".h")) and path.split("/")[0] in lint.FOLDERS:
            text = literals(tree.text(path))
        else:
            continue
        for rule, better in RULES:
            for match in rule.finditer(text):
                found = " ".join(match.group(0).replace('"', " ").split())
                yield f"{path}:{lint.line_of(text, match.start())}: '{found}' is tired: {better}"


SAMPLES = [
    ({"cli/a.c": 'f("is nowhere\\n");'}, "cli/a.c:1: 'nowhere'"),
    ({"cli/a.c": 'f("the size is "\n  "told");'}, "'is told'"),
    ({"cli/a.c": '/* nowhere */ int anew; f("is"); g("told");'}, None),
    ({"tests/unit/a.c": 'f("nobody");'}, None),
    ({"docs/a.md": "x\nIt is made\nanew.\n"}, "docs/a.md:3: 'anew'"),
    ({"README.md": "does it all\nthe same\n"}, "README.md:1: 'all the same'"),
    ({"CHANGELOG.md": "An interrupted download is gone on from.\n"}, "'gone on from'"),
    ({"docs/a.md": "all of the same size, told apart, one of them is not one of these\n"}, None),
    ({"conf/a.yaml": "# Where the index of all sources is.\n"}, "'the index of all sources'"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
