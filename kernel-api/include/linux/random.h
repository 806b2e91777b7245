/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RANDOM_H
#define _LINUX_RANDOM_H

#include <linux/types.h>

__visible void get_random_bytes(void *buf, size_t bytes);
static inline u32 get_random_u32(void) { u32 v; get_random_bytes(&v, sizeof(v)); return v; }
static inline u64 get_random_u64(void) { u64 v; get_random_bytes(&v, sizeof(v)); return v; }

#endif /* _LINUX_RANDOM_H */
