/* nct.h - libnct: text to Equal-Info Windows to tokens and back, exactly. The public header of the codec.
 *
 * Terms (nct(7)): M1 is the byte model that drives the coder; a window is an integer of b bits that decodes
 * on its own; a token is v bits of the windows' bit string. All functions are reentrant: the library keeps
 * no mutable globals, never prints, never exits, never reads the environment.
 *
 * In every function `why`, `totals` and `at` may be NULL: then what they would tell is dropped.
 *
 * What may change while the library is libnct.so.0:
 * - Option structs (struct nct_..._options) grow at their ends. A program sets `struct_size` to the struct's sizeof
 *   and what it does not use to 0: struct nct_list_options o = {sizeof o, .each = each}. A newer library takes
 *   options that the program does not have as 0, which means what was done without them. An older library gives
 *   NCT_EARG where an option that it does not have is set.
 * - struct nct_measured and struct nct_train_progress, which callbacks are given, grow at their ends.
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

/* What went wrong. The tools' exit status follows from it: see nct_err_status(). */
typedef enum nct_err {
	NCT_OK = 0,
	NCT_EARG,     /* an argument is outside its documented range */
	NCT_ENOMEM,   /* out of memory */
	NCT_EIO,      /* input, or another system call, failed; errno tells why */
	NCT_EMODEL,   /* the stream was written with another model or other windows */
	NCT_EDATA,    /* damaged: a checksum or a rule of the format does not hold */
	NCT_ECUT,     /* the input ends early */
	NCT_EKIND,    /* not the kind of file or stream that was asked for */
	NCT_EVERSION, /* a version of the format that this library does not know */
	NCT_ENAN,     /* training met a NaN or an infinity */
	NCT_EWRITE    /* output failed; errno tells why */
} nct_err;

/* What a failure is about. */
enum nct_subject {
	NCT_ABOUT_INPUT,     /* the input, or what else the function was given */
	NCT_ABOUT_ALIGNMENT, /* the pattern of boundaries */
	NCT_ABOUT_FILE       /* another file or folder, whose name the text begins with */
};
/* One line of detail, `what, where`, without a final newline. A function that takes `why` empties it first, and
 * fills it only if it fails. */
typedef struct nct_why {
	char text[256];
	enum nct_subject about;
} nct_why;

NCT_API const char *nct_strerror(nct_err err); /* a constant string, never NULL */
NCT_API int nct_err_status(nct_err err);       /* 0 done, 1 failed, 2 usage, 3 damaged input */

#define NCT_EOD 256                /* the symbol that ends a document; also M1's first input (BOS) */
#define NCT_SYMBOLS 257            /* bytes 0..255 and NCT_EOD */
#define NCT_FREQ_TOTAL (1u << 20)  /* sum of M1's frequencies, each at least 1 */
#define NCT_WINDOW_MIN 10          /* window bits b */
#define NCT_WINDOW_MAX 128
#define NCT_CODEBOOK_MAX 20        /* windows of up to so many bits can be compiled */
#define NCT_CODEBOOK_NAME 24       /* characters of a codebook's name, at most: a-z, 0-9, '-' and '_' */
#define NCT_WINDOW_SYMBOLS 1024    /* a window holds at most this many symbols */
#define NCT_REACH_MAX 1024

/* where windows end: see nct_encode() */
enum nct_align { NCT_ALIGN_NONE = 0, NCT_ALIGN_WORDS = 1, NCT_ALIGN_REGEX = 2 };

/* Where a document's end (EOD) goes. Joined: into the window of the text before it, if it fits there. Alone: always
 * into a window of its own, whose value is 2^b - 1. So one token, or b / v of them, marks the end of each document.
 * By code: alone for chosen strings (NCT_CODE_BEST), joined for all others. An unbroken code is always joined. */
enum nct_eod { NCT_EOD_BY_CODE = 0, NCT_EOD_JOINED = 1, NCT_EOD_ALONE = 2 };

/* ---- M1, the exact byte model (nct-formats(5), "M1") ---- */

typedef struct nct_m1 nct_m1; /* opaque, immutable once made: any number of threads may share it */

/* Reads an M1 from a safetensors file. `cpu` names a kernel row ("ref", "avx2", ...; NULL: the best usable).
 * On failure *out is NULL and `why` says what and where.
 * NCT_EIO, NCT_ENOMEM, NCT_EKIND (no M1), NCT_EDATA, NCT_ECUT, NCT_EVERSION, NCT_EARG (unknown or unusable `cpu`). */
