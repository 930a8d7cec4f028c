#!/usr/bin/env python3
"""ids_to_text.py - bare ids to text, by the table of strings that acwin --strings prints.

    acwin --strings >strings; bitpack --to=raw -o ids toks; ids_to_text.py strings ids >text

The ids are 16-bit integers as bitpack --to=raw writes them, each one a window. With -0, a NUL stands where a document ends."""
import array
import re
import sys

null = sys.argv[1:2] == ["-0"]
if len(sys.argv) != 3 + null:
    sys.exit("usage: ids_to_text.py [-0] STRINGS IDS >TEXT")
named = {b"n": b"\n", b"t": b"\t", b"\\": b"\\", b"E": b"\0" if null else b""}


def plain(escape):
    return named.get(escape[1]) if escape[1] in named else bytes.fromhex(escape[1][1:].decode())


with open(sys.argv[-2], "rb") as table:
    text = [re.sub(rb"\\(x..|.)", plain, line.rstrip(b"\n").split(b"\t")[1]) for line in table]
with open(sys.argv[-1], "rb") as raw:
    ids = array.array("H", raw.read())
if sys.byteorder == "big":
    ids.byteswap()
sys.stdout.buffer.writelines(text[i] for i in ids)
