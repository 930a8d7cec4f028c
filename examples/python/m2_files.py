"""m2_files.py - the files of M2, for m2.py: models, checkpoints and tokens, as nct-formats(5) defines them.

It needs NumPy and liblzma. What is damaged or of the wrong kind ends the program, with a line that names the file."""
import ctypes
import ctypes.util
import json
import math
import os
import re
import sys
import tempfile

import numpy as np

import parts

SIZES = ("vocabulary", "width", "heads", "layers", "inner", "reach")
NAMED = {"3m": (256, 4, 3, 1024), "25m": (512, 8, 6, 2048), "113m": (768, 12, 12, 3072), "403m": (1024, 16, 24, 4096),
         "2b": (2048, 32, 24, 8192)}  # width, heads, layers, inner
MODEL, OF_M2TRAIN, OF_M2PY = "nct-m2-1", "nct-checkpoint-1", "nct-m2.py-checkpoint-1"
FAILED, WRONG_USE, DAMAGED = 1, 2, 3  # exit statuses, as those of nct's tools


def fail(text, status=FAILED):
    print("m2.py: " + text, file=sys.stderr)
    sys.exit(status)


def need(holds, path, what):
    """Ends the program unless what was read is as it has to be."""
    if not holds:
        fail("%s: %s" % (path, what), DAMAGED)


def number(data, at, size):
    return int.from_bytes(bytes(data[at:at + size]), "little")


def crc64(*pieces):
    """The CRC64 of ECMA-182 of bytes or arrays, one after another."""
    if not hasattr(crc64, "of"):
        crc64.of = ctypes.CDLL(ctypes.util.find_library("lzma") or "liblzma.so.5").lzma_crc64
        crc64.of.restype = ctypes.c_uint64
        crc64.of.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64)
    crc = 0
    for piece in pieces:
        piece = np.ascontiguousarray(np.frombuffer(piece, "u1") if isinstance(piece, bytes) else piece)
        crc = crc64.of(piece.ctypes.data, piece.nbytes, crc)
    return crc


# ---- safetensors ----

def read_safetensors(path):
    """Metadata and tensors of a file, in its order. Tensors stay on disk until they are used."""
    data = np.memmap(path, "u1", "r") if os.path.getsize(path) else np.zeros(0, "u1")
    size = number(data, 0, 8)
    need(8 <= size <= len(data) - 8 and data[8] == ord("{"), path, "not a safetensors file")
    try:
        header = json.loads(data[8:8 + size].tobytes().decode())
        meta, tensors, at = header.pop("__metadata__", {}), {}, 8 + size
        for name, t in header.items():
            end = at + 4 * math.prod(t["shape"])
            need(t["dtype"] == "F32" and t["data_offsets"] == [at - 8 - size, end - 8 - size], path,
                 "tensor %s: not floats, or not where it should be" % name)
            need(end <= len(data), path, "the file ends before its data")
            tensors[name] = data[at:end].view("<f4").reshape(t["shape"])
            at = end
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        fail(path + ": not a safetensors file", DAMAGED)
    need(isinstance(meta, dict) and all(isinstance(value, str) for value in meta.values()), path,
         "not a safetensors file: metadata that is not text")
    need(at == len(data), path, "bytes after the last tensor")
    return meta, tensors


def keep_apart(read, written):
    """Ends the program if what is written would replace a file that is read, or another one that is written, or if its
    folder is missing. Both are lists of an option or operand, as messages name it, and its path."""
    for i, (name, path) in enumerate(written):
        folder = os.path.dirname(os.path.realpath(path))
        if not os.path.isdir(folder):
            fail("%s: %s: there is no folder %s" % (path, name, folder))
        for other, there in read + written[:i]:
            same = os.path.exists(path) and os.path.exists(there) and os.path.samefile(path, there)
            if os.path.realpath(path) == os.path.realpath(there) or same and os.path.isfile(path):
                fail("%s: %s would overwrite %s, %s" % (path, name, other, there))


