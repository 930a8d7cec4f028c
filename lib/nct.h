/* nct.h - libnct: text to Equal-Info Windows to tokens and back, exactly. The public header of the codec.
 *
 * Terms (nct(7)): M1 is the byte model that drives the coder. A window is an integer of b bits that stands for a
 * string of symbols. A token is v bits of the windows' bit string. An operand is a file of input.
 *
 * All functions are reentrant. The library keeps no mutable globals, prints nothing, never exits, and does not read
 * the environment. In every function `why`, `totals` and `at` may be NULL. File descriptors are borrowed, unless it
 * says otherwise.
 *
 * What may change while the library is libnct.so.0:
 * - Option structs (struct nct_..._options) grow at their ends. A program sets `struct_size` to the struct's sizeof,
 *   and fields that it does not use to 0: struct nct_list_options o = {sizeof o, .each = each}. A newer library takes
 *   fields that the program does not have as 0, which means what was done without them. An older library returns
 *   NCT_EARG if a field that it does not have is set.
 * - struct nct_measured and struct nct_train_progress, which callbacks get, grow at their ends.
 * - All other structs stay as they are. New results come by new functions. */
#ifndef NCT_H
#define NCT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCT_VERSION "0.1.0"

/* a function of the shared libraries: they export these and no others */
#define NCT_API __attribute__((visibility("default")))
#define NCT_USED __attribute__((warn_unused_result))

/* What went wrong. nct_err_status() gives the tools' exit status for it. */
typedef enum nct_err {
	NCT_OK = 0,
	NCT_EARG,     /* an argument is outside its documented range */
	NCT_ENOMEM,   /* out of memory */
	NCT_EIO,      /* input, or another system call, failed; errno tells why */
	NCT_EMODEL,   /* the stream was written with another model or other windows */
	NCT_EDATA,    /* the input is damaged: a checksum is wrong, or a rule of the format is broken */
	NCT_ECUT,     /* the input ends early */
	NCT_EKIND,    /* not the kind of file or stream that was asked for */
	NCT_EVERSION, /* a version of the format that this library does not know */
	NCT_ENAN,     /* training met a NaN or an infinity */
	NCT_EWRITE    /* output failed; errno tells why */
} nct_err;

/* What a failure is about. */
enum nct_subject {
	NCT_ABOUT_INPUT,     /* the input, or another argument */
	NCT_ABOUT_ALIGNMENT, /* the pattern of boundaries (align_pattern) */
	NCT_ABOUT_FILE,      /* another file or folder; the text begins with its name */
	NCT_ABOUT_TEXTS      /* the texts of tokens */
};
/* One line of detail, `what, where`, without a newline. A function that takes `why` empties it first, and fills it
 * only if it fails. Even then it may stay empty. */
typedef struct nct_why {
	char text[256];
	enum nct_subject about;
} nct_why;

NCT_API const char *nct_strerror(nct_err err); /* a constant string, never NULL */
NCT_API int nct_err_status(nct_err err);       /* 0 done, 1 failed, 2 usage, 3 damaged input */

#define NCT_EOD 256                /* the symbol that ends a document; also what M1 reads first after a reset */
#define NCT_SYMBOLS 257            /* bytes 0..255 and NCT_EOD */
#define NCT_FREQ_TOTAL (1u << 20)  /* sum of M1's frequencies, each at least 1 */
#define NCT_WINDOW_MIN 10          /* window bits b */
#define NCT_WINDOW_MAX 128
#define NCT_CODEBOOK_MAX 20        /* bits of windows that can have a codebook, at most */
#define NCT_CODEBOOK_NAME 24       /* characters of a codebook's name, at most: a-z, 0-9, '-' and '_' */
#define NCT_WINDOW_SYMBOLS 1024    /* a window holds at most this many symbols */
#define NCT_REACH_MAX 1024         /* symbols that M1 attends to, at most */

/* Where windows should end: anywhere, at boundaries of words, or at boundaries where a pattern matches. */
enum nct_align { NCT_ALIGN_NONE = 0, NCT_ALIGN_WORDS = 1, NCT_ALIGN_REGEX = 2 };

