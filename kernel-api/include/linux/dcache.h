/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_DCACHE_H
#define _LINUX_DCACHE_H

/*
 * Names of files, for code that prints them.
 *
 * Differs from the kernel: no cache, no VFS: the in-process tree makes a dentry for each of its
 * files, nothing else does but its user.
 */
#include <linux/list.h>
#include <linux/fs.h>
#include <linux/path.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/stringhash.h>
#include <linux/types.h>

struct qstr {
	union {
		struct {
			u32 hash, len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};
#define QSTR_INIT(n, l)		{ { { .len = (l) } }, .name = (const unsigned char *)(n) }
#define DNAME_INLINE_LEN	32
struct dentry {
	struct dentry	*d_parent;		/* itself, for a root */
	struct qstr	d_name;
	unsigned char	d_iname[DNAME_INLINE_LEN];
	spinlock_t	d_lock;
	struct inode	*d_inode;
};
static inline struct inode *d_inode(const struct dentry *dentry) { return dentry->d_inode; }
#define d_really_is_positive(dentry)	((dentry)->d_inode != NULL)
/* The names up to the root, at the end of @buf; ERR_PTR(-ENAMETOOLONG). */
__visible char *d_path(const struct path *path, char *buf, int buflen);
/* All ones in the first @cnt bytes of a word. */
#define bytemask_from_count(cnt)	(~(~0ul << (cnt) * 8))

#endif /* _LINUX_DCACHE_H */
