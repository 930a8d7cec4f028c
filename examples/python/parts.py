#!/usr/bin/env python3
"""parts.py - which parts the texts of tokens share, for models that compose their rows of these, as m2train does.

usage: python3 parts.py TEXTS >PAIRS
TEXTS is a file of token texts as llm.c reads it (acwin --strings=llmc). PAIRS are little-endian integers of 32 bits, two
for each part of a token: the token, and the number of the part. m2train(1), "Tokens that share parts", tells what parts
there are. They are those of m2train --texts=TEXTS where Python knows the same letters and numbers, of Unicode 14.0, as
3.11 does; another one may see a few rare characters otherwise."""
import os
import re
import signal
import struct
import sys
import unicodedata

FIRST_WORD, LATER_WORD, SMALL, BEGINNING, LONGER_BEGINNING, ENDING, SHAPE = range(7)

# Capital letters whose small letter is `add` further on: each `every`-th of range(start, end).
PAIRS = ((0x41, 0x5b, 32, 1), (0xc0, 0xd7, 32, 1), (0xd8, 0xdf, 32, 1), (0x100, 0x130, 1, 2), (0x132, 0x138, 1, 2),
         (0x139, 0x149, 1, 2), (0x14a, 0x178, 1, 2), (0x179, 0x17f, 1, 2), (0x1a0, 0x1a6, 1, 2), (0x1af, 0x1b0, 1, 1),
         (0x1cd, 0x1dd, 1, 2), (0x1de, 0x1f0, 1, 2), (0x1f8, 0x220, 1, 2), (0x222, 0x234, 1, 2), (0x388, 0x38b, 37, 1),
         (0x391, 0x3a2, 32, 1), (0x3a3, 0x3ac, 32, 1), (0x400, 0x410, 80, 1), (0x410, 0x430, 32, 1), (0x460, 0x482, 1, 2),
         (0x48a, 0x4c0, 1, 2), (0x4c1, 0x4cf, 1, 2), (0x4d0, 0x530, 1, 2), (0x531, 0x557, 48, 1), (0x1e00, 0x1e96, 1, 2),
         (0x1ea0, 0x1f00, 1, 2), (0xff21, 0xff3b, 32, 1))
SMALL_LETTER = {c: c + add for start, end, add, every in PAIRS for c in range(start, end, every)}

# Words, in the kinds of their characters, as kind() gives them. A byte that is not UTF-8 goes with what is before it.
WORD = re.compile("(?:S?(?:LA?)+|S?N+|S?[OA]+|[SW]+|X)X*")


WHITE = " \t\n\v\f\r"


def kind(c):
    """Letter, Number, Apostrophe, Space, other White space, Other; X: not UTF-8."""
    if c in " '\u2019":
        return "S" if c == " " else "A"
    if 0xdc80 <= ord(c) <= 0xdcff:
        return "X"
    return "W" if c in WHITE else {"L": "L", "M": "L", "N": "N"}.get(unicodedata.category(c)[0], "O")


def shape(small, word, space):
    """Bits 0 and 1: capital letters. Bit 2: a space. From bit 3 on: 0 a letter, 1 a number, 2 another character."""
    first = {"L": 0, "N": 1}.get(kind(word[0]), 2)
    return chr(first << 3 | space << 2 | sum((a != b) << i for i, (a, b) in enumerate(zip(small[:2], word))))


def parts_of(text):
    """The parts of a text (bytes), as bytes that begin with their kind."""
    text = text.decode("utf-8", "surrogateescape")
    for match in WORD.finditer("".join(map(kind, text))):
        whole = text[match.start():match.end()]
        space = len(whole) > 1 and whole[0] == " " and whole[1] not in WHITE
        word = whole[space:]
        small = word.translate(SMALL_LETTER)
        found = [(LATER_WORD if match.start() else FIRST_WORD, whole), (SMALL, small), (SHAPE, shape(small, word, space))]
        if len(small) >= 3:
            found.append((BEGINNING, small[:3]))
        if len(small) >= 4:
            found += (LONGER_BEGINNING, small[:4]), (ENDING, small[-3:])
        for what, part in found:
            yield bytes([what]) + part.encode("utf-8", "surrogateescape")


def shared_parts(texts):
    """For each token the numbers of its parts that other tokens have, too, ascending; one may be there twice."""
    lists = [list(parts_of(text)) for text in texts]
    users = {}
    for token, parts in enumerate(lists):
        for part in parts:
            users.setdefault(part, set()).add(token)
    number = {part: i for i, part in enumerate(sorted(part for part in users if len(users[part]) > 1))}
    return [sorted(number[part] for part in parts if part in number) for parts in lists]


def read_texts(data):
    """The texts in a file of token texts, without what stands for the end of a document. ValueError: it is none."""
    magic, version, count, end = struct.unpack_from("<4I", data.ljust(16, b"\0"))
    texts, at = [], 1024
    while len(texts) < count and at < len(data):
        texts.append(data[at + 1:at + 1 + data[at]])
        at += 1 + data[at]
    if magic != 20240328 or version not in (1, 2) or len(texts) < count or at != len(data):
        raise ValueError("not a file of token texts")
    if version == 1:
        return texts
    if end >= count:
        raise ValueError("the end of a document is not one of the tokens")
    return [text.removesuffix(texts[end]) for text in texts]


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__, file=sys.stdout if len(sys.argv) == 2 else sys.stderr)
        sys.exit(0 if len(sys.argv) == 2 else 2)
    try:
        with open(sys.argv[1], "rb") as f:
            texts = read_texts(f.read())
    except (OSError, ValueError) as e:
        sys.exit("parts.py: %s: %s" % (sys.argv[1], getattr(e, "strerror", e)))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads the output may stop, as in any pipe
    try:
        for token, parts in enumerate(shared_parts(texts)):
            for part in parts:
                sys.stdout.buffer.write(struct.pack("<2I", token, part))
        sys.stdout.buffer.flush()
    except OSError as e:
        sys.stderr.write("parts.py: standard output: %s\n" % e.strerror)
        os._exit(1)  # without another try to write the rest


if __name__ == "__main__":
    main()