NCT_API nct_err nct_m1_open(nct_m1 **out, const char *path, const char *cpu, nct_why *why) NCT_USED;
/* The same from memory; `bytes` is borrowed for the call only. */
NCT_API nct_err nct_m1_parse(nct_m1 **out, const void *bytes, size_t n, const char *cpu, nct_why *why) NCT_USED;
/* The M1 built into the library. */
NCT_API nct_err nct_m1_builtin(nct_m1 **out, const char *cpu, nct_why *why) NCT_USED;
NCT_API void nct_m1_free(nct_m1 *m);                     /* NULL is a no-op */
NCT_API uint64_t nct_m1_fingerprint(const nct_m1 *m);    /* over configuration and integer parameters */
NCT_API uint64_t nct_m1_parameters(const nct_m1 *m);     /* without embeddings, as the paper counts them */
/* What windows *m was trained for (m1train -b): encoders should align them so. */
struct nct_m1_windows {
	unsigned bits;             /* 0: for none, and what follows says nothing */
	enum nct_align align;
	const char *align_pattern; /* NULL but for NCT_ALIGN_REGEX */
};
NCT_API struct nct_m1_windows nct_m1_trained_for(const nct_m1 *m); /* borrowed */
/* The same of the codebook of chosen strings that has this name; that of the fewest bits, if there are several. */
NCT_API struct nct_m1_windows nct_m1_codebook_made_for(const nct_m1 *m, const char *name);
/* e.g. "transformer d=256,layers=3,heads=4,ff=1024,reach=1024" */
NCT_API const char *nct_m1_describe(const nct_m1 *m);

/* Compiles all windows of b bits, NCT_WINDOW_MIN to NCT_CODEBOOK_MAX, into a codebook that *m then holds: with it,
 * encoding and decoding such windows with r = 1 is a walk through tables, to the same result. The one function that
 * changes an M1: nobody else may use *m meanwhile. NCT_EARG, NCT_ENOMEM. */
NCT_API nct_err nct_m1_compile(nct_m1 *m, unsigned window_bits, unsigned threads, nct_why *why) NCT_USED;
NCT_API int nct_m1_compiled(const nct_m1 *m, unsigned window_bits); /* true if *m holds that codebook */
/* true if *m holds one of chosen strings (NCT_CODE_BEST), of any name */
NCT_API int nct_m1_has_best(const nct_m1 *m, unsigned window_bits);
/* Writes the model file: what was read, and codebooks compiled since. NCT_EIO (errno), NCT_ENOMEM. */
NCT_API nct_err nct_m1_write(const nct_m1 *m, int fd) NCT_USED;

/* Names of the kernel rows usable on this machine, best first; NULL past the last. */
NCT_API const char *nct_cpu_name(size_t i);

/* ---- Streams (nct-formats(5), "Streams") ---- */

enum nct_separator { NCT_SEP_OPERAND = 0, NCT_SEP_NUL = 1, NCT_SEP_REGEX = 2 };
enum nct_code { NCT_CODE_NONE = 0, NCT_CODE_SPLIT = 1, NCT_CODE_BEST = 2, NCT_CODE_UNBROKEN = 3 };
enum nct_kind { NCT_WINDOWS = 1, NCT_TOKENS = 2 };

/* of an enum nct_code: "none", "split", "best", "unbroken"; NULL: there is none */
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
	int text_unknown;        /* the blocks' text bytes are not known (all 0) */
	int eod_alone;           /* a document's end is a window of its own: see enum nct_eod */
	uint64_t m1;             /* fingerprint of M1; 0 for foreign tokens */
	uint64_t windows;        /* fingerprint of the code */
	uint64_t m1_parameters;
};

/* Sums over a stream, or several, as trailers record them. */
struct nct_totals {
	uint64_t blocks, text_bytes, windows, tokens, documents;
	uint64_t stream_bytes;   /* all bytes of the stream, headers included */
	uint64_t code_bits;      /* bits of windows or tokens alone */
	/* Some stream does not tell. Where sampled documents end, only EOD windows of their own or decoding show. */
	int text_unknown, documents_unknown;
};

/* Gives a descriptor to read operand i from, which the library closes unless it is standard input, or sets *fd = -1
 * past the last one. An error ends the call that asked, with that error. nct_encode() asks from any of its threads,
 * perhaps while another calls `progress`. */
