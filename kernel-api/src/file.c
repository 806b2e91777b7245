/* SPDX-License-Identifier: MIT */
/* file.c - files: fs.h, falloc.h. */
#include <linux/bug.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "sched_impl.h"
#include "uio_impl.h"

/* A sleep, to who asks (rcu_tasks.c). */
static long file_wait(struct host_file *file, int op, int fua, long long offset, host_size size,
		      const struct host_vec *vec, unsigned int nr)
{
	long done;

	task_sleeps(current);
	done = host_file_wait(file, op, fua, offset, size, vec, nr);
	task_wakes(current);
	return done;
}

struct file *filp_open(const char *name, int flags, umode_t mode)
{
	struct file *file = kzalloc(sizeof(*file), GFP_KERNEL);
	int err;

	might_sleep();
	if (!file)
		return ERR_PTR(-ENOMEM);
	file->host = host_file_open(name, flags, mode, &err);
	if (!file->host) {
		kfree(file);
		return ERR_PTR(err);
	}
	file->f_flags = (unsigned int)flags;
	file->f_inode = &file->own_inode;
	file->own_inode.i_mode = (umode_t)host_file_mode(file->host);
	file->own_inode.host = file;
	return file;
}

int filp_close(struct file *file, void *id)
{
	int rc = host_file_close(file->host);

	kfree(file);
	return rc;
}

loff_t i_size_read(const struct inode *inode)
{
	return host_file_size(inode->host->host);
}

static void kiocb_done(void *arg, long result)
{
	struct kiocb *kiocb = arg;

	if (result > 0)
		kiocb->ki_pos += result;
	kiocb->ki_complete(kiocb, result);
}

static ssize_t do_vecs(struct kiocb *kiocb, int op, size_t bytes, const struct host_vec *vec, unsigned int nr,
		       void (*fn)(void *arg, long result), void *arg)
{
	struct host_file *file = kiocb->ki_filp->host;
	int fua = op == HOST_WRITE && kiocb->ki_flags & IOCB_DSYNC, rc;
	long done;

	if (!kiocb->ki_complete) {
		might_sleep();
		done = file_wait(file, op, fua, kiocb->ki_pos, bytes, vec, nr);
	} else {
		done = host_file_try(file, op, fua, kiocb->ki_pos, bytes, vec, nr);
		if (done == -EAGAIN && !(kiocb->ki_flags & IOCB_NOWAIT)) {
			rc = host_file_start(file, op, fua, kiocb->ki_pos, bytes, vec, nr, fn, arg);
			return rc ? rc : -EIOCBQUEUED;
		}
	}
	if (done > 0)
		kiocb->ki_pos += done;
	return done;
}

/* Of an iterator whose segments are not what the host takes. */
struct pieces {
	struct kiocb	*kiocb;
	struct host_vec	vec[];
};

static void pieces_done(void *arg, long result)
{
	struct pieces *pieces = arg;
	struct kiocb *kiocb = pieces->kiocb;

	kfree(pieces);
	kiocb_done(kiocb, result);
}

static ssize_t do_pieces(struct kiocb *kiocb, const struct iov_iter *iter, int op)
{
	unsigned long room = iter_is_ubuf(iter) ? 1 : iter->nr_segs;
	struct pieces *pieces = kmalloc(struct_size(pieces, vec, room), GFP_ATOMIC);
	ssize_t done;

	if (!pieces)
		return -ENOMEM;
	pieces->kiocb = kiocb;
	done = do_vecs(kiocb, op, iter->count, pieces->vec, uio_pieces(iter, pieces->vec), pieces_done, pieces);
	if (done != -EIOCBQUEUED)
		kfree(pieces);
	return done;
}

static ssize_t do_iter(struct kiocb *kiocb, struct iov_iter *iter, int op)
{
	ssize_t done;

	if (WARN_ON_ONCE(!uio_has_pieces(iter)))
		return -EINVAL;
	if (!iter->count)
		return 0;
	if (likely(iov_iter_is_kvec(iter) && iter->nr_segs == 1 && iter->count == iter->kvec->iov_len))
		done = do_vecs(kiocb, op, iter->count, (const struct host_vec *)iter->kvec, 1, kiocb_done, kiocb);
	else
		done = do_pieces(kiocb, iter, op);
	if (done > 0)
		uio_advance(iter, (size_t)done);
	return done;
}

ssize_t call_read_iter(struct file *file, struct kiocb *kiocb, struct iov_iter *iter)
{
	return do_iter(kiocb, iter, HOST_READ);
}

ssize_t call_write_iter(struct file *file, struct kiocb *kiocb, struct iov_iter *iter)
{
	return do_iter(kiocb, iter, HOST_WRITE);
}

ssize_t kernel_read(struct file *file, void *buf, size_t count, loff_t *pos)
{
	struct host_vec vec = { buf, count };
	long done = file_wait(file->host, HOST_READ, 0, *pos, count, &vec, 1);

	if (done > 0)
		*pos += done;
	return done;
}

ssize_t kernel_write(struct file *file, const void *buf, size_t count, loff_t *pos)
{
	struct host_vec vec = { (void *)buf, count };
	long done = file_wait(file->host, HOST_WRITE, 0, *pos, count, &vec, 1);

	if (done > 0)
		*pos += done;
	return done;
}

int vfs_fsync(struct file *file, int datasync)
{
	might_sleep();
	return (int)file_wait(file->host, HOST_SYNC, 0, 0, 0, NULL, 0);
}

int vfs_fsync_range(struct file *file, loff_t start, loff_t end, int datasync)
{
	return vfs_fsync(file, datasync);
}

int vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	long rc;

	might_sleep();
	if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		rc = file_wait(file->host, HOST_DISCARD, 0, offset, (host_size)len, NULL, 0);
	else if (mode == FALLOC_FL_ZERO_RANGE)
		rc = file_wait(file->host, HOST_ZERO, 0, offset, (host_size)len, NULL, 0);
	else
		return -EOPNOTSUPP;
	return rc < 0 ? (int)rc : 0;
}

loff_t vfs_llseek(struct file *file, loff_t offset, int whence)
{
	return host_file_seek(file->host, offset, whence);
}

const char *ring3_file_provider(struct file *file)
{
	return host_file_provider(file->host);
}

void *ring3_file_view(struct file *file, u64 bytes, bool write)
{
	return host_file_view(file->host, bytes, write);
}

int ring3_view_copy(void *to, const void *from, size_t bytes)
{
	return host_view_copy(to, from, bytes) ? 0 : -EFAULT;
}

void ring3_file_unview(const void *view, u64 bytes)
{
	if (view)
		host_unmap((void *)view, bytes);
}

char *file_path(struct file *file, char *buf, int buflen)
{
	long len = buflen > 1 ? host_file_path(file->host, buf, (host_size)buflen - 1) : 0;

	if (len < 0)
		return ERR_PTR(len);
	if (len >= buflen - 1)
		return ERR_PTR(-ENAMETOOLONG);
	buf[len] = 0;
	return buf;
}