/* Where a document's end (EOD) goes. Joined: into the window of the text before it, if it fits. Alone: into a window
 * of its own, with the value 2^b - 1, so that the end of each document is the same token, or the same b / v tokens. By
 * code: alone for NCT_CODE_BEST, joined for all others. In an unbroken code it is always joined. */
enum nct_eod { NCT_EOD_BY_CODE = 0, NCT_EOD_JOINED = 1, NCT_EOD_ALONE = 2 };

/* ---- M1, the exact byte model (nct-formats(5), "M1") ---- */

typedef struct nct_m1 nct_m1; /* opaque, immutable once made: any number of threads may share it */

/* Reads an M1 from a safetensors file. `cpu` names a row of kernels ("ref", "avx2", ...); NULL: the best usable one.
 * On failure *out is NULL and `why` says what and where. NCT_EIO, NCT_ENOMEM, NCT_EKIND (no M1), NCT_EDATA, NCT_ECUT,
 * NCT_EVERSION, NCT_EARG (`cpu` is unknown, or not usable here). */
NCT_API nct_err nct_m1_open(nct_m1 **out, const char *path, const char *cpu, nct_why *why) NCT_USED;
/* The same from memory; `bytes` is borrowed for the call only. */
NCT_API nct_err nct_m1_parse(nct_m1 **out, const void *bytes, size_t n, const char *cpu, nct_why *why) NCT_USED;
/* The M1 built into the library. */
NCT_API nct_err nct_m1_builtin(nct_m1 **out, const char *cpu, nct_why *why) NCT_USED;
NCT_API void nct_m1_free(nct_m1 *m);                     /* NULL is a no-op */
NCT_API uint64_t nct_m1_fingerprint(const nct_m1 *m);    /* over configuration and integer parameters */
NCT_API uint64_t nct_m1_parameters(const nct_m1 *m);     /* without embeddings */
/* The windows that a model or a codebook was made for. Encoders should use them. */
struct nct_m1_windows {
	unsigned bits;             /* 0: for no windows; the other fields mean nothing then */
	enum nct_align align;
	const char *align_pattern; /* for NCT_ALIGN_REGEX, else NULL; borrowed from the M1 */
};
NCT_API struct nct_m1_windows nct_m1_trained_for(const nct_m1 *m); /* those of the model */
/* Those of the codebook of chosen strings with this name. If it has several, that of the fewest bits. */
NCT_API struct nct_m1_windows nct_m1_codebook_made_for(const nct_m1 *m, const char *name);
/* For example "transformer d=256,layers=3,heads=4,ff=1024,reach=1024"; borrowed from *m. */
NCT_API const char *nct_m1_describe(const nct_m1 *m);

/* Compiles all windows of b bits, NCT_WINDOW_MIN to NCT_CODEBOOK_MAX, into a codebook (NCT_CODE_SPLIT) that *m then
 * holds. With it, such windows with r = 1 are encoded and decoded by tables, much faster and with the same result. It
 * changes *m, which no other thread may use meanwhile. NCT_EARG, NCT_ENOMEM. */
NCT_API nct_err nct_m1_compile(nct_m1 *m, unsigned window_bits, unsigned threads, nct_why *why) NCT_USED;
NCT_API int nct_m1_compiled(const nct_m1 *m, unsigned window_bits); /* true if *m holds that codebook */
/* true if *m holds a codebook of chosen strings (NCT_CODE_BEST) for such windows, of any name */
NCT_API int nct_m1_has_best(const nct_m1 *m, unsigned window_bits);
/* Writes the model file: what was read, and all codebooks that *m got since. NCT_EIO: writing failed, see errno.
 * NCT_ENOMEM. */
NCT_API nct_err nct_m1_write(const nct_m1 *m, int fd) NCT_USED;

/* Names of the kernel rows usable on this machine, best first; NULL past the last. */
NCT_API const char *nct_cpu_name(size_t i);

/* ---- Streams (nct-formats(5), "Streams") ---- */

enum nct_separator { NCT_SEP_OPERAND = 0, NCT_SEP_NUL = 1, NCT_SEP_REGEX = 2 };
enum nct_code { NCT_CODE_NONE = 0, NCT_CODE_SPLIT = 1, NCT_CODE_BEST = 2, NCT_CODE_UNBROKEN = 3 };
enum nct_kind { NCT_WINDOWS = 1, NCT_TOKENS = 2 };

