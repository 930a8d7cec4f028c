#!/usr/bin/env python3
# words_ranges.py - writes words_ranges.inc: which characters above ASCII are letters or marks (1), numbers (2), neither (0).
# usage: python3 words_ranges.py >words_ranges.inc. By a Python with Unicode 14.0.0 (3.11) it writes the file that is there.
# The data are Unicode's, changed; their licence is words_ranges.LICENSE.
import unicodedata

LETTER, NUMBER, OTHER = 1, 2, 0


def kind(c):
    category = unicodedata.category(chr(c))[0]
    return LETTER if category in "LM" else NUMBER if category == "N" else OTHER


print(f"/* words_ranges.inc - where the kind of characters changes, Unicode {unicodedata.unidata_version}: code point * 4 + kind. "
      "Made by\n * words_ranges.py from the data of Unicode, Inc., changed; copyright and permission notice in words_ranges.LICENSE. */")
last, line = kind(0x7F), ""
for c in range(0x80, 0x110000):
    if kind(c) != last:
        last = kind(c)
        item = f"{4 * c + last:#x},"
        if len(line) + len(item) > 119:
            print(line)
            line = ""
        line += item
print(line)
