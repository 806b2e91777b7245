/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SEQ_FILE_H
#define _LINUX_SEQ_FILE_H

/*
 * Text that grows.
 *
 * Differs from the kernel: no files stand behind it; a seq_file is made by its user.
 */
#include <linux/bug.h>
#include <linux/dcache.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/types.h>

struct seq_file {
	char		*buf;
	size_t		size, count;	/* count == size: it did not fit */
	void		*private;
};
__visible int seq_write(struct seq_file *m, const void *data, size_t len);	/* -1: did not fit */
__visible void seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
__visible void seq_puts(struct seq_file *m, const char *s);
__visible void seq_putc(struct seq_file *m, char c);
static inline bool seq_has_overflowed(struct seq_file *m) { return m->count == m->size; }
/* @s into @p with the characters of @esc as \ooo; where it ended, or NULL when it does not fit before the rest. */
__visible char *mangle_path(char *s, const char *p, const char *esc);

#endif /* _LINUX_SEQ_FILE_H */
