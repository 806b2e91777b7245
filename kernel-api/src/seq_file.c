/* SPDX-License-Identifier: MIT */
/*
 * seq_file.c - files made of records: seq_file.h.
 *
 * Invariant: m->buf holds whole records; m->from .. m->from + m->count of it was not read
 * yet. m->index is the position of the next record, m->read_pos the file's behind all reads.
 *
 * Locking: m->lock, over the records' functions, which sleep as they like.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#define RECORD_MAX	(64ul << 20)

/* ---- printing ----------------------------------------------------------------------------- */

int seq_write(struct seq_file *m, const void *data, size_t len)
{
	if (m->count + len >= m->size) {
		m->count = m->size;
		return -1;
	}
	memcpy(m->buf + m->count, data, len);
	m->count += len;
	return 0;
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

void seq_vprintf(struct seq_file *m, const char *fmt, va_list args)
{
	size_t room = m->size - m->count;
	int len = vsnprintf(m->buf + m->count, room, fmt, args);

	m->count = (size_t)len < room ? m->count + (size_t)len : m->size;
}

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	seq_vprintf(m, fmt, args);
	va_end(args);
}

void seq_put_decimal_ull_width(struct seq_file *m, const char *before, unsigned long long num, unsigned int width)
{
	seq_printf(m, "%s%*llu", before ? before : "", (int)width, num);
}

void seq_put_decimal_ull(struct seq_file *m, const char *before, unsigned long long num)
{
	seq_put_decimal_ull_width(m, before, num, 0);
}

void seq_put_decimal_ll(struct seq_file *m, const char *before, long long num)
{
	seq_printf(m, "%s%lld", before ? before : "", num);
}

void seq_put_hex_ll(struct seq_file *m, const char *before, unsigned long long num, unsigned int width)
{
	seq_printf(m, "%s%0*llx", before ? before : "", (int)width, num);
}

void seq_pad(struct seq_file *m, char c)
{
	while (m->count < m->pad_until && !seq_has_overflowed(m))
		seq_putc(m, ' ');
	if (c)
		seq_putc(m, c);
}

void seq_escape(struct seq_file *m, const char *s, const char *esc)
{
	for (; *s; s++) {
		if (strchr(esc, *s))
			seq_printf(m, "\\%03o", (u8)*s);
		else
			seq_putc(m, *s);
	}
}

int seq_path(struct seq_file *m, const struct path *path, const char *esc)
{
	char *page = (char *)__get_free_page(GFP_KERNEL), *name;
	size_t before = m->count;

	if (!page)
		return -ENOMEM;
	name = d_path(path, page, PAGE_SIZE);
	if (!IS_ERR(name))
		seq_escape(m, name, esc);
	free_page((unsigned long)page);
	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	return seq_has_overflowed(m) ? -1 : (int)(m->count - before);
}

/* ---- reading ------------------------------------------------------------------------------- */

static int make_buffer(struct seq_file *m, size_t size)
{
	kvfree(m->buf);
	m->buf = size <= RECORD_MAX ? kvmalloc(size, GFP_KERNEL) : NULL;
	m->size = m->buf ? size : 0;
	m->count = m->from = 0;
	return m->buf ? 0 : -ENOMEM;
}

/* Behind the text that is there, or nothing: 1: it is shown; 0: it is left out; -EAGAIN: it does not fit. */
static int show_one(struct seq_file *m, void *v)
{
	size_t before = m->count;
	int rc = m->op->show(m, v);

	if (rc < 0) {
		m->count = before;
		return rc;
	}
	if (seq_has_overflowed(m)) {
		m->count = before;
		return -EAGAIN;
	}
	if (rc) {
		m->count = before;
		return 0;
	}
	return m->count != before;
}

static void *next_of(struct seq_file *m, void *v)
{
	loff_t before = m->index;

	v = m->op->next(m, v, &m->index);
	if (m->index == before) {	/* it would be shown for ever */
		pr_info_ratelimited("buggy .next function %ps did not update position index\n", m->op->next);
		m->index++;
	}
	return v;
}

/*
 * Whole records into the empty buffer: one at least unless it is the end, and then as many as
 * make @wanted bytes. 0 or -errno, where nothing came.
 */
static int fill(struct seq_file *m, size_t wanted)
{
	int rc = 0;
	void *v;

	m->from = 0;
	v = m->op->start(m, &m->index);
	while (v && !IS_ERR(v)) {
		rc = show_one(m, v);
		if (rc == -EAGAIN && !m->count) {
			m->op->stop(m, v);
			rc = make_buffer(m, m->size * 2);
			if (rc)
				return rc;
			v = m->op->start(m, &m->index);
			continue;
		}
		if (rc < 0)
			break;
		v = next_of(m, v);
		if (m->count >= wanted)
			break;
	}
	m->op->stop(m, v);
	if (m->count)
		return 0;
	return IS_ERR(v) ? (int)PTR_ERR(v) : min(rc, 0);
}

/* Makes all records before @offset again. */
static int traverse(struct seq_file *m, loff_t offset)
{
	loff_t at = 0;

	m->index = 0;
	m->count = m->from = 0;
	while (at < offset) {
		int rc = fill(m, 1);
		size_t skipped = min_t(size_t, m->count, (size_t)(offset - at));

		if (rc)
			return rc;
		if (!m->count)
			break;	/* behind the end */
		m->from = skipped;
		m->count -= skipped;
		at += (loff_t)skipped;
	}
	m->read_pos = offset;
	return 0;
}

