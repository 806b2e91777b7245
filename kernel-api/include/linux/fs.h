/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

/*
 * Files of the host, served by aio; and what a file of the in-process tree (proc_fs.h,
 * debugfs.h, sysfs.h) is to the functions behind it.
 *
 * Differs from the kernel: no VFS. A struct file of filp_open() has no operations of its own,
 * one of the tree has no others; nothing polls, maps or controls a file.
 */
#include <asm/page.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/path.h>
#include <linux/stat.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/uio.h>

#define MAX_RW_COUNT	(INT_MAX & PAGE_MASK)	/* bytes of one read or write */
#define IOCB_DSYNC	(1 << 1)
#define IOCB_NOWAIT	(1 << 3)

typedef unsigned int fmode_t;
#define FMODE_READ	0x1u
#define FMODE_WRITE	0x2u
#define FMODE_LSEEK	0x4u

struct file;
struct inode;
struct module;

/* Of a file of the tree; @buf is the reader's or writer's. */
struct file_operations {
	struct module	*owner;		/* in use as long as a file of debugfs is open */
	loff_t		(*llseek)(struct file *file, loff_t offset, int whence);
	ssize_t		(*read)(struct file *file, char __user *buf, size_t count, loff_t *pos);
	ssize_t		(*write)(struct file *file, const char __user *buf, size_t count, loff_t *pos);
	int		(*open)(struct inode *inode, struct file *file);
	int		(*release)(struct inode *inode, struct file *file);
};

struct inode {
	umode_t		i_mode;
	kuid_t		i_uid;		/* of the tree's; who asks does not matter */
	kgid_t		i_gid;
	loff_t		i_size;
	void		*i_private;	/* of the tree: what its maker gave */
	struct file	*host;
};
struct file {
	struct path	f_path;		/* of the tree only */
	struct inode	*f_inode;
	const struct file_operations *f_op;	/* of the tree only */
	unsigned int	f_flags;
	fmode_t		f_mode;
	loff_t		f_pos;
	void		*private_data;	/* its operations' own */
	struct inode	own_inode;
	void		*host;		/* struct aio_file */
};

struct kiocb {
	struct file	*ki_filp;
	loff_t		ki_pos;
	void		(*ki_complete)(struct kiocb *iocb, long ret);	/* NULL: synchronous */
	void		*private;
	int		ki_flags;
};

static inline void init_sync_kiocb(struct kiocb *kiocb, struct file *filp)
{
	*kiocb = (struct kiocb){ .ki_filp = filp };
}
static inline struct inode *file_inode(const struct file *file) { return file->f_inode; }

__visible struct file *filp_open(const char *name, int flags, umode_t mode);	/* may sleep */
__visible int filp_close(struct file *file, void *id);
#define fput(file)	filp_close((file), NULL)

/*
 * Bytes, -errno, or -EIOCBQUEUED: then ki_complete() comes in softirq context on
 * this CPU, and the kvecs stay until it has. With ki_complete set it never sleeps.
 * Any iterator over memory but one of an xarray's pages; others are a warning and -EINVAL. It goes on by what
 * was done at once, not by what is queued.
 */
__visible ssize_t call_read_iter(struct file *file, struct kiocb *kiocb, struct iov_iter *iter);
__visible ssize_t call_write_iter(struct file *file, struct kiocb *kiocb, struct iov_iter *iter);

/* These sleep. */
__visible ssize_t kernel_read(struct file *file, void *buf, size_t count, loff_t *pos);
__visible ssize_t kernel_write(struct file *file, const void *buf, size_t count, loff_t *pos);
__visible int vfs_fsync(struct file *file, int datasync);
__visible int vfs_fsync_range(struct file *file, loff_t start, loff_t end, int datasync);
__visible int vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len);
__visible loff_t vfs_llseek(struct file *file, loff_t offset, int whence);	/* SEEK_DATA, SEEK_HOLE, SEEK_END */
__visible loff_t i_size_read(const struct inode *inode);
#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2
#define SEEK_DATA	3
#define SEEK_HOLE	4

/* The name it has now, in @buf; ERR_PTR(-ENAMETOOLONG). */
__visible char *file_path(struct file *file, char *buf, int buflen);

/* Which provider of aio serves it: "threads", "io_uring", "ram" ...; a static string. */
__visible const char *ring3_file_provider(struct file *file);

