/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_HASH_H
#define _LINUX_HASH_H

#include <linux/types.h>

#define GOLDEN_RATIO_32		0x61C88647u
#define GOLDEN_RATIO_64		0x61C8864680B583EBull
static inline u32 hash_32(u32 val, unsigned int bits) { return (val * GOLDEN_RATIO_32) >> (32 - bits); }
static inline u32 hash_64(u64 val, unsigned int bits) { return (u32)((val * GOLDEN_RATIO_64) >> (64 - bits)); }
#define hash_long(val, bits)	hash_64((val), (bits))
static inline u32 hash_ptr(const void *ptr, unsigned int bits) { return hash_64((unsigned long)ptr, bits); }

#endif /* _LINUX_HASH_H */
