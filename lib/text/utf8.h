/* utf8.h - decodes one UTF-8 character. */
#ifndef NCT_TEXT_UTF8_H
#define NCT_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at text[0..n), n > 0. Returns its length in bytes and sets *c to its code point. Returns 0
 * if no valid, whole character begins there; *c is then undefined. */
static inline size_t
nct_utf8(const uint8_t *text, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t lead = text[0];
	const size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;

	*c = length == 1 ? lead : lead & (0x7fu >> length);
	if (length == 0 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (text[i] & 0x3fu);
	}
	return *c < least[length] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : length;
}

#endif
