/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

/*
 * Files of the host, served by aio.
 *
 * Differs from the kernel: no VFS; a struct file has no operations of its own.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/path.h>
#include <linux/types.h>
#include <linux/uio.h>

#define IOCB_DSYNC	(1 << 1)
#define IOCB_NOWAIT	(1 << 3)

struct inode {
	umode_t		i_mode;
	loff_t		i_size;
	struct file	*host;
};
struct file {
	struct path	f_path;		/* no dentry: nothing makes one */
	unsigned int	f_flags;
	loff_t		f_pos;
	struct inode	f_inode;
	void		*host;		/* struct aio_file */
};

#define S_ISREG(m)	(((m) & 0170000) == 0100000)
#define S_ISBLK(m)	(((m) & 0170000) == 0060000)

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
static inline struct inode *file_inode(struct file *file) { return &file->f_inode; }

__visible struct file *filp_open(const char *name, int flags, umode_t mode);	/* may sleep */
__visible int filp_close(struct file *file, void *id);
#define fput(file)	filp_close((file), NULL)

/*
 * Bytes, -errno, or -EIOCBQUEUED: then ki_complete() comes in softirq context on
 * this CPU, and the kvecs stay until it has. With ki_complete set it never sleeps.
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
 * whoever looks gets SIGBUS, and sendmsg() -EFAULT; a hole that is looked at is allocated. May sleep.
 */
__visible const void *ring3_file_view(struct file *file, u64 bytes);
__visible void ring3_file_unview(const void *view, u64 bytes);	/* NULL: nothing */

#endif /* _LINUX_FS_H */
