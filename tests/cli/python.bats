# python.bats - the codec in memory from Python: examples/python/nct.py, and what its page says.
load helpers

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  command -v python3 >/dev/null || skip "python3 is not installed"
  # A library with a sanitizer in it needs the sanitizer's run time in python3, which has none.
  [ -z "${NCT_SAN:-}" ] || skip "not under a sanitizer"
  case $NCT_BUILD in /*) build=$NCT_BUILD ;; *) build=$NCT_ROOT/$NCT_BUILD ;; esac
  export NCT_LIBRARY=$build/libnct.so PYTHONPATH=$NCT_ROOT/examples/python PYTHONDONTWRITEBYTECODE=1
}

# python: runs the program on standard input.
python() { python3 -W error - "$@"; }

@test "python: encode prints the ids of acwin and bitpack, and decode gives the text back" {
  xz -dc "$NCT_ROOT/examples/sample.txt.xz" | head -c 300000 >text
  head -c 5000 /dev/urandom >noise
  : >empty
  python3 "$NCT_ROOT/examples/python/nct.py" encode text noise empty >ids
  acwin text noise | bitpack --to=text >want
  echo 65535 >>want # to acwin, an empty file is no document
  cmp ids want
  python3 "$NCT_ROOT/examples/python/nct.py" decode <ids | cmp - <(cat text noise)
  python3 "$NCT_ROOT/examples/python/nct.py" encode text text text text 2>err | head -c 10 >/dev/null || true # nobody reads on
  cmp err /dev/null
}

@test "python: documents by the thousand, in threads, and every option of the codec" {
  xz -dc "$NCT_ROOT/examples/sample.txt.xz" | head -c 400000 | tr -d '\0' | sed 's/$/\x00/' | tr -d '\n' >documents
  acwin -0 documents | bitpack --to=raw >want
  acwin -0 -b 16 -a none --eod=joined -c 100 documents | bitpack -v 8 --to=raw >other
  python <<'END'
import array
import threading
import nct
def read(name):
    with open(name, 'rb') as f:
        return f.read()
documents = read('documents').split(b'\0')[:-1]
codec = nct.Codec()
assert (codec.vocabulary_size, codec.window_bits, codec.eod, codec.eod_ids) == (65536, 16, 65535, [65535])
flat, ends = codec.encode_flat(documents)
assert flat.tobytes() == read('want') and len(ends) == len(documents) + 1
assert isinstance(flat, array.array) and flat.typecode == 'H'
lists = codec.encode([d.decode() for d in documents])
assert [flat[ends[i]:ends[i + 1]] for i in range(len(documents))] == lists
assert codec.decode(lists) == documents and codec.decode(flat) == b''.join(documents)
found = []
def use(i):
    found.append(codec.encode(documents[i:]) == lists[i:])
threads = [threading.Thread(target=use, args=(i,)) for i in range(8)]
for t in threads: t.start()
for t in threads: t.join()
assert found == [True] * 8, found
c = nct.Codec(bits=16, token_bits=8, align='', eod='joined', chunk=100)
assert c.eod is None and c.eod_ids == []
flat, ends = c.encode_flat(documents)
assert bytes(flat.tolist()) == read('other')
END
}

@test "python: open documents, other forms of input, a model of one's own, and clear errors" {
  xz -dc "$NCT_ROOT/examples/sample.txt.xz" | head -c 200000 >text
  m1train -q -k strings -b 10 -a words -o m text
  python <<'END'
import array
import nct
codec = nct.Codec()
ids = codec.encode('Grüße, naïve', end=False)
assert codec.decode(ids) == 'Grüße, naïve'.encode() and codec.decode(list(ids), errors='strict') == 'Grüße, naïve'
assert codec.encode(memoryview(b'Some text')) == codec.encode(b'Some text') == codec.encode('Some text')
assert codec.encode('') == array.array('H', [65535]) and codec.encode([]) == [] and codec.decode([]) == b''
noise = bytes(range(1, 256)) * 40 # more ids than a third of the bytes
assert codec.decode(codec.encode(noise)) == noise
own = nct.Codec('m')
assert own.window_bits == 10 and own.vocabulary_size == 1024 and own.decode(own.encode(noise)) == noise
def fails(status, words, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except nct.Error as e:
        assert e.status == status and words in str(e), (e.status, str(e))
    else:
        assert False, words
fails(1, 'No such file', nct.Codec, 'none')
fails(2, 'give bits and align both', nct.Codec, bits=16)
fails(2, 'do not divide', nct.Codec, bits=16, align='', token_bits=5)
fails(2, 'alignment: ', nct.Codec, bits=16, align='(')
fails(3, 'not below 1024', own.decode, [1, 1024])
fails(3, 'ids: ', own.decode, [70000])
END
}

@test "python: the page's tokenizer for transformers, on a stand-in for transformers" {
  mkdir stand-in
  cat >stand-in/transformers.py <<'END'
class PreTrainedTokenizer:
    def __init__(self, **options):
        self.__dict__.update(options)
    def encode(self, text):
        return [self._convert_token_to_id(t) for t in self._tokenize(text)]
    def decode(self, ids):
        return self.convert_tokens_to_string([self._convert_id_to_token(i) for i in ids])
END
  awk '/^## / { on = /^## A tokenizer/ } on && /^    / { print substr($0, 5) } on && /^$/ { print "" }' \
    "$NCT_ROOT/examples/python/README.md" >page.py
  PYTHONPATH=$PYTHONPATH:stand-in python <<'END'
import nct, page
t = page.NctTokenizer()
text = 'Tokens of 65535 strings, and the rest.'
assert t.encode(text) == list(nct.Codec().encode(text, end=False)) and t.decode(t.encode(text)) == text
assert t.vocab_size == 65536 and len(t.get_vocab()) == 65536 and t._convert_token_to_id(t.eos_token) == 65535
END
}

@test "python: parts.py finds the parts that m2train finds" {
  python <<'END'
import random
import struct
characters = [c.encode() for c in " a'\u2019\u00e9\u00c9\u0416\u0436\u01c5\u0130\u0178\u03a3\u0394\u05d0\u4e2d1\u0663\u00bd\n\t.-\u2014\u20ac\u00a0\u2003\U0001f600\u0301"]
characters += [b" ", b" ", b"e", b"E", b"t", b"T", b"s", b"\0", b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\x80"]
r = random.Random(1)
texts = [b"".join(r.choices(characters, k=r.randrange(12))) for _ in range(20000)]
with open("awkward", "wb") as f:
    f.write(struct.pack("<256I", 20240328, 2, len(texts), 0, *[0] * 252) + b"".join(bytes([len(t)]) + t for t in texts))
END
  acwin --strings=llmc --codebook=short -o short
  echo 1 2 3 | bitpack --from=ids --vocab=20000 >t.awkward
  echo 1 2 3 | bitpack --from=ids --vocab=65536 >t.short
  for texts in awkward short; do
    m2train -q -T 1 -s d=16,layers=1,heads=1,ff=16 -n 1 -B 1 -L 4 --texts=$texts -C ck -o m t.$texts
    python3 "$NCT_ROOT/examples/python/parts.py" $texts >pairs
    # The checkpoint has their number and the CRC64 of all pairs.
    python $texts <<'END'
import ctypes
import ctypes.util
import json
crc64 = ctypes.CDLL(ctypes.util.find_library("lzma") or "liblzma.so.5").lzma_crc64
crc64.restype, crc64.argtypes = ctypes.c_uint64, (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64)
with open("ck", "rb") as f:
    meta = json.loads(f.read(int.from_bytes(f.read(8), "little")))["__metadata__"]
with open("pairs", "rb") as f:
    pairs = f.read()
last = max(int.from_bytes(pairs[i:i + 4], "little") for i in range(4, len(pairs), 8))
assert meta["parts"] == "%d, CRC %016x" % (last + 1, crc64(pairs, len(pairs), 0)), (meta["parts"], last + 1)
END
    rm ck m
  done
  run -1 --separate-stderr python3 "$NCT_ROOT/examples/python/parts.py" absent
  [ "$stderr" = "parts.py: absent: No such file or directory" ]
  head -c 2000 short >cut
  run -1 --separate-stderr python3 "$NCT_ROOT/examples/python/parts.py" cut
  [ "$stderr" = "parts.py: cut: not a file of token texts" ]
  python3 "$NCT_ROOT/examples/python/parts.py" short 2>err >/dev/full && return 1
  [ "$(cat err)" = "parts.py: standard output: No space left on device" ]
  python3 "$NCT_ROOT/examples/python/parts.py" short 2>err | head -c 8 >/dev/null
  [ ! -s err ]
}
