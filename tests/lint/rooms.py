#!/usr/bin/env python3
"""A room holds one idea: less than a seventh of the product's lines, looked at where there are seven rooms or more."""

import sys

import layers
import lint

PARTS = 7


def check(tree, _):
    lines = {}
    for path in tree.sources(*lint.FOLDERS):
        room = layers.room_of(path)
        lines[room] = lines.get(room, 0) + tree.text(path).count("\n")
    whole = sum(lines.values())
    for room, count in lines.items():
        if len(lines) >= PARTS and count * PARTS > whole:
            yield f"{room}/: {count} lines of {whole}, more than a seventh: it holds more than one idea"


def house(**more):
    rooms = ("base", "manifest", "conf", "net", "registry", "store", "archive", "rootfs")
    return {f"{room}/a.c": "int x;\n" * more.get(room, 10) for room in rooms}


SAMPLES = [
    (house(), None),
    (house(store=12), "store/: 12 lines of 82, more than a seventh"),
    ({**house(), "catalog/cache/a.c": "int x;\n" * 9, "catalog/search/a.c": "int x;\n" * 9}, None),
    ({"base/a.c": "int x;\n" * 50}, None),
]

if __name__ == "__main__":
    sys.exit(lint.main(check, SAMPLES))
