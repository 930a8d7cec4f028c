/* show.c - a window as a line: its value, a tab, its text in escapes. */
#include "decode/show.h"

#include <inttypes.h>
#include <stdio.h>

static const char hex[] = "0123456789abcdef";

/* Writes a byte, in an escape if need be, and returns the length: 1 to 4. */
static size_t
escape(uint8_t *to, unsigned byte)
{
	to[0] = '\\';
	switch (byte) {
	case '\n': to[1] = 'n'; return 2;
	case '\t': to[1] = 't'; return 2;
	case '\\': to[1] = '\\'; return 2;
	default: break;
	}
	if (byte >= 0x20 && byte < 0x7f) {
		to[0] = (uint8_t)byte;
		return 1;
	}
	to[1] = 'x';
	to[2] = (uint8_t)hex[byte >> 4];
	to[3] = (uint8_t)hex[byte & 15];
	return 4;
}

size_t
nct_show_window(uint8_t *line, unsigned window_bits, nct_u128 k, const uint8_t *text, size_t n, int eod)
{
	char value[40];
	int digits;
	size_t at = 0;

	if (window_bits <= 64)
		digits = snprintf(value, sizeof value, "%" PRIu64 "\t", (uint64_t)k);
	else
		digits = snprintf(value, sizeof value, "0x%016" PRIx64 "%016" PRIx64 "\t", (uint64_t)(k >> 64), (uint64_t)k);
	for (int i = 0; i < digits; i++)
		line[at++] = (uint8_t)value[i];
	for (size_t i = 0; i < n; i++)
		at += escape(line + at, text[i]);
	if (eod) {
		line[at++] = '\\';
		line[at++] = 'E';
	}
	line[at++] = '\n';
	return at;
}
