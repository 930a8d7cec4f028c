#!/usr/bin/env python3
"""layouts.py - reads files of ids in other programs' layouts, from nct-formats(5) alone, and prints a document a line.

    layouts.py raw FILE WIDTH INDEX     ids of WIDTH bytes; INDEX, a file of bitpack --index, cuts them into documents
    layouts.py npy FILE INDEX
    layouts.py llmc FILE EOD            EOD, ids with commas between them, begins each document
    layouts.py megatron PREFIX
    layouts.py tokens FILE              llm.c's token texts: a line with the number of the token and its bytes in hex

Several such commands, with + between them, are done one after another.

Python 3 and its standard library are all it needs. Exit status 1 where a file breaks a rule of the page.
"""
import struct
import sys


def need(condition, what):
    if not condition:
        sys.exit("layouts.py: " + what)


def load(path):
    with open(path, "rb") as file:
        return file.read()


def integers(data, width):
    need(len(data) % width == 0, "half an id")
    return list(struct.unpack("<%d%s" % (len(data) // width, {1: "B", 2: "H", 4: "i", 8: "Q"}[width]), data))


def by_index(ids, path):
    ends, start = integers(load(path), 8), 0
    for end in ends:
        need(start < end <= len(ids), "ends that do not grow")
        yield ids[start:end]
        start = end
    need(start == len(ids), "ids behind the last end")


def npy(data):
    need(data[:8] == b"\x93NUMPY\1\0", "no array")
    size = struct.unpack_from("<H", data, 8)[0]
    text = eval(data[10:10 + size], {})  # a dictionary, by the format
    need((10 + size) % 64 == 0 and text["fortran_order"] is False, "header")
    ids = integers(data[10 + size:], {"|u1": 1, "<u2": 2}[text["descr"]])
    need(text["shape"] == (len(ids),), "shape")
    return ids


def llmc(data, eod):
    head = integers(data[:1024], 4)
    need(len(head) == 256 and head[:2] == [20240520, 1] and not any(head[3:]), "header")
    need(len(data) == 1024 + 2 * head[2], "size")
    ids, document = integers(data[1024:], 2), None
    for at in range(len(ids)):
        if ids[at:at + len(eod)] == eod and (at % len(eod) == 0):
            if document is not None:
                yield document
            document = []
        need(document is not None, "ids before the first end")
        document.append(ids[at])
    if document is not None:
        yield document


def megatron(prefix):
    data, ids = load(prefix + ".idx"), integers(load(prefix + ".bin"), 2)
    need(data[:9] == b"MMIDIDX\0\0", "magic")
    version, kind, sequences, documents = struct.unpack_from("<QBQQ", data, 9)
    need((version, kind, documents) == (1, 8, sequences + 1), "header")
    at = 9 + 25
    lengths = struct.unpack_from("<%di" % sequences, data, at)
    offsets = struct.unpack_from("<%dq" % sequences, data, at + 4 * sequences)
    firsts = struct.unpack_from("<%dq" % documents, data, at + 12 * sequences)
    need(len(data) == at + 12 * sequences + 8 * documents, "size")
    need(firsts == tuple(range(documents)), "documents")
    before = 0
    for length, offset in zip(lengths, offsets):
        need(offset == 2 * before, "offsets")
        yield ids[before:before + length]
        before += length
    need(before == len(ids), "ids that no sequence has")


def tokens(data):
    head = integers(data[:1024], 4)
    need(head[:2] == [20240328, 2] and head[3] == head[2] - 1 and not any(head[6:]), "header")
    at = 1024
    for token in range(head[2]):
        size = data[at]
        print(token, data[at + 1:at + 1 + size].hex())
        at += 1 + size
    need(at == len(data), "size")


def main(form, path, *more):
    if form == "tokens":
        tokens(load(path))
        return
    documents = {"raw": lambda: by_index(integers(load(path), int(more[0])), more[1]),
                 "npy": lambda: by_index(npy(load(path)), more[0]),
                 "llmc": lambda: llmc(load(path), [int(x) for x in more[0].split(",")]),
                 "megatron": lambda: megatron(path)}[form]
    for document in documents():
        print(*document)


arguments = sys.argv[1:]
while arguments:
    end = arguments.index("+") if "+" in arguments else len(arguments)
    main(*arguments[:end])
    arguments = arguments[end + 1:]
