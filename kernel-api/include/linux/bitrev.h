/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BITREV_H
#define _LINUX_BITREV_H

/* Bits in the opposite order. */
#include <linux/types.h>

static inline u8 bitrev8(u8 x)
{
	x = (u8)(x >> 4 | x << 4);
	x = (u8)((x & 0xcc) >> 2 | (x & 0x33) << 2);
	return (u8)((x & 0xaa) >> 1 | (x & 0x55) << 1);
}
static inline u16 bitrev16(u16 x) { return (u16)(bitrev8((u8)x) << 8 | bitrev8((u8)(x >> 8))); }
static inline u32 bitrev32(u32 x) { return (u32)bitrev16((u16)x) << 16 | bitrev16((u16)(x >> 16)); }
#define __bitrev8(x)	bitrev8(x)
#define __bitrev16(x)	bitrev16(x)
#define __bitrev32(x)	bitrev32(x)

#endif /* _LINUX_BITREV_H */
