#!/usr/bin/env python3
"""crafted.py - damaged streams and models: the tools and nct_second.py refuse the same ones, and give the same text.

    crafted.py MODEL SEED COUNT     acwin and bitpack are those in PATH

MODEL is m1-tiny of tests/vectors with codebooks of 10 bits of both codes. In streams of each kind a byte is changed,
at COUNT places each: once with all CRCs as they were, once with CRCs and ids that fit, so that only the other rules
can tell. Other streams are put together by hand, and the model file is changed. Each disagreement is printed. The
exit status is 1 if there was any.
"""
import io
import itertools
import random
import struct
import subprocess
import sys
from types import SimpleNamespace

import nct_second as nct


def reseal(data):
    """Corrects the ids and CRCs of a stream, as far as its lengths are plausible."""
    data = bytearray(data)
    data[64:72] = nct.u64(nct.crc64(data[:64]))
    at = 72
    while at + 64 <= len(data):
        is_trailer = data[at:at + 8] == nct.TRAILER_MARKER
        place = at + (48 if is_trailer else 52)
        data[place:place + 4] = data[64:68]
        data[at + 56:at + 64] = nct.u64(nct.crc64(data[at:at + 56]))
        if is_trailer:
            break
        directory, code = struct.unpack_from("<II", data, at + 32)
        at += 64
        end = at + directory + -directory % 8 + code + -code % 8
        if end + 8 > len(data):
            break
        data[end:end + 8] = nct.u64(nct.crc64(data[at:end]))
        at = end + 8
    return bytes(data)