def replace(path, write):
    """Makes a file by write(f), which appears only when complete. A link stays, and so do a file's permissions."""
    if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe
        with open(path, "wb") as f:
            write(f)
        return
    path = os.path.realpath(path)
    mask = os.umask(0)
    os.umask(mask)
    mode = os.stat(path).st_mode & 0o7777 if os.path.exists(path) else 0o666 & ~mask
    fd, new = tempfile.mkstemp(prefix=os.path.basename(path) + ".", dir=os.path.dirname(path))
    try:
        with open(fd, "wb") as f:
            write(f)
            f.flush()
            os.fchmod(f.fileno(), mode)
            os.fsync(f.fileno())
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


def write_safetensors(path, meta, tensors):
    header, at = {"__metadata__": meta}, 0
    for name, t in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + t.nbytes]}
        at += t.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)

    def write(f):
        f.write(len(text).to_bytes(8, "little") + text)
        for t in tensors.values():
            f.write(np.ascontiguousarray(t).data)
    replace(path, write)


# ---- tokens ----

def read_header(data, path):
    """Checks the header of a token stream, and returns its 72 bytes."""
    header = bytes(data[:72])
    need(len(header) == 72 and header[:8] == b"\x89NCT\r\n\x1a\n" and crc64(header[:64]) == number(header, 64, 8), path,
         "no header of a stream")
    need(header[8:10] == b"\1\0", path, "a version that is not known here")
    need(header[10] == 2, path, "windows, not tokens (see bitpack)")
    return header


def vocabulary_of(header):
    return number(header, 12, 4)


def read_like(path):
    """The header that --like names; None without --like."""
    if path is None:
        return None
    with open(path, "rb") as f:
        return read_header(f.read(72), path)


def meaning(header):
    """What is equal where ids mean the same: vocabulary, windows, code, resets and both fingerprints."""
    return header[11:17] + header[19:24] + header[40:56]


def one_meaning(header, other, path):
    """Either of two headers, None if both are. Ends the program if ids mean something else by the other one."""
    if header is not None and other is not None and meaning(header) != meaning(other):
        fail(path + ": its ids mean something else than those before")
    return other if header is None else header


