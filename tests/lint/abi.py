#!/usr/bin/env python3
"""The binary interface: what provider/libcprov.abi records of provider.h is as it was, structs grow at their end alone and end in
no padding, and the version is told alike by header, symbols and change log. `abi.py --update` records what was added; what has
been recorded and must go needs another CPROV_ABI."""

import os
import re
import subprocess
import sys
import tempfile

import lint

HEADER, RECORD, MAP, CHANGES = "provider/provider.h", "provider/libcprov.abi", "provider/libcprov.map", "CHANGELOG.md"
ABOUT = """# What programs that are built already rely on, of 64-bit machines. tests/lint/abi.py --update adds what is new. Until a first
# release, what must change may: remove all lines of the function or struct first.
"""
PAGE, TEST = "docs/embedding.md", "tests/unit/provider/options_test.c"


def options(parser):
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--update", action="store_true", help="record what was added")


def fields_of(body):
    """(name, type) of each member; several in one declaration too."""
    for declaration in (" ".join(d.split()) for d in body.split(";") if d.strip()):
        if pointer := re.fullmatch(r"(.+)\(\*(\w+)\)(\(.*\))", declaration):
            yield pointer[2], f"{pointer[1]}(*){pointer[3]}"
            continue
        first, *others = declaration.split(",")
        kind, name = re.fullmatch(r"(.*?)(\w+)", first).groups()
        yield name, kind.strip()
        for other in others:
            stars, name = re.fullmatch(r"\s*(\**)(\w+)", other).groups()
            yield name, f"{kind.rstrip(' *')} {stars}".strip()


def structs_of(code):
    for name, body in re.findall(r"\bstruct (\w+)\s*\{([^}]*)\}", code):
        yield name, dict(fields_of(body))


def compile_and_run(header, prints, compiler):
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "a.c"), os.path.join(folder, "a")
        with open(source, "w", encoding="utf-8") as f:
            f.write(header + "\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(prints) + "\n    return 0;\n}\n")
        done = subprocess.run([compiler, "-std=c11", source, "-o", program], capture_output=True, text=True)
        if done.returncode:
            raise lint.Skip(f"{HEADER} does not compile: {done.stderr.strip()}")
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()


def measure(header, compiler):
    """The interface as a dict of lines: what it is about, and what it is."""
    code = lint.code_of(header)
    constants = re.findall(r"^#define (CPROV_(?!VERSION)\w+) +\d+ *$", code, re.M)
    code = re.sub(r"^#(?:.*\\\n)*.*$", "", code, flags=re.M)
    facts, prints = {}, ['    printf("pointer\\t%zu\\n", sizeof(void *));']
    for signature, name in re.findall(r"\bCPROV_API\s+([^;]*?\b(cprov_\w+)\s*\([^;]*);", code):
        facts[f"function {name}"] = " ".join(signature.split())
    for signature, name in re.findall(r"\btypedef\s+([^;]*?\b(cprov_\w+)\([^;]*);", code):
        facts[f"callback {name}"] = " ".join(signature.split())
    for body in re.findall(r"\benum \w+\s*\{([^}]*)\}", code):
        constants += re.findall(r"\b(CPROV_\w+)", body)
    prints += [f'    printf("constant {name}\\t%d\\n", {name});' for name in constants]
    kinds = {}
    for name, fields in structs_of(code):
        prints.append(f'    printf("struct {name}\\t%zu\\n", sizeof(struct {name}));')
        for field, kind in fields.items():
            kinds[f"field {name}.{field}"] = kind
            prints.append(f'    printf("field {name}.{field}\\t%zu %zu\\n", offsetof(struct {name}, {field}), '
                          f"sizeof(((struct {name} *)0)->{field}));")
    for line in compile_and_run(header, prints, compiler):
        what, value = line.split("\t")
        facts[what] = f"{value} {kinds[what]}" if what in kinds else value
    if facts.pop("pointer") != "8":
        raise lint.Skip("the record is of 64-bit machines")
    return facts


def sizes_of(facts):
    return {what.split()[1]: int(value) for what, value in facts.items() if what.startswith("struct ")}


def extents_of(facts, struct):
    """(where it begins, where it ends) of each field."""
    for what, value in facts.items():
        if what.startswith(f"field {struct}."):
            offset, size = map(int, value.split()[:2])
            yield offset, offset + size


def broken(recorded, present):
    """What programs that are built already would stumble over."""
    sizes = sizes_of(recorded)
    for what, value in recorded.items():
        now = present.get(what)
        grows = what.startswith("struct ") and f"field {what.split()[1]}.size" in recorded
        if now is None:
            yield f"{what} is gone"
        elif grows and int(now) < int(value) or not grows and now != value:
            yield f"{what} was {value}, is {now}"
    for what, value in present.items():
        struct = what.split()[1].split(".")[0]
        if what not in recorded and what.startswith("field ") and int(value.split()[0]) < sizes.get(struct, 0):
            yield f"{what} lies within the struct as it was: fields are added at the end"


def check_interface(recorded, present):
    if recorded["constant CPROV_ABI"] != present["constant CPROV_ABI"]:
        yield f"another CPROV_ABI needs a record of its own: remove {RECORD} and run tests/lint/abi.py --update"
        return
    for finding in broken(recorded, present):
        yield f"{HEADER}: {finding}"
    for what in sorted(present.keys() - recorded.keys()):
        yield f"{HEADER}: {what} is not recorded: run tests/lint/abi.py --update"
    for struct, size in sizes_of(present).items():
        if size != max(end for _, end in extents_of(present, struct)):
            yield f"{HEADER}: struct {struct} ends in padding, where a field would be added without making it larger"


