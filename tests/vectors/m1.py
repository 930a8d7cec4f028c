#!/usr/bin/env python3
"""m1.py - the integer M1 once more, from nct-formats(5) alone: makes the m1-* vectors of this folder.

usage: m1.py make NAME      random model and symbols: writes NAME.safetensors and NAME.freq beside this script
       m1.py eval MODEL     symbols (decimal, from standard input) to lines like those of NAME.freq

A line holds a symbol and the frequencies after it; "make" leaves those of most lines out.

It shares no code with the library and is written for reading, not for speed: Python's integers are exact and its >> is
arithmetic. NAME is one of the keys of MODELS."""
import json
import os
import struct
import sys
from decimal import Decimal, getcontext
from math import isqrt

getcontext().prec = 50
T1 = [int((2**31 * Decimal(2) ** (Decimal(-i) / 64)).to_integral_value()) for i in range(64)]
T2 = [int((2**31 * Decimal(2) ** (Decimal(-j) / 4096)).to_integral_value()) for j in range(64)]
C1, C2, C3 = -11333, 3793, -653
TOTAL, SYMBOLS = 1 << 20, 257
BUCKET_STARTS = [19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113]

# name, type, shape, smallest and largest value; the order is the fingerprint's
TENSORS = [
    ("embed", "I32", ("S", "C"), -(2**21 - 1), 2**21 - 1),
    ("norm1.mul", "I16", ("L", "C"), 0, 2**15 - 1),
    ("qkv", "I8", ("L", "3C", "C"), -127, 127),
    ("qkv.mul", "I32", ("L", "3C"), 0, 2**31 - 1),
    ("score.mul", "I32", ("L", "H"), 0, 2**22),
    ("bias", "I32", ("L", "H", "32"), -(2**20 - 1), 2**20 - 1),
    ("mix.mul", "I32", ("L", "H"), 1, 2**20),
    ("proj", "I8", ("L", "C", "C"), -127, 127),
    ("proj.mul", "I32", ("L", "C"), 0, 2**31 - 1),
    ("norm2.mul", "I16", ("L", "C"), 0, 2**15 - 1),
    ("up", "I8", ("L", "2F", "C"), -127, 127),
    ("up.mul", "I32", ("L", "2F"), 0, 2**31 - 1),
    ("down", "I8", ("L", "C", "F"), -127, 127),
    ("down.mul", "I32", ("L", "C"), 0, 2**31 - 1),
    ("normf.mul", "I16", ("C",), 0, 2**15 - 1),
    ("head", "I8", ("S", "C"), -127, 127),
    ("head.mul", "I32", ("S",), 0, 2**29 - 1),
]
CODES = {"I8": "b", "I16": "h", "I32": "i"}


def rs(x, s):
    return (x + (1 << (s - 1))) >> s


def clamp(x, limit):
    return max(-limit, min(limit, x))


def mulhrs(a, b):
    return (a * b + (1 << 14)) >> 15


def bucket(d):
    return d if d < 16 else 16 + sum(d >= start for start in BUCKET_STARTS)