typedef nct_err (*nct_operand)(void *ctx, size_t i, int *fd);

/* ---- Tokens: bitpack's work ----
 * Each operand holds whole streams. `totals` are sums over all that was delivered; stream_bytes counts
 * the input. NCT_EIO: reading failed; NCT_EWRITE: writing. On damage all before it is written. */

struct nct_pack_options {
	size_t struct_size;
	/* v, 1..16. 0: of tokens what they have. Of windows b, up to 16; above that 8 where 8 divides b and 16 does not, else
	 * 16 */
	unsigned token_bits;
	int keep_going;          /* skip damaged blocks; the call still ends with NCT_EDATA */
	const char *tmpdir;      /* where a temporary file goes; NULL: /tmp */
	void (*progress)(void *ctx, uint64_t stream_bytes); /* NULL: none; told after each block how much was read */
	void (*lost)(void *ctx, const nct_why *why);        /* keep_going: called at each loss; NULL: none */
	void *ctx;               /* of these two */
	int widen;               /* exports of integers: as u16, even where u8 would do */
	/* Exports of integers: a descriptor for the places where documents end, a u64 for each, counted in ids, or of
	 * NCT_EXPORT_MEGATRON for its .idx. NULL: none */
	const int *index;
};

/* Windows to tokens on fd `out`: one stream for each stream of the input, each block as soon as it is read. */
NCT_API nct_err nct_pack(nct_operand operand, void *ctx, int out, const struct nct_pack_options *o,
                 struct nct_totals *totals, nct_why *why) NCT_USED;
/* Tokens made of windows back to windows, byte for byte. NCT_EKIND if the tokens are foreign. */
NCT_API nct_err nct_unpack(nct_operand operand, void *ctx, int out, const struct nct_pack_options *o,
                   struct nct_totals *totals, nct_why *why) NCT_USED;

enum nct_export { NCT_EXPORT_TEXT, NCT_EXPORT_RAW, NCT_EXPORT_NPY, NCT_EXPORT_LLMC, NCT_EXPORT_MEGATRON };
/* Tokens, or windows packed first, to bare ids: text (decimal, a line per document), raw (little-endian u8 if
 * vocab <= 256, else u16), npy (the same as one NumPy array), a file as llm.c reads it, or the .bin of Megatron
 * (nct-formats(5), "Files for other programs"). npy and llm.c's are spooled to a temporary file in o->tmpdir if `out`
 * is no regular file. NCT_EKIND: a stream's ids mean something else than those before (see nct_same_tokens()); or v is
 * not as asked for; or the form, or o->index, needs tokens that end documents (NCT_EOD_ALONE, v divides b) and there
 * are none; or there are more tokens than the form can tell. */