class Model:
    """A model, with which both implementations read streams."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.model = nct.Model(file.read())

    def encode(self, documents, align="none", **fields):
        code, bits, resets = fields["code"], fields["bits"], fields["resets"]
        header = nct.Header(kind=1, m1=self.model.fingerprint, parameters=self.model.parameters,
                            code_fingerprint=self.model.code_fingerprint(code, bits, resets), **fields)
        if code == nct.UNBROKEN:
            coder = nct.UnbrokenCoder(self.model.m1)
        elif code == nct.BEST:
            coder = nct.WindowCoder(self.model.codebooks[code, bits, ""], bits)
        else:
            coder = nct.WindowCoder(nct.SplitWindows(self.model.m1, bits, resets), bits)
        out = io.BytesIO()
        nct.encode(nct.Writer(out, header), documents, coder, align)
        return out.getvalue()

    def second_decodes(self, data):
        reader, out = nct.Reader(data), []
        try:
            for header in reader.headers():
                nct.need(header.code, "foreign tokens have no text")
                decoder = nct.Decoder(header, self.model, True)
                for block in reader.blocks(header):
                    out.append(decoder.text(block))
        except nct.Damage as damage:
            return 3, str(damage), b"".join(out)
        except nct.Failure as failure:
            return 1, str(failure), b"".join(out)
        return 0, "", b"".join(out)

    def tool_decodes(self, data):
        """Decodes by acwin. Tokens become windows by bitpack first, which writes all that comes before a fault."""
        status, message = 0, ""
        if data[10:11] == b"\2":
            status, message, data = run(["bitpack", "-u"], data)
        result = run(["acwin", "-d", "-q", "-m", self.path], data)
        return result if result[0] or not status else (status, message, result[2])


def second_checks(data):
    reader = nct.Reader(data)
    try:
        for header in reader.headers():
            for _ in reader.blocks(header):
                pass
    except nct.Damage as damage:
        return 3, str(damage)
    return 0, ""


def run(command, data):
    result = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return result.returncode, result.stderr.decode(errors="replace").strip(), result.stdout


def to_tokens(data, v):
    out = io.BytesIO()
    reader = nct.Reader(data)
    for header in reader.headers():
        new = nct.Header(**vars(header))
        new.kind, new.token_bits, new.vocabulary = 2, v, 1 << v
        writer = nct.Writer(out, new)
        for block in reader.blocks(header):
            block.tokens = nct.tokens_of(new, block)
            writer.block(block)
        writer.end()
    return out.getvalue()


def foreign(vocabulary, documents, flags=0):
    out = io.BytesIO()
    writer = nct.Writer(out, nct.Header(kind=2, vocabulary=vocabulary, flags=flags))
    for some in documents:
        entries = [(len(tokens), 1, 0) for tokens in some]
        text_bytes = 0 if flags else 3 * sum(units for units, _, _ in entries)
        writer.block(nct.Block(0, text_bytes, entries, b"", sum(some, [])))
    writer.end()
    return out.getvalue()


def foreign_parts():
    """Streams of foreign tokens that no writer makes."""
    def stream(blocks, flags=0):
        out = io.BytesIO()
        writer = nct.Writer(out, nct.Header(kind=2, vocabulary=300, flags=flags))
        for block_flags, text_bytes, entries in blocks:
            entries = [(len(tokens), ends, 0) for tokens, ends in entries], sum((tokens for tokens, _ in entries), [])
            writer.block(nct.Block(block_flags, text_bytes, entries[0], b"", entries[1]))
        writer.end()
        return out.getvalue()

    for unknown, flags, ends in itertools.product((0, 1), range(4), (0, 1)):
        for text_bytes in (0,) if unknown else (0, 5):
            name = "unknown %d, flags %d, ends %d, %d bytes" % (unknown, flags, ends, text_bytes)
            yield "foreign parts, " + name, stream(
                [(2, 0, [([1, 2], 0)]), (flags, text_bytes, [([3], ends)])], unknown)
            yield "foreign part first, " + name, stream(
                [(flags, text_bytes, [([3], ends)]), (1, 9 - 9 * unknown, [([1, 2], 1)])], unknown)
            yield "foreign parts of several, " + name, stream(
                [(2, 0, [([1, 2], 1), ([5], 0)]), (flags, text_bytes, [([3], ends), ([], ends)])], unknown)
            yield "foreign, empty parts, " + name, stream(
                [(2, 0, [([], 0)]), (flags, text_bytes, [([], ends)])], unknown)
    for n in 65535, 65536, 65537:
        yield "%d documents of foreign tokens" % n, stream([(0, 7, [([], 1)] * n)])
        yield "%d documents of foreign tokens, unknown text" % n, stream([(0, 0, [([], 1)] * n)], 1)
        yield "%d entries of foreign tokens that end no document" % n, stream([(0, 7, [([], 0)] * n)])
        yield "an entry behind %d foreign tokens" % n, stream([(0, 7, [([1] * n, 1), ([], 1)])])
    for n in 720720, 720721:
        for unknown in 0, 1:
            yield "an entry of %d foreign tokens, unknown %d" % (n, unknown), stream([(0, 0, [([1] * n, 1)])], unknown)
    yield "foreign tokens of far more text", stream([(0, 1 << 40, [([1], 1)])])


def samples(model):
    """Small streams of every kind, as (name, stream)."""
    text = [[b"A dog and a cat, ", True], [b"", True], [b"ran \xff on", False]]
    split = {"bits": 10, "code": nct.SPLIT, "resets": 1, "separator": 1}
    yield "split", model.encode(text, chunk=8, **split)
    yield "split, 24 bits, r = 3", model.encode(text, chunk=12, **{**split, "bits": 24, "resets": 3})
    yield "split, 128 bits, r = 0", model.encode(text, chunk=0, **{**split, "bits": 128, "resets": 0})
    yield "best", model.encode(text, "words", chunk=11, **{**split, "code": nct.BEST}, alignment=1)
    yield "unbroken", model.encode(text, chunk=9, **{**split, "bits": 0, "code": nct.UNBROKEN, "resets": 0})
    yield "unbroken in tokens of 12", to_tokens(
        model.encode(text, chunk=9, **{**split, "bits": 0, "code": nct.UNBROKEN, "resets": 0}), 12)
    yield "split in tokens of 8", to_tokens(model.encode(text, chunk=8, **split), 8)
    yield "split in tokens of 13", to_tokens(model.encode(text, chunk=8, **split), 13)
    yield "foreign, 200", foreign(200, [[[1, 2, 3], [], [199]], [[5]]])
    yield "foreign, 300, unknown text", foreign(300, [[[1, 2, 3], [], [299]], [[]]], 1)


def parts(model):
    """Streams that a writer would not make: flags, parts, entries and text bytes in odd orders."""
    book = model.model.codebooks[nct.SPLIT, 10, ""]
    number = {string: k for k, string in reversed(list(enumerate(book.strings)))}

    def windows(*symbols):
        return [number[(s,)] for s in symbols]

    def stream(blocks, **fields):
        fields = {"code": nct.SPLIT, "bits": 10, "resets": 1, "separator": 1, **fields}
        header = nct.Header(kind=1, m1=model.model.fingerprint, code_fingerprint=model.model.code_fingerprint(
            fields["code"], fields["bits"], fields["resets"]), **fields)
        out = io.BytesIO()
        writer = nct.Writer(out, header)
        for flags, text_bytes, entries in blocks:
            code = nct.pack_bits([k for ks, _ in entries for k in ks], 10)
            writer.block(nct.Block(flags, text_bytes, [(len(ks), ends, 10 * len(ks)) for ks, ends in entries], code))
        writer.end()
        return out.getvalue()

    a, e = windows(97)[0], windows(nct.EOD)[0]
    for flags in range(4):
        yield "first block, flags %d" % flags, stream([(flags, 2, [([a, a], 0)])])
        yield "first block, flags %d, two entries" % flags, stream([(flags, 3, [([a, a], 0), ([a], 0)])])
        yield "first block, flags %d, EOD" % flags, stream([(flags, 2, [([a, a, e], 1)])])
        for unknown in 0, 1:
            n = 0 if unknown else 1
            for second in range(4):
                yield "flags %d, then %d, unknown %d" % (flags, second, unknown), stream(
                    [(flags, n, [([a], 0)]), (second, n, [([a], 0)])], flags=unknown)
                yield "flags %d, then %d, two entries each, unknown %d" % (flags, second, unknown), stream(
                    [(flags, 2 * n, [([a], 0), ([a], 0)]), (second, 2 * n, [([a], 0), ([a], 0)])], flags=unknown)
                yield "flags %d, then %d, two entries, first ends, unknown %d" % (flags, second, unknown), stream(
                    [(flags, 2 * n, [([a, e], 1), ([a], 0)]), (second, 2 * n, [([a, e], 1), ([a], 0)])], flags=unknown)
            yield "part ends a document, unknown %d, flags %d" % (unknown, flags), stream(
                [(flags, n, [([a, e], 1)]), (1, n, [([a], 0)])], flags=unknown)
    for unknown in 0, 1:
        def one(text_bytes, *entries, chunk=0):
            return stream([(0, 0 if unknown else text_bytes, list(entries))], flags=unknown, chunk=chunk)

        name = ", unknown %d" % unknown
        yield "EOD in an entry" + name, one(2, ([a, e, a, e], 1))
        yield "EOD not told" + name, one(1, ([a, e], 0))
        yield "EOD told" + name, one(1, ([a], 1))
        yield "chunk too long" + name, one(3, ([a, a, a], 0), chunk=2)
        yield "long and short chunk" + name, one(4, ([a, a, a], 0), ([a], 0), chunk=2)
        yield "EOD alone behind a full chunk" + name, one(2, ([a, a], 0), ([e], 1), chunk=2)
        yield "EOD alone behind a short chunk" + name, one(1, ([a], 0), ([e], 1), chunk=2)
        yield "parts too long" + name, stream(
            [(2, 0 if unknown else 2, [([a, a], 0)]), (1, 0 if unknown else 2, [([a, a], 0)])], flags=unknown, chunk=3)
    some = [a, e, 700, 5, 1000]
    for resets in 0, 3:
        for flags in range(4):
            yield "what continues, and what M1 has read, r = %d, flags %d" % (resets, flags), stream(
                [(2, 0, [(some, 0), ([a, a], 0)]), (3, 0, [(some, 0), ([a, a, 600, 800], 0)]),
                 (flags, 0, [([800, a], 0), (some, 0)])], flags=1, resets=resets)
    for separator in 0, 1, 2:
        yield "empty document, separator %d" % separator, stream([(0, 0, [([e], 1), ([e], 1)])], separator=separator)
        yield "open documents, separator %d" % separator, stream([(0, 2, [([a], 0), ([a], 0)])], separator=separator)
    yield "no blocks", stream([])
    for n in 65534, 65535, 65536, 65537:
        yield "an entry behind %d units" % n, stream([(0, n + 1, [([a] * n, 0), ([a], 0)])])
    longest = max(number, key=len)
    k, size = number[longest], len(longest)
    for n in (65535 // size, 65535 // size + 1):
        yield "an entry behind %d text bytes" % (n * size), stream([(0, n * size + 1, [([k] * n, 0), ([a], 0)])])
    for n in 720720, 720721:
        yield "an entry of %d windows" % n, stream([(0, n, [([a] * n, 0)])])
        yield "an entry of %d windows, unknown text" % n, stream([(0, 0, [([a] * n, 0)])], flags=1)


def models(data, chance, count):
    """Changed model files, as (name, file)."""
    length = struct.unpack_from("<Q", data)[0]
    header, body = data[8:8 + length].rstrip(b" "), data[8 + length:]
    fingerprint = header.split(b'"fingerprint":"')[1][:16]

    def joined(text, tail=body, padding=b" "):
        text += padding * (-len(text) % 8)
        return nct.u64(len(text)) + text + tail

    yield "the model as it was", joined(header)
    edits = [
        (b'"width":"6"', b'"width":"06"'), (b'"width":"6"', b'"width":"6 "'), (b'"width":"6"', b'"width":6'),
        (b'"width":"6"', b'"width":"7"'), (b'"heads":"2"', b'"heads":"0"'), (b'"reach":"1024"', b'"reach":"1025"'),
        (b'"reach":"1024"', b'"reach":"1023"'), (b'"reach":"1024",', b""), (b'"nct-m1-1"', b'"nct-m1-2"'),
        (b'"transformer"', b'"unigram"'), (fingerprint, fingerprint.upper()), (fingerprint, fingerprint[1:]),
        (b'"format"', b'"note.":"x","format"'), (b'"format"', b'"note.x":"\xff","format"'),
        (b'"format"', b'"note.x":"\\u00e9\\n","format"'), (b'"format"', b'"note.x":"\\ud800","format"'),
        (b'"format"', b'"note.x":"\n","format"'), (b'"format"', b'"note":"x","format"'),
        (b'"format"', b'"other":"x","format"'), (b'"format"', b'"note.x":"1","note.x":"1","format"'),
        (b'"format"', b'"note.x":["1"],"format"'), (b'"format"', b'"note.x":"1",,"format"'),
        (b'"format"', b'"window_bits":"16","format"'), (b'"format"', b'"align":"none","format"'),
        (b'"format"', b'"window_bits":"16","align":"none","format"'),
        (b'"format"', b'"window_bits":"9","align":"none","format"'),
        (b'"format"', b'"window_bits":"129","align":"none","format"'),
        (b'"format"', b'"window_bits":"128","align":"pattern","format"'),
        (b'"format"', b'"window_bits":"128","align":"regex","format"'),
        (b'"format"', b'"window_bits":"128","align":"regex","align_pattern":"a","format"'),
        (b'"format"', b'"window_bits":"128","align":"words","align_pattern":"a","format"'),
        (b'"split10":"', b'"split11":"'), (b'"split10":"', b'"split9":"'), (b'"best10.nodes":"', b'"best10.nodes":"1'),
        (b'"best10.nodes":"', b'"best11.nodes":"'), (b'"dtype":"I32"', b'"dtype":"U32"'),
        (b'"dtype":"I8"', b'"dtype":"U8"'),
        (b'"embed"', b'"embed2"'), (b'[257,6]', b'[6,257]'), (b'[257,6]', b'[257,6.0]'), (b'[257,6]', b'[257,6,1]'),
        (b'[257,6]', b'[ 257 , 6 ]'), (b'"data_offsets":[0,', b'"data_offsets":[1,'),
        (b'"data_offsets":[0,', b'"data_offsets":[00,'),
        (b'"data_offsets":[0,', b'"data_offsets":[-0,'), (b'"dtype":"I32",', b'"dtype":"I32","more":1,'),
        (b'"dtype":"I32",', b'"dtype":"I32","dtype":"I32",'), (b'"dtype":"I32",', b""),
        (b'{"__', b' {"__'), (b'{"__', b'{\t"__'),
        (b'"__metadata__"', b'"__metadata_"'), (b'"embed"', b'"qkv"'), (b'"embed"', b'"\\u0065mbed"'),
        (b'"embed":', b'"empty":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},"embed":'),
    ]
    for old, new in edits:
        assert old in header, old
        yield "the header with %r in place of %r" % (new, old), joined(header.replace(old, new, 1))
    yield "a newline behind the header", joined(header + b"\n")
    yield "a NUL behind the header", joined(header, padding=b"\0") if len(header) % 8 else joined(header + b"\0")
    yield "text behind the header", joined(header + b" x")
    yield "a byte behind the tensors", joined(header, body + b"\0")
    yield "no last byte", joined(header, body[:-1])
    yield "a header of no multiple of 8", nct.u64(len(header) | 7) + header.ljust(len(header) | 7) + body
    yield "much space behind the header", joined(header.ljust(1 << 20))
    yield "too much space behind the header", joined(header.ljust((1 << 20) + 8))
    for at in [*range(0, 8), *(chance.randrange(len(data)) for _ in range(count))]:
        value = data[at] ^ chance.randrange(1, 256)
        yield "the model, byte %d changed" % at, data[:at] + bytes([value]) + data[at + 1:]


def compare_models(model, chance, count, tell):
    """Encodes a text with each codebook, so that its base tensor is used."""
    with open(model.path, "rb") as file:
        data = file.read()
    for name, changed in models(data, chance, count):
        try:
            second, what = nct.Model(changed), "it is good"
        except nct.Damage as damage:
            second, what = None, str(damage)
        with open("changed.model", "wb") as file:
            file.write(changed)
        for code in nct.SPLIT, nct.BEST:
            good = second is not None
            if good:
                try:
                    second.codebooks[code, 10, ""].check_base()
                except nct.Damage as damage:
                    good, what = False, str(damage)
            way = {nct.SPLIT: "split", nct.BEST: "best"}[code]
            status, message, _ = run(
                ["acwin", "-m", "changed.model", "-b", "10", "-a", "none", "--code=" + way], b"Some text.")
            tell("%s, %s" % (name, way), not good, good == (status == 0),
                 "second: %s; tool: %d %s" % (what, status, message))


def compare_streams(model, chance, count, tell):
    def compare(name, data, as_tokens):
        pairs = [("reads", second_checks(data), run(["acwin", "-l"], data))]
        if as_tokens:
            pairs.append(("reads as tokens", pairs[0][1], run(["bitpack", "--to=raw"], data)))
        if data[19:20] != b"\0":
            pairs.append(("decodes", model.second_decodes(data), model.tool_decodes(data)))
        for what, second, tool in pairs:
            same = second[0] == tool[0] and (what != "decodes" or second[2] == tool[2])
            tell("%s: %s" % (name, what), second[0], same, "second: %d %s; tool: %d %s" % (second[:2] + tool[:2]))

    for name, data in parts(model):
        compare(name, data, False)
    for name, data in foreign_parts():
        compare(name, data, True)
    for name, data in samples(model):
        tokens = data[10] == 2
        compare(name, data, tokens)
        for _ in range(count):
            at, value = chance.randrange(len(data)), chance.choice([1, 2, 3, 128, 255, chance.randrange(1, 256)])
            changed = data[:at] + bytes([data[at] ^ value]) + data[at + 1:]
            what = "%s, byte %d ^ %d" % (name, at, value)
            compare(what, reseal(changed), tokens)
            tell(what + ", CRC as it was", True, second_checks(changed)[0] == 3, "the second reads it")
            compare(what + ", CRC as it was", changed, tokens)


def main():
    model, chance, count = Model(sys.argv[1]), random.Random(int(sys.argv[2])), int(sys.argv[3])
    tally = SimpleNamespace(cases=0, refused=0, differ=0)

    def tell(name, refused, same, what):
        tally.cases += 1
        tally.refused += bool(refused)
        if not same:
            tally.differ += 1
            print("%s: %s" % (name, what))

    compare_models(model, chance, count, tell)
    compare_streams(model, chance, count, tell)
    print("%d comparisons, %d of what is refused, %d disagreements" % (tally.cases, tally.refused, tally.differ))
    return tally.differ > 0 or not 0 < tally.refused < tally.cases


if __name__ == "__main__":
    sys.exit(main())
