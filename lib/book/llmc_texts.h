/* llmc_texts.h - the file of token texts that llm.c reads (nct-formats(5), "Token texts"). */
#ifndef NCT_BOOK_LLMC_TEXTS_H
#define NCT_BOOK_LLMC_TEXTS_H

/* Its header is of 256 little-endian u32: magic, version, number of tokens, id of EOD (since version 2); then, as u64,
 * the fingerprint of the tokens' codebook or 0, which llm.c does not read; then zeros. */
enum {
	NCT_LLMC_TEXTS_HEADER = 1024, /* bytes */
	NCT_LLMC_TEXTS_MAGIC = 20240328,
	NCT_LLMC_TEXTS_VERSION = 2,
	NCT_LLMC_TEXTS_CODEBOOK = 16, /* where its fingerprint is */
	NCT_LLMC_TEXT_BYTES = 255 /* of a text, at most */
};

#endif
