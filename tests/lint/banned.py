#!/usr/bin/env python3
"""Functions that are not called here, asserts that do something, decisions by the text of a message, and words of the command
line below cli/: a hint is an id there (base/hint.h), and cli/hint_words.c has the words."""

import re
import sys

import lint

BANNED = """strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol sscanf gets alloca setjmp system
popen mktemp tmpnam gmtime localtime strerror""".split()
# In base/ alone, behind functions that look at the end of the text and at overflow; tests may, too, since
# they read what they wrote.
NUMBERS = "strtol strtoul strtoll strtoull strtoimax strtoumax strtod strtof strtold".split()
# Programs are started by base/child.c alone; tests start what they like.
STARTS = "fork vfork clone execv execve execvp execvpe execl execlp execle fexecve".split()
CALL = re.compile(r"(?<![\w.])(?<!->)(%s)\s*\(" % "|".join(BANNED + NUMBERS + STARTS))
# Below tests/ nothing is decided by the text of a message: a code or a field of the record tells.
READS = re.compile(r"(?<![\w.])(?<!->)(str(?:n?cmp|n?casecmp|n?str|casestr|chr|rchr|pbrk|spn|cspn)|memmem|memcmp"
                   r"|cprov_span_(?:is|is_nocase|starts_with|starts_with_nocase|ends_with|find|cut|equal))\s*\(")
MESSAGE = re.compile(r"(?:\.|->)(?:msg|about|hint|message)\b|\berrmsg\s*\(|\bwhat_if\b")
# libcurl tells some causes of a failed handshake in words alone.
READER = "net/http_failure.c"
# Commands for people to copy are what these pages are about.
PAGES = ("cli/", "serve/ui/", "tests/", "bench/")
STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')
OPTION = re.compile(r"(?<![\w-])--[a-z]|\bcprov [a-z]")
# A verb alone is an id, as in the log of events; within a text it is a word.
VERB = re.compile(r"(?=.*[ '])(?:.*?)(?<![\w.-])(?:find|install|save|get|test|new|remove|publish|copy|register|set|unregister|mirror)"
                  r"-(?:image|source|container)\b")
EFFECT = re.compile(r"\+\+|--|(?<![=!<>])=(?!=)")


def argument(code, start):
    """What stands between the parentheses, the first of which is at start."""
    depth = 0
    for i in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return code[start + 1 : i]
    return code[start + 1 :]


def check(tree, _):
    for path in tree.sources():
        code = lint.code_of(tree.text(path))
        for match in CALL.finditer(code):
            name = match.group(1)
            allowed = {**dict.fromkeys(NUMBERS, ("base/", "tests/")), **dict.fromkeys(STARTS, "tests/")}.get(name)
            if not allowed or not path.startswith(allowed):
                yield f"{path}:{lint.line_of(code, match.start())}: {name}() is not called here"
        for match in READS.finditer(code) if not path.startswith("tests/") and path != READER else ():
            if MESSAGE.search(argument(code, match.end() - 1)):
                yield f"{path}:{lint.line_of(code, match.start())}: {match.group(1)}() reads a message"
        if not path.startswith(PAGES):
            # comments are blanked, strings are not
            shown = lint.PIECE.sub(lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), tree.text(path))
            for match in STRING.finditer(shown):
                if OPTION.search(match[1]) or VERB.match(match[1]):
                    yield f"{path}:{lint.line_of(shown, match.start())}: a text that names an option or a verb: {match[1]}"
            if re.search(r"\bcprov_hint_words\s*\(", code) and not path.startswith("base/error."):
                yield f"{path}: hints in words are of cli/"
        for match in re.finditer(r"(?<!\w)assert\s*\(", code):
            if EFFECT.search(argument(code, match.end() - 1)):
                yield f"{path}:{lint.line_of(code, match.start())}: this assert does something"


SAMPLES = [
    ({"base/a.c": "x = strtoull(p, &end, 10);"}, None),
    ({"cli/a.c": "x = strtoull(p, &end, 10);"}, "strtoull()"),
    ({"cli/a.c": "strcpy_s(a, b); /* strcpy(a, b) */ s = \"strcpy(\"; o->system(1); o.gets (2);"}, None),
    ({"cli/a.c": "\n/* a\n */ n = atoi\n(text);"}, "cli/a.c:3: atoi()"),
    ({"engine/a.c": "pid = fork();"}, "fork()"),
    ({"tests/unit/a.c": "pid = fork(); execvp(argv[0], argv);"}, None),
    ({"tests/unit/a.c": 'sprintf(buf, "%d", 1);'}, "sprintf()"),
    ({"registry/a.c": 'if (strstr(l->err.msg, "newest is"))'}, "registry/a.c:1: strstr() reads a message"),
    ({"registry/a.c": 'if (cprov_span_starts_with(cprov_span_of(err->msg), "no"))'}, "reads a message"),
    ({"registry/a.c": 'strstr(t->text, "x"); f(err->msg);'}, None),
    ({"cli/a.c": "if (strncmp(text, what_if, strlen(what_if)) != 0)"}, "reads a message"),
    ({"cli/a.c": 'if (strstr(failure->message, "newest"))'}, "reads a message"),
    ({"catalog/a.c": 'if (strstr(cprov_sqlite.errmsg(db), "no such"))'}, "reads a message"),
    ({"net/a.c": 'f("allow it with --allow-http");'}, "net/a.c:1: a text that names an option"),
    ({"net/a.c": 'f("log in: "\n  "cprov login %s");'}, "net/a.c:2: a text that names"),
    ({"store/a.c": "f(\"'install-image NAME' makes one\");"}, "names an option or a verb"),
    ({"store/a.c": 'f("get-source lists them");'}, "names an option or a verb"),
    ({"store/a.c": 'log("register-source"); f("io.os-image x -- y"); /* "--force" */'}, None),
    ({"cli/a.c": 'f("--force replaces it");'}, None),
    ({"store/a.c": 'cprov_hint_words(err, "x");'}, "are of cli/"),
    ({"tests/unit/a.c": 'assert_non_null(strstr(err.msg, "x"));'}, None),
    ({"base/a.c": "assert(n == 1 && m <= 2 && k != 3 && p->x >= 4);"}, None),
    ({"base/a.c": "assert(n++ < (1 + 2));"}, "this assert does something"),
    ({"base/a.c": "assert((n = f(x)));"}, "this assert does something"),
] + [({"base/a.c": f"{name}(x);"}, f"{name}()") for name in BANNED]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
