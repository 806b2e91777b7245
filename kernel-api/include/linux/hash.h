/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_HASH_H
#define _LINUX_HASH_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Multiplicative: the high bits are the good ones. @bits is 1 to 32. */
#define GOLDEN_RATIO_32		0x61C88647u
#define GOLDEN_RATIO_64		0x61C8864680B583EBull
static inline u32 __hash_32(u32 val) { return val * GOLDEN_RATIO_32; }
static inline u32 hash_32(u32 val, unsigned int bits) { return __hash_32(val) >> (32 - bits); }
static inline u32 hash_64(u64 val, unsigned int bits) { return (u32)((val * GOLDEN_RATIO_64) >> (64 - bits)); }
#define hash_long(val, bits)	hash_64((val), (bits))
static inline u32 hash_ptr(const void *ptr, unsigned int bits) { return hash_64((unsigned long)ptr, bits); }
static inline u32 hash32_ptr(const void *ptr) { return (u32)((unsigned long)ptr ^ (unsigned long)ptr >> 32); }

#endif /* _LINUX_HASH_H */
