#!/usr/bin/env python3
"""nct_second.py - a second implementation of nct-formats(5), written from that page alone.

It shares no code with the library. Python 3 and its standard library are all it needs. It is made to be compared with
the page and with the tools, so it is plain and slow, and it holds each file in memory. Tests: tests/cli/second.bats.

    nct_second.py decode  [-m MODEL] [--no-codebook] [FILE ...]   windows or tokens to text, as acwin -d does
    nct_second.py encode  -m MODEL [-b BITS] [-c BYTES] [-r N] [-0 | -D PATTERN] [-a none|words|PATTERN]
                          [--code split|best] [--codebook NAME] [--eod alone|joined] [--no-codebook] [--open] [FILE ...]
    nct_second.py check   [FILE ...]                 reads streams and writes nothing
    nct_second.py pack    -v BITS [FILE ...]         windows to tokens, as bitpack does
    nct_second.py unpack  [FILE ...]                 tokens to windows, as bitpack -u does
    nct_second.py foreign --vocab N [--text FILE] [FILE ...]      ids, a line for each document, to foreign tokens
    nct_second.py ids     [FILE ...]                 ids in decimal, as bitpack --to=text does
    nct_second.py raw     [FILE ...]                 ids as bytes or 16-bit integers, as bitpack --to=raw does
    nct_second.py strings -m MODEL -b BITS [--code split|best] [--codebook NAME] [--no-codebook]
                                                     a codebook, as acwin --strings does
    nct_second.py model   -m MODEL                   reads a model file with all checks
    nct_second.py eval    -m MODEL                   reads a .freq file of tests/vectors and writes it anew

Standard input is read where no FILE is named. No model is built in: -m names its file.
Exit status: 0 done, 1 failed (another model, say), 2 wrong usage, 3 damaged input.
"""
import argparse
import array
import itertools
import json
import math
import operator
import re
import struct
import sys
import unicodedata
from bisect import bisect_right

EOD = 256
SYMBOLS = 257
TOTAL = 1 << 20  # the sum of all frequencies
SPLIT, BEST, UNBROKEN = 1, 2, 3
NUL = 1


class Failure(Exception):
    """The operation cannot be done: exit status 1."""


class Damage(Exception):
    """The input breaks a rule of the page: exit status 3."""


def need(condition, what):
    if not condition:
        raise Damage(what)


# ---- CRC ("Terms") ----

def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xC96C5795D7870F42 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = crc_table()


def crc64(*parts):
    crc = 0xFFFFFFFFFFFFFFFF
    table = CRC_TABLE
    for part in parts:
        for byte in part:
            crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFFFFFFFFFF


def u32(*numbers):
    return struct.pack("<%dI" % len(numbers), *numbers)


def u64(*numbers):
    return struct.pack("<%dQ" % len(numbers), *numbers)


# ---- strings of bits ----

