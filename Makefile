# Makefile - builds libnct, libnct-train and the tools; see README.md. No configure step.
#   make | deps | quickstart | experiments | experiments-models | check | check-long | check-san | check-tsan | lint | fuzz | bench |
#   install | uninstall | dist | deb | clean
# Variables, on the command line or from the environment:
#   CC CPPFLAGS CFLAGS LDFLAGS            the compiler, and flags beside the Makefile's own
#   BUILD BIN                             folders for objects and libraries, and for tools
#   PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR MANDIR DOCDIR    where things are installed; DESTDIR goes before each
#   DEBFULLNAME DEBEMAIL                  whom the packages of `make deb` name as their maintainer
# It works from other folders, too: `make -f DIR/Makefile` builds what is in DIR into folders of the one that it is called in.
SELF := $(lastword $(MAKEFILE_LIST))
TOP := $(filter-out ./,$(dir $(SELF)))# before every source: nothing, or a folder and its slash
VERSION := $(shell sed -n 's/^.define NCT_VERSION "\(.*\)"/\1/p' $(TOP)lib/nct.h)

ifeq ($(origin CC),default)
CC = gcc
endif
BUILD ?= build
BIN ?= bin

DESTDIR ?=
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/nct

CFLAGS ?= -O3 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wvla -Wundef -Wcast-qual $(WERROR)
STD = -std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -pthread
ALL_CFLAGS = $(STD) $(WARN) -fPIC -I$(TOP)lib $(CPPFLAGS) $(CFLAGS) $(EXTRA_CFLAGS)
LIBS = -llzma -lpcre2-8 -ljansson
TRAIN_LIBS = -lz -lzstd -lm

