/* SPDX-License-Identifier: MIT */
#ifndef _ASM_BITSPERLONG_H
#define _ASM_BITSPERLONG_H

#define __BITS_PER_LONG		64
#define BITS_PER_LONG		64
#define BITS_PER_LONG_LONG	64
/* A constant number of bits that one word holds. */
#define small_const_nbits(nbits) (__builtin_constant_p(nbits) && (nbits) <= BITS_PER_LONG && (nbits) > 0)

#endif /* _ASM_BITSPERLONG_H */
