/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PROC_FS_H
#define _LINUX_PROC_FS_H

/*
 * Files below /proc, of the in-process tree (ring3/tree.h). Removal waits for calls under way,
 * and releases what is open: nothing of the module's is called after it.
 *
 * Differs from the kernel: /proc holds what modules make, and nothing of its own; no network
 * namespaces; nothing polls, maps or controls a file. A name cannot hold a newline.
 */
#include <linux/fs.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct proc_dir_entry;
struct seq_file;
struct seq_operations;

enum { PROC_ENTRY_PERMANENT = 1 << 0 };	/* accepted; removal waits all the same */

struct proc_ops {
	unsigned int	proc_flags;
	int		(*proc_open)(struct inode *inode, struct file *file);
	ssize_t		(*proc_read)(struct file *file, char __user *buf, size_t count, loff_t *pos);
	ssize_t		(*proc_write)(struct file *file, const char __user *buf, size_t count, loff_t *pos);
	loff_t		(*proc_lseek)(struct file *file, loff_t offset, int whence);
	int		(*proc_release)(struct inode *inode, struct file *file);
};

/*
 * @name may be a path below @parent (NULL: /proc), whose directories are there. A @mode without
 * permissions is 0444, without more than permissions a file. NULL: there is one of this
 * name, or no directory, with a warning; or no memory. All may sleep.
 */
__visible struct proc_dir_entry *proc_create_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
						  const struct proc_ops *ops, void *data);
__visible struct proc_dir_entry *proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent,
					     const struct proc_ops *ops);
__visible struct proc_dir_entry *proc_create_seq_private(const char *name, umode_t mode,
							 struct proc_dir_entry *parent,
							 const struct seq_operations *ops, unsigned int state_size,
							 void *data);
#define proc_create_seq_data(name, mode, parent, ops, data) \
	proc_create_seq_private((name), (mode), (parent), (ops), 0, (data))
#define proc_create_seq(name, mode, parent, ops) \
	proc_create_seq_private((name), (mode), (parent), (ops), 0, NULL)
__visible struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode,
							 struct proc_dir_entry *parent,
							 int (*show)(struct seq_file *m, void *v), void *data);
#define proc_create_single(name, mode, parent, show) \
	proc_create_single_data((name), (mode), (parent), (show), NULL)
__visible struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent);
__visible struct proc_dir_entry *proc_mkdir_mode(const char *name, umode_t mode, struct proc_dir_entry *parent);
__visible struct proc_dir_entry *proc_mkdir_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
						 void *data);
__visible struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent, const char *target);
__visible void proc_set_size(struct proc_dir_entry *entry, loff_t size);
__visible void proc_set_user(struct proc_dir_entry *entry, kuid_t uid, kgid_t gid);	/* who asks does not matter */

__visible void *pde_data(const struct inode *inode);	/* of the file that @inode is */
#define PDE_DATA(inode)	pde_data(inode)
__visible void *proc_get_parent_data(const struct inode *inode);

/* Together with what is below it; NULL is nothing. */
__visible void proc_remove(struct proc_dir_entry *entry);
/* A warning where there is none, or a directory that is not empty: what is in it can no longer be reached. */
__visible void remove_proc_entry(const char *name, struct proc_dir_entry *parent);
__visible int remove_proc_subtree(const char *name, struct proc_dir_entry *parent);	/* -ENOENT */

#include <linux/seq_file.h>

#endif /* _LINUX_PROC_FS_H */