def read_stream(path):
    """The ids of token streams, the place of each in its block, the bytes of text (None: unknown), and the header."""
    data, at, header, ids, places, text = np.memmap(path, "u1", "r"), 0, None, [], [], 0
    while at < len(data):
        new = read_header(data[at:at + 72], path)
        header, at = one_meaning(header, new, path), at + 72
        dtype = "u1" if vocabulary_of(header) <= 256 else "<u2"
        while True:
            head = data[at:at + 64]
            need(len(head) == 64 and crc64(head[:56]) == number(head, 56, 8), path, "damaged or cut, byte %d" % at)
            at += 64
            if bytes(head[:8]) != b"\x8aNCTBLK\n":
                break
            directory, code = (number(head, 32, 4) + 7) // 8 * 8, number(head, 36, 4)
            payload = data[at:at + directory + (code + 7) // 8 * 8]
            need(crc64(payload) == number(data, at + len(payload), 8), path, "damaged or cut, byte %d" % at)
            ids.append(payload[directory:directory + code].view(dtype))
            places.append(np.arange(len(ids[-1]), dtype="u4"))
            at += len(payload) + 8
        need(bytes(head[:8]) == b"\x8aNCTEND\n", path, "no trailer, byte %d" % (at - 64))
        text = None if text is None or new[18] & 1 else text + number(head, 16, 8)
    need(ids, path, "no tokens")
    return np.concatenate(ids), np.concatenate(places), text, header


def read_tokens(path, header):
    """Like read_stream(), of a file of any form. Bare ids are those that `header` tells of, which is returned."""
    with open(path, "rb") as f:
        magic = f.read(6)
    if magic[:4] == b"\x89NCT":
        ids, places, text, other = read_stream(path)
        return ids, places, text, one_meaning(header, other, path)
    if header is None:
        fail(path + ": not a token stream: what its ids mean has to be told by --like")
    if magic == b"\x93NUMPY":
        ids = np.load(path, mmap_mode="r")
        need(ids.ndim == 1 and ids.dtype in (np.uint8, np.uint16), path, "not one row of u8 or u16")
    else:
        dtype = "u1" if vocabulary_of(header) <= 256 else "<u2"
        need(magic and os.path.getsize(path) % int(dtype[-1]) == 0, path, "not ids of %s bytes" % dtype[-1])
        ids = np.memmap(path, dtype, "r")
    need(len(ids), path, "no tokens")
    return ids, np.arange(len(ids), dtype="u4"), None, header


# ---- models and checkpoints ----

def part_count(meta):
    """How many parts tokens share, by a checkpoint's metadata; 0 if each learns alone."""
    text = meta.get("parts", "none")
    return 0 if text == "none" else int(text.split(",")[0])


def shapes(s, count=0):
    """The tensors of a model of sizes `s`, in the order of files; `count`: of parts, in a checkpoint."""
    V, C, H, L, inner = (s[name] for name in SIZES[:5])
    return {"embed": (1, V + 1, C), "norm1": (L, 1, C), "qkv": (3 * L, C, C), "bias": (L, H, 32), "proj": (L, C, C),
            "norm2": (L, 1, C), "up": (2 * L, inner, C), "down": (L, C, inner), "normf": (1, 1, C), "head": (1, V, C),
            **({"parts": (2, count, C)} if count else {})}


def parse_size(text):
    """Width, heads, layers, inner and reach (None: not given) of a size, as -s takes it."""
    if text in NAMED:
        return (*NAMED[text], None)
    pairs = dict(re.findall("(?:^|,)(d|layers|heads|ff|reach)=([1-9][0-9]*)", text))
    n = {key: int(value) for key, value in pairs.items()}
    if ",".join("%s=%s" % pair for pair in pairs.items()) != text or not {"d", "layers", "heads", "ff"} <= set(n) or (
            n["d"] % n["heads"] or n.get("reach", 1) > 1024):
        fail("'%s' is no size" % text, WRONG_USE)
    return n["d"], n["heads"], n["layers"], n["ff"], n.get("reach")


def model_meta(s, length, header, tensors):
    text = "m2" + "".join(" %d" % n for n in (*(s[name] for name in SIZES), length))
    crc = crc64(text.encode(), header, *(tensors[name] for name in shapes(s)))
    return {"format": MODEL, **{name: str(s[name]) for name in SIZES}, "length": str(length), "stream": header.hex(),
            "fingerprint": "%016x" % crc}


def of_m2train(meta, tensors, path):
    """Sizes of a checkpoint of m2train's. Where it has the tensors of a best evaluation, these become the model's."""
    marks = ("step", "best_step", "best_bits", "round", "from", "pending_train_bits")
    options = [key for key in meta if key not in (*marks, "format", "crc64.strings", "crc64.tensors")]
    strings = [meta[key] for key in marks if key in meta] + [text for key in options for text in (key, meta[key])]
    need(meta["crc64.strings"] == "%016x" % crc64("".join(text + "\0" for text in strings).encode()), path,
         "damaged: CRC of its options")
    need(meta["vocabulary"].endswith("+1"), path, "a checkpoint of m1train's")
    if meta["best_step"] != "0":
        tensors.update({name[5:]: t for name, t in tensors.items() if name.startswith("best.")})
    width, heads, layers, inner, reach = parse_size(meta["size"])
    return dict(zip(SIZES, (int(meta["vocabulary"][:-2]), width, heads, layers, inner, reach)))


def read_pairs(path, header=None):
    """Pairs (n,2) of a token and the number of a part of its text, tokens ascending, by the file of texts (or None).
    Ends the program if these are not the texts of the tokens of this header, as far as the file tells."""
    if path is None:
        return None
    with open(path, "rb") as f:
        data = f.read()
    try:
        texts = parts.read_texts(data)
    except ValueError as e:
        fail("%s: %s" % (path, e), DAMAGED)
    if header is not None and len(texts) != vocabulary_of(header):
        fail("%s: texts of %d tokens, not %d" % (path, len(texts), vocabulary_of(header)))
    codebook, windows = number(data, 16, 8), number(header, 48, 8) if header is not None else 0
    if codebook and windows and codebook != windows:
        fail("%s: texts of the codebook %016x, but the tokens are of windows %016x" % (path, codebook, windows))
    pairs = [(t, part) for t, numbers in enumerate(parts.shared_parts(texts)) for part in numbers]
    if not pairs:
        print("m2.py: each token learns alone: no two texts share a part", file=sys.stderr)
    return np.array(pairs, "<u4") if pairs else None


def parts_mark(pairs):
    """How many parts there are, and the CRC64 of all pairs, as checkpoints have them; "none": tokens share none."""
    return "none" if pairs is None else "%d, CRC %016x" % (pairs[:, 1].max() + 1, crc64(pairs))


def composed(tensors, pairs):
    """A model's tensors, of those of a checkpoint in which tokens share parts. Sums are made in m2train's order."""
    tensors = dict(tensors)
    for name, table in zip(("embed", "head"), tensors.pop("parts")):
        tensors[name] = np.array(tensors[name])
        np.add.at(tensors[name][0], pairs[:, 0], table[pairs[:, 1]])
    return tensors


def read_model(path, pairs=None, compose=True):
    """Sizes, length, stream's header (None: the file has none), all tensors and metadata of a model or checkpoint.

    If tokens share parts in it, `pairs` are those, and the tensors get the sums that a model has, unless compose=False:
    each token's own row, and the tensor `parts`."""
    meta, tensors = read_safetensors(path)
    kind = meta.get("format")
    need(kind in (MODEL, OF_M2TRAIN, OF_M2PY), path, "neither a model M2 nor a checkpoint")
    try:
        need(kind == MODEL or meta["crc64.tensors"] == "%016x" % crc64(*tensors.values()), path,
             "damaged: CRC of its tensors")
        s = of_m2train(meta, tensors, path) if kind == OF_M2TRAIN else {name: int(meta[name]) for name in SIZES}
        length = int(meta["length"])
        header = None if kind == OF_M2TRAIN else read_header(bytes.fromhex(meta["stream"]), path)
        for name, shape in shapes(s, part_count(meta)).items():
            need(tensors[name].shape == shape, path, "tensor %s has another shape than the metadata asks for" % name)
            need(np.isfinite(tensors[name]).all(), path, "tensor %s has a value that is not finite" % name)
        need(header is None or model_meta(s, length, header, tensors)["fingerprint"] == meta["fingerprint"], path,
             "another fingerprint than the one in its metadata")
        if part_count(meta):
            if pairs is None:
                fail("%s: its tokens share parts: --texts=FILE has to name their texts" % path)
            if parts_mark(pairs) != meta["parts"]:
                fail("%s: its tokens share parts of other texts" % path)
            if compose:
                tensors = composed(tensors, pairs)
        elif pairs is not None and compose:
            fail("%s: its tokens share no parts that --texts could tell of" % path, WRONG_USE)
    except (KeyError, TypeError, ValueError) as e:
        fail("%s: lacks or has a wrong value: %s" % (path, e), DAMAGED)
    return s, length, header, tensors, meta


def write_model(path, s, length, header, tensors, notes):
    tensors = {name: tensors[name] for name in shapes(s)}
    write_safetensors(path, {**model_meta(s, length, header, tensors), **notes}, tensors)


def write_checkpoint(path, s, length, header, tensors, options):
    """A checkpoint of m2.py's: a model's metadata and `options`, a model's tensors and those of the optimiser."""
    meta = {**model_meta(s, length, header, tensors), **options, "format": OF_M2PY,
            "crc64.tensors": "%016x" % crc64(*tensors.values())}
    write_safetensors(path, meta, tensors)
