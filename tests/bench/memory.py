"""memory.py - measures the codec in memory (examples/python/nct.py) beside acwin, on the same documents of 2,000 bytes.

usage: PYTHONPATH=examples/python python3 memory.py FILE; documents in FILE end with NUL. acwin is on the PATH.
Prints MB/s by the processor's seconds, for several numbers of documents a call, and the ratio to acwin -0 -T1. All
are medians of five turns. acwin's start-up, reading and writing are included; the codec's start-up is not."""
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import nct

CALLS = [1, 16, 100, 1000]


def acwin(name):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(['acwin', '-0', '-T1', name], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def codec(encoder, documents, call):
    start = time.process_time()
    for i in range(0, len(documents), call):
        encoder.encode_flat(documents[i:i + call])
    return time.process_time() - start


def main():
    with open(sys.argv[1], 'rb') as f:
        documents = [d[:2000] for d in f.read().split(b'\0')[:-1]]
    size = sum(map(len, documents))
    encoder = nct.Codec()
    with tempfile.NamedTemporaryFile() as f:
        f.write(b'\0'.join(documents) + b'\0')
        f.flush()
        turns = [(acwin(f.name), [codec(encoder, documents, n) for n in CALLS]) for _ in range(5)]
    print('acwin -0 -T1, documents of %d bytes: %.0f MB/s' % (size // len(documents),
                                                            size / 1e6 / statistics.median(t[0] for t in turns)))
    for i, n in enumerate(CALLS):
        print('nct.py, %d documents a call: %.0f MB/s, %.2f times acwin' % (
            n, size / 1e6 / statistics.median(t[1][i] for t in turns), statistics.median(t[0] / t[1][i] for t in turns)))


if __name__ == '__main__':
    main()