/* The name of an enum nct_code: "none", "split", "best", "unbroken". NULL: `code` is none of them. */
NCT_API const char *nct_code_name(unsigned code);

/* What a stream's header says. */
struct nct_header {
	enum nct_kind kind;
	enum nct_code code;      /* NCT_CODE_NONE: foreign tokens, not made from windows */
	enum nct_align align;
	enum nct_separator separator;
	unsigned window_bits;    /* b: 0 (unbroken) or 10..128; 0 for foreign tokens */
	unsigned token_bits;     /* v: 1..16 for tokens made of windows; else 0 */
	uint32_t vocab;          /* 2^v, or the size given for foreign tokens, 2..65536; 0 for windows */
	uint32_t resets;         /* r: M1 is reset every r windows; 0: only at a chunk's start */
	uint64_t chunk;          /* c: bytes of text per chunk; 0: never cut */
	int text_unknown;        /* text bytes of blocks are not known, and stored as 0 */
	int eod_alone;           /* a document's end is a window of its own: see enum nct_eod */
	uint64_t m1;             /* fingerprint of M1; 0 for foreign tokens */
	uint64_t windows;        /* fingerprint of the code; 0 for foreign tokens */
	uint64_t m1_parameters;  /* nct_m1_parameters(); 0 for foreign tokens */
};

/* Sums over a stream, or several. */
struct nct_totals {
	uint64_t blocks, text_bytes, windows, tokens, documents;
	uint64_t stream_bytes;   /* all bytes of the stream, headers included */
	uint64_t code_bits;      /* bits of windows or tokens alone */
	int text_unknown;        /* in some stream text bytes are not known */
	int documents_unknown;   /* in some stream documents are not known: it was sampled, and EOD is joined */
};

/* Sets *fd to a descriptor of operand i, or to -1 behind the last one. The library closes the descriptor, unless it is
 * standard input. If it returns an error, the call that asked ends with that. nct_encode() may call it from any of its
 * threads, also while another thread calls `progress`. */
typedef nct_err (*nct_operand)(void *ctx, size_t i, int *fd);

/* ---- Tokens: bitpack's work ----
 * Each operand holds whole streams. `totals` are sums over what was written, but stream_bytes are those of the input.
 * NCT_EIO: reading failed; NCT_EWRITE: writing failed. If input is damaged, all that was before it is written. */

struct nct_pack_options {
	size_t struct_size;
	/* v of tokens that are made of windows, 1..16. 0 is the default: b up to 16 bits; above that 8 if 8 divides b and 16
	 * does not, else 16. In exports of tokens it must be 0 or what they have. */
	unsigned token_bits;
	int keep_going;          /* skip damaged blocks; the call still ends with NCT_EDATA */
	const char *tmpdir;      /* folder for a temporary file; NULL: /tmp */
	void (*progress)(void *ctx, uint64_t stream_bytes); /* NULL: none; called after each block, with the bytes read */
	void (*lost)(void *ctx, const nct_why *why);        /* NULL: none; with keep_going, called at each loss */
	void *ctx;               /* of these two */
	int widen;               /* exports of integers: u16 even if u8 would do */
	/* Exports of integers: a descriptor that receives a u64 for each document, the number of ids up to its end. With
	 * NCT_EXPORT_MEGATRON it receives the .idx file. NULL: none. */
	const int *index;
};

/* Turns streams of windows into streams of tokens on fd `out`. Each block is written as soon as it is read. NCT_EKIND:
 * the input is no stream of windows. */
NCT_API nct_err nct_pack(nct_operand operand, void *ctx, int out, const struct nct_pack_options *o,
                 struct nct_totals *totals, nct_why *why) NCT_USED;
/* Turns streams of tokens that were made of windows into the same streams of windows. NCT_EKIND: the tokens are
 * foreign, or the input has no tokens. */
NCT_API nct_err nct_unpack(nct_operand operand, void *ctx, int out, const struct nct_pack_options *o,
                   struct nct_totals *totals, nct_why *why) NCT_USED;

