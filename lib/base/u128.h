/* u128.h - 128-bit integers: code points of windows of up to 128 bits. */
#ifndef NCT_BASE_U128_H
#define NCT_BASE_U128_H

__extension__ typedef unsigned __int128 nct_u128;

#endif
