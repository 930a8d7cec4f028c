#!/usr/bin/env python3
"""nct.py - text to ids and back, by libnct through ctypes: no build step, the standard library alone.

    import nct
    codec = nct.Codec()                    # the built-in strings; nct.Codec(model='m1.bin', bits=13) for others
    ids = codec.encode('Some text.')       # array('H') with a document's ids; the last is codec.eod
    many = codec.encode(['One.', 'Two.'])  # a list of arrays, much faster than a call for each
    codec.decode(ids)                      # b'Some text.'
    flat, ends = codec.encode_flat(texts)  # all ids in one array('H'), and where each document's ids end
    numpy.frombuffer(flat, numpy.uint16)   # the same memory as a NumPy array, without a copy

The ids are those of `acwin -0 | bitpack`. As a command, `nct.py encode FILE...` prints a line of ids for each file, and
`nct.py decode` writes the text of such lines. Set NCT_LIBRARY if libnct.so is not where the system looks for it."""
import array
import ctypes
import ctypes.util
import itertools
import os
import sys
import threading

NONE, WORDS, REGEX = range(3)  # enum nct_align
EOD = {'default': 0, 'joined': 1, 'alone': 2}


class Error(Exception):
    """A failure. `status` is the tools' exit status for it: 1 failed, 2 wrong usage, 3 damaged input."""

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


class Why(ctypes.Structure):  # struct nct_why
    _fields_ = [('text', ctypes.c_char * 256), ('about', ctypes.c_int)]


class Options(ctypes.Structure):  # struct nct_codec_options
    _fields_ = [('struct_size', ctypes.c_size_t), ('window_bits', ctypes.c_uint), ('token_bits', ctypes.c_uint),
                ('code', ctypes.c_int), ('codebook', ctypes.c_char_p), ('align', ctypes.c_int),
                ('align_pattern', ctypes.c_char_p), ('eod', ctypes.c_int), ('chunk', ctypes.c_uint64)]


def load(path=None):
    """Opens libnct.so: `path`, or $NCT_LIBRARY, or build/ of the source tree that this file is in, or the system's."""
    built = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../build/libnct.so')
    path = path or os.environ.get('NCT_LIBRARY') or (built if os.path.exists(built) else ctypes.util.find_library('nct'))
    if not path:
        raise Error('libnct.so is not installed; NCT_LIBRARY can say where it is', 1)
    lib = ctypes.CDLL(path)
    p, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    for name, result, arguments in [
            ('m1_builtin', ctypes.c_int, [p, text, p]), ('m1_open', ctypes.c_int, [p, text, text, p]),
            ('m1_free', None, [p]), ('strerror', text, [ctypes.c_int]), ('err_status', ctypes.c_int, [ctypes.c_int]),
            ('codec_new', ctypes.c_int, [p, p, p, p]), ('codec_free', None, [p]),
            ('codec_scratch_new', ctypes.c_int, [p, p]), ('codec_scratch_free', None, [p]),
            ('codec_window_bits', ctypes.c_uint, [p]), ('codec_token_bits', ctypes.c_uint, [p]),
            ('codec_eod_ids', ctypes.c_uint, [p]),
            ('codec_encode', ctypes.c_int, [p, p, p, p, size, ctypes.c_int, p, size, p, p]),
            ('codec_decode', ctypes.c_int, [p, p, p, size, p, size, p, p])]:
        function = getattr(lib, 'nct_' + name)
        function.restype, function.argtypes = result, arguments
    return lib


def address(buffer):
    return buffer.buffer_info()[0]


class Scratch:
    """A thread's memory for calls."""

    def __init__(self, codec):
        self.codec, self.pointer = codec, ctypes.c_void_p()
        codec.call('codec_scratch_new', ctypes.byref(self.pointer), codec.pointer)

    def __del__(self):
        if self.pointer:
            self.codec.lib.nct_codec_scratch_free(self.pointer)


