/* magic.c - recognises files that are not text by their first bytes. */
#include "magic.h"

#define BYTES(s) sizeof(s) - 1, s

/* Text does not begin like this: each pattern has a byte that text does not contain, or is too long to occur by
 * chance. */
static const struct nct_magic magics[] = {
	{NCT_MAGIC_XZ, "an .xz file", "xz -dc unpacks it", 0, BYTES("\3757zXZ\0")},
	{NCT_MAGIC_GZ, "a .gz file", "gzip -dc unpacks it", 0, BYTES("\037\213\010")},
	{NCT_MAGIC_ZST, "a .zst file", "zstd -dc unpacks it", 0, BYTES("\050\265\057\375")},
	/* a skippable frame, whose first byte nct_magic_find() checks */
	{NCT_MAGIC_ZST, "a .zst file", "zstd -dc unpacks it", 0, BYTES("?\052\115\030")},
	{NCT_MAGIC_OTHER, "a .bz2 file", "bzip2 -dc unpacks it", 0, BYTES("BZh?1AY&SY")},
	{NCT_MAGIC_OTHER, "a .bz2 file", "bzip2 -dc unpacks it", 0, BYTES("BZh?\027\162\105\070\120\220")}, /* an empty one */
	{NCT_MAGIC_OTHER, "a .zip file", "unzip -p unpacks it", 0, BYTES("PK\003\004")},
	{NCT_MAGIC_OTHER, "a .zip file", "unzip -p unpacks it", 0, BYTES("PK\005\006")}, /* an empty one */
	{NCT_MAGIC_OTHER, "a .7z file", "7z x -so unpacks it", 0, BYTES("7z\274\257\047\034")},
	{NCT_MAGIC_OTHER, "an .lz4 file", "lz4 -dc unpacks it", 0, BYTES("\004\042\115\030")},
	{NCT_MAGIC_OTHER, "an .lz file", "lzip -dc unpacks it", 0, BYTES("LZIP\001")},
	{NCT_MAGIC_OTHER, "an .lzo file", "lzop -dc unpacks it", 0, BYTES("\211LZO\0\r\n\032\n")},
	{NCT_MAGIC_OTHER, "a .Z file", "gzip -dc unpacks it", 0, BYTES("\037\235")},
	{NCT_MAGIC_OTHER, "a .rar file", "unrar p -inul unpacks it", 0, BYTES("Rar!\032\007")},
	{NCT_MAGIC_OTHER, "a Parquet file", NULL, 0, BYTES("PAR1\025")},
	{NCT_MAGIC_OTHER, "a window stream", "acwin -d makes text of it", 0, BYTES("\211NCT\r\n\032\n??\001")},
	{NCT_MAGIC_OTHER, "a token stream", "bitpack -u and acwin -d make text of it", 0, BYTES("\211NCT\r\n\032\n??\002")},
	{NCT_MAGIC_OTHER, "a safetensors file, such as models are", NULL, 6, BYTES("\0\0{\"")},
};

const struct nct_magic *
nct_magic_find(const uint8_t *p, size_t n)
{
	for (const struct nct_magic *m = magics; m < magics + sizeof magics / sizeof magics[0]; m++) {
		size_t i = 0;

		while (i < m->n && m->at + i < n && (m->bytes[i] == '?' || (uint8_t)m->bytes[i] == p[m->at + i]))
			i++;
		if (i == m->n && (m->bytes[0] != '?' || p[0] >> 4 == 5)) /* skippable frames begin with 0x50 to 0x5F */
			return m;
	}
	return NULL;
}
