/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SWAB_H
#define _LINUX_SWAB_H

#include <asm/byteorder.h>

#define swab16(x)	__swab16(x)
#define swab32(x)	__swab32(x)
#define swab64(x)	__swab64(x)
static inline u32 swahw32(u32 x) { return x << 16 | x >> 16; }
static inline u32 swahb32(u32 x) { return (x & 0x00ff00ffu) << 8 | (x & 0xff00ff00u) >> 8; }
#define swab(x)		__swab64(x)	/* of a long */

#endif /* _LINUX_SWAB_H */