class Codec:
    """A tokenizer. Any number of threads may use it; calls release the interpreter's lock.

    model: a file of m1train's; None: the built-in one. bits: b; 0: as the strings were chosen for. token_bits: v.
    align: None: as the strings were chosen for; '' for anywhere, 'words', or a pattern. eod: 'alone' or 'joined'.
    codebook: its name. chunk: c; None: never cut."""

    def __init__(self, model=None, bits=0, token_bits=0, align=None, eod='default', codebook=None, chunk=0, library=None):
        self.pointer, self.model, self.mine = ctypes.c_void_p(), ctypes.c_void_p(), threading.local()
        self.lib = load(library)
        if model is None:
            self.call('m1_builtin', ctypes.byref(self.model), None, why=True)
        else:
            self.call('m1_open', ctypes.byref(self.model), os.fsencode(model), None, why=True)
        if align is not None and bits == 0 or align is None and bits != 0:
            raise Error('give bits and align both, or none of them', 2)
        options = Options(ctypes.sizeof(Options), bits, token_bits, 0, codebook.encode() if codebook else None,
                          NONE if not align else WORDS if align == 'words' else REGEX,
                          align.encode() if align and align != 'words' else None, EOD[eod],
                          2**64 - 1 if chunk is None else chunk)
        self.call('codec_new', ctypes.byref(self.pointer), self.model, ctypes.byref(options), why=True)
        self.token_bits = self.lib.nct_codec_token_bits(self.pointer)
        self.window_bits = self.lib.nct_codec_window_bits(self.pointer)
        self.vocabulary_size = 2**self.token_bits
        per = self.lib.nct_codec_eod_ids(self.pointer)
        self.eod = None if per == 0 else self.vocabulary_size - 1  # the id that ends a document ...
        self.eod_ids = [self.eod] * per                            # ... and how often it stands there

    def __del__(self):
        self.mine = None
        if self.pointer:
            self.lib.nct_codec_free(self.pointer)
        if self.model:
            self.lib.nct_m1_free(self.model)

    def call(self, name, *arguments, why=False):
        what = Why()
        err = getattr(self.lib, 'nct_' + name)(*arguments, *([ctypes.byref(what)] if why else []))
        if err != 0:
            said = what.text.decode(errors='replace') or self.lib.nct_strerror(err).decode()
            raise Error(said, self.lib.nct_err_status(err))

    def encode_flat(self, documents, end=True):
        """Encodes a list of str or bytes. Returns the ids of all as one array('H'), and where each one's begin, and the
        last one's end, as an array('Q'). end=False: documents get no EOD."""
        raw = [d.encode() if isinstance(d, str) else d for d in documents]
        text, offsets = b''.join(raw), array.array('Q', itertools.accumulate(map(len, raw), initial=0))
        ends, mine = array.array('Q', [0]) * len(offsets), self.mine
        if not hasattr(mine, 'scratch'):
            mine.scratch, mine.ids = Scratch(self), array.array('H')
        room = len(text) // 3 + 1000  # most texts have fewer ids
        while True:
            if len(mine.ids) < room:
                mine.ids = array.array('H', [0]) * room
            self.call('codec_encode', self.pointer, mine.scratch.pointer, text, address(offsets), len(raw), not end,
                      address(mine.ids), len(mine.ids), address(ends), why=True)
            if ends[-1] <= len(mine.ids):
                return mine.ids[:ends[-1]], ends
            room = ends[-1]

    def encode(self, text, end=True):
        """The ids of a str or bytes, as an array('H'). Of a list of them, a list of arrays."""
        if isinstance(text, (str, bytes, bytearray, memoryview)):
            return self.encode_flat([text], end)[0]
        ids, ends = self.encode_flat(text, end)
        return [ids[ends[i]:ends[i + 1]] for i in range(len(ends) - 1)]

    def decode(self, ids, errors=None):
        """The text of ids: of integers, an array, or a NumPy array of uint16. As bytes; as a str if `errors` is given, as
        for bytes.decode(). EOD adds nothing. Of a list of such, a list."""
        if len(ids) > 0 and not isinstance(ids[0], int) and hasattr(ids[0], '__len__'):
            return [self.decode(i, errors) for i in ids]
        try:
            if not (isinstance(ids, array.array) and ids.typecode == 'H'):
                ids = array.array('H', ids)
        except (OverflowError, TypeError) as e:
            raise Error('ids: %s' % e, 3) from None
        offsets, ends, room = array.array('Q', [0, len(ids)]), array.array('Q', [0, 0]), 8 * len(ids) + 64
        while True:
            text = ctypes.create_string_buffer(room)
            self.call('codec_decode', self.pointer, address(ids), address(offsets), 1, text, room, address(ends), why=True)
            if ends[1] <= room:
                return text.raw[:ends[1]] if errors is None else text.raw[:ends[1]].decode(errors=errors)
            room = ends[1]


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ('encode', 'decode'):
        sys.exit('usage: nct.py encode FILE... | nct.py decode <IDS')
    try:
        codec = Codec()
        if sys.argv[1] == 'encode':
            for name in sys.argv[2:] or ['/dev/stdin']:
                with open(name, 'rb') as f:
                    print(*codec.encode(f.read()))
        else:
            for line in sys.stdin:
                sys.stdout.buffer.write(codec.decode(array.array('H', map(int, line.split()))))
        sys.stdout.flush()
    except BrokenPipeError: # whoever reads the output wants no more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except (Error, OSError, ValueError, OverflowError) as e:
        sys.stderr.write('nct.py: %s\n' % e)
        sys.exit(getattr(e, 'status', 1))


if __name__ == '__main__':
    main()