/*
 * The first @bytes of a file that lies in memory (tmpfs, memfd), for sendmsg() to take from; NULL for
 * any other file, or where there is no room for it. Behind the end of a file that was truncated since,
 * whoever looks gets SIGBUS, and sendmsg() -EFAULT; a hole that is looked at is allocated. @write: it may
 * be written to, too; NULL where the file may not (opened to read, sealed). May sleep.
 */
__visible void *ring3_file_view(struct file *file, u64 bytes, bool write);
__visible void ring3_file_unview(const void *view, u64 bytes);	/* NULL: nothing */
/*
 * To or from a view, or both; they do not overlap. 0, or -EFAULT where the file has no page and can get
 * none: it was truncated, or its file system is full; some of it may have been copied. Any context.
 */
__visible int ring3_view_copy(void *to, const void *from, size_t bytes);

/* ---- for who writes the operations of a file of the tree; fs/libfs.c of the kernel ------------- */

/* Bytes between @from, which has @available, and the other side; *@ppos moves by them. -EINVAL: it is negative. */
__visible ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos, const void *from,
					  size_t available);
__visible ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *ppos, const void __user *from,
					 size_t count);
__visible int simple_open(struct inode *inode, struct file *file);	/* private_data is i_private */
__visible int nonseekable_open(struct inode *inode, struct file *file);
__visible loff_t generic_file_llseek(struct file *file, loff_t offset, int whence);
__visible loff_t default_llseek(struct file *file, loff_t offset, int whence);
__visible loff_t noop_llseek(struct file *file, loff_t offset, int whence);
__visible loff_t no_llseek(struct file *file, loff_t offset, int whence);	/* -ESPIPE */

/*
 * A number as a file of one line: @get is asked at the start of a read, @set told at each write,
 * of at most 23 bytes of text; what is no number is -EINVAL.
 */
__visible int simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *data, u64 *value),
			       int (*set)(void *data, u64 value), const char *fmt);
__visible int simple_attr_release(struct inode *inode, struct file *file);
__visible ssize_t simple_attr_read(struct file *file, char __user *buf, size_t len, loff_t *ppos);
__visible ssize_t simple_attr_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos);
__visible ssize_t simple_attr_write_signed(struct file *file, const char __user *buf, size_t len, loff_t *ppos);
static inline __printf(1, 2) void __simple_attr_check_format(const char *fmt, ...) { }
#define DEFINE_SIMPLE_ATTRIBUTE_XSIGNED(fops_, get_, set_, fmt_, write_)				\
	static int fops_##_open(struct inode *inode, struct file *file)				\
	{												\
		__simple_attr_check_format(fmt_, 0ull);							\
		return simple_attr_open(inode, file, get_, set_, fmt_);					\
	}												\
	static const struct file_operations fops_ = {							\
		.owner = THIS_MODULE, .open = fops_##_open, .release = simple_attr_release,		\
		.read = simple_attr_read, .write = write_, .llseek = generic_file_llseek,		\
	}
#define DEFINE_SIMPLE_ATTRIBUTE(fops, get, set, fmt) \
	DEFINE_SIMPLE_ATTRIBUTE_XSIGNED(fops, get, set, fmt, simple_attr_write)
#define DEFINE_SIMPLE_ATTRIBUTE_SIGNED(fops, get, set, fmt) \
	DEFINE_SIMPLE_ATTRIBUTE_XSIGNED(fops, get, set, fmt, simple_attr_write_signed)

/*
 * Types of file systems, by name. None can be mounted: a module that has one is found, or loaded, by it.
 * 0; -EINVAL a name with a dot; -EBUSY it is taken, or registered already; -EINVAL it is not registered.
 */
struct file_system_type {
	const char		*name;
	int			fs_flags;
	struct module		*owner;
	struct file_system_type	*next;		/* the list's */
};
#define MODULE_ALIAS_FS(name)	MODULE_ALIAS("fs-" name)
__visible int register_filesystem(struct file_system_type *type);
__visible int unregister_filesystem(struct file_system_type *type);
/* With its module in use, for put_filesystem(); asks for a module fs-NAME where there is none. NULL. May sleep. */
__visible struct file_system_type *get_fs_type(const char *name);
__visible void put_filesystem(struct file_system_type *type);

#endif /* _LINUX_FS_H */