def check_version(tree, facts):
    header, abi = tree.text(HEADER), facts["constant CPROV_ABI"]
    version = ".".join(re.search(rf"#define CPROV_VERSION_{part} +(\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
    if not (tree.text(MAP).startswith(f"CPROV_{abi} {{")):
        yield f"{MAP}: symbols are not of CPROV_{abi}"
    newest = re.search(r"^## (.*)$", tree.text(CHANGES), re.M)
    if not newest or version not in newest[1]:
        yield f"{CHANGES}: the newest heading does not tell {version}, the version of {HEADER}"


def check_test(facts, test):
    """The table of the test has each function; here: each struct in a struct."""
    for what, value in facts.items():
        field = re.fullmatch(r"field cprov_(\w+)_options\.(\w+)", what)
        inner = re.fullmatch(r"\d+ \d+ const struct (\w+) \*", value)
        if field and inner and f"field {inner[1]}.size" in facts and f"AT({field[1]}, {field[2]})" not in test:
            yield f"{TEST}: no row has AT({field[1]}, {field[2]})"


def read(text):
    return dict(line.split("\t") for line in text.splitlines() if not line.startswith("#"))


def update(root, present):
    path = os.path.join(root, RECORD)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            breaks = list(broken(read(f.read()), present))
        if breaks:
            sys.exit("\n".join(breaks))
    with open(path, "w", encoding="utf-8") as f:
        f.write(ABOUT + "".join(f"{what}\t{value}\n" for what, value in present.items()))


def example_of(page):
    return re.search(r"^```c\n(.*?)^```", page, re.M | re.S)[1]


def check_example(tree, compiler):
    done = subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only",
                           "-I", os.path.join(tree.root, "provider"), "-x", "c", "-"],
                          input=example_of(tree.text(PAGE)), capture_output=True, text=True)
    if done.returncode:
        yield f"{PAGE}: {done.stderr.strip()}"


def check(tree, arguments):
    present = measure(tree.text(HEADER), arguments.compiler)
    if arguments.update and tree.files is None:
        update(tree.root, present)
    yield from check_interface(read(tree.text(RECORD)), present)
    yield from check_version(tree, present)
    yield from check_test(present, tree.text(TEST))
    if tree.files is None:
        yield from check_example(tree, arguments.compiler)


START = """#include <stddef.h>
#include <stdint.h>
#define CPROV_ABI 1
#define CPROV_VERSION_MAJOR 0
#define CPROV_VERSION_MINOR 1
#define CPROV_VERSION_PATCH 0
#define CPROV_API
"""
STRUCT = "struct cprov_a {\n    size_t size;\n    const char *x, **y;\n    int (*f)(int a);\n};\n"
REST = "enum cprov_e { CPROV_ONE = 1 };\nCPROV_API int cprov_run(const struct cprov_a *a);\n"
NESTED = "struct cprov_find_options {\n    size_t size;\n    const struct cprov_a *version;\n};\n"
LINES = [("constant CPROV_ABI", "1"), ("constant CPROV_ONE", "1"), ("struct cprov_a", "32"),
         ("field cprov_a.size", "0 8 size_t"), ("field cprov_a.x", "8 8 const char *"), ("field cprov_a.y", "16 8 const char **"),
         ("field cprov_a.f", "24 8 int (*)(int a)"), ("function cprov_run", "int cprov_run(const struct cprov_a *a)")]


def sample(header, changes="## [Unreleased]: 0.1.0\n", symbols="CPROV_1 {\n"):
    record = "".join(f"{a}\t{b}\n" for a, b in LINES)
    return {HEADER: START + header, RECORD: record, MAP: symbols, CHANGES: changes, TEST: "AT(find, version)"}


SAMPLES = [
    (sample(STRUCT + REST), None),
    (sample(STRUCT.replace("};", "    uint64_t z;\n};") + REST), "field cprov_a.z is not recorded"),
    (sample(STRUCT.replace("    const", "    uint64_t z;\n    const") + REST), "field cprov_a.z lies within the struct"),
    (sample(STRUCT.replace("    const", "    uint64_t z;\n    const") + REST), "field cprov_a.x was 8 8"),
    (sample(STRUCT.replace("};", "    char z;\n};") + REST), "cprov_a ends in padding"),
    (sample(STRUCT.replace("const char *x", "char *x") + REST), "field cprov_a.x was 8 8 const char *, is 8 8 char *"),
    (sample(STRUCT.replace("*x, *", "*") + REST), "field cprov_a.x is gone"),
    (sample(STRUCT + REST.replace("= 1", "= 2")), "constant CPROV_ONE was 1, is 2"),
    (sample(STRUCT + REST.replace("int cprov_run", "long cprov_run")), "function cprov_run was"),
    (sample(STRUCT + REST + "CPROV_API int cprov_go(void);\n"), "function cprov_go is not recorded"),
    (sample(STRUCT + REST + NESTED), "struct cprov_find_options is not recorded"),
    (sample(STRUCT + REST + NESTED.replace("*version", "*other")), "no row has AT(find, other)"),
    (sample(STRUCT + REST, changes="## [0.2.0]\n\n## [0.1.0]\n"), "does not tell 0.1.0"),
    (sample(STRUCT + REST, symbols="CPROV_2 {\n"), "symbols are not of CPROV_1"),
    ({**sample(STRUCT + REST), HEADER: START.replace("ABI 1", "ABI 2") + STRUCT + REST}, "another CPROV_ABI"),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES, options))
