/* fuzz_stream.h - the entry point that libFuzzer calls, and a test in its place. */
#ifndef NCT_FUZZ_STREAM_H
#define NCT_FUZZ_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* Always 0; aborts where a rule that must hold for any input does not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
