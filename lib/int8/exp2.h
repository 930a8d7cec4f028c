/* exp2.h - 2^-x in integers: by a polynomial of 14 bits for attention weights, by two tables for frequencies.
 *
 * Both are part of M1's definition (nct-formats(5), "M1"). A unit test recomputes every constant. */
#ifndef NCT_INT8_EXP2_H
#define NCT_INT8_EXP2_H

#include <stdint.h>

/* Coefficients of the cubic w(f) = 2^14 + f * (c1 + f * (c2 + f * c3)), which approximates 2^14 * 2^-f. With the
 * rounding below, no other cubic has a smaller maximal error over the 1024 fractions f that occur. It is 1.795, or
 * 1.1e-4 of the largest weight. */
enum { NCT_EXP2_C1 = -11333, NCT_EXP2_C2 = 3793, NCT_EXP2_C3 = -653 };

/* (a * b + 2^14) >> 15 for |a|, |b| < 2^15, as the instruction pmulhrsw computes it. */
static inline int32_t
nct_mulhrs(int32_t a, int32_t b)
{
	return (a * b + (1 << 14)) >> 15;
}

/* 2^14 * 2^-x, rounded, for x >= 0 in Q10; 0 from x = 15 on. */
static inline int32_t
nct_exp2_weight(int32_t x)
{
	const int32_t whole = x >> 10, n = whole > 14 ? 14 : whole, f = (x & 1023) << 5;
	const int32_t w = 16384 + nct_mulhrs(f, NCT_EXP2_C1 + nct_mulhrs(f, NCT_EXP2_C2 + nct_mulhrs(f, NCT_EXP2_C3)));

	return whole > 14 ? 0 : (w + ((1 << n) >> 1)) >> n;
}

/* round(2^31 * 2^(-i/64)) */
static const uint32_t nct_exp2_coarse[64] = {
	2147483648u, 2124350982u, 2101467502u, 2078830522u, 2056437387u, 2034285470u, 2012372174u, 1990694927u,
	1969251188u, 1948038440u, 1927054196u, 1906295993u, 1885761398u, 1865448001u, 1845353420u, 1825475297u,
	1805811301u, 1786359126u, 1767116489u, 1748081133u, 1729250827u, 1710623359u, 1692196547u, 1673968228u,
	1655936265u, 1638098541u, 1620452965u, 1602997467u, 1585730000u, 1568648537u, 1551751076u, 1535035634u,
	1518500250u, 1502142985u, 1485961921u, 1469955159u, 1454120821u, 1438457051u, 1422962010u, 1407633882u,
	1392470869u, 1377471191u, 1362633090u, 1347954824u, 1333434672u, 1319070932u, 1304861917u, 1290805962u,
	1276901417u, 1263146652u, 1249540052u, 1236080024u, 1222764986u, 1209593378u, 1196563654u, 1183674286u,
	1170923762u, 1158310587u, 1145833280u, 1133490379u, 1121280436u, 1109202018u, 1097253708u, 1085434106u,
};

/* round(2^31 * 2^(-j/4096)) */
static const uint32_t nct_exp2_fine[64] = {
	2147483648u, 2147120270u, 2146756953u, 2146393698u, 2146030505u, 2145667373u, 2145304302u, 2144941293u,
	2144578345u, 2144215459u, 2143852634u, 2143489870u, 2143127168u, 2142764527u, 2142401948u, 2142039429u,
	2141676973u, 2141314577u, 2140952243u, 2140589970u, 2140227759u, 2139865609u, 2139503520u, 2139141492u,
	2138779525u, 2138417620u, 2138055776u, 2137693994u, 2137332272u, 2136970612u, 2136609013u, 2136247475u,
	2135885998u, 2135524583u, 2135163228u, 2134801935u, 2134440703u, 2134079532u, 2133718422u, 2133357373u,
	2132996386u, 2132635459u, 2132274593u, 2131913789u, 2131553046u, 2131192363u, 2130831742u, 2130471182u,
	2130110682u, 2129750244u, 2129389867u, 2129029550u, 2128669295u, 2128309101u, 2127948967u, 2127588895u,
	2127228883u, 2126868932u, 2126509043u, 2126149214u, 2125789446u, 2125429739u, 2125070092u, 2124710507u,
};

/* floor(2^30 * 2^-x), up to the tables' rounding, for x >= 0 in Q12; 0 from x = 31 on. */
static inline uint32_t
nct_exp2_odds(uint32_t x)
{
	const uint64_t e = (uint64_t)nct_exp2_coarse[x >> 6 & 63] * nct_exp2_fine[x & 63] >> 32;

	return x >> 12 > 30 ? 0 : (uint32_t)e >> (x >> 12);
}

#endif