def norm(h, mul):
    q = isqrt(sum(x * x for x in h) * 256 // len(h) + 1)
    b = q.bit_length()
    inv = (1 << (29 + b)) // q
    return [clamp(mulhrs(clamp(rs(x * inv, 14 + b), 32767), m), 127) for x, m in zip(h, mul)]


def times(matrix, x):
    return [sum(w * v for w, v in zip(row, x)) for row in matrix]


def weight(x):
    n, f = x >> 10, (x & 1023) << 5
    if n > 14:
        return 0
    return (16384 + mulhrs(f, C1 + mulhrs(f, C2 + mulhrs(f, C3))) + ((1 << n) >> 1)) >> n


def frequencies(logits):
    top = max(logits)
    best = logits.index(top)
    odds = []
    for l in logits:
        x = top - l
        odds.append(0 if x >> 12 > 30 else ((T1[x >> 6 & 63] * T2[x & 63]) >> 32) >> (x >> 12))
    r = ((TOTAL - SYMBOLS) << 38) // sum(odds)
    freq = [1 + ((e * r) >> 38) for e in odds]
    freq[best] += TOTAL - sum(freq)
    return freq


class M1:
    def __init__(self, config, tensors):
        self.c = config
        self.t = tensors
        self.keys = [[] for _ in range(config["layers"])]
        self.values = [[] for _ in range(config["layers"])]

    def attend(self, l, q):
        heads, reach = self.c["heads"], self.c["reach"]
        d = len(q) // heads
        out = []
        for h in range(heads):
            part = slice(h * d, (h + 1) * d)
            keys = [k[part] for k in self.keys[l][-reach:]]
            values = [v[part] for v in self.values[l][-reach:]]
            mul, bias = self.t["score.mul"][l][h], self.t["bias"][l][h]
            u = [rs(sum(a * b for a, b in zip(q[part], k)) * mul, 16) + bias[bucket(len(keys) - 1 - j)]
                 for j, k in enumerate(keys)]
            p = [weight(max(u) - x) for x in u]
            inv = (self.t["mix.mul"][l][h] << 20) // sum(p)
            out += [clamp((sum(a * v[i] for a, v in zip(p, values)) * inv + 2**35) >> 36, 127) for i in range(d)]
        return out

    def add(self, h, matrix, mul, x):
        return [clamp(a + rs(acc * m, 30), 2**21 - 1) for a, acc, m in zip(h, times(matrix, x), mul)]

    def step(self, symbol):
        t, width, inner = self.t, self.c["width"], self.c["inner"]
        h = list(t["embed"][symbol])
        for l in range(self.c["layers"]):
            acc = times(t["qkv"][l], norm(h, t["norm1.mul"][l]))
            qkv = [clamp(rs(a * m, 30), 127) for a, m in zip(acc, t["qkv.mul"][l])]
            self.keys[l].append(qkv[width:2 * width])
            self.values[l].append(qkv[2 * width:])
            h = self.add(h, t["proj"][l], t["proj.mul"][l], self.attend(l, qkv[:width]))
            acc = times(t["up"][l], norm(h, t["norm2.mul"][l]))
            gu = [clamp(rs(a * m, 30), 32767) for a, m in zip(acc, t["up.mul"][l])]
            a = [clamp((max(g, 0) * u + 2**15) >> 16, 127) for g, u in zip(gu[:inner], gu[inner:])]
            h = self.add(h, t["down"][l], t["down.mul"][l], a)
        acc = times(t["head"], norm(h, t["normf.mul"]))
        return frequencies([rs(a * m, 24) for a, m in zip(acc, t["head.mul"])])


# ---- files ----

def crc64(data, crc=0):
    crc ^= 2**64 - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
    return crc ^ 2**64 - 1


def sizes(config):
    c = config
    return {"S": SYMBOLS, "C": c["width"], "3C": 3 * c["width"], "H": c["heads"], "L": c["layers"], "F": c["inner"],
            "2F": 2 * c["inner"], "32": 32}


def nested(flat, shape):
    if len(shape) == 1:
        return flat
    step = len(flat) // shape[0]
    return [nested(flat[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]


def load(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    meta = header.pop("__metadata__")
    assert meta["format"] == "nct-m1-1" and meta["kind"] == "transformer"
    config = {k: int(meta[k]) for k in ("width", "heads", "layers", "inner", "reach")}
    tensors = {}
    for name, kind, _, _, _ in TENSORS:
        begin, end = header[name]["data_offsets"]
        code = CODES[kind]
        flat = list(struct.unpack("<%d%s" % ((end - begin) // struct.calcsize(code), code), data[begin:end]))
        tensors[name] = nested(flat, header[name]["shape"])
    return config, tensors


def save(path, config, flat):
    number = sizes(config)
    raw = {name: struct.pack("<%d%s" % (len(flat[name]), CODES[kind]), *flat[name]) for name, kind, _, _, _ in TENSORS}
    crc = crc64(("transformer %(width)d %(heads)d %(layers)d %(inner)d %(reach)d" % config).encode())
    for name, _, _, _, _ in TENSORS:
        crc = crc64(raw[name], crc)
    meta = {"format": "nct-m1-1", "kind": "transformer"}
    meta.update({k: str(config[k]) for k in ("width", "heads", "layers", "inner", "reach")})
    meta.update({"fingerprint": "%016x" % crc, "note.made-by": "tests/vectors/m1.py"})
    header, at, body = {"__metadata__": meta}, 0, b""
    for want in ("I32", "I16", "I8"):
        for name, kind, shape, _, _ in TENSORS:
            if kind == want:
                dims = [number[d] for d in shape]
                header[name] = {"dtype": kind, "shape": dims, "data_offsets": [at, at + len(raw[name])]}
                at += len(raw[name])
                body += raw[name]
    text = json.dumps(header, separators=(",", ":"))
    text += " " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text.encode() + body)


# ---- random models ----

class Random:
    """splitmix64"""

    def __init__(self, seed):
        self.s = seed

    def below(self, n):
        self.s = (self.s + 0x9E3779B97F4A7C15) % 2**64
        z = self.s
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return (z ^ z >> 31) * n >> 64

    def between(self, low, high):
        return low + self.below(high - low + 1)


def usual(config):
    """Ranges in which sums come out neither tiny nor saturated: an int8 vector has a standard deviation of about 50."""
    root = lambda n: isqrt(n * 10**6) / 1000
    c, f, d = config["width"], config["inner"], config["width"] // config["heads"]
    mul = lambda target, n: int(2**30 * target / (73 * 50 * root(n)))
    about = lambda x: (x // 2, x + x // 2)
    return {
        "embed": (-3000, 3000), "norm1.mul": about(700), "qkv": (-127, 127), "qkv.mul": about(mul(60, c)),
        "score.mul": about(int(1500 * 65536 / (2500 * root(d)))), "bias": (-2500, 2500),
        "mix.mul": (2**16, 2**17), "proj": (-127, 127), "proj.mul": about(mul(700, c)), "norm2.mul": about(700),
        "up": (-127, 127), "up.mul": about(mul(2000, c)), "down": (-127, 127), "down.mul": about(mul(900, f)),
        "normf.mul": about(700), "head": (-127, 127), "head.mul": about(mul(7000, c) >> 6),
    }


def ordinary(rng, config):
    number, ranges = sizes(config), usual(config)
    flat = {}
    for name, _, shape, _, _ in TENSORS:
        count = 1
        for d in shape:
            count *= number[d]
        flat[name] = [rng.between(*ranges[name]) for _ in range(count)]
    return flat


def limits(rng, config):
    """As ordinary(), but one value in four is one of the two ends of its range: everything saturates somewhere."""
    flat = ordinary(rng, config)
    for name, _, _, low, high in TENSORS:
        flat[name] = [x if rng.below(4) else (low, high)[rng.below(2)] for x in flat[name]]
    return flat


MODELS = {
    "m1-tiny": (ordinary, {"width": 6, "heads": 2, "layers": 1, "inner": 20, "reach": 1024}, 1, 150),
    "m1-small": (ordinary, {"width": 36, "heads": 1, "layers": 2, "inner": 70, "reach": 9}, 2, 30),
    "m1-limits": (limits, {"width": 24, "heads": 2, "layers": 3, "inner": 33, "reach": 24}, 3, 60),
}


def run(model, symbols, out, every=1):
    for i, s in enumerate(symbols):
        freq = model.step(s)
        out.write(" ".join(map(str, [s] + (freq if i % every == 0 else []))) + "\n")


def make(name):
    fill, config, seed, length = MODELS[name]
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    rng = Random(seed)
    save(here + ".safetensors", config, fill(rng, config))
    with open(here + ".freq", "w") as out:
        run(M1(*load(here + ".safetensors")), [256] + [rng.below(SYMBOLS) for _ in range(length - 1)], out, 7)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "make" and sys.argv[2] in MODELS:
        make(sys.argv[2])
    elif len(sys.argv) == 3 and sys.argv[1] == "eval":
        run(M1(*load(sys.argv[2])), map(int, sys.stdin.read().split()), sys.stdout)
    else:
        sys.exit(__doc__)