def pack_bits(values, width):
    """Packs numbers of `width` bits into bytes, most significant bits first. The last byte is filled up with zeros."""
    out = bytearray()
    for at in range(0, len(values), 8):  # eight numbers fill whole bytes
        group = values[at:at + 8]
        number = 0
        for value in group:
            number = number << width | value
        number <<= width * (8 - len(group))
        out += number.to_bytes(width, "big")
    del out[(len(values) * width + 7) // 8:]
    return bytes(out)


def get_bits(data, at, width):
    """The number in the `width` bits from bit `at` on."""
    end = at + width
    return int.from_bytes(data[at // 8:(end + 7) // 8], "big") >> -end % 8 & (1 << width) - 1


def unpack_bits(data, width, count):
    return [get_bits(data, i * width, width) for i in range(count)]


# ---- model files ("MODEL FILES") ----

SIZES = {"I8": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "F32": 4}
ARRAYS = {"I8": "b", "I16": "h", "U16": "H", "I32": "i", "U32": "I"}


def pairs_once(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a name comes twice")
    return dict(pairs)


def strings_in(value):
    """All strings of a value of JSON, joined."""
    if isinstance(value, dict):
        return "".join(key + strings_in(member) for key, member in value.items())
    return value if isinstance(value, str) else ""


def read_safetensors(data):
    """The metadata, and {name: (dtype, shape, bytes)}."""
    need(len(data) >= 8, "cut in the header's length")
    length = struct.unpack_from("<Q", data)[0]
    need(length % 8 == 0 and length <= 1 << 20 and 8 + length <= len(data), "the header's length")
    header, body = data[8:8 + length], data[8 + length:]
    need(header[:1] == b"{", "the header is no object of JSON")
    try:
        members = json.loads(header.decode("utf-8"), object_pairs_hook=pairs_once)
    except ValueError as error:
        raise Damage("the header is no JSON: %s" % error) from error
    need(not any("\ud800" <= c <= "\udfff" for c in strings_in(members)), "a string with half a character")
    metadata = members.pop("__metadata__", None)
    need(isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values()), "__metadata__")
    tensors, at = {}, 0
    for name, member in members.items():
        need(isinstance(member, dict) and set(member) == {"dtype", "shape", "data_offsets"}, "members of " + name)
        dtype, shape, offsets = member["dtype"], member["shape"], member["data_offsets"]
        need(dtype in SIZES, "type of " + name)
        for numbers in shape, offsets:
            need(isinstance(numbers, list) and all(type(n) is int and n >= 0 for n in numbers), "numbers of " + name)
        size = math.prod(shape) * SIZES[dtype]
        need(offsets == [at, at + size], "offsets of " + name)
        need(at % SIZES[dtype] == 0, "alignment of " + name)
        tensors[name] = dtype, tuple(shape), body[at:at + size]
        at += size
    need(at == len(body), "the tensors' bytes are more or fewer than the file has")
    return metadata, tensors


def values_of(tensor):
    dtype, _, data = tensor
    values = array.array(ARRAYS[dtype])
    assert values.itemsize == SIZES[dtype]
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def tensor_table(width, heads, layers, inner):
    """Names, types, shapes, smallest and largest values of "Transformer", in the page's order."""
    big = (1 << 31) - 1
    c, h, n, f = width, heads, layers, inner
    return [
        ("embed", "I32", (SYMBOLS, c), -(1 << 21) + 1, (1 << 21) - 1),
        ("norm1.mul", "I16", (n, c), 0, 32767),
        ("qkv", "I8", (n, 3 * c, c), -127, 127),
        ("qkv.mul", "I32", (n, 3 * c), 0, big),
        ("score.mul", "I32", (n, h), 0, 1 << 22),
        ("bias", "I32", (n, h, 32), -(1 << 20) + 1, (1 << 20) - 1),
        ("mix.mul", "I32", (n, h), 1, 1 << 20),
        ("proj", "I8", (n, c, c), -127, 127),
        ("proj.mul", "I32", (n, c), 0, big),
        ("norm2.mul", "I16", (n, c), 0, 32767),
        ("up", "I8", (n, 2 * f, c), -127, 127),
        ("up.mul", "I32", (n, 2 * f), 0, big),
        ("down", "I8", (n, c, f), -127, 127),
        ("down.mul", "I32", (n, c), 0, big),
        ("normf.mul", "I16", (c,), 0, 32767),
        ("head", "I8", (SYMBOLS, c), -127, 127),
        ("head.mul", "I32", (SYMBOLS,), 0, (1 << 29) - 1),
    ]


def decimal(text):
    need(re.fullmatch("0|[1-9][0-9]{0,8}", text, re.ASCII), "'%s' is no number" % text)
    return int(text)


def fingerprint(text):
    need(re.fullmatch("[0-9a-f]{16}", text, re.ASCII), "'%s' is no fingerprint" % text)
    return int(text, 16)


class Model:
    """A model file of M1: the function from symbols to frequencies, and the codebooks in the file."""

    def __init__(self, data):
        metadata, tensors = read_safetensors(data)
        need(metadata.get("format") == "nct-m1-1", "format")
        kind = metadata.get("kind")
        need(kind in ("transformer", "unigram"), "kind")
        known = {"format", "kind", "fingerprint", "window_bits", "align", "align_pattern"}
        sizes = [0] * 5
        names = ["width", "heads", "layers", "inner", "reach"]
        if kind == "transformer":
            known.update(names)
            need(all(name in metadata for name in names), "sizes are missing")
            sizes = [decimal(metadata[name]) for name in names]
        self.width, self.heads, self.layers, self.inner, self.reach = sizes
        books = []
        for name in metadata:
            match = re.fullmatch("split(1[0-9]|20)|best(1[0-9]|20)(?:/([-_a-z0-9]{1,24}))?", name, re.ASCII)
            if match:
                books.append((name, SPLIT if match[1] else BEST, int(match[1] or match[2]), match[3] or ""))
                known.add(name)
                if match[2]:
                    known.add(name + ".nodes")
                if match[3]:
                    known.update((name + ".align", name + ".align_pattern"))
                    self.check_align(metadata, name + ".")
                    need(name + ".align" in metadata, "a codebook with a name and without align")
        need(sum(name != "" for *_, name in books) <= 16, "too many codebooks with names")
        need(all(name in known or name.startswith("note.") for name in metadata), "unknown key of metadata")
        self.check_windows(metadata)

        if kind == "transformer":
            c, h, n, f = sizes[:4]
            need(1 <= c <= 4096 and 1 <= h and c % h == 0 and c // h <= 256, "width and heads")
            need(1 <= f <= 16384 and 1 <= n <= 64 and 1 <= self.reach <= 1024, "inner, layers or reach")
            table = tensor_table(c, h, n, f)
            self.parameters = n * (4 * c * c + 3 * c * f + 2 * c + 32 * h) + c
        else:
            table = [("freq", "I32", (SYMBOLS,), 1, TOTAL)]
            self.parameters = 0
        values, parts = {}, [("%s %d %d %d %d %d" % (kind, *sizes)).encode()]
        for name, dtype, shape, least, most in table:
            need(name in tensors, "no tensor " + name)
            tensor = tensors.pop(name)
            need(tensor[:2] == (dtype, shape), "type or shape of " + name)
            values[name] = values_of(tensor)
            need(min(values[name]) >= least and max(values[name]) <= most, "a value of %s is out of range" % name)
            parts.append(tensor[2])
        self.fingerprint = crc64(*parts)
        need(fingerprint(metadata.get("fingerprint", "")) == self.fingerprint, "the fingerprint is another one")

        self.codebooks = {}
        for name, code, bits, own in books:
            nodes = 1 << bits
            if code == BEST:
                need(name + ".nodes" in metadata, "no " + name + ".nodes")
                nodes = decimal(metadata[name + ".nodes"])
                need(1 << bits <= nodes <= 8 << bits, "number of nodes")
            columns = []
            for part in ".depth", ".symbol":
                need(name + part in tensors, "no tensor " + name + part)
                tensor = tensors.pop(name + part)
                need(tensor[:2] == ("U16", (nodes,)), "type or shape of " + name + part)
                columns.append(tensor)
            crc = crc64(u64(self.fingerprint), u32(bits, code), columns[0][2], columns[1][2])
            need(crc == fingerprint(metadata[name]), "the fingerprint of a codebook is another one")
            book = Codebook(code, bits, list(values_of(columns[0])), list(values_of(columns[1])), crc)
            base = tensors.pop(name + ".base", None)
            if base is not None:
                need(base[:2] == ("U32", (book.inner_nodes + 1,)), "type or shape of " + name + ".base")
                book.base = values_of(base)
            self.codebooks[code, bits, own] = book
        need(not tensors, "unknown tensor")

        if kind == "transformer":
            self.m1 = Transformer(self, values)
        else:
            need(sum(values["freq"]) == TOTAL, "the sum of the frequencies")
            self.m1 = Unigram(list(values["freq"]))

    @staticmethod
    def check_windows(metadata):
        """The keys that say what windows a model was trained for."""
        need(("window_bits" in metadata) == ("align" in metadata), "window_bits without align, or the reverse")
        Model.check_align(metadata, "")
        if "window_bits" in metadata:
            need(10 <= decimal(metadata["window_bits"]) <= 128, "window_bits")

    @staticmethod
    def check_align(metadata, prefix):
        align = metadata.get(prefix + "align")
        need(align in (None, "none", "words", "regex"), "align")
        need((prefix + "align_pattern" in metadata) == (align == "regex"), "align_pattern")

    def code_fingerprint(self, code, bits, resets, name=""):
        """What a stream's header says of its code ("FINGERPRINTS")."""
        if code == BEST:
            if (BEST, bits, name) not in self.codebooks:
                raise Failure("the model has no codebook '%s' of chosen strings of %d bits" % (name, bits))
            return self.codebooks[BEST, bits, name].fingerprint
        return crc64(u64(self.fingerprint), u32(bits, resets, code))


# ---- M1 ("M1") ----

class Unigram:
    def __init__(self, frequencies):
        self.frequencies = frequencies

    def after(self, _symbols):
        return self.frequencies


def rs(x, s):
    return x + (1 << s - 1) >> s


def mulhrs(a, b):
    return a * b + (1 << 14) >> 15


def c127(x):
    return min(max(x, -127), 127)


def c16(x):
    return min(max(x, -32767), 32767)


def dot(a, b):
    return sum(map(operator.mul, a, b))


def norm(h, mul):
    square = sum(x * x for x in h)
    q = math.isqrt(square * 256 // len(h) + 1)
    bits = q.bit_length()
    i = (1 << 29 + bits) // q
    return [c127(mulhrs(c16(rs(x * i, 14 + bits)), m)) for x, m in zip(h, mul)]


def add(h, x):
    limit = (1 << 21) - 1
    return [min(max(a + rs(b, 30), -limit), limit) for a, b in zip(h, x)]


BUCKET_STARTS = [*range(17), 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113]
BUCKETS = [bisect_right(BUCKET_STARTS, d) - 1 for d in range(1024)]
T1 = [math.floor(2 ** 31 * 2 ** (-i / 64) + .5) for i in range(64)]
T2 = [math.floor(2 ** 31 * 2 ** (-j / 4096) + .5) for j in range(64)]


def probability(x):
    """2^14 * 2^(-x), where x has 10 fractional bits."""
    n, f = x >> 10, x % 1024 * 32
    w = 16384 + mulhrs(f, -11333 + mulhrs(f, 3793 + mulhrs(f, -653)))
    return 0 if n > 14 else w + ((1 << n) >> 1) >> n


def frequencies_of(logits):
    most = max(logits)
    e = []
    for logit in logits:
        x = most - logit
        n = x >> 12
        e.append(0 if n > 30 else (T1[(x >> 6) % 64] * T2[x % 64] >> 32) >> n)
    r = (TOTAL - SYMBOLS) * 2 ** 38 // sum(e)
    f = [1 + (x * r >> 38) for x in e]
    f[logits.index(most)] += TOTAL - sum(f)
    return f


class Transformer:
    """Keeps the keys and values of the symbols that it has read, and computes only what differs from the last call."""

    def __init__(self, sizes, values):
        self.sizes = sizes
        c = sizes.width
        small = {x: x for x in range(-128, 128)}  # one object for each value
        def rows(name, length, count, layer):
            at = count * length * layer
            flat = [small.get(x, x) for x in values[name][at:at + count * length]]
            return [flat[i:i + length] for i in range(0, len(flat), length)]
        self.embed = rows("embed", c, SYMBOLS, 0)
        self.head, self.head_mul, self.normf = rows("head", c, SYMBOLS, 0), values["head.mul"], values["normf.mul"]
        self.layers = []
        shapes = {"qkv": (c, 3 * c), "proj": (c, c), "up": (c, 2 * sizes.inner), "down": (sizes.inner, c),
                  "bias": (32, sizes.heads)}
        lengths = {"norm1.mul": c, "qkv.mul": 3 * c, "score.mul": sizes.heads, "mix.mul": sizes.heads, "proj.mul": c,
                   "norm2.mul": c, "up.mul": 2 * sizes.inner, "down.mul": c}
        for layer in range(sizes.layers):
            w = {name: rows(name, length, count, layer) for name, (length, count) in shapes.items()}
            w.update({name: list(values[name][layer * n:(layer + 1) * n]) for name, n in lengths.items()})
            self.layers.append(w)
        self.read = []  # symbols
        self.results = []  # the frequencies after each of them
        self.cache = [([], []) for _ in self.layers]  # keys, values of each position

    def after(self, symbols):
        """The frequencies after a reset, which reads EOD, and these symbols."""
        symbols = [EOD, *symbols]
        same = len(self.read)
        if self.read != symbols[:same]:
            same = next((i for i, (a, b) in enumerate(zip(self.read, symbols)) if a != b), min(same, len(symbols)))
        same = min(same, len(symbols))
        for kept in [self.read, self.results, *itertools.chain.from_iterable(self.cache)]:
            del kept[same:]
        for symbol in symbols[same:]:
            self.results.append(self.step(symbol))
            self.read.append(symbol)
        return self.results[-1]

    def step(self, symbol):
        c, f = self.sizes.width, self.sizes.inner
        h = self.embed[symbol]
        for w, (keys, values) in zip(self.layers, self.cache):
            y = norm(h, w["norm1.mul"])
            qkv = [c127(rs(dot(row, y) * m, 30)) for row, m in zip(w["qkv"], w["qkv.mul"])]
            keys.append(qkv[c:2 * c])
            values.append(qkv[2 * c:])
            o = self.attend(qkv[:c], keys, values, w)
            h = add(h, [dot(row, o) * m for row, m in zip(w["proj"], w["proj.mul"])])
            y = norm(h, w["norm2.mul"])
            gu = [c16(rs(dot(row, y) * m, 30)) for row, m in zip(w["up"], w["up.mul"])]
            a = [c127(rs(max(g, 0) * u, 16)) for g, u in zip(gu[:f], gu[f:])]
            h = add(h, [dot(row, a) * m for row, m in zip(w["down"], w["down.mul"])])
        y = norm(h, self.normf)
        return frequencies_of([rs(dot(row, y) * m, 24) for row, m in zip(self.head, self.head_mul)])

    def attend(self, q, keys, values, w):
        t = len(keys) - 1
        positions = range(max(0, t - self.sizes.reach + 1), t + 1)
        d = self.sizes.width // self.sizes.heads
        out = []
        for head in range(self.sizes.heads):
            columns = slice(head * d, head * d + d)
            bias, score, own = w["bias"][head], w["score.mul"][head], q[columns]
            u = [rs(dot(own, keys[j][columns]) * score, 16) + bias[BUCKETS[t - j]] for j in positions]
            most = max(u)
            p = [probability(most - x) for x in u]
            mul = w["mix.mul"][head] * (1 << 20) // sum(p)
            for i in range(head * d, head * d + d):
                out.append(c127(rs(sum(p[n] * values[j][i] for n, j in enumerate(positions)) * mul, 36)))
        return out


# ---- windows ("WINDOWS") ----

DEEPEST = 1024  # the most symbols of a string


def shares_of(points, frequencies):
    """Divides code points among symbols."""
    total = sum(frequencies)
    shares = [f * points // total for f in frequencies]
    left = points - sum(shares)
    if points < 1 << 32:
        remainders = [f * points % total for f in frequencies]
        for s in sorted(range(len(shares)), key=lambda s: (-remainders[s], s))[:left]:
            shares[s] += 1
    else:
        shares[frequencies.index(max(frequencies))] += left
    return shares


class Node:
    """A node of the tree of strings of code 1."""
    __slots__ = "first", "points", "depth", "symbol", "firsts", "nodes", "by_symbol"

    def __init__(self, first, points, depth, symbol):
        self.first, self.points, self.depth, self.symbol = first, points, depth, symbol
        self.nodes = None

    def is_leaf(self):
        return self.symbol == EOD or self.points == 1 or self.depth == DEEPEST

    def grow(self, f):
        """Makes the children."""
        first = self.first
        if self.depth == 0:
            shares = [1 + x for x in shares_of(self.points - SYMBOLS, f[:EOD])] + [1]
        else:
            first += 1
            shares = shares_of(self.points - 1, f)
            if shares[EOD] > 1:
                shares = shares_of(self.points - 2, f[:EOD]) + [1]
        self.nodes, self.firsts, self.by_symbol = [], [], {}
        for symbol, share in enumerate(shares):
            if share:
                child = Node(first, share, self.depth + 1, symbol)
                self.nodes.append(child)
                self.firsts.append(first)
                self.by_symbol[symbol] = child
                first += share


class SplitWindows:
    """Windows of code 1, by evaluating M1. `read` is what M1 has read of the chunk since its reset."""

    def __init__(self, m1, bits, resets):
        self.m1, self.bits, self.resets = m1, bits, resets
        self.kept_root = Node(0, 1 << bits, 0, None)
        self.start()

    def start(self):
        """A chunk begins."""
        self.read, self.count = [], 0

    def begin(self):
        """A window begins; gives its root."""
        if self.resets and self.count == self.resets:
            self.start()
        self.count += 1
        return self.kept_root if not self.read else Node(0, 1 << self.bits, 0, None)

    def grown(self, node, string):
        if node.nodes is None:
            node.grow(self.m1.after(self.read + string))
        return node

    def take(self, symbols, at, boundaries):
        """The window at symbols[at:], and the number of its symbols."""
        node, string, path = self.begin(), [], []
        while not node.is_leaf() and at + len(path) < len(symbols):
            symbol = symbols[at + len(path)]
            node = self.grown(node, string).by_symbol.get(symbol)
            if node is None:
                break
            path.append(node)
            string.append(symbol)
        length = len(path)
        if at + length < len(symbols) and symbols[at + length] != EOD:
            length = next((n for n in range(length, 0, -1) if at + n in boundaries), length)
        self.read += string[:length]
        return path[length - 1].first, length

    def string_of(self, k):
        """The symbols of a window."""
        node, string = self.begin(), []
        while not (node.is_leaf() or node.depth and node.first == k):
            self.grown(node, string)
            node = node.nodes[bisect_right(node.firsts, k) - 1]
            string.append(node.symbol)
        self.read += string
        return string

    def all_strings(self):
        """The strings of all windows, in order: what a codebook lists. For r = 1."""
        stack = [(self.kept_root, [])]
        while stack:
            node, string = stack.pop()
            if node.depth:
                leaf = node.is_leaf()
                for _ in range(node.points if leaf else 1):
                    yield string
                if leaf:
                    continue
            for child in reversed(self.grown(node, string).nodes):
                stack.append((child, string + [child.symbol]))
            node.nodes = None  # each is needed once


class Codebook:
    """A codebook of either code ("Codebooks")."""

    def __init__(self, code, bits, depths, symbols, crc):
        self.code, self.bits, self.fingerprint, self.base = code, bits, crc, None
        self.strings = []
        self.parents, self.symbols = [], []  # of nodes; the root is -1
        self.numbers = []  # of each node's string, or None
        self.children = {}  # (node, symbol): node
        path, latest = [], {}
        inner, repeats = set(), False
        need(depths[0] == 1, "the first string has more than one symbol")
        for i, (depth, symbol) in enumerate(zip(depths, symbols)):
            is_string = True
            if code == BEST and symbol >= 32768:
                symbol, is_string = symbol - 32768, False
            need(1 <= depth <= DEEPEST and symbol <= EOD, "a depth or symbol is out of range")
            need(depth <= len(path) + 1, "a string has over one symbol more than the one before it")
            if not is_string:
                need(depth > 1, "a node of one symbol is no string")
                need(i + 1 < len(depths) and depths[i + 1] == depth + 1, "nothing goes on from what is no string")
            again = depth == DEEPEST and len(path) == DEEPEST and symbol == path[-1][0] and symbol != EOD
            if again:
                need(code == SPLIT, "a string comes again")
                node = path[-1][1]
            else:
                parent = path[depth - 2][1] if depth > 1 else -1
                if depth > 1:
                    need(path[depth - 2][0] != EOD, "a string goes on from one that ends with EOD")
                need(symbol > latest.get(parent, -1), "children are not in order")
                latest[parent] = symbol
                node = len(self.parents)
                self.parents.append(parent)
                self.symbols.append(symbol)
                self.children[parent, symbol] = node
                self.numbers.append(len(self.strings) if is_string else None)
                prefix = path[depth - 2][2] if depth > 1 else ()
                if parent >= 0:
                    inner.add(parent)
                del path[depth - 1:]
                path.append((symbol, node, prefix + (symbol,)))
            if is_string:
                self.strings.append(path[-1][2])
        self.inner_nodes = len(inner)
        self.nodes = len(depths)
        need(sum(depth == 1 for depth in depths) == SYMBOLS, "there are not 257 strings of one symbol")
        need(len(self.strings) == 1 << bits, "the number of strings")

    def check_base(self):
        """Checks what an encoder requires of the double array."""
        if self.base is None:
            return
        inner = sorted({parent for parent in self.parents})  # -1, the root, first
        bases = dict(zip(inner, self.base))
        need(self.base[0] == 0 and len(set(self.base)) == len(self.base), "bases")
        limit = min(8 * self.nodes, 1 << 24)
        need(all(base + SYMBOLS <= limit for base in self.base), "a base is out of range")
        if self.code == BEST:
            need(max(self.base) <= (1 << 23) - 514, "a base is out of range")
        cells = {bases[parent] + symbol for parent, symbol in zip(self.parents, self.symbols)}
        need(len(cells) == len(self.parents), "two nodes have the same cell")

    def start(self):
        """A chunk begins. There is nothing to do, as windows do not depend on each other."""

    def take(self, symbols, at, boundaries):
        """The window at symbols[at:], and the number of its symbols. It is the longest string that ends at a boundary,
        or else the longest. This is the rule of code 2. For code 1 it gives the same windows, as all nodes of its
        tree are strings."""
        node, longest, aligned = -1, None, None
        for length in range(1, len(symbols) - at + 1):
            node = self.children.get((node, symbols[at + length - 1]))
            if node is None:
                break
            if self.numbers[node] is None:
                continue
            longest = self.numbers[node], length
            if at + length in boundaries:
                aligned = longest
        return aligned or longest

    def string_of(self, k):
        return self.strings[k]


# ---- unbroken codes ("UNBROKEN CODES") ----

def encode_unbroken(m1, symbols, start):
    """The code of symbols[start:], as a number and its bits. M1 has read symbols[:start] before."""
    low, span, out = 0, 1 << 56, bytearray()  # `out` is what was shifted out of `low`

    def carry():
        at = len(out) - 1
        while out[at] == 255:
            out[at] = 0
            at -= 1
        out[at] += 1

    read, sums_of = symbols[:start], None
    for s in symbols[start:]:
        f = m1.after(read)
        if f is not sums_of:
            sums, sums_of = [0, *itertools.accumulate(f)], f
        read.append(s)
        c, u = sums[s], span >> 20
        low += u * c
        span = span - u * c if s == EOD else u * f[s]
        if low >= 1 << 56:
            carry()
            low -= 1 << 56
        while span < 1 << 48:
            out.append(low >> 48)
            low = (low & (1 << 48) - 1) << 8
            span <<= 8
    for more in range(57):
        step = 1 << 56 - more
        number = -(-low // step)
        if number * step < low + span:
            break
    if number == 1 << more:
        carry()
        number = 0
    return int.from_bytes(out, "big") << more | number, 8 * len(out) + more


def decode_unbroken(m1, read, data, at, bits, count):
    """Decodes `count` symbols and appends them to `read`, which is what M1 has read of the chunk."""
    code = (get_bits(data, at, bits) << -bits % 8).to_bytes((bits + 7) // 8, "big")
    source = itertools.chain(code, itertools.repeat(0))
    value = int.from_bytes(bytes(itertools.islice(source, 7)), "big")
    span, sums_of, sums = 1 << 56, None, None
    for _ in range(count):
        f = m1.after(read)
        if f is not sums_of:
            sums, sums_of = [0, *itertools.accumulate(f)], f
        u = span >> 20
        s = min(bisect_right(sums, value // u) - 1, EOD)
        value -= u * sums[s]
        span = span - u * sums[s] if s == EOD else u * f[s]
        while span < 1 << 48:
            value = value << 8 | next(source)
            span <<= 8
        read.append(s)


# ---- streams ("STREAMS", "BLOCKS", "TOKENS", "READERS") ----

MAGIC = bytes.fromhex("894E43540D0A1A0A")
BLOCK_MARKER = bytes.fromhex("8A4E4354424C4B0A")
TRAILER_MARKER = bytes.fromhex("8A4E4354454E440A")
CONTINUES, CONTINUED = 1, 2
UNKNOWN, ALONE = 1, 2  # the header's flags
FULL = 65536  # units or text bytes of a block, or entries of foreign tokens
WINDOWS_OF_PART = 720720
SYMBOLS_OF_PART = 1 << 20
TEXT_OF_BLOCK = (1 << 26) + (1 << 17)


class Header:
    FIELDS = "<8sHBBIBBBBIQB7sQQQQ"
    NAMES = ["magic", "version", "kind", "bits", "vocabulary", "token_bits", "separator", "flags", "code", "resets",
             "chunk", "alignment", "zeros", "m1", "code_fingerprint", "parameters", "crc"]

    def __init__(self, **fields):
        for name in self.NAMES:
            setattr(self, name, fields.get(name, 0))
        self.magic, self.version, self.zeros = MAGIC, 1, bytes(7)

    @classmethod
    def read(cls, data):
        header = cls()
        need(len(data) == 72, "cut in a header")
        for name, value in zip(cls.NAMES, struct.unpack(cls.FIELDS, data)):
            setattr(header, name, value)
        need(header.magic == MAGIC, "no magic")
        need(header.crc == crc64(data[:64]), "CRC of a header")
        need(header.version == 1, "version")
        header.check()
        return header

    def check(self):
        need(self.kind in (1, 2), "kind")
        need(self.separator <= 2 and self.flags <= 3 and self.alignment <= 2 and self.zeros == bytes(7), "header")
        if self.code == 0:
            need(self.kind == 2 and self.bits == 0 and self.resets == 0 and self.alignment == 0, "code 0")
            need(self.token_bits == 0 and 2 <= self.vocabulary <= 65536, "vocabulary")
            need(not self.flags & ALONE, "EOD alone without windows")
            need(self.separator == self.chunk == self.m1 == self.code_fingerprint == self.parameters == 0, "code 0")
            return
        if self.code == SPLIT:
            need(10 <= self.bits <= 128, "window bits")
        elif self.code == BEST:
            need(10 <= self.bits <= 20 and self.resets == 1, "window bits or resets")
        else:
            need(self.code == UNBROKEN, "code")
            need(self.bits == 0 and self.resets == 0 and self.alignment == 0, "code 3")
        need(self.bits or not self.flags & ALONE, "EOD alone without windows")
        if self.kind == 1:
            need(self.vocabulary == 0 and self.token_bits == 0, "vocabulary of windows")
        else:
            need(1 <= self.token_bits <= 16 and self.vocabulary == 1 << self.token_bits, "vocabulary")

    def bytes(self):
        data = struct.pack(self.FIELDS, *[getattr(self, name) for name in self.NAMES])
        return data[:64] + u64(crc64(data[:64]))

    def id(self):
        return struct.unpack_from("<I", self.bytes(), 64)[0]

    def unknown(self):
        return self.flags & UNKNOWN

    def token_size(self):
        return 1 if self.vocabulary <= 256 else 2


class Block:
    """`entries` are (units, whether a document ends, bits), `code` the string of bits, `tokens` None for windows."""

    def __init__(self, flags, text_bytes, entries, code, tokens=None):
        self.flags, self.text_bytes, self.entries, self.code, self.tokens = flags, text_bytes, entries, code, tokens
        self.units = sum(units for units, _, _ in entries)
        self.documents = sum(ends for _, ends, _ in entries)


def read_leb128(data, at):
    number, shift = 0, 0
    while True:
        need(at < len(data) and shift < 70, "directory")
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            need((byte or shift == 7) and number < 1 << 64, "directory")
            return number, at


def leb128(number):
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def padded(data):
    return data + bytes(-len(data) % 8)


class Reader:
    """Reads the streams of an input, and checks all that readers check. Goes over the input once."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        need(self.at + count <= len(self.data), "cut at byte %d" % len(self.data))
        self.at += count
        return self.data[self.at - count:self.at]

    def headers(self):
        """The headers of all streams. The caller reads all blocks() of one before the next."""
        need(self.data, "no stream")
        while self.at < len(self.data):
            yield Header.read(self.take(72))

    def blocks(self, header):
        self.header, self.id = header, header.id()
        self.sums = [0] * 5  # blocks, text bytes, units, tokens, documents
        self.before = None  # the block before
        self.part_text = 0  # text bytes of the parts of a chunk that is continued
        while True:
            data = self.take(64)
            need(data[:8] in (BLOCK_MARKER, TRAILER_MARKER), "no marker")
            need(struct.unpack_from("<Q", data, 56)[0] == crc64(data[:56]), "CRC of a block's header or a trailer")
            if data[:8] == TRAILER_MARKER:
                need(list(struct.unpack_from("<5Q", data, 8)) == self.sums, "the trailer's sums")
                need(struct.unpack_from("<II", data, 48) == (self.id, 0), "the trailer's id or zero bytes")
                return
            yield self.block(data)

    def block(self, data):
        header = self.header
        (number, flags, text_before, text_bytes, directory_size, code_size, units, count, documents,
         stream_id) = struct.unpack_from("<IIQQIIIIII", data, 8)
        need(stream_id == self.id, "id")
        need(number == self.sums[0] and text_before == self.sums[1], "a block is missing")
        need(flags <= 3 and 1 <= directory_size <= 1 << 22, "a block's header")
        need(header.code == 0 or text_bytes <= TEXT_OF_BLOCK, "too many text bytes")
        need(header.kind == 2 or count == 0, "tokens among windows")
        need(not header.unknown() or text_bytes == 0, "text bytes though text is unknown")
        size = directory_size + -directory_size % 8
        payload = self.take(size + code_size + -code_size % 8)
        need(struct.unpack("<Q", self.take(8))[0] == crc64(payload), "CRC of a payload")
        need(not any(payload[directory_size:size]) and not any(payload[size + code_size:]), "padding")
        entries = self.directory(payload[:directory_size])
        code = payload[size:size + code_size]
        tokens = None
        if header.kind == 2:
            code, tokens = self.tokens(code, count, entries)
        else:
            bits = self.bits(entries)
            need(len(code) == (bits + 7) // 8 and (not bits % 8 or code[-1] & (1 << -bits % 8) - 1 == 0), "code")
        block = Block(flags, text_bytes, entries, code, tokens)
        need(block.units == units and block.documents == documents, "the directory's sums")
        self.check_order(block)
        for i, value in enumerate([1, text_bytes, units, count, documents]):
            self.sums[i] += value
        return block

    def directory(self, data):
        header, entries, at = self.header, [], 0
        most = SYMBOLS_OF_PART if header.code == UNBROKEN else WINDOWS_OF_PART
        units = 0
        while at < len(data):
            number, at = read_leb128(data, at)
            bits = (number >> 1) * header.bits
            if header.code == UNBROKEN:
                bits, at = read_leb128(data, at)
            need(number >> 1 <= most and (number >> 1 or header.code == 0), "units of an entry")
            if not header.unknown():
                need(units < FULL and (header.code or len(entries) < FULL), "an entry behind the end of its block")
            units += number >> 1
            entries.append((number >> 1, number & 1, bits))
        return entries

    def bits(self, entries):
        bits = sum(bits for _, _, bits in entries)
        need(bits <= 1 << 27, "too many bits")
        return bits

    def tokens(self, data, count, entries):
        """The string of bits, and the tokens that hold it."""
        header, size = self.header, self.header.token_size()
        need(len(data) == count * size, "bytes of the tokens")
        tokens = list(data) if size == 1 else list(struct.unpack("<%dH" % count, data))
        need(not tokens or max(tokens) < header.vocabulary, "a token is not in the vocabulary")
        if header.code == 0:
            need(count == sum(units for units, _, _ in entries), "units and tokens differ")
            return b"", tokens
        bits, v = self.bits(entries), header.token_bits
        need(count == (bits + v - 1) // v, "number of tokens")
        code = pack_bits(tokens, v)
        need(get_bits(code, bits, len(code) * 8 - bits) == 0, "bits behind the last")
        return code[:(bits + 7) // 8], tokens

    def check_order(self, block):
        """Flags, and how many text bytes the block may have."""
        header = self.header
        continues, continued = block.flags & CONTINUES, block.flags & CONTINUED
        if continues:
            need(self.before is not None and self.before.flags & CONTINUED, "nothing to continue")
        else:
            self.part_text = 0
        if continued:
            need(not block.entries[-1][1], "a part that does not end its chunk ends a document")
        if header.flags & ALONE:
            ones, windows = (1 << header.bits) - 1, 0
            for units, ends, _ in block.entries:
                windows += units
                need(not ends or get_bits(block.code, (windows - 1) * header.bits, header.bits) == ones,
                     "a document's end that is no window of its own")
        if not header.unknown():
            need(len(block.entries) == 1 or not block.flags, "several entries with a flag")
            self.part_text += block.text_bytes
            if header.chunk:
                need(self.part_text <= header.chunk * len(block.entries), "more text bytes than chunks can have")
        self.before = block


class Decoder:
    """Decodes windows to text, a block at a time."""

    def __init__(self, header, model, codebooks):
        if model.fingerprint != header.m1:
            raise Failure("another M1")
        names = [name for code, bits, name in model.codebooks if (code, bits) == (header.code, header.bits)] or [""]
        name = next((n for n in names if model.code_fingerprint(header.code, header.bits, header.resets, n)
                     == header.code_fingerprint), None)
        if name is None:
            raise Failure("another code")
        self.header, self.m1 = header, model.m1
        self.windows = None
        if header.code != UNBROKEN:
            book = model.codebooks.get((header.code, header.bits, name))
            if header.code == SPLIT and (header.resets != 1 or not codebooks):
                book = None
            self.windows = book or SplitWindows(model.m1, header.bits, header.resets)
        self.read, self.chunk_text = [], 0

    def start(self):
        """A chunk begins."""
        self.read, self.chunk_text = [], 0
        if self.windows:
            self.windows.start()

    def text(self, block):
        header, known = self.header, not self.header.unknown()
        out, block_text, at = bytearray(), 0, 0
        for i, (units, ends, bits) in enumerate(block.entries):
            if i or not block.flags & CONTINUES:
                self.start()
            need(not known or block_text < FULL, "an entry behind the end of its block")
            text_bytes, last = 0, None
            for symbols in self.strings(block, at, units, bits):
                need(not known or last != EOD, "an EOD before the end of an entry")
                last = symbols[-1]
                text_bytes += len(symbols) - (last == EOD)
                need(block_text + text_bytes <= TEXT_OF_BLOCK, "too much text")
                if last != EOD:
                    out += bytes(symbols)
                else:
                    out += bytes(symbols[:-1]) + (b"\0" if header.separator == NUL else b"")
            at += bits
            need(not known or (last == EOD) == bool(ends), "an EOD that the directory denies, or the reverse")
            block_text += text_bytes
            self.chunk_text += text_bytes
            need(not known or not header.chunk or self.chunk_text <= header.chunk, "a chunk is too long")
        need(not known or block_text == block.text_bytes, "the number of text bytes")
        return bytes(out)

    def strings(self, block, at, units, bits):
        """The symbols of each unit of an entry. EOD may only be the last of them."""
        if self.windows is None:
            start = len(self.read)
            decode_unbroken(self.m1, self.read, block.code, at, bits, units)
            for symbol in self.read[start:]:
                yield [symbol]
            return
        width = self.header.bits
        for i in range(units):
            symbols = self.windows.string_of(get_bits(block.code, at + i * width, width))
            yield symbols
            if symbols[-1] == EOD:
                self.windows.start()


# ---- writing streams ----

class Writer:
    def __init__(self, out, header):
        self.out, self.header, self.sums = out, header, [0] * 5
        out.write(header.bytes())

    def block(self, block):
        header, directory = self.header, bytearray()
        for units, ends, bits in block.entries:
            directory += leb128(units * 2 + ends)
            if header.code == UNBROKEN:
                directory += leb128(bits)
        code, count = block.code, 0
        if header.kind == 2:
            count = len(block.tokens)
            code = bytes(block.tokens) if header.token_size() == 1 else struct.pack("<%dH" % count, *block.tokens)
        payload = padded(bytes(directory)) + padded(code)
        head = BLOCK_MARKER + struct.pack("<IIQQIIIIII", self.sums[0], block.flags, self.sums[1], block.text_bytes,
                                          len(directory), len(code), block.units, count, block.documents, header.id())
        self.out.write(head + u64(crc64(head)) + payload + u64(crc64(payload)))
        for i, value in enumerate([1, block.text_bytes, block.units, count, block.documents]):
            self.sums[i] += value

    def end(self):
        trailer = TRAILER_MARKER + u64(*self.sums) + u32(self.header.id(), 0)
        self.out.write(trailer + u64(crc64(trailer)))


def tokens_of(header, block):
    """Cuts a block's bits into tokens of v bits."""
    bits, v = sum(bits for _, _, bits in block.entries), header.token_bits
    count = (bits + v - 1) // v
    return unpack_bits(block.code + bytes(2), v, count)


# ---- documents, chunks and boundaries ("DOCUMENTS AND CHUNKS", "Alignment") ----

KINDS = {}


def kind_of(c):
    """The kind of a character in the pattern of words: L letters and marks, N numbers, S ASCII white space except the
    space, ' apostrophes, P other characters, X bytes that are not UTF-8. Python 3.11 has the classes of Unicode 14.0;
    other versions know some more or fewer characters."""
    if c not in KINDS:
        if c in " '":
            kind = c
        elif c == "\u2019":
            kind = "'"
        elif c in "\t\n\v\f\r":
            kind = "S"
        elif "\udc80" <= c <= "\udcff":
            kind = "X"
        else:
            kind = {"L": "L", "M": "L", "N": "N"}.get(unicodedata.category(c)[0], "P")
        KINDS[c] = kind
    return KINDS[c]


def starts_of_matches(data, pattern):
    """The offsets where matches start. Patterns other than words must mean the same in Python."""
    text = data.decode("utf-8", "surrogateescape")
    places = [0, *itertools.accumulate(len(c.encode("utf-8", "surrogateescape")) for c in text)]
    if pattern == "words":
        matches = re.finditer("[ ]?(?:L'?)+|[ ]?N+|[ ]?[P']+|[ S]+", "".join(map(kind_of, text)))
    else:
        matches = (m for m in re.finditer(pattern, text, re.ASCII | re.MULTILINE)
                   if not "\udc80" <= text[m.start():m.start() + 1] <= "\udcff")
    return {places[match.start()] for match in matches}


def documents_of(operands, separator, pattern, leave_open):
    """The documents: a list of [bytes, whether EOD follows]."""
    if separator == 0:
        documents = [[data, True] for data in operands if data]
    elif separator == NUL:
        *ended, rest = b"".join(operands).split(b"\0")
        documents = [[data, True] for data in ended] + ([[rest, False]] if rest else [])
    else:
        data = b"".join(operands)
        starts = sorted({0, *starts_of_matches(data, pattern)} - {len(data)}) + [len(data)]
        documents = [[data[a:b], True] for a, b in zip(starts, starts[1:])]
    if leave_open and documents:
        documents[-1][1] = False
    return documents


def chunks_of(document, ended, chunk):
    """Yields, for each chunk, where it starts and its symbols."""
    size = chunk or max(len(document), 1)
    starts = range(0, len(document), size) or ([0] if ended else [])
    for start in starts:
        symbols = list(document[start:start + size])
        if ended and start + size >= len(document):
            symbols.append(EOD)
        yield start, symbols


def encode(writer, documents, coder, alignment):
    header = writer.header
    entries, windows, text = [], [], 0

    def flush(flags=0):
        nonlocal entries, windows, text
        if entries:
            if header.code == UNBROKEN:
                number, length = 0, 0
                for code, bits in windows:
                    number, length = number << bits | code, length + bits
                code = (number << -length % 8).to_bytes((length + 7) // 8, "big")
            else:
                code = pack_bits(windows, header.bits)
            writer.block(Block(flags, text, entries, code))
        entries, windows, text = [], [], 0

    for document, ended in documents:
        boundaries = starts_of_matches(document, alignment) if alignment != "none" else set()
        for start, symbols in chunks_of(document, ended, header.chunk):
            if alignment != "none":
                near = {b - start for b in boundaries if start <= b < start + len(symbols)}
                near.update((len(symbols), len(symbols) - (symbols[-1] == EOD)))
            else:
                near = set()
            parts = list(coder.parts(symbols, near))
            if len(parts) > 1:
                flush()
            for i, (units, codes, bits, taken) in enumerate(parts):
                last = i == len(parts) - 1
                ends = last and symbols[-1] == EOD
                entries.append((units, int(ends), bits))
                windows += codes
                text += taken - ends
                if len(parts) > 1:
                    flush((CONTINUES if i else 0) | (0 if last else CONTINUED))
            if sum(units for units, _, _ in entries) >= FULL or text >= FULL:
                flush()
    flush()
    writer.end()


class WindowCoder:
    def __init__(self, windows, bits, alone=False):
        self.windows, self.bits, self.alone = windows, bits, alone

    def parts(self, symbols, boundaries):
        """Yields units, windows, bits and symbols of each part of a chunk."""
        self.windows.start()
        at, since, found = 0, 0, []
        text = symbols[:-1] if self.alone and symbols[-1] == EOD else symbols
        while at < len(symbols):
            if at < len(text):
                k, length = self.windows.take(text, at, boundaries)
            else:
                k, length = (1 << self.bits) - 1, 1  # EOD
            assert length
            found.append(k)
            at += length
            if at == len(symbols) or len(found) == WINDOWS_OF_PART or at - since >= 1 << 26:
                yield len(found), found, len(found) * self.bits, at - since
                found, since = [], at


class UnbrokenCoder:
    def __init__(self, m1):
        self.m1 = m1

    def parts(self, symbols, _boundaries):
        for at in range(0, len(symbols), SYMBOLS_OF_PART):
            end = min(at + SYMBOLS_OF_PART, len(symbols))
            code = encode_unbroken(self.m1, symbols[:end], at)
            yield end - at, [code], code[1], end - at


# ---- the program ----

def shown(string):
    """A string as acwin --show writes it."""
    out = []
    for s in string:
        if s == EOD:
            out.append("\\E")
        elif s in b"\n\t\\":
            out.append({10: "\\n", 9: "\\t", 92: "\\\\"}[s])
        else:
            out.append(chr(s) if 32 <= s < 127 else "\\x%02x" % s)
    return "".join(out)


def load(path):
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def load_model(options):
    if not options.model:
        raise Failure("which model? -m")
    return Model(load(options.model))


def do_decode(options, out):
    model = load_model(options)
    for path in options.files:
        reader = Reader(load(path))
        for header in reader.headers():
            need(header.code, "foreign tokens have no text")
            decoder = Decoder(header, model, not options.no_codebook)
            for block in reader.blocks(header):
                out.write(decoder.text(block))


def do_encode(options, out):
    model = load_model(options)
    bits, code = options.bits, {"split": SPLIT, "best": BEST}[options.code] if options.bits else UNBROKEN
    resets = options.resets if bits else 0
    align = options.align if bits else "none"
    separator = NUL if options.null else 2 if options.document else 0
    alone = options.eod == "alone" if options.eod else code == BEST
    header = Header(kind=1, bits=bits, code=code, resets=resets, flags=ALONE * alone, chunk=options.chunk,
                    separator=separator, alignment={"none": 0, "words": 1}.get(align, 2), m1=model.fingerprint,
                    parameters=model.parameters,
                    code_fingerprint=model.code_fingerprint(code, bits, resets, options.codebook))
    book = model.codebooks.get((code, bits, options.codebook))
    if book and (code == BEST or resets == 1 and not options.no_codebook):
        book.check_base()
        coder = WindowCoder(book, bits, alone)
    elif code == SPLIT:
        coder = WindowCoder(SplitWindows(model.m1, bits, resets), bits, alone)
    else:
        coder = UnbrokenCoder(model.m1)
    documents = documents_of([load(path) for path in options.files], separator, options.document, options.open)
    encode(Writer(out, header), documents, coder, align)


def do_check(options, _out):
    for path in options.files:
        reader = Reader(load(path))
        for header in reader.headers():
            for _ in reader.blocks(header):
                pass


def do_pack(options, out):
    """Windows to tokens, or with -v 0 tokens to windows."""
    for path in options.files:
        reader = Reader(load(path))
        for header in reader.headers():
            v = options.token_bits
            need(header.code and header.kind == (1 if v else 2), "streams of the wrong kind")
            new = Header(**vars(header))
            new.kind, new.token_bits, new.vocabulary = (2, v, 1 << v) if v else (1, 0, 0)
            writer = Writer(out, new)
            for block in reader.blocks(header):
                block.tokens = tokens_of(new, block) if v else None
                writer.block(block)
            writer.end()


def do_unpack(options, out):
    options.token_bits = 0
    do_pack(options, out)


def do_foreign(options, out):
    lengths = None
    if options.text:
        lengths = [len(line) for line in load(options.text).splitlines(keepends=True)]
    lines = b"".join(load(path) for path in options.files).decode("ascii").split("\n")
    if not lines[-1]:
        lines.pop()
    writer = Writer(out, Header(kind=2, vocabulary=options.vocab, flags=0 if options.text else UNKNOWN))
    entries, tokens, text = [], [], 0

    def flush(flags=0):
        nonlocal entries, tokens, text
        if entries:
            writer.block(Block(flags, text, entries, b"", tokens))
        entries, tokens, text = [], [], 0

    for number, line in enumerate(lines):
        ids = [int(word) for word in line.split()]
        need(not ids or max(ids) < options.vocab, "an id is not in the vocabulary")
        parts = [ids[i:i + WINDOWS_OF_PART] for i in range(0, len(ids), WINDOWS_OF_PART)] or [[]]
        if len(parts) > 1:
            flush()
        for i, part in enumerate(parts):
            last = i == len(parts) - 1
            entries.append((len(part), int(last), 0))
            tokens += part
            text += lengths[number] if lengths and last else 0
            if len(parts) > 1:
                flush((CONTINUES if i else 0) | (0 if last else CONTINUED))
        if len(tokens) >= FULL or text >= FULL or len(entries) >= FULL:
            flush()
    flush()
    writer.end()


def token_blocks(options):
    """Yields headers and blocks of tokens. Windows are cut into tokens of 16 bits."""
    for path in options.files:
        reader = Reader(load(path))
        for header in reader.headers():
            if header.kind == 1:
                header = Header(**vars(header))
                cut = Header(**{**vars(header), "kind": 2, "token_bits": 16, "vocabulary": 65536})
                for block in reader.blocks(header):
                    block.tokens = tokens_of(cut, block)
                    yield cut, block
            else:
                for block in reader.blocks(header):
                    yield header, block


def do_ids(options, out):
    """Writes a line for each document, with the tokens that begin in it."""
    line = []
    for header, block in token_blocks(options):
        width = header.token_bits or 1
        end = next_token = 0
        for units, ends, bits in block.entries:
            end += bits if header.code else units
            count = (end + width - 1) // width - next_token
            line += block.tokens[next_token:next_token + count]
            next_token += count
            if ends:
                out.write(" ".join(map(str, line)).encode() + b"\n")
                line = []
    if line:
        out.write(" ".join(map(str, line)).encode() + b"\n")


def do_raw(options, out):
    for header, block in token_blocks(options):
        size = header.token_size()
        out.write(bytes(block.tokens) if size == 1 else struct.pack("<%dH" % len(block.tokens), *block.tokens))


def do_strings(options, out):
    model = load_model(options)
    if options.code == "best" or not options.no_codebook and (SPLIT, options.bits, "") in model.codebooks:
        strings = model.codebooks[{"split": SPLIT, "best": BEST}[options.code], options.bits, options.codebook].strings
    else:
        strings = SplitWindows(model.m1, options.bits, 1).all_strings()
    for k, string in enumerate(strings):
        out.write(("%d\t%s\n" % (k, shown(string))).encode())


def do_model(options, _out):
    for book in load_model(options).codebooks.values():
        book.check_base()


def do_eval(options, out):
    """Reads a .freq file of tests/vectors, and writes it again with M1's frequencies. M1 reads EOD at the
    reset, and the first number of each line."""
    model, read = load_model(options), []
    for line in sys.stdin:
        symbol, *more = line.split()
        read.append(int(symbol))
        need(read[0] == EOD, "EOD is the first symbol")
        out.write(" ".join([symbol, *map(str, model.m1.after(read[1:]) if more else [])]).encode() + b"\n")


def main():
    parser = argparse.ArgumentParser(description="A second implementation of nct-formats(5).")
    parser.add_argument("command", choices=[name[3:] for name in globals() if name.startswith("do_")])
    parser.add_argument("-m", "--model")
    parser.add_argument("-b", "--window-bits", dest="bits", type=int, default=16)
    parser.add_argument("-c", "--chunk", type=int, default=131072)
    parser.add_argument("-r", "--resets", type=int, default=1)
    parser.add_argument("-0", "--null", action="store_true")
    parser.add_argument("-D", "--document")
    parser.add_argument("-a", "--align", default="none")
    parser.add_argument("--code", choices=["split", "best"], default="split")
    parser.add_argument("--codebook", default="")
    parser.add_argument("--eod", choices=["alone", "joined"])
    parser.add_argument("--no-codebook", action="store_true")
    parser.add_argument("--open", action="store_true")
    parser.add_argument("-v", "--token-bits", type=int, default=16)
    parser.add_argument("--vocab", type=int)
    parser.add_argument("--text")
    parser.add_argument("files", nargs="*", metavar="FILE")
    options = parser.parse_intermixed_args()
    options.files = options.files or ["-"]
    try:
        globals()["do_" + options.command](options, sys.stdout.buffer)
    except Damage as damage:
        sys.stdout.buffer.flush()
        print("nct_second.py: damaged: %s" % damage, file=sys.stderr)
        return 3
    except (Failure, OSError) as failure:
        print("nct_second.py: %s" % failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