# Each library is a set of whole folders. libnct is the codec; libnct-train adds float training.
CODEC_DIRS = base text coder book int8 m1 stream tokens encode decode memory
TRAIN_DIRS = float net data quantise train generate strings
CODEC_SRC = $(foreach d,$(CODEC_DIRS),$(wildcard $(TOP)lib/$(d)/*.[cS]))
TRAIN_SRC = $(foreach d,$(TRAIN_DIRS),$(wildcard $(TOP)lib/$(d)/*.c))
TOOLS = $(patsubst $(TOP)man/%.1,%,$(wildcard $(TOP)man/*.1))
TRAIN_TOOLS = $(filter m1train m2train m2gen,$(TOOLS))

objs = $(patsubst $(TOP)%,$(BUILD)/%.o,$(basename $(1)))
CODEC_OBJ = $(call objs,$(CODEC_SRC))
TRAIN_OBJ = $(call objs,$(TRAIN_SRC))
UNIT_SRC = $(wildcard $(TOP)tests/unit/test_*.c)
UNIT = $(patsubst $(TOP)tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SRC))

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
$(BUILD)/libnct.map: $(addprefix $(TOP)lib/,exports.awk nct.h) $(TRAIN_OBJ)
	$(NM) -P $(TRAIN_OBJ) | awk -v private=NCT_PRIVATE_$(VERSION) -f $(TOP)lib/exports.awk $(TOP)lib/nct.h - >$@
$(BUILD)/libnct-train.map: $(addprefix $(TOP)lib/,exports.awk nct-train.h nct-m2.h)
	@mkdir -p $(@D)
	awk -f $^ >$@

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

$(BUILD)/%.o: $(TOP)%.c $(SELF)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: $(TOP)%.S $(SELF)
	@mkdir -p $(@D)
	$(CC) -I$(TOP)lib $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/lib/m1/builtin.o: $(TOP)lib/m1/m1-default.safetensors

# What all tools share, and what those of training do.
SHARED = $(addprefix $(BUILD)/cmd/,cli.o files.o print.o)
TRAINING = $(addprefix $(BUILD)/cmd/,trainer.o ranks.o)
$(BIN)/m2gen: $(BUILD)/cmd/plain.o
$(addprefix $(BIN)/,$(TRAIN_TOOLS)): $(BIN)/%: $(BUILD)/cmd/%.o $(TRAINING) $(SHARED) $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(BIN)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) $(TRAIN_LIBS)
$(addprefix $(BIN)/,$(filter-out $(TRAIN_TOOLS),$(TOOLS))): $(BIN)/%: $(BUILD)/cmd/%.o $(SHARED) $(BUILD)/libnct.a
	@mkdir -p $(BIN)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lm

# One shared library of all objects, with every name exported: linking each test with the archives would copy their code into each.
$(BUILD)/tests/libnct-all.so: $(CODEC_OBJ) $(TRAIN_OBJ)
	@mkdir -p $(@D)
	$(CC) -shared $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(TRAIN_LIBS)
OF_TESTS = -L$(BUILD)/tests -Wl,-rpath,'$$ORIGIN' -lnct-all
$(BUILD)/tests/%: $(TOP)tests/unit/%.c $(BUILD)/tests/libnct-all.so
	$(CC) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) $(WRAP) -o $@ $< $(OF_TESTS) $(LIBS) $(TRAIN_LIBS) -lcmocka

# Three take the archives: threads that cannot be started and a function's calls, which --wrap reaches in the program alone; a hidden name.
ARCHIVED = $(addprefix $(BUILD)/tests/,test_threads test_codebook test_packed)
$(ARCHIVED): $(BUILD)/libnct-train.a $(BUILD)/libnct.a
$(ARCHIVED): OF_TESTS = $(BUILD)/libnct-train.a $(BUILD)/libnct.a
$(BUILD)/tests/test_threads: WRAP = -Wl,--wrap=pthread_create
$(BUILD)/tests/test_codebook: WRAP = -Wl,--wrap=nct_book_lanes_walk

$(BIN)/nct-mpi.so: $(addprefix $(TOP)lib/,mpi/nct-mpi.c mpi/nct-mpi.h nct-train.h nct.h)
	@mkdir -p $(BIN)
	$(CC) -shared $(ALL_CFLAGS) $(MPI_FLAGS) $(LDFLAGS) -o $@ $< $(MPI_LIBS)

$(BUILD)/bench/products: $(TOP)tests/bench/products.c $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libnct-train.a $(BUILD)/libnct.a $(LIBS) $(TRAIN_LIBS) -ldnnl

# What integers cost at 16 bits; see its opening comment and lib/m1/m1-default.md.
$(BUILD)/bench/quantised: $(TOP)tests/bench/quantised.c $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(TRAIN_LIBS)

unit: $(UNIT)

# ---- packages ----
BUILD_PACKAGES = gcc libc6-dev liblzma-dev zlib1g-dev libzstd-dev libpcre2-dev libjansson-dev xz-utils
CHECK_PACKAGES = libopenmpi-dev openmpi-bin pkg-config clang libcmocka-dev bats mandoc bsdextrautils shellcheck sentencepiece zstd jq python3
LONG_PACKAGES = gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user zsh debhelper lintian python3-torch gnuplot-nox
# What is missing is installed, or named where it cannot be; then it goes on with what is there.
PACKAGES = CC="$(CC)" sh $(TOP)tests/packages.sh
# cmocka is for the unit programs alone.
CHECKED = all $$($(PACKAGES) --has libcmocka-dev && echo unit)

deps:
	@$(PACKAGES) $(BUILD_PACKAGES)
check-deps: deps
	@$(PACKAGES) $(CHECK_PACKAGES)

# ---- what the README says ----
# The tools are built by a second make, after the packages are there.
AGAIN = -f $(SELF) --no-print-directory -s -j$$(nproc)
quickstart: deps
	@echo "building ..."
	@$(MAKE) $(AGAIN) all
	@PATH="$(abspath $(BIN)):$$PATH" sh $(TOP)examples/quickstart.sh

# Every figure of examples/results/, measured again; DATA=, MODEL= and others are told in examples/experiments.sh and common.sh.
experiments: deps
	@$(MAKE) $(AGAIN) all
	@PATH="$(abspath $(BIN)):$$PATH" sh $(TOP)examples/experiments.sh

# M2s of several kinds of tokens: many hours; examples/models.sh says what WORK= and others are.
experiments-models: deps
	@$(PACKAGES) sentencepiece gnuplot-nox
	@$(MAKE) $(AGAIN) all
	@PATH="$(abspath $(BIN)):$$PATH" sh $(TOP)examples/models.sh
	@sh $(TOP)examples/pictures.sh $${RESULTS:-}

RUN_TESTS = NCT_BUILD="$(abspath $(BUILD))" NCT_BIN="$(abspath $(BIN))" NCT_CC="$(CC)" sh $(TOP)tests/run.sh
check: check-deps
	@$(MAKE) $(AGAIN) $(CHECKED)
	@$(RUN_TESTS)
# Where packages of arm64 can be had (dpkg --add-architecture arm64) and these are there, the codec is tested for aarch64, too:
# liblzma-dev:arm64 libpcre2-dev:arm64 libjansson-dev:arm64
check-long: check-deps
	@$(PACKAGES) $(LONG_PACKAGES)
	@$(MAKE) $(AGAIN) $(CHECKED)
	@NCT_LONG=1 $(RUN_TESTS)
SAN = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
check-san: check-deps
	@$(MAKE) $(AGAIN) BUILD=build-san BIN=build-san/bin CFLAGS='$(SAN)' $(CHECKED)
	@NCT_SAN=1 NCT_BUILD="$(abspath build-san)" NCT_BIN="$(abspath build-san/bin)" NCT_CC="$(CC)" sh $(TOP)tests/run.sh
# Data races: every test under ThreadSanitizer.
TSAN = -O1 -g -fsanitize=thread -fno-sanitize-recover=all
check-tsan: check-deps
	@$(MAKE) $(AGAIN) BUILD=build-tsan BIN=build-tsan/bin CFLAGS='$(TSAN)' all unit
	@NCT_SAN=1 NCT_BUILD="$(abspath build-tsan)" NCT_BIN="$(abspath build-tsan/bin)" NCT_CC="$(CC)" sh $(TOP)tests/run.sh
lint: check-deps
	@NCT_BUILD="$(abspath $(BUILD))" NCT_BIN="$(abspath $(BIN))" sh $(TOP)tests/lint/lint.sh
# Each target of tests/fuzz for its share of FUZZ_SECONDS; what is found stays in build-fuzz/, see tests/fuzz/README.md.
FUZZ_SECONDS ?= 3600
FUZZ = $(patsubst $(TOP)tests/fuzz/fuzz_%.c,%,$(wildcard $(TOP)tests/fuzz/fuzz_*.c))
FUZZ_SAN = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz: check-deps
	@$(MAKE) $(AGAIN) BUILD=build-fuzz BIN=build-fuzz/bin CC=clang \
		CFLAGS='$(FUZZ_SAN) -fsanitize=fuzzer-no-link -DNCT_BOOK_BATCH_MIN=40000 -DNCT_BOOK_BATCH_MAX=40000' $(addprefix build-fuzz/fuzz_,$(FUZZ))
	@! $(PACKAGES) --has libcmocka-dev || $(MAKE) $(AGAIN) $(addprefix $(BUILD)/tests/test_fuzz_,m1 stream decode encode)
	@sh $(TOP)tests/fuzz/run.sh "$(abspath build-fuzz)" "$(abspath $(BUILD)/tests)" $(FUZZ_SECONDS) $(FUZZ)
$(BUILD)/fuzz_%: $(TOP)tests/fuzz/fuzz_%.c $(wildcard $(TOP)tests/fuzz/*.h) $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LIBS) $(TRAIN_LIBS)
BENCH_PACKAGES = sentencepiece zpaq p7zip-full
bench: deps
	@$(PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) $(AGAIN) all $(BUILD)/bench/int8
	@PATH="$(abspath $(BUILD)/bench):$(abspath $(BIN)):$$PATH" sh $(TOP)tests/bench/bench.sh $(TEXT)
	@if [ -f /usr/include/oneapi/dnnl/dnnl.h ]; then $(MAKE) $(AGAIN) $(BUILD)/bench/products; \
		else echo "no oneDNN to compare with: package libdnnl-dev is not installed"; fi
	@PATH="$(abspath $(BUILD)/bench):$(abspath $(BIN)):$$PATH" sh $(TOP)tests/bench/train.sh
$(BUILD)/bench/int8: $(TOP)tests/bench/int8.c $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- installing ----
# The plug-in goes where the tools look for it: to ../lib/nct, seen from them.
PLUGINDIR = $(abspath $(BINDIR)/../lib/nct)
INCLUDE = $(addprefix $(TOP)lib/,nct.h nct-train.h nct-m2.h)
LICENCES = $(addprefix $(TOP),LICENSE lib/m1/m1-default.LICENSE lib/m1/m1-default.titles.xz lib/text/words_ranges.LICENSE)
SECTIONS = 1 5 7
BASH_COMPLETIONS = $(DATADIR)/bash-completion/completions
ZSH_COMPLETIONS = $(DATADIR)/zsh/site-functions
install: all
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR) $(DOCDIR) $(BASH_COMPLETIONS) $(ZSH_COMPLETIONS) \
		$(addprefix $(MANDIR)/man,$(SECTIONS)))
	install -m 755 $(addprefix $(BIN)/,$(TOOLS)) $(DESTDIR)$(BINDIR)
	install -m 644 $(INCLUDE) $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(BUILD)/libnct.a $(BUILD)/libnct-train.a $(DESTDIR)$(LIBDIR)
	set -e; for l in libnct libnct-train; do install -m 755 $(BUILD)/$$l.so $(DESTDIR)$(LIBDIR)/$$l.so.$(VERSION); \
		ln -sf $$l.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$$l.so.0; ln -sf $$l.so.0 $(DESTDIR)$(LIBDIR)/$$l.so; done
	[ -z "$(PLUGIN)" ] || { install -d $(DESTDIR)$(PLUGINDIR) && install -m 755 $(PLUGIN) $(DESTDIR)$(PLUGINDIR); }
	set -e; for p in libnct.pc libnct-train.pc; do sed $(foreach v,PREFIX LIBDIR INCLUDEDIR VERSION,-e 's|@$(v)@|$($(v))|') $(TOP)packaging/$$p.in >$(BUILD)/$$p; \
		install -m 644 $(BUILD)/$$p $(DESTDIR)$(LIBDIR)/pkgconfig; done
	install -m 644 $(LICENCES) $(DESTDIR)$(DOCDIR)
	set -e; for t in $(TOOLS); do install -m 644 $(TOP)packaging/completions/nct.bash $(DESTDIR)$(BASH_COMPLETIONS)/$$t; done
	install -m 644 $(TOP)packaging/completions/nct.zsh $(DESTDIR)$(ZSH_COMPLETIONS)/_nct
	set -e; for s in $(SECTIONS); do install -m 644 $(TOP)man/*.$$s $(DESTDIR)$(MANDIR)/man$$s; done
uninstall:
	rm -rf $(DESTDIR)$(PLUGINDIR) $(DESTDIR)$(DOCDIR)
	rm -f $(addprefix $(DESTDIR)$(BASH_COMPLETIONS)/,$(TOOLS)) $(DESTDIR)$(ZSH_COMPLETIONS)/_nct
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(TOOLS)) $(addprefix $(DESTDIR)$(INCLUDEDIR)/,$(notdir $(INCLUDE)))
	rm -f $(foreach l,libnct libnct-train,$(foreach e,a so so.0 so.$(VERSION),$(DESTDIR)$(LIBDIR)/$(l).$(e)) $(DESTDIR)$(LIBDIR)/pkgconfig/$(l).pc)
	rm -f $(foreach s,$(SECTIONS),$(addprefix $(DESTDIR)$(MANDIR)/man$(s)/,$(notdir $(wildcard $(TOP)man/*.$(s)))))

# ---- handing on ----
# The files of the last commit, packed into the build folder with a checksum: the same commit gives the same bytes.
DIST = nct-$(VERSION)
dist:
	@mkdir -p $(BUILD)
	@cd $(or $(TOP),.) && git diff --quiet HEAD || echo "dist: changes that are not committed are left out" >&2
	git -C $(or $(TOP),.) -c tar.umask=0022 archive --prefix=$(DIST)/ HEAD >$(BUILD)/$(DIST).tar
	xz -9 -T1 -f $(BUILD)/$(DIST).tar
	cd $(BUILD) && sha256sum $(DIST).tar.xz >$(DIST).tar.xz.sha256

# Debian packages of this tree, into $(BUILD)/deb. Their maintainer is who makes them. In debian/copyright, "@FILE" stands for that file's text.
DEB_MAINTAINER = $${DEBFULLNAME:-$$(id -un)} <$${DEBEMAIL:-$$(id -un)@$$(hostname -f)}>
deb: deps
	@$(PACKAGES) debhelper
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb/nct
	cp -R $(TOP)packaging/debian $(BUILD)/deb/nct
	cd $(BUILD)/deb/nct/debian && sed -i "s|@VERSION@|$(VERSION)|; s|@DATE@|$$(date -R)|; s|@MAINTAINER@|$(DEB_MAINTAINER)|" control changelog
	awk '!/^@/ { print; next } { file = "$(TOP)" substr($$0, 2); while ((getline line <file) > 0) print " " (line == "" ? "." : line) }' \
		$(TOP)packaging/debian/copyright >$(BUILD)/deb/nct/debian/copyright
	cd $(BUILD)/deb/nct && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL NCT_TOP="$(abspath $(or $(TOP),.))" dpkg-buildpackage -b -us -uc -jauto

# Folders by other names (BUILD=, BIN=) are their maker's to remove.
clean:
	rm -rf build build-san build-tsan build-fuzz bin

.PHONY: all unit deps check-deps quickstart experiments experiments-models check check-long check-san check-tsan lint fuzz bench install uninstall dist deb clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
