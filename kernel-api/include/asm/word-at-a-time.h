/* SPDX-License-Identifier: MIT */
#ifndef _ASM_WORD_AT_A_TIME_H
#define _ASM_WORD_AT_A_TIME_H

/*
 * Looking for a zero byte in eight at once, little-endian.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>

struct word_at_a_time {
	const unsigned long one_bits, high_bits;
};
#define RING3_BYTES(b)			((~0ul / 0xff) * (b))
#define WORD_AT_A_TIME_CONSTANTS	{ RING3_BYTES(0x01), RING3_BYTES(0x80) }

/* Not 0 when @a has a zero byte; the lowest bit of *@bits tells which is the first. */
static inline unsigned long has_zero(unsigned long a, unsigned long *bits, const struct word_at_a_time *c)
{
	*bits = (a - c->one_bits) & ~a & c->high_bits;
	return *bits;
}
static inline unsigned long prep_zero_mask(unsigned long a, unsigned long bits, const struct word_at_a_time *c)
{
	return bits;
}
/* All bits of the bytes before the first zero. */
static inline unsigned long create_zero_mask(unsigned long bits) { return ((bits - 1) & ~bits) >> 7; }
static inline unsigned long find_zero(unsigned long mask) { return (64 - (unsigned long)__builtin_clzl(mask | 1)) / 8; }
#define zero_bytemask(mask)		(mask)

#endif /* _ASM_WORD_AT_A_TIME_H */
