# Makefile - builds libnct, libnct-train and the tools; see README.md. No configure step.
#   make | deps | quickstart | experiments | check | check-long | check-san | check-tsan | lint | fuzz | bench | install | uninstall | clean
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC = gcc
endif
BUILD ?= build
BIN ?= bin
VERSION = 0.1.0

CFLAGS ?= -O3 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wvla -Wundef -Wcast-qual $(WERROR)
STD = -std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -pthread
ALL_CFLAGS = $(STD) $(WARN) -fPIC -Ilib $(CFLAGS) $(EXTRA_CFLAGS)
LIBS = -llzma -lpcre2-8 -ljansson
TRAIN_LIBS = -lz -lzstd -lm

# Each library is a set of whole folders. libnct is the codec; libnct-train adds float training.
CODEC_DIRS = base text coder book int8 m1 stream tokens encode decode
TRAIN_DIRS = float net data quantise train strings
CODEC_SRC = $(foreach d,$(CODEC_DIRS),$(wildcard lib/$(d)/*.[cS]))
TRAIN_SRC = $(foreach d,$(TRAIN_DIRS),$(wildcard lib/$(d)/*.c))
TOOLS = $(patsubst man/%.1,%,$(wildcard man/*.1))
TRAIN_TOOLS = $(filter m1train m2train m2gen,$(TOOLS))

objs = $(patsubst %.S,$(BUILD)/%.o,$(patsubst %.c,$(BUILD)/%.o,$(1)))
CODEC_OBJ = $(call objs,$(CODEC_SRC))
TRAIN_OBJ = $(call objs,$(TRAIN_SRC))
UNIT_SRC = $(wildcard tests/unit/test_*.c)
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SRC))

# Several ranks: a plug-in, built where OpenMPI is.
MPI_LIBS := $(shell pkg-config --libs ompi-c 2>/dev/null)
MPI_FLAGS = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags ompi-c))
PLUGIN = $(if $(MPI_LIBS),$(BIN)/nct-mpi.so)

all: $(PLUGIN) $(BUILD)/libnct.a $(BUILD)/libnct-train.a $(BUILD)/libnct.so $(BUILD)/libnct-train.so $(addprefix $(BIN)/,$(TOOLS))

$(BUILD)/libnct.a: $(CODEC_OBJ)
$(BUILD)/libnct-train.a: $(TRAIN_OBJ)
$(BUILD)/libnct.a $(BUILD)/libnct-train.a:
	@rm -f $@
	$(AR) rcs $@ $^

# The shared libraries export what their headers declare with NCT_API, under the version NCT_0. libnct-train.so also takes functions of libnct.so
# that are not public. Version scripts give just those a version of their own, which names the release: the dynamic linker refuses a
# libnct-train.so of another one. What -fvisibility=hidden hides no version script can export, so objects are not compiled with it.
NM ?= nm
VERSIONS = -Wl,--no-undefined-version -Wl,--version-script=$(1)
$(BUILD)/libnct.map: lib/exports.awk lib/nct.h $(TRAIN_OBJ)
	$(NM) -P $(TRAIN_OBJ) | awk -v private=NCT_PRIVATE_$(VERSION) -f lib/exports.awk lib/nct.h - >$@
$(BUILD)/libnct-train.map: lib/exports.awk lib/nct-train.h lib/nct-m2.h
	@mkdir -p $(@D)
	awk -f lib/exports.awk lib/nct-train.h lib/nct-m2.h >$@

$(BUILD)/libnct.so: $(CODEC_OBJ) $(BUILD)/libnct.map
	$(CC) -shared -Wl,-soname,libnct.so.0 $(call VERSIONS,$(BUILD)/libnct.map) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(CODEC_OBJ) $(LIBS)
$(BUILD)/libnct-train.so: $(TRAIN_OBJ) $(BUILD)/libnct.so $(BUILD)/libnct-train.map
	$(CC) -shared -Wl,-soname,libnct-train.so.0 $(call VERSIONS,$(BUILD)/libnct-train.map) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(TRAIN_OBJ) \
		-L$(BUILD) -lnct $(LIBS) $(TRAIN_LIBS)

# One instruction set a file: only that file may use it.
ifneq ($(filter x86_64-% amd64-%,$(shell $(CC) -dumpmachine)),)
AVX512 = -mavx2 -mfma -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mprefer-vector-width=512
$(BUILD)/lib/%_avx2.o: EXTRA_CFLAGS += -mavx2 -mfma
$(BUILD)/lib/%_avx512.o: EXTRA_CFLAGS += $(filter-out -mavx512vnni,$(AVX512))
$(BUILD)/lib/%_avx512bf16.o: EXTRA_CFLAGS += $(filter-out -mavx512vnni,$(AVX512)) -mavx512bf16
$(BUILD)/lib/%_avx512vnni.o: EXTRA_CFLAGS += $(AVX512)
$(BUILD)/lib/%_amx.o: EXTRA_CFLAGS += $(AVX512) -mamx-tile -mamx-int8
$(BUILD)/lib/float/float_amx.o: EXTRA_CFLAGS += -mavx512bf16 -mamx-bf16
endif
ifneq ($(filter aarch64-%,$(shell $(CC) -dumpmachine)),)
$(BUILD)/lib/%_neondot.o: EXTRA_CFLAGS += -march=armv8.2-a+dotprod
endif
# Vectors of eight floats, passed between static functions alone: how a call would pass them does not matter.
$(BUILD)/lib/float/float_ref.o: EXTRA_CFLAGS += -Wno-psabi
# getopt_long, madvise and the processor mask are all that needs more than POSIX.
$(BUILD)/cmd/%.o: EXTRA_CFLAGS += -D_GNU_SOURCE
$(BUILD)/lib/base/cores.o: EXTRA_CFLAGS += -D_GNU_SOURCE
$(BUILD)/lib/base/huge.o: EXTRA_CFLAGS += -D_DEFAULT_SOURCE

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) -Ilib -c -o $@ $<
$(BUILD)/lib/m1/builtin.o: lib/m1/m1-default.safetensors

# What all tools share, and what those of training do.
SHARED = $(addprefix $(BUILD)/cmd/,cli.o files.o print.o)
TRAINING = $(addprefix $(BUILD)/cmd/,trainer.o ranks.o)
$(addprefix $(BIN)/,$(TRAIN_TOOLS)): $(BIN)/%: $(BUILD)/cmd/%.o $(TRAINING) $(SHARED) $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(BIN)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(TRAIN_LIBS)
$(addprefix $(BIN)/,$(filter-out $(TRAIN_TOOLS),$(TOOLS))): $(BIN)/%: $(BUILD)/cmd/%.o $(SHARED) $(BUILD)/libnct.a
	@mkdir -p $(BIN)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lm

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libnct-train.a $(BUILD)/libnct.a $(LIBS) $(TRAIN_LIBS) -lcmocka

# Threads that cannot be started: the test stands in for the system's call.
$(BUILD)/tests/test_threads: LDFLAGS += -Wl,--wrap=pthread_create
# The test looks at each call of this function.
$(BUILD)/tests/test_codebook: LDFLAGS += -Wl,--wrap=nct_book_lanes_walk

$(BIN)/nct-mpi.so: lib/mpi/nct-mpi.c lib/mpi/nct-mpi.h lib/nct-train.h lib/nct.h
	@mkdir -p $(BIN)
	$(CC) -shared $(ALL_CFLAGS) $(MPI_FLAGS) $(LDFLAGS) -o $@ $< $(MPI_LIBS)

$(BUILD)/bench/products: tests/bench/products.c $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libnct-train.a $(BUILD)/libnct.a $(LIBS) $(TRAIN_LIBS) -ldnnl

# What integers cost at 16 bits; see its opening comment and lib/m1/m1-default.md.
$(BUILD)/bench/quantised: tests/bench/quantised.c $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(TRAIN_LIBS)

unit: $(UNIT)

# ---- packages ----
BUILD_PACKAGES = gcc libc6-dev liblzma-dev zlib1g-dev libzstd-dev libpcre2-dev libjansson-dev xz-utils
CHECK_PACKAGES = libopenmpi-dev openmpi-bin pkg-config clang libcmocka-dev bats mandoc bsdextrautils shellcheck sentencepiece zstd
LONG_PACKAGES = gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
# What is missing is installed, or named where it cannot be; then it goes on with what is there.
PACKAGES = CC="$(CC)" sh tests/packages.sh
# cmocka is for the unit programs alone.
CHECKED = all $$($(PACKAGES) --has libcmocka-dev && echo unit)

deps:
	@$(PACKAGES) $(BUILD_PACKAGES)
check-deps: deps
	@$(PACKAGES) $(CHECK_PACKAGES)

# ---- what the README says ----
# The tools are built by a second make, after the packages are there.
quickstart: deps
	@echo "building ..."
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/quickstart.sh

# Every figure of examples/results/, measured again; DATA=, MODEL= and others are told in examples/experiments.sh and common.sh.
experiments: deps
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/experiments.sh

RUN_TESTS = NCT_BUILD="$(BUILD)" NCT_BIN="$(BIN)" NCT_CC="$(CC)" sh tests/run.sh
check: check-deps
	@$(MAKE) --no-print-directory -s -j$$(nproc) $(CHECKED)
	@$(RUN_TESTS)
# Where packages of arm64 can be had (dpkg --add-architecture arm64) and these are there, the codec is tested for aarch64, too:
# liblzma-dev:arm64 libpcre2-dev:arm64 libjansson-dev:arm64
check-long: check-deps
	@$(PACKAGES) $(LONG_PACKAGES)
	@$(MAKE) --no-print-directory -s -j$$(nproc) $(CHECKED)
	@NCT_LONG=1 $(RUN_TESTS)
SAN = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
check-san: check-deps
	@$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=build-san BIN=build-san/bin CFLAGS='$(SAN)' $(CHECKED)
	@NCT_SAN=1 NCT_BUILD=build-san NCT_BIN=build-san/bin NCT_CC="$(CC)" sh tests/run.sh
# Data races: every test under ThreadSanitizer.
TSAN = -O1 -g -fsanitize=thread -fno-sanitize-recover=all
check-tsan: check-deps
	@$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=build-tsan BIN=build-tsan/bin CFLAGS='$(TSAN)' all unit
	@NCT_SAN=1 NCT_BUILD=build-tsan NCT_BIN=build-tsan/bin NCT_CC="$(CC)" sh tests/run.sh
lint: check-deps
	@sh tests/lint/lint.sh
# Each target of tests/fuzz for its share of FUZZ_SECONDS; what is found stays in build-fuzz/, see tests/fuzz/README.md.
FUZZ_SECONDS ?= 3600
FUZZ = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SAN = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz: check-deps
	@$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=build-fuzz BIN=build-fuzz/bin CC=clang \
		CFLAGS='$(FUZZ_SAN) -fsanitize=fuzzer-no-link -DNCT_BOOK_BATCH_MIN=40000 -DNCT_BOOK_BATCH_MAX=40000' $(addprefix build-fuzz/fuzz_,$(FUZZ))
	@! $(PACKAGES) --has libcmocka-dev || $(MAKE) --no-print-directory -s -j$$(nproc) $(addprefix $(BUILD)/tests/test_fuzz_,m1 stream decode encode)
	@sh tests/fuzz/run.sh build-fuzz "$(BUILD)/tests" $(FUZZ_SECONDS) $(FUZZ)
$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(wildcard tests/fuzz/*.h) $(BUILD)/libnct.a
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< $(BUILD)/libnct.a $(LIBS) -lm
BENCH_PACKAGES = sentencepiece zpaq p7zip-full
bench: deps
	@$(PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory -s -j$$(nproc) all $(BUILD)/bench/int8
	@PATH="$(CURDIR)/$(BUILD)/bench:$(CURDIR)/$(BIN):$$PATH" sh tests/bench/bench.sh $(TEXT)
	@if [ -f /usr/include/oneapi/dnnl/dnnl.h ]; then $(MAKE) --no-print-directory -s $(BUILD)/bench/products; \
		else echo "no oneDNN to compare with: package libdnnl-dev is not installed"; fi
	@PATH="$(CURDIR)/$(BUILD)/bench:$(CURDIR)/$(BIN):$$PATH" sh tests/bench/train.sh
$(BUILD)/bench/int8: tests/bench/int8.c $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- installing ----
INCLUDE = lib/nct.h lib/nct-train.h lib/nct-m2.h
LICENCES = LICENSE lib/m1/m1-default.LICENSE lib/m1/m1-default.titles.xz lib/text/words_ranges.LICENSE
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include \
		$(foreach s,1 5 7,$(DESTDIR)$(PREFIX)/share/man/man$(s))
	install -m 755 $(addprefix $(BIN)/,$(TOOLS)) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(INCLUDE) $(DESTDIR)$(PREFIX)/include
	install -m 644 $(BUILD)/libnct.a $(BUILD)/libnct-train.a $(DESTDIR)$(PREFIX)/lib
	set -e; for l in libnct libnct-train; do install -m 755 $(BUILD)/$$l.so $(DESTDIR)$(PREFIX)/lib/$$l.so.$(VERSION); \
		ln -sf $$l.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$$l.so.0; ln -sf $$l.so.0 $(DESTDIR)$(PREFIX)/lib/$$l.so; done
	[ -z "$(PLUGIN)" ] || { install -d $(DESTDIR)$(PREFIX)/lib/nct && install -m 755 $(PLUGIN) $(DESTDIR)$(PREFIX)/lib/nct; }
	install -d $(DESTDIR)$(PREFIX)/share/doc/nct
	install -m 644 $(LICENCES) $(DESTDIR)$(PREFIX)/share/doc/nct
	set -e; for s in 1 5 7; do install -m 644 man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s; done
uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/lib/nct $(DESTDIR)$(PREFIX)/share/doc/nct
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(TOOLS)) $(addprefix $(DESTDIR)$(PREFIX)/include/,$(notdir $(INCLUDE)))
	rm -f $(foreach l,libnct libnct-train,$(foreach e,a so so.0 so.$(VERSION),$(DESTDIR)$(PREFIX)/lib/$(l).$(e)))
	rm -f $(foreach s,1 5 7,$(addprefix $(DESTDIR)$(PREFIX)/share/man/man$(s)/,$(notdir $(wildcard man/*.$(s)))))

clean:
	rm -rf build build-* bin

.PHONY: all unit deps check-deps quickstart experiments check check-long check-san check-tsan lint fuzz bench install uninstall clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