static size_t take(struct seq_file *m, char *buf, size_t size)
{
	size_t bytes = min(m->count, size);

	memcpy(buf, m->buf + m->from, bytes);
	m->from += bytes;
	m->count -= bytes;
	return bytes;
}

ssize_t seq_read(struct file *file, char __user *buf, size_t size, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	size_t done = 0;
	int rc = 0;

	if (!size)
		return 0;
	mutex_lock(&m->lock);
	if (!m->buf)
		rc = make_buffer(m, PAGE_SIZE);
	if (!rc && (!*ppos || *ppos != m->read_pos)) {
		rc = traverse(m, *ppos);
		if (rc) {	/* the next read begins anew */
			m->read_pos = m->index = 0;
			m->count = 0;
		}
	}
	if (!rc) {
		done = take(m, (char *)buf, size);	/* what was left of a record */
		if (done < size)
			rc = fill(m, size - done);
		if (!rc && done < size)
			done += take(m, (char *)buf + done, size - done);
		*ppos += (loff_t)done;
		m->read_pos = *ppos;
	}
	mutex_unlock(&m->lock);
	return done ? (ssize_t)done : rc;
}

loff_t seq_lseek(struct file *file, loff_t offset, int whence)
{
	struct seq_file *m = file->private_data;
	loff_t rc = -EINVAL;

	mutex_lock(&m->lock);
	if (whence == SEEK_CUR)
		offset += file->f_pos;
	if ((whence == SEEK_SET || whence == SEEK_CUR) && offset >= 0) {
		rc = offset;
		if (offset != m->read_pos) {
			int err = m->buf ? 0 : make_buffer(m, PAGE_SIZE);

			if (!err)
				err = traverse(m, offset);
			if (err) {
				rc = err;
				file->f_pos = m->read_pos = m->index = 0;
				m->count = 0;
			}
		}
		if (rc >= 0)
			file->f_pos = offset;
	}
	mutex_unlock(&m->lock);
	return rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

int seq_open(struct file *file, const struct seq_operations *op)
{
	struct seq_file *m = kzalloc(sizeof(*m), GFP_KERNEL);

	WARN_ON(file->private_data);
	if (!m)
		return -ENOMEM;
	mutex_init(&m->lock);
	m->op = op;
	m->file = file;
	file->private_data = m;
	return 0;
}

int seq_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kvfree(m->buf);
	kfree(m);
	return 0;
}

void *__seq_open_private(struct file *file, const struct seq_operations *op, int bytes)
{
	void *private = kzalloc((size_t)bytes, GFP_KERNEL_ACCOUNT);

	if (!private)
		return NULL;
	if (seq_open(file, op)) {
		kfree(private);
		return NULL;
	}
	((struct seq_file *)file->private_data)->private = private;
	return private;
}

int seq_open_private(struct file *file, const struct seq_operations *op, int bytes)
{
	return __seq_open_private(file, op, bytes) ? 0 : -ENOMEM;
}

int seq_release_private(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kfree(m->private);
	m->private = NULL;
	return seq_release(inode, file);
}

static void *single_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? NULL : SEQ_START_TOKEN;
}

static void *single_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void single_stop(struct seq_file *m, void *v)
{
}

int single_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data)
{
	struct seq_operations *op = kmalloc(sizeof(*op), GFP_KERNEL_ACCOUNT);
	int rc = op ? seq_open(file, op) : -ENOMEM;

	if (rc) {
		kfree(op);
		return rc;
	}
	*op = (struct seq_operations){ single_start, single_stop, single_next, show };
	((struct seq_file *)file->private_data)->private = data;
	return 0;
}

int single_open_size(struct file *file, int (*show)(struct seq_file *m, void *v), void *data, size_t size)
{
	int rc = single_open(file, show, data);

	if (!rc)
		rc = make_buffer(file->private_data, size);
	if (rc == -ENOMEM && file->private_data)
		single_release(NULL, file);
	return rc;
}

int single_release(struct inode *inode, struct file *file)
{
	const struct seq_operations *op = ((struct seq_file *)file->private_data)->op;

	seq_release(inode, file);
	kfree(op);
	return 0;
}

/* ---- lists -------------------------------------------------------------------------------------- */

struct list_head *seq_list_start(struct list_head *head, loff_t pos)
{
	struct list_head *at;

	list_for_each(at, head)
		if (pos-- == 0)
			return at;
	return NULL;
}

struct list_head *seq_list_start_head(struct list_head *head, loff_t pos)
{
	return pos ? seq_list_start(head, pos - 1) : head;
}

struct list_head *seq_list_next(void *v, struct list_head *head, loff_t *ppos)
{
	struct list_head *next = ((struct list_head *)v)->next;

	++*ppos;
	return next == head ? NULL : next;
}

struct hlist_node *seq_hlist_start(struct hlist_head *head, loff_t pos)
{
	struct hlist_node *at;

	hlist_for_each(at, head)
		if (pos-- == 0)
			return at;
	return NULL;
}

struct hlist_node *seq_hlist_start_head(struct hlist_head *head, loff_t pos)
{
	return pos ? seq_hlist_start(head, pos - 1) : SEQ_START_TOKEN;
}

struct hlist_node *seq_hlist_next(void *v, struct hlist_head *head, loff_t *ppos)
{
	++*ppos;
	return v == SEQ_START_TOKEN ? head->first : ((struct hlist_node *)v)->next;
}
