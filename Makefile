# Makefile - builds libnct, libnct-train and the six tools; see README.md. No configure step.
#   make | deps | quickstart | check | check-long | check-san | lint | bench | install | uninstall | clean
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
BUILD ?= build
VERSION = 0.1.0

CFLAGS ?= -O3 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wvla -Wundef -Wcast-qual $(WERROR)
STD = -std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fopenmp
ALL_CFLAGS = $(STD) $(WARN) -fPIC -Ilib $(CFLAGS) $(EXTRA_CFLAGS)
LIBS = -llzma -lpcre2-8 -ljansson -fopenmp
TRAIN_LIBS = -ldnnl -lz -lm

# What stands where: libnct is the codec; libnct-train adds float training.
CODEC_DIRS = base coder format window
CODEC_MODEL = lib/model/m1.c lib/model/m1_eval.c lib/model/m1_file.c lib/model/safetensors.c lib/model/bucket.c
CODEC_KERNELS = lib/kernels/kernels.c $(wildcard lib/kernels/i8_*.c)
CODEC_SRC = $(foreach d,$(CODEC_DIRS),$(wildcard lib/$(d)/*.c)) $(filter $(wildcard lib/model/*.c),$(CODEC_MODEL)) \
	$(wildcard $(CODEC_KERNELS)) $(wildcard lib/model/*.S)
TRAIN_SRC = $(filter-out $(CODEC_SRC),$(wildcard lib/model/*.c lib/kernels/*.c lib/train/*.c))
TOOLS = $(patsubst cmd/%.c,%,$(filter-out cmd/cli.c,$(wildcard cmd/*.c)))
TRAIN_TOOLS = $(filter m1train m2train m2gen,$(TOOLS))

objs = $(patsubst %.S,$(BUILD)/%.o,$(patsubst %.c,$(BUILD)/%.o,$(1)))
CODEC_OBJ = $(call objs,$(CODEC_SRC))
TRAIN_OBJ = $(call objs,$(TRAIN_SRC))
UNIT_SRC = $(wildcard tests/unit/test_*.c)
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SRC))

all: $(BUILD)/libnct.a $(BUILD)/libnct-train.a $(BUILD)/libnct.so $(BUILD)/libnct-train.so $(addprefix bin/,$(TOOLS))

$(BUILD)/libnct.a: $(CODEC_OBJ)
$(BUILD)/libnct-train.a: $(TRAIN_OBJ)
$(BUILD)/libnct.a $(BUILD)/libnct-train.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libnct.so: $(CODEC_OBJ)
	$(CC) -shared -Wl,-soname,libnct.so.0 $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/libnct-train.so: $(TRAIN_OBJ) $(BUILD)/libnct.so
	$(CC) -shared -Wl,-soname,libnct-train.so.0 $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(TRAIN_OBJ) -L$(BUILD) -lnct $(LIBS) $(TRAIN_LIBS)

# One instruction set a file: only that file may use it.
$(BUILD)/lib/kernels/%_avx2.o: EXTRA_CFLAGS += -mavx2 -mfma
# Vectors of eight floats, passed between static functions alone: how a call would pass them does not matter.
$(BUILD)/lib/kernels/float_ref.o: EXTRA_CFLAGS += -Wno-psabi
# getopt_long is all that needs more than POSIX.
$(BUILD)/cmd/%.o: EXTRA_CFLAGS += -D_GNU_SOURCE

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) -Ilib -c -o $@ $<
$(BUILD)/lib/model/builtin.o: lib/model/m1-default.safetensors

$(addprefix bin/,$(TRAIN_TOOLS)): bin/%: $(BUILD)/cmd/%.o $(BUILD)/cmd/cli.o $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p bin
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(TRAIN_LIBS)
$(addprefix bin/,$(filter-out $(TRAIN_TOOLS),$(TOOLS))): bin/%: $(BUILD)/cmd/%.o $(BUILD)/cmd/cli.o $(BUILD)/libnct.a
	@mkdir -p bin
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libnct-train.a $(BUILD)/libnct.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libnct-train.a $(BUILD)/libnct.a $(LIBS) $(TRAIN_LIBS) -lcmocka

unit: $(UNIT)

clean:
	rm -rf build build-* bin

.PHONY: all unit clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