enum nct_export { NCT_EXPORT_TEXT, NCT_EXPORT_RAW, NCT_EXPORT_NPY, NCT_EXPORT_LLMC, NCT_EXPORT_MEGATRON };
/* Writes the ids of token streams, or of window streams as nct_pack() would make them, to fd `out`, in a form that
 * other programs read (nct-formats(5), "Files for other programs"):
 *
 * - NCT_EXPORT_TEXT: decimal numbers, a line for each document
 * - NCT_EXPORT_RAW: little-endian integers, u8 if vocab <= 256, else u16
 * - NCT_EXPORT_NPY: the same as one NumPy array
 * - NCT_EXPORT_LLMC: a file of llm.c
 * - NCT_EXPORT_MEGATRON: the .bin file of Megatron-LM
 *
 * If `out` is no regular file, NPY and LLMC go through a temporary file in o->tmpdir. NCT_EKIND: the ids of two
 * streams have different meanings (see nct_same_tokens()); v is not what was asked for; the form, or o->index, needs
 * tokens that end documents (NCT_EOD_ALONE, and v divides b) and there are none; or there are more tokens than the
 * form can hold. */
NCT_API nct_err nct_tokens_export(nct_operand operand, void *ctx, int out, enum nct_export to,
                                  const struct nct_pack_options *o, struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_import_options {
	size_t struct_size;
	uint32_t vocab;          /* 2..65536; ids are below it, else NCT_EDATA */
	int text;                /* descriptor of the text: a line for each line of ids; -1: text bytes are unknown */
	void (*progress)(void *ctx, uint64_t bytes);        /* NULL: none */
	void *ctx;
};
enum nct_import { NCT_IMPORT_IDS, NCT_IMPORT_RAW, NCT_IMPORT_NPY, NCT_IMPORT_LLMC };
/* Turns lines of decimal ids (spm_encode --output_format=id) into a stream of foreign tokens. A line is a document. */
NCT_API nct_err nct_import_ids(nct_operand operand, void *ctx, int out, const struct nct_import_options *o,
                       struct nct_totals *totals, nct_why *why) NCT_USED;
/* Turns bytes into a stream of foreign tokens, a token for each. o->vocab must be 256, and o->text -1. An operand is a
 * document. */
NCT_API nct_err nct_import_raw(nct_operand operand, void *ctx, int out, const struct nct_import_options *o,
                       struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_like_options {
	size_t struct_size;
	enum nct_import form;    /* NCT_IMPORT_RAW: u8 for vocabularies up to 256, else u16 */
	int widen;               /* NCT_IMPORT_RAW: u16 always */
	int like;                /* a descriptor at the header of a stream that the ids belong with; no more of it is read */
	const char *like_name;   /* its name in `why` */
	unsigned token_bits;     /* v, if that stream is of windows; 0: the default of struct nct_pack_options */
	const nct_m1 *m1;        /* borrowed: the M1 of that stream, for its codebook; NULL: do without */
	int any_m1;              /* what to do if *m1 is another M1. 1: do without; 0: NCT_EMODEL */
	int live;                /* write each window as soon as it is whole, in small blocks; text bytes are unknown */
	void (*progress)(void *ctx, uint64_t bytes); /* NULL: none */
	void *ctx;
};
/* Turns ids into streams of tokens that mean the same as those of o->like. Each operand becomes a stream. If *m1 has
 * the codebook of these windows, text bytes are counted, and blocks are cut as nct_encode() cuts them. Else text bytes
 * are unknown. NCT_EKIND: o->like has foreign tokens, or its documents do not end as the form needs. NCT_EDATA: an id
 * is outside the vocabulary, or no encoder would write it there. NCT_ECUT: the last window is not whole. */
NCT_API nct_err nct_import_like(nct_operand operand, void *ctx, int out, const struct nct_like_options *o,
                                struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_select_options {
	size_t struct_size;
	unsigned token_bits;     /* v, of windows; 0: the default of struct nct_pack_options */
	const nct_m1 *m1;        /* borrowed: the M1 of the streams, for its codebook; NULL: do without */
	int any_m1;              /* as in struct nct_like_options */
	const uint64_t *ranges;  /* (range_count,2) the first and the last document of each, from 1; NULL: `share` selects */
	size_t range_count;
	double share;            /* 0..1: the probability that a document is selected */
	uint64_t seed;           /* a hash of this and a document's number decides */
	const int *rest;         /* a descriptor that receives the other documents, as token streams; NULL: they are dropped */
	void (*progress)(void *ctx, uint64_t stream_bytes); /* NULL: none */
	void *ctx;
	uint64_t *rest_tokens;   /* receives the number of tokens that `rest` got; may be NULL */
};
/* Selects documents of streams of windows, or of tokens made of them, and writes them as token streams, one for each
 * stream of the input. Documents are numbered over all streams. Their windows do not change. If *m1 has no codebook of
 * these windows, text bytes become unknown. `totals` are of the selected documents. NCT_EKIND: foreign tokens, an
 * unbroken code, or streams that do not tell where documents end. */
NCT_API nct_err nct_tokens_select(nct_operand operand, void *ctx, int out, const struct nct_select_options *o,
                                  struct nct_totals *totals, nct_why *why) NCT_USED;

/* ---- Measuring: bpbcalc's work ---- */

/* The header row of an evaluation table, without its newline (nct-formats(5), "EVALUATION TABLES"). */
#define NCT_EVALUATION_COLUMNS "row\tindex\ttokens\ttext_bytes\tnats\tnats_per_token\tbits_per_token\taccuracy\t" \
	"vocabulary\ttoken_bits\twindow_bits\tresets\tcode\tm2_parameters\tm1_parameters\tm2_output_parameters"

/* The tokens of a text, as an evaluation table, or all token streams of an input, describe them. */
struct nct_measured {
	/* The header of the first stream, but text_unknown is set if it is in any. A table does not tell fingerprints,
	 * separator and chunk: they are 0. */
	struct nct_header header;
	uint64_t tokens, text_bytes;
	const uint64_t *counts;    /* (header.vocab) how often each id occurs; NULL: the table does not tell */
	int evaluated;             /* 1: a table, and the next two are valid */
	double nats;               /* M2's loss, summed over all tokens */
	uint64_t m2_parameters;
	uint64_t m2_output_parameters; /* of the output layer, which m2_parameters leaves out; 0: an older table, without it */
};

/* Reads evaluation tables, or token streams, from fd `in` to its end. Calls `each` once for each table, or once for
 * all streams; *m is valid for the call only. Calls `progress` (NULL: none) with the bytes read so far. NCT_EKIND:
 * neither tables nor token streams, or streams whose ids have different meanings. NCT_EDATA, NCT_ECUT, NCT_EVERSION,
 * NCT_ENOMEM; NCT_EIO: reading failed. */
NCT_API nct_err nct_measure(int in, void (*each)(void *ctx, const struct nct_measured *m),
                            void (*progress)(void *ctx, uint64_t bytes), void *ctx, nct_why *why) NCT_USED;
/* True if equal ids mean the same in streams with these headers, as far as the headers tell. Else `why` says how *b
 * differs. */
NCT_API int nct_same_tokens(const struct nct_header *a, const struct nct_header *b, nct_why *why);

/* ---- Windows: acwin's work ---- */

struct nct_encode_options {
	size_t struct_size;
	unsigned window_bits;    /* b; 0: an unbroken code */
	uint32_t resets;         /* r */
	uint64_t chunk;          /* c: bytes of text per chunk; 0: never cut */
	enum nct_separator separator;
	const char *pattern;     /* PCRE2 pattern for NCT_SEP_REGEX, else NULL */
	enum nct_align align;
	const char *align_pattern; /* PCRE2 pattern for NCT_ALIGN_REGEX, whose matches begin at boundaries; else NULL */
	int open;                /* the last document gets no EOD */
	unsigned threads;        /* at least 1 */
	size_t cache_bytes;      /* memory for remembered contexts of M1, for each thread, at most; 0: the default */
	/* How windows are chosen. NCT_CODE_NONE: NCT_CODE_BEST if M1 has such a codebook and r is 1; else NCT_CODE_UNBROKEN
	 * if b is 0, NCT_CODE_SPLIT if not. */
	enum nct_code code;
	int no_codebook;         /* encode by M1 alone. The stream is what NCT_CODE_SPLIT gives; it takes longer */
	void (*progress)(void *ctx, uint64_t text_bytes); /* NULL: none; called by one thread at a time */
	/* NULL: none. Called with the bytes of an operand's first read, perhaps while another thread calls `progress`. */
	void (*begins)(void *ctx, size_t operand, const uint8_t *bytes, size_t n);
	void *ctx;
	enum nct_eod eod;
	const char *codebook;    /* name of the codebook to use; NULL: the one without a name, else the first */
};

/* Encodes the operands' text to one window stream on fd `out`. NCT_EIO: reading failed. NCT_EWRITE: writing failed.
 * NCT_EARG: the options are wrong, or a pattern is; if why->about is NCT_ABOUT_ALIGNMENT, it is align_pattern.
 * NCT_EDATA: the codebook is damaged. NCT_ENOMEM. */
NCT_API nct_err nct_encode(const nct_m1 *m1, nct_operand operand, void *ctx, int out,
                   const struct nct_encode_options *o, struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_decode_options {
	size_t struct_size;
	unsigned threads;        /* at least 1 */
	int keep_going;          /* skip damaged blocks; the call still ends with NCT_EDATA */
	int show;                /* write, for each window, a line with its value, a tab, and its text: see nct_decode() */
	size_t cache_bytes;      /* as in struct nct_encode_options */
	int no_codebook;         /* decode by M1 alone, if the code is not NCT_CODE_BEST */
	void (*progress)(void *ctx, uint64_t text_bytes); /* NULL: none; called by one thread at a time */
	void (*lost)(void *ctx, const nct_why *why);      /* keep_going: called at each loss, by one thread at a time */
	void *ctx;
};
/* Decodes window streams from fd `in` to text on fd `out`; -1: checks them, and writes nothing. All text before a
 * fault is written. NCT_EIO, NCT_EWRITE, NCT_EARG, NCT_EMODEL, NCT_EKIND, NCT_EDATA, NCT_ECUT, NCT_EVERSION,
 * NCT_ENOMEM.
 *
 * With `show`, a value is decimal if b is at most 64, else hexadecimal with 0x. Newline, tab and backslash appear as
 * \n, \t and \\, other bytes that are not printable ASCII as \xHH, and EOD as \E. An unbroken code has no windows to
 * show: NCT_EKIND. */
NCT_API nct_err nct_decode(const nct_m1 *m1, int in, int out, const struct nct_decode_options *o,
                   struct nct_totals *totals, nct_why *why) NCT_USED;

enum nct_strings_form { NCT_STRINGS_SHOWN = 0, NCT_STRINGS_LLMC = 1, NCT_STRINGS_JSON = 2 };
struct nct_strings_options {
	size_t struct_size;
	enum nct_strings_form form;
	unsigned window_bits;
	enum nct_code code;      /* NCT_CODE_NONE: NCT_CODE_BEST if *m has such a codebook, else NCT_CODE_SPLIT */
	const char *codebook;    /* as in struct nct_encode_options */
};
/* Writes the strings of a codebook of *m to fd `out`, in the order of their windows' values. NCT_STRINGS_SHOWN: a line
 * for each, as nct_decode() shows windows. The other forms are for other programs (nct-formats(5), "Token texts").
 * NCT_EARG: there is no such codebook. NCT_EKIND: a string is too long for the form. NCT_EWRITE, NCT_ENOMEM. */
NCT_API nct_err nct_m1_list_strings(const nct_m1 *m, const struct nct_strings_options *o, int out,
                                    nct_why *why) NCT_USED;

/* ---- The codec in memory: for bindings ----
 *
 * Documents to ids and back, by a codebook, in the caller's memory: what `acwin -0 | bitpack` makes of the same
 * documents. Costs: an nct_codec takes some milliseconds to make, and for 65,536 strings some 3 MB; a scratch up to
 * 10 MB, of which calls with few documents use little. One call with a thousand documents is several times as fast as
 * a call for each, since 16 documents are walked at once. Limits: windows need a codebook, so they have at most
 * NCT_CODEBOOK_MAX bits, and v must divide b. */

typedef struct nct_codec nct_codec;                 /* opaque, immutable: any number of threads may share it */
typedef struct nct_codec_scratch nct_codec_scratch; /* a thread's memory: one call at a time may use it */

struct nct_codec_options {
	size_t struct_size;
	unsigned window_bits;    /* b; 0: b and the alignment that the codebook was made for, and `align` must be 0 */
	unsigned token_bits;     /* v; 0: the default of struct nct_pack_options */
	enum nct_code code;      /* these as in struct nct_encode_options */
	const char *codebook;
	enum nct_align align;
	const char *align_pattern;
	enum nct_eod eod;
	uint64_t chunk;          /* c; 0: acwin's default, 131072; UINT64_MAX: documents are never cut */
};
/* Makes a codec. *m1 is borrowed until nct_codec_free(). On failure *out is NULL. NCT_EARG: the options are wrong, *m1
 * has no such codebook, or the pattern is wrong (NCT_ABOUT_ALIGNMENT). NCT_EDATA: the codebook is damaged.
 * NCT_ENOMEM. */
NCT_API nct_err nct_codec_new(nct_codec **out, const nct_m1 *m1, const struct nct_codec_options *o,
                              nct_why *why) NCT_USED;
NCT_API void nct_codec_free(nct_codec *c);               /* NULL is a no-op */
/* *c is borrowed until nct_codec_scratch_free(). On failure *out is NULL: NCT_ENOMEM, NCT_EARG (the pattern). */
NCT_API nct_err nct_codec_scratch_new(nct_codec_scratch **out, const nct_codec *c) NCT_USED;
NCT_API void nct_codec_scratch_free(nct_codec_scratch *s); /* NULL is a no-op */

NCT_API unsigned nct_codec_window_bits(const nct_codec *c); /* b */
NCT_API unsigned nct_codec_token_bits(const nct_codec *c);  /* v; ids are below 2^v */
/* How many ids a document's end has, each of them 2^v - 1: b / v. 0: it has none of its own (NCT_EOD_JOINED). */
NCT_API unsigned nct_codec_eod_ids(const nct_codec *c);
/* Ids that so many documents with so many bytes in all can have, at most. */
NCT_API uint64_t nct_codec_ids_max(const nct_codec *c, uint64_t text_bytes, uint64_t documents);

/* Encodes documents: document i is text[offsets[i]..offsets[i + 1]), `offsets` (documents + 1) does not decrease. It
 * gets an EOD, unless `open`. Its ids are ids[id_offsets[i]..id_offsets[i + 1]); id_offsets (documents + 1) begins
 * with 0. Only the first `room` ids are written to `ids`: if id_offsets[documents] is more, call again with so much
 * room. Allocates only where *s has to grow. NCT_EARG: offsets decrease, or PCRE2 gave up on the pattern.
 * NCT_ENOMEM. */
NCT_API nct_err nct_codec_encode(const nct_codec *c, nct_codec_scratch *s, const void *text, const uint64_t *offsets,
                                 size_t documents, int open, uint16_t *ids, size_t room, uint64_t *id_offsets,
                                 nct_why *why) NCT_USED;
/* Decodes documents, in the same layout. Any ids make text; EOD adds nothing to it. Text may end inside a UTF-8
 * character. NCT_EARG: offsets decrease; NCT_EDATA: an id is not below 2^v; NCT_ECUT: a document's last window is not
 * whole. Does not allocate. */
NCT_API nct_err nct_codec_decode(const nct_codec *c, const uint16_t *ids, const uint64_t *id_offsets, size_t documents,
                                 void *text, size_t room, uint64_t *offsets, nct_why *why) NCT_USED;

/* How a stream ended: as it should; with blocks missing; without a trailer. */
enum nct_end { NCT_END_WHOLE, NCT_END_DAMAGED, NCT_END_CUT };
struct nct_list_options {
	size_t struct_size;
	int keep_going; /* skip what is damaged; the call still ends with NCT_EDATA */
	/* Called at the end of each stream, with totals of what was read. */
	void (*each)(void *ctx, const struct nct_header *h, const struct nct_totals *t, enum nct_end end);
	void (*lost)(void *ctx, const nct_why *why); /* NULL: none; with keep_going, called at each loss */
	void *ctx;
};
/* Reads streams of windows or of tokens from fd `in`, and checks every checksum. NCT_EIO, NCT_EKIND, NCT_EDATA,
 * NCT_ECUT, NCT_EVERSION, NCT_ENOMEM, NCT_EARG. */
NCT_API nct_err nct_list(int in, const struct nct_list_options *o, nct_why *why) NCT_USED;

#ifdef __cplusplus
}
#endif
#endif
