/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H

#include <stddef.h>
#include <linux/compiler_types.h>

typedef unsigned char		u8, __u8, uint8_t, unchar, u_char;
typedef unsigned short		u16, __u16, uint16_t, ushort, u_short;
typedef unsigned int		u32, __u32, uint32_t, uint, u_int;
typedef unsigned long long	u64, __u64;
typedef u64			uint64_t;
typedef unsigned long		ulong, u_long;
typedef signed char		s8, __s8, int8_t;
typedef short			s16, __s16, int16_t;
typedef int			s32, __s32, int32_t;
typedef long long		s64, __s64;
typedef s64			int64_t;
typedef u16 __bitwise		__le16, __be16;
typedef u32 __bitwise		__le32, __be32;
typedef u64 __bitwise		__le64, __be64;
typedef u16 __bitwise		__sum16;

typedef _Bool			bool;
enum { false = 0, true = 1 };

typedef long			ssize_t, intptr_t;
typedef u32 __bitwise		__wsum;
typedef unsigned long		uintptr_t;
typedef long long		loff_t;
typedef long			off_t;
typedef int			pid_t;
typedef unsigned int		dev_t, uid_t, gid_t, gfp_t, fmode_t, slab_flags_t, __poll_t, projid_t;
typedef unsigned long		__kernel_size_t, __kernel_ulong_t;
typedef long			__kernel_ssize_t, __kernel_long_t;
typedef unsigned int		__kernel_uid32_t, __kernel_gid32_t, __kernel_mode_t;
typedef unsigned short		umode_t;
typedef u64			sector_t, blkcnt_t, dma_addr_t, phys_addr_t, resource_size_t;
typedef unsigned long		irq_hw_number_t;
typedef char			*caddr_t;
typedef int			clockid_t;
typedef s64			time64_t, ktime_t;

#define DECLARE_BITMAP(name, bits)	unsigned long name[((bits) + 63) / 64]
#define __aligned_u64		u64 __attribute__((__aligned__(8)))
#define __aligned_be64		__be64 __attribute__((__aligned__(8)))
#define __aligned_le64		__le64 __attribute__((__aligned__(8)))
#define pgprot_t		unsigned long
#define pgoff_t			unsigned long

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

typedef int (*cmp_func_t)(const void *a, const void *b);
typedef int (*cmp_r_func_t)(const void *a, const void *b, const void *priv);
typedef void (*swap_func_t)(void *a, void *b, int size);
typedef void (*swap_r_func_t)(void *a, void *b, int size, const void *priv);

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head
typedef void (*rcu_callback_t)(struct rcu_head *head);
typedef void (*call_rcu_func_t)(struct rcu_head *head, rcu_callback_t func);

#endif /* _LINUX_TYPES_H */
