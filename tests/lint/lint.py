"""What the lint scripts share: the files of the tree, C without its comments, and the main program."""

import argparse
import os
import re
import sys

SKIPPED = 77
FOLDERS = ("base", "manifest", "conf", "net", "registry", "store", "archive", "rootfs", "catalog", "engine",
           "serve", "provider", "cli")


class Skip(Exception):
    """Raised with the reason why a rule cannot be looked at here."""


class Tree:
    """Files by their path below the root; a dict of texts stands in for a tree in the self-tests."""

    def __init__(self, root=None, files=None):
        self.root = root
        self.files = files
        self.paths = sorted(files if files is not None else self._walk())

    def _walk(self):
        for folder, subfolders, names in os.walk(self.root):
            subfolders[:] = [s for s in subfolders if s not in (".git", "build", "__pycache__")]
            for name in names:
                path = os.path.join(folder, name)
                if name == ".git":  # of a linked worktree: a file
                    continue
                if os.path.isfile(path) and not os.path.islink(path):
                    yield os.path.relpath(path, self.root)

    def bytes(self, path):
        if self.files is not None:
            return self.files[path].encode()
        with open(os.path.join(self.root, path), "rb") as f:
            return f.read()

    def text(self, path):
        return self.bytes(path).decode("utf-8", "replace")

    def has(self, path):
        return path in self.files if self.files is not None else os.path.exists(os.path.join(self.root, path))

    def sources(self, *folders):
        """C files and headers of these folders; of all of the product and its tests when none is given."""
        for path in self.paths:
            if path.endswith((".c", ".h")) and path.split("/")[0] in (folders or FOLDERS + ("tests",)):
                yield path


PIECE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def code_of(text):
    """C text without comments and without what is in quotes; lines stay where they are."""

    def blank(match):
        piece = match.group(0)
        if piece[0] in "\"'":
            return piece[0] * 2
        return " " + "\n" * piece.count("\n")

    return PIECE.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def includes_of(text):
    """(line, name, whether it is in quotes) for each #include."""
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', text, re.M):
        yield line_of(text, match.start()), match.group(2), match.group(1) == '"'


def main(check, samples, options=None):
    """
    Runs check(tree, arguments), a generator of findings. samples is a list of (files, word): each must
    lead to a finding that has the word, or to none when it is None. A rule that cannot fail is no rule,
    so they go first.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    if options:
        options(parser)
    arguments = parser.parse_args()
    bad = 0
    try:
        for files, word in samples:
            found = list(check(Tree(files=files), arguments))
            if (word is None and found) or (word is not None and not any(word in f for f in found)):
                print(f"self-test: expected {word!r} of {files!r}, got {found!r}")
                bad += 1
        for finding in check(Tree(os.path.normpath(arguments.root)), arguments):
            print(finding)
            bad += 1
    except Skip as skip:
        print(f"skipped: {skip}")
        return SKIPPED
    print(f"{bad} findings")
    return 1 if bad else 0
