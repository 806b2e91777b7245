/* SPDX-License-Identifier: MIT */
/*
 * libfs.c - what operations of files are made of: fs.h.
 *
 * Locking: a struct simple_attr has a mutex, over get and set.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/* How many of @count bytes at @pos there are; -EINVAL: it is negative. */
static ssize_t bytes_at(loff_t pos, size_t count, size_t available)
{
	if (pos < 0)
		return -EINVAL;
	return (size_t)pos < available ? (ssize_t)min(count, available - (size_t)pos) : 0;
}

ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos, const void *from, size_t available)
{
	ssize_t bytes = bytes_at(*ppos, count, available);

	if (bytes > 0 && copy_to_user(to, (const char *)from + *ppos, (size_t)bytes))
		return -EFAULT;
	if (bytes > 0)
		*ppos += bytes;
	return bytes;
}

ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *ppos, const void __user *from, size_t count)
{
	ssize_t bytes = bytes_at(*ppos, count, available);

	if (bytes > 0 && copy_from_user((char *)to + *ppos, from, (size_t)bytes))
		return -EFAULT;
	if (bytes > 0)
		*ppos += bytes;
	return bytes;
}

int simple_open(struct inode *inode, struct file *file)
{
	if (inode->i_private)
		file->private_data = inode->i_private;
	return 0;
}

int nonseekable_open(struct inode *inode, struct file *file)
{
	file->f_mode &= ~FMODE_LSEEK;
	return 0;
}

loff_t generic_file_llseek(struct file *file, loff_t offset, int whence)
{
	switch (whence) {
	case SEEK_CUR:
		offset += file->f_pos;
		break;
	case SEEK_END:
		offset += file->f_inode->i_size;
		break;
	case SEEK_SET:
		break;
	default:
		return -EINVAL;
	}
	if (offset < 0)
		return -EINVAL;
	file->f_pos = offset;
	return offset;
}

loff_t default_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek(file, offset, whence);
}

loff_t noop_llseek(struct file *file, loff_t offset, int whence)
{
	return file->f_pos;
}

loff_t no_llseek(struct file *file, loff_t offset, int whence)
{
	return -ESPIPE;
}

/* ---- a number as a file ------------------------------------------------------------------------ */

struct simple_attr {
	struct mutex	lock;
	int		(*get)(void *data, u64 *value);
	int		(*set)(void *data, u64 value);
	void		*data;
	const char	*fmt;
	char		text[24];	/* as of the last read from the start */
};

int simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *data, u64 *value),
		     int (*set)(void *data, u64 value), const char *fmt)
{
	struct simple_attr *attr = kzalloc(sizeof(*attr), GFP_KERNEL);

	if (!attr)
		return -ENOMEM;
	mutex_init(&attr->lock);
	attr->get = get;
	attr->set = set;
	attr->data = inode->i_private;
	attr->fmt = fmt;
	file->private_data = attr;
	return nonseekable_open(inode, file);
}

int simple_attr_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

ssize_t simple_attr_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct simple_attr *attr = file->private_data;
	ssize_t rc = 0;
	u64 value;

	if (!attr->get)
		return -EACCES;
	rc = mutex_lock_interruptible(&attr->lock);
	if (rc)
		return rc;
	if (!*ppos || !attr->text[0]) {
		rc = attr->get(attr->data, &value);
		if (!rc)
			scnprintf(attr->text, sizeof(attr->text), attr->fmt, (unsigned long long)value);
	}
	if (!rc)
		rc = simple_read_from_buffer(buf, len, ppos, attr->text, strlen(attr->text));
	mutex_unlock(&attr->lock);
	return rc;
}

static ssize_t attr_write(struct file *file, const char __user *buf, size_t len, bool is_signed)
{
	struct simple_attr *attr = file->private_data;
	char text[24] = "";
	ssize_t rc;
	u64 value;

	if (!attr->set)
		return -EACCES;
	if (copy_from_user(text, buf, min(len, sizeof(text) - 1)))
		return -EFAULT;
	rc = is_signed ? kstrtoll(text, 0, (long long *)&value) : kstrtoull(text, 0, (unsigned long long *)&value);
	if (rc)
		return rc;
	rc = mutex_lock_interruptible(&attr->lock);
	if (rc)
		return rc;
	rc = attr->set(attr->data, value);
	mutex_unlock(&attr->lock);
	return rc ? rc : (ssize_t)len;
}

ssize_t simple_attr_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	return attr_write(file, buf, len, false);
}

ssize_t simple_attr_write_signed(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	return attr_write(file, buf, len, true);
}
