/* amx_emulated.h - emulates AMX on processors without it: a handler of SIGILL executes the instructions. Files that
 * include this define _GNU_SOURCE first, for the names of registers in a signal's context. */
#ifndef NCT_TESTS_AMX_EMULATED_H
#define NCT_TESTS_AMX_EMULATED_H

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "amx_instructions.h"

static unsigned long tiles_done; /* instructions emulated */

struct instruction {
	unsigned pp, opcode; /* VEX, map 0F38, 128 bits, W0 */
	unsigned reg, rm, vvvv; /* operands, if they are tiles */
	int memory;
	uint8_t *at;         /* memory operand: its address without the index, where a tile's first row is */
	int64_t stride;      /* the scaled index: bytes from row to row */
	unsigned bytes;
};

static uint64_t
general_register(const ucontext_t *c, unsigned i)
{
	static const int names[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	    REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

	return (uint64_t)c->uc_mcontext.gregs[names[i]];
}

static int64_t
displacement(const uint8_t *p, unsigned bytes)
{
	int32_t x = 0;

	if (bytes == 1)
		return (int8_t)p[0];
	memcpy(&x, p, bytes); /* 4 or 0 bytes */
	return x;
}

/* Decodes the instruction at p. Returns 1 if it has a three-byte VEX prefix of map 0F38, 128 bits and W0. */
static int
decode(struct instruction *i, const uint8_t *p, const ucontext_t *c)
{
	if (p[0] != 0xc4 || (p[1] & 0x1f) != 2 || (p[2] & 0x84) != 0)
		return 0;
	const unsigned mod = p[4] >> 6, low = p[4] & 7, r = (~p[1] >> 7 & 1) * 8u, x = (~p[1] >> 6 & 1) * 8u,
		       b = (~p[1] >> 5 & 1) * 8u;
	uint64_t base = 0;

	*i = (struct instruction){.pp = p[2] & 3,
	                          .opcode = p[3],
	                          .reg = r + (p[4] >> 3 & 7),
	                          .rm = b + low,
	                          .vvvv = ~p[2] >> 3 & 15,
	                          .memory = mod != 3,
	                          .bytes = 5};
	if (!i->memory)
		return 1;
	unsigned shift = mod == 1 ? 1 : mod == 2 ? 4 : 0, from = b + low;
	if (low == 4) { /* a SIB byte */
		const unsigned index = x + (p[5] >> 3 & 7);

		from = b + (p[5] & 7);
		i->stride = index == 4 ? 0 : (int64_t)(general_register(c, index) << (p[5] >> 6));
		i->bytes++;
		if (mod == 0 && (p[5] & 7) == 5)
			return 0; /* an address without a base: not used here */
	} else if (mod == 0 && low == 5) { /* relative to the next instruction */
		base = (uint64_t)c->uc_mcontext.gregs[REG_RIP] + i->bytes + 4;
		shift = 4;
		from = 16;
	}
	base += from < 16 ? general_register(c, from) : 0;
	base += (uint64_t)displacement(p + i->bytes, shift);
	i->bytes += shift;
	memcpy(&i->at, &base, sizeof i->at);
	return 1;
}

/* Executes an instruction. Returns 1 if it was one of AMX. */
static int
emulate(const struct instruction *i)
{
	enum { NONE, P66, PF3, PF2 };

	switch (i->opcode << 4 | i->pp << 1 | (unsigned)i->memory) {
	case 0x49 << 4 | NONE << 1 | 1: load_config(i->at + i->stride); return 1;
	case 0x49 << 4 | NONE << 1: release(); return 1;
	case 0x49 << 4 | PF2 << 1: zero_tile(i->reg); return 1;
	case 0x4b << 4 | PF2 << 1 | 1: load_tile(i->reg, i->at, i->stride); return 1;
	case 0x4b << 4 | PF3 << 1 | 1: store_tile(i->reg, i->at, i->stride); return 1;
	case 0x5e << 4 | PF2 << 1: multiply_int8(i->reg, i->rm, i->vvvv); return 1;
	case 0x5c << 4 | PF3 << 1: multiply_bf16(i->reg, i->rm, i->vvvv); return 1;
	default: return 0;
	}
}

static void
on_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	const uint8_t *p;
	struct instruction i;

	memcpy(&p, &c->uc_mcontext.gregs[REG_RIP], sizeof p);
	(void)info;
	if (!decode(&i, p, c) || !emulate(&i)) {
		signal(number, SIG_DFL); /* not AMX: let it fault again and end the program */
		return;
	}
	tiles_done++;
	c->uc_mcontext.gregs[REG_RIP] += (greg_t)i.bytes;
}

static int
amx_emulated(void)
{
	struct sigaction a = {.sa_flags = SA_SIGINFO};

	a.sa_sigaction = on_fault;
	return sigaction(SIGILL, &a, NULL) == 0;
}

#endif
