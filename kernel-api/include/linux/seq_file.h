/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SEQ_FILE_H
#define _LINUX_SEQ_FILE_H

/*
 * Files whose text is made as it is read, record by record. A record is shown whole: a buffer
 * that is too small for one grows, and the record is made again.
 *
 * Differs from the kernel: a record has at most 64 MiB (-ENOMEM); nothing polls, so poll_event
 * is only kept.
 */
#include <linux/bug.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/string.h>
#include <linux/types.h>

struct seq_operations;

/* May also be made by its user, of a buffer and its size, to be printed into. */
struct seq_file {
	char		*buf;
	size_t		size, count;	/* count == size: it did not fit */
	size_t		from;		/* what of buf was read */
	size_t		pad_until;
	loff_t		index, read_pos;
	struct mutex	lock;
	const struct seq_operations *op;
	int		poll_event;
	const struct file *file;
	void		*private;
};

/* Calls come in the order start, (show, next)..., stop, as long as a buffer is not full; all may sleep. */
struct seq_operations {
	void	*(*start)(struct seq_file *m, loff_t *pos);	/* NULL: the end; ERR_PTR */
	void	(*stop)(struct seq_file *m, void *v);
	void	*(*next)(struct seq_file *m, void *v, loff_t *pos);	/* moves *pos */
	int	(*show)(struct seq_file *m, void *v);		/* 0, -errno, or SEQ_SKIP: leave it out */
};
#define SEQ_SKIP	1
#define SEQ_START_TOKEN	((void *)1)

/* For struct file_operations and struct proc_ops. */
__visible int seq_open(struct file *file, const struct seq_operations *op);
__visible ssize_t seq_read(struct file *file, char __user *buf, size_t size, loff_t *ppos);
__visible loff_t seq_lseek(struct file *file, loff_t offset, int whence);
__visible int seq_release(struct inode *inode, struct file *file);
/* With @bytes of zeroed memory as m->private; seq_release_private() frees it. */
__visible void *__seq_open_private(struct file *file, const struct seq_operations *op, int bytes);
__visible int seq_open_private(struct file *file, const struct seq_operations *op, int bytes);
__visible int seq_release_private(struct inode *inode, struct file *file);
/* A file of one record. */
__visible int single_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data);
__visible int single_open_size(struct file *file, int (*show)(struct seq_file *m, void *v), void *data, size_t size);
__visible int single_release(struct inode *inode, struct file *file);

__visible int seq_write(struct seq_file *m, const void *data, size_t len);	/* -1: did not fit */
__visible void seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
__visible void seq_vprintf(struct seq_file *m, const char *fmt, va_list args) __printf(2, 0);
__visible void seq_puts(struct seq_file *m, const char *s);
__visible void seq_putc(struct seq_file *m, char c);
__visible void seq_put_decimal_ull_width(struct seq_file *m, const char *before, unsigned long long num,
					 unsigned int width);
__visible void seq_put_decimal_ull(struct seq_file *m, const char *before, unsigned long long num);
__visible void seq_put_decimal_ll(struct seq_file *m, const char *before, long long num);
__visible void seq_put_hex_ll(struct seq_file *m, const char *before, unsigned long long num, unsigned int width);
__visible void seq_pad(struct seq_file *m, char c);	/* blanks up to seq_setwidth()'s, then @c unless it is 0 */
__visible void seq_escape(struct seq_file *m, const char *s, const char *esc);	/* those of @esc as \ooo */
__visible int seq_path(struct seq_file *m, const struct path *path, const char *esc);

static inline bool seq_has_overflowed(struct seq_file *m) { return m->count == m->size; }
static inline size_t seq_get_buf(struct seq_file *m, char **bufp)
{
	BUG_ON(m->count > m->size);
	*bufp = m->count < m->size ? m->buf + m->count : NULL;
	return m->size - m->count;
}
static inline void seq_commit(struct seq_file *m, int num)
{
	if (num < 0) {
		m->count = m->size;
		return;
	}
	BUG_ON(m->count + (size_t)num > m->size);
	m->count += (size_t)num;
}
static inline void seq_setwidth(struct seq_file *m, size_t size) { m->pad_until = m->count + size; }
#define seq_show_option(m, name, value) do {			\
	seq_putc((m), ',');					\
	seq_escape((m), (name), ",= \t\n\\");			\
	if (value) {						\
		seq_putc((m), '=');				\
		seq_escape((m), (value), ", \t\n\\");		\
	}							\
} while (0)

/* For start and next: the @pos-th of a list. */
__visible struct list_head *seq_list_start(struct list_head *head, loff_t pos);
__visible struct list_head *seq_list_start_head(struct list_head *head, loff_t pos);	/* the head comes first */
__visible struct list_head *seq_list_next(void *v, struct list_head *head, loff_t *ppos);
__visible struct hlist_node *seq_hlist_start(struct hlist_head *head, loff_t pos);
__visible struct hlist_node *seq_hlist_start_head(struct hlist_head *head, loff_t pos);
__visible struct hlist_node *seq_hlist_next(void *v, struct hlist_head *head, loff_t *ppos);

#define DEFINE_SEQ_ATTRIBUTE(name)								\
	static int name##_open(struct inode *inode, struct file *file)			\
	{											\
		int ret = seq_open(file, &name##_sops);						\
												\
		if (!ret && inode->i_private)							\
			((struct seq_file *)file->private_data)->private = inode->i_private;	\
		return ret;									\
	}											\
	static const struct file_operations name##_fops = {					\
		.owner = THIS_MODULE, .open = name##_open, .read = seq_read,			\
		.llseek = seq_lseek, .release = seq_release,					\
	}
#define DEFINE_SHOW_ATTRIBUTE(name)								\
	static int name##_open(struct inode *inode, struct file *file)			\
	{											\
		return single_open(file, name##_show, inode->i_private);			\
	}											\
	static const struct file_operations name##_fops = {					\
		.owner = THIS_MODULE, .open = name##_open, .read = seq_read,			\
		.llseek = seq_lseek, .release = single_release,					\
	}
#define DEFINE_PROC_SHOW_ATTRIBUTE(name)							\
	static int name##_open(struct inode *inode, struct file *file)			\
	{											\
		return single_open(file, name##_show, pde_data(inode));				\
	}											\
	static const struct proc_ops name##_proc_ops = {					\
		.proc_open = name##_open, .proc_read = seq_read,				\
		.proc_lseek = seq_lseek, .proc_release = single_release,			\
	}

/* @s into @p with the characters of @esc as \ooo; where it ended, or NULL when it does not fit before the rest. */
__visible char *mangle_path(char *s, const char *p, const char *esc);

#endif /* _LINUX_SEQ_FILE_H */