NCT_API nct_err nct_tokens_export(nct_operand operand, void *ctx, int out, enum nct_export to,
                                  const struct nct_pack_options *o, struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_import_options {
	size_t struct_size;
	uint32_t vocab;          /* 2..65536; an id outside is NCT_EDATA */
	int text;                /* fd of the text (borrowed): one line per line of ids; -1: text bytes unknown */
	void (*progress)(void *ctx, uint64_t bytes);        /* NULL: none */
	void *ctx;
};
enum nct_import { NCT_IMPORT_IDS, NCT_IMPORT_RAW, NCT_IMPORT_NPY, NCT_IMPORT_LLMC };
/* Lines of decimal ids (spm_encode --output_format=id) to a foreign token stream; a line is a document. */
NCT_API nct_err nct_import_ids(nct_operand operand, void *ctx, int out, const struct nct_import_options *o,
                       struct nct_totals *totals, nct_why *why) NCT_USED;
/* Bytes as 8-bit tokens (vocab must be 256, text -1), one document per operand. */
NCT_API nct_err nct_import_raw(nct_operand operand, void *ctx, int out, const struct nct_import_options *o,
                       struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_like_options {
	size_t struct_size;
	enum nct_import form;    /* raw: u8 for vocabularies up to 256, else u16 */
	int widen;               /* raw: u16 always */
	int like;                /* a descriptor (borrowed), at a stream's header, which is all that is read of it */
	const char *like_name;   /* as `why` is to name it */
	unsigned token_bits;     /* v, where that stream is of windows; 0: see nct_pack() */
	const nct_m1 *m1;        /* may hold the windows' codebook; NULL: there is none at hand */
	int any_m1;              /* if it is another M1 than theirs, do without; else that is NCT_EMODEL */
	int live;                /* write each window as soon as it is whole: text unknown, in the smallest blocks */
	void (*progress)(void *ctx, uint64_t bytes); /* NULL: none */
	void *ctx;
};
/* Bare ids, one operand a stream, to tokens of the same windows as those of `like`. Where `m1` has the codebook, text
 * bytes are counted and blocks are cut as nct_encode() cuts them; else text is unknown. NCT_EKIND: `like` is foreign,
 * or its documents have no end that the form needs; NCT_EDATA: an id outside the vocabulary, or one that no encoder
 * writes; NCT_ECUT: the last window is not whole. */
NCT_API nct_err nct_import_like(nct_operand operand, void *ctx, int out, const struct nct_like_options *o,
                                struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_select_options {
	size_t struct_size;
	unsigned token_bits;     /* v of windows; 0: see nct_pack() */
	const nct_m1 *m1;        /* may hold the windows' codebook, which tells text bytes; NULL: there is none at hand */
	int any_m1;              /* as above */
	const uint64_t *ranges;  /* (range_count, 2): the first and the last document of each, from 1; NULL: by `share` */
	size_t range_count;
	double share;            /* 0..1: documents are wanted with this probability, ... */
	uint64_t seed;           /* ... by a hash of this and their number */
	const int *rest;         /* a descriptor for the documents that are not wanted; NULL: they are dropped */
	void (*progress)(void *ctx, uint64_t stream_bytes); /* NULL: none */
	void *ctx;
};
/* Some documents of streams of windows or their tokens, counted over all streams, as token streams: one for each of
 * the input. Windows stay as they are. Text bytes are unknown where the codebook is not at hand. `totals` are of the
 * documents that are wanted. NCT_EKIND: foreign tokens, unbroken codes, or nothing tells where documents end. */
NCT_API nct_err nct_tokens_select(nct_operand operand, void *ctx, int out, const struct nct_select_options *o,
                                  struct nct_totals *totals, nct_why *why) NCT_USED;

/* ---- Measuring: bpbcalc's work ---- */

/* The header row of an evaluation table, without its newline (nct-formats(5), "EVALUATION TABLES"). */
#define NCT_EVALUATION_COLUMNS "row\tindex\ttokens\ttext_bytes\tnats\tnats_per_token\tbits_per_token\taccuracy\t" \
	"vocabulary\ttoken_bits\twindow_bits\tresets\tcode\tm2_parameters\tm1_parameters"

/* What an evaluation table, or all token streams of one input, tell of a text's tokens. */
struct nct_measured {
	/* of the first stream; text_unknown: of any. A table has no fingerprints (0), separator, chunk rule */
	struct nct_header header;
	uint64_t tokens, text_bytes;
	const uint64_t *counts;    /* how often each id below header.vocab occurs; NULL: the table does not tell */
	int evaluated;             /* a table, which tells the next two as well */
	double nats;               /* M2's loss, summed over all tokens */
	uint64_t m2_parameters;
};

/* Reads fd `in` to its end, evaluation tables or token streams, and calls `each` once a table, or once for all streams;
 * what it is given is borrowed for the call. `progress` (NULL: none) is told how much was read. NCT_EKIND also if
 * streams differ in what their tokens mean; NCT_EIO is a failed read. */
NCT_API nct_err nct_measure(int in, void (*each)(void *ctx, const struct nct_measured *m),
                            void (*progress)(void *ctx, uint64_t bytes), void *ctx, nct_why *why) NCT_USED;
/* True if equal ids mean the same under both headers, as far as these tell; else `why` says how `b` differs. */
NCT_API int nct_same_tokens(const struct nct_header *a, const struct nct_header *b, nct_why *why);

/* ---- Windows: acwin's work ---- */

struct nct_encode_options {
	size_t struct_size;
	unsigned window_bits;    /* b */
	uint32_t resets;         /* r */
	uint64_t chunk;          /* c, bytes; 0: never */
	enum nct_separator separator;
	const char *pattern;     /* PCRE2 pattern for NCT_SEP_REGEX, else NULL */
	/* where windows should end: anywhere, or at the boundaries of words, or where matches begin of ... */
	enum nct_align align;
	const char *align_pattern; /* ... a PCRE2 pattern for NCT_ALIGN_REGEX, else NULL */
	int open;                /* leave the last document open */
	unsigned threads;        /* at least 1 */
	size_t cache_bytes;      /* bound on remembered contexts, per thread; 0: the default */
	/* how windows are chosen; NCT_CODE_NONE: NCT_CODE_BEST if M1 has such a codebook and r is 1, or as b says */
	enum nct_code code;
	int no_codebook;         /* do not use M1's codebook, and not NCT_CODE_BEST: the same stream, slowly */
	void (*progress)(void *ctx, uint64_t text_bytes); /* NULL: none; called by one thread at a time */
	void (*begins)(void *ctx, size_t operand, const uint8_t *bytes, size_t n); /* NULL: none; told what an operand's first
	                          * read gave, perhaps while another thread calls `progress` */
	void *ctx;
	enum nct_eod eod;
	const char *codebook;    /* name of the chosen strings to use; NULL: those without a name, or else the first */
};

/* Encodes the operands' text to one window stream on fd `out`. NCT_EIO: reading failed; NCT_EWRITE: writing.
 * NCT_EARG: a pattern is wrong (that of the boundaries, if why->about is NCT_ABOUT_ALIGNMENT), or the options are. */
NCT_API nct_err nct_encode(const nct_m1 *m1, nct_operand operand, void *ctx, int out,
                   const struct nct_encode_options *o, struct nct_totals *totals, nct_why *why) NCT_USED;

struct nct_decode_options {
	size_t struct_size;
	unsigned threads;        /* at least 1 */
	int keep_going;          /* skip damaged blocks; the call still ends with NCT_EDATA */
	int show;                /* a line per window: its value, a tab, its text (escapes: nct_decode()) */
	size_t cache_bytes;
	int no_codebook;
	void (*progress)(void *ctx, uint64_t text_bytes); /* NULL: none; called by one thread at a time */
	void (*lost)(void *ctx, const nct_why *why);      /* keep_going: called at each loss, by one thread at a time */
	void *ctx;
};
/* Decodes window streams from fd `in` to text on fd `out` (-1: test only). All text before a fault is written.
 * NCT_EIO, NCT_EWRITE, NCT_EARG. With `show`, values are decimal up to 64 bits, else hexadecimal with 0x; bytes that
 * are not printable ASCII appear as \xHH, \n and \t, the backslash as \\, EOD as \E; an unbroken code has no windows
 * to show: NCT_EKIND. */
NCT_API nct_err nct_decode(const nct_m1 *m1, int in, int out, const struct nct_decode_options *o,
                   struct nct_totals *totals, nct_why *why) NCT_USED;

enum nct_strings_form { NCT_STRINGS_SHOWN = 0, NCT_STRINGS_LLMC = 1, NCT_STRINGS_JSON = 2 };
struct nct_strings_options {
	size_t struct_size;
	enum nct_strings_form form;
	unsigned window_bits;
	enum nct_code code;      /* NCT_CODE_NONE: chosen strings if there are some, or the split ones */
	const char *codebook;    /* as in struct nct_encode_options */
};
/* Writes a codebook of *m to fd `out`, its strings in the order of their windows' values: shown as nct_decode() does, a
 * line for each; or as other programs read them (nct-formats(5), "Token texts"). NCT_EARG: there is no such codebook;
 * NCT_EKIND: a string is too long for that form; NCT_EWRITE, NCT_ENOMEM. */
NCT_API nct_err nct_m1_list_strings(const nct_m1 *m, const struct nct_strings_options *o, int out,
                                    nct_why *why) NCT_USED;

enum nct_end { NCT_END_WHOLE, NCT_END_DAMAGED, NCT_END_CUT }; /* blocks are missing; the end was not found */
struct nct_list_options {
	size_t struct_size;
	int keep_going; /* skip what is damaged; the call still ends with NCT_EDATA */
	/* once a stream; totals of what was read */
	void (*each)(void *ctx, const struct nct_header *h, const struct nct_totals *t, enum nct_end end);
	void (*lost)(void *ctx, const nct_why *why); /* keep_going: called at each loss; or NULL */
	void *ctx;
};
/* Reads streams of either kind to their end, checking every checksum. */
NCT_API nct_err nct_list(int in, const struct nct_list_options *o, nct_why *why) NCT_USED;

#ifdef __cplusplus
}
#endif
#endif
