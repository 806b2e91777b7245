/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_DEBUGFS_H
#define _LINUX_DEBUGFS_H

/*
 * Files below /sys/kernel/debug, of the in-process tree (ring3/tree.h). While one is open its
 * operations' owner cannot be unloaded; removal waits for calls under way, after which
 * an open file answers -EIO.
 *
 * Differs from the kernel: nothing can be renamed or mounted elsewhere; files of
 * debugfs_create_file_unsafe() are protected as all are.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/types.h>

struct debugfs_blob_wrapper {
	void		*data;
	unsigned long	size;
};
struct debugfs_u32_array {
	u32		*array;
	u32		n_elements;
};

/*
 * ERR_PTR(-EEXIST), with a line in the log, -EINVAL, -ENOSPC, -ENOMEM. @parent: NULL is the root; of
 * an ERR_PTR the result is the same one. All may sleep.
 */
__visible struct dentry *debugfs_create_dir(const char *name, struct dentry *parent);
/* @data is the inode's i_private. */
__visible struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent, void *data,
					     const struct file_operations *fops);
#define debugfs_create_file_unsafe(name, mode, parent, data, fops) \
	debugfs_create_file((name), (mode), (parent), (data), (fops))
__visible void debugfs_create_file_size(const char *name, umode_t mode, struct dentry *parent, void *data,
					const struct file_operations *fops, loff_t size);
__visible struct dentry *debugfs_create_symlink(const char *name, struct dentry *parent, const char *target);

/* Together with what is below it; NULL and ERR_PTRs are nothing. */
__visible void debugfs_remove(struct dentry *dentry);
#define debugfs_remove_recursive(dentry)	debugfs_remove(dentry)
/* With a reference, for dput(); NULL. */
__visible struct dentry *debugfs_lookup(const char *name, struct dentry *parent);
__visible void debugfs_lookup_and_remove(const char *name, struct dentry *parent);
__visible void dput(struct dentry *dentry);	/* of debugfs_lookup() */
static inline bool debugfs_initialized(void) { return true; }

/* Numbers that are read and written as text, marked; _x in hexadecimal. */
__visible void debugfs_create_u8(const char *name, umode_t mode, struct dentry *parent, u8 *value);
__visible void debugfs_create_u16(const char *name, umode_t mode, struct dentry *parent, u16 *value);
__visible void debugfs_create_u32(const char *name, umode_t mode, struct dentry *parent, u32 *value);
__visible void debugfs_create_u64(const char *name, umode_t mode, struct dentry *parent, u64 *value);
__visible void debugfs_create_ulong(const char *name, umode_t mode, struct dentry *parent, unsigned long *value);
__visible void debugfs_create_x8(const char *name, umode_t mode, struct dentry *parent, u8 *value);
__visible void debugfs_create_x16(const char *name, umode_t mode, struct dentry *parent, u16 *value);
__visible void debugfs_create_x32(const char *name, umode_t mode, struct dentry *parent, u32 *value);
__visible void debugfs_create_x64(const char *name, umode_t mode, struct dentry *parent, u64 *value);
__visible void debugfs_create_size_t(const char *name, umode_t mode, struct dentry *parent, size_t *value);
__visible void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value);
__visible void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, bool *value);
__visible struct dentry *debugfs_create_blob(const char *name, umode_t mode, struct dentry *parent,
					     struct debugfs_blob_wrapper *blob);
__visible void debugfs_create_u32_array(const char *name, umode_t mode, struct dentry *parent,
					struct debugfs_u32_array *array);

/* Around what uses data that a removal frees, in functions that are no operations: 0 or -EIO. */
__visible int debugfs_file_get(struct dentry *dentry);
__visible void debugfs_file_put(struct dentry *dentry);
#define debugfs_attr_read		simple_attr_read
#define debugfs_attr_write		simple_attr_write
#define debugfs_attr_write_signed	simple_attr_write_signed
#define DEFINE_DEBUGFS_ATTRIBUTE(fops, get, set, fmt)		DEFINE_SIMPLE_ATTRIBUTE(fops, get, set, fmt)
#define DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(fops, get, set, fmt)	DEFINE_SIMPLE_ATTRIBUTE_SIGNED(fops, get, set, fmt)

#endif /* _LINUX_DEBUGFS_H */
