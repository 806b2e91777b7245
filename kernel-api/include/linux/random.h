/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RANDOM_H
#define _LINUX_RANDOM_H

#include <linux/types.h>

__visible void get_random_bytes(void *buf, size_t bytes);
static inline u32 get_random_u32(void) { u32 v; get_random_bytes(&v, sizeof(v)); return v; }
static inline u64 get_random_u64(void) { u64 v; get_random_bytes(&v, sizeof(v)); return v; }
static inline u8 get_random_u8(void) { return (u8)get_random_u32(); }
static inline u16 get_random_u16(void) { return (u16)get_random_u32(); }
static inline unsigned long get_random_long(void) { return get_random_u64(); }
static inline u32 get_random_u32_below(u32 ceil) { return (u32)(((u64)get_random_u32() * ceil) >> 32); }
#define get_random_int()	get_random_u32()
#define get_random_bytes_wait(buf, bytes) ({ get_random_bytes((buf), (bytes)); 0; })
static inline bool rng_is_initialized(void) { return true; }
static inline int wait_for_random_bytes(void) { return 0; }
#define add_device_randomness(buf, bytes)	do { } while (0)
#define declare_get_random_var_wait(name, type)
struct notifier_block;
/* The generator is ready when any module runs, so the block is never called. */
static inline int execute_with_initialized_rng(struct notifier_block *nb) { return 0; }

/* lib/random32.c's: only where the hosted library is. */
#if __has_include(<linux/prandom.h>)
#include <linux/prandom.h>
#endif

#endif /* _LINUX_RANDOM_H */
