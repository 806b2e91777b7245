/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H

/*
 * Differs from the kernel: uint64_t is unsigned long as in user space, so that both agree on 64-bit.
 */
#include <stddef.h>
#include <linux/compiler_types.h>

typedef unsigned char		u8, __u8, uint8_t, unchar, u_char;
typedef unsigned short		u16, __u16, uint16_t, ushort, u_short;
typedef unsigned int		u32, __u32, uint32_t, uint, u_int;
typedef unsigned long long	u64, __u64;
typedef unsigned long		uint64_t, ulong, u_long;
typedef signed char		s8, __s8, int8_t;
typedef short			s16, __s16, int16_t;
typedef int			s32, __s32, int32_t;
typedef long long		s64, __s64;
typedef long			int64_t;
typedef u16 __bitwise		__le16, __be16;
typedef u32 __bitwise		__le32, __be32;
typedef u64 __bitwise		__le64, __be64;
typedef u16 __bitwise		__sum16;

typedef _Bool			bool;
enum { false = 0, true = 1 };

typedef long			ssize_t, ptrdiff_t_, intptr_t;
typedef unsigned long		uintptr_t;
typedef long long		loff_t;
typedef int			pid_t;
typedef unsigned int		umode_t_, dev_t, uid_t, gid_t, gfp_t, fmode_t, slab_flags_t;
typedef unsigned short		umode_t;
typedef u64			sector_t, blkcnt_t, dma_addr_t, phys_addr_t;
typedef int			clockid_t;
typedef long			time64_t_;
typedef s64			time64_t, ktime_t;

struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head

#endif /* _LINUX_TYPES_H */
