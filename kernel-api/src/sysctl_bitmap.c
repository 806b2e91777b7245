/* SPDX-License-Identifier: MIT */
/*
 * sysctl_bitmap.c - bitmaps as the text of /proc/sys: proc_do_large_bitmap() of sysctl.h.
 *
 * Locking: none; readers see bits as they come.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>

#include "sysctl_text.h"

static void read_ranges(const unsigned long *bits, unsigned long nr, char *buffer, size_t *lenp)
{
	size_t done = 0;
	char word[48];

	for (unsigned long from = 0, to; from < nr && done < *lenp; from = to + 1) {
		size_t bytes;

		to = from;
		if (!test_bit(from, bits))
			continue;
		while (to + 1 < nr && test_bit(to + 1, bits))
			to++;
		bytes = (size_t)(to > from ? scnprintf(word, sizeof(word), "%s%lu-%lu", done ? "," : "", from, to) :
				 scnprintf(word, sizeof(word), "%s%lu", done ? "," : "", from));
		bytes = min(bytes, *lenp - done);
		memcpy(buffer + done, word, bytes);
		done += bytes;
	}
	if (done < *lenp)
		buffer[done++] = '\n';
	*lenp = done;
}

/* "7" or "7-9", and the comma behind. 1: it may go on in the next page, and is not taken. */
static int take_range(struct sysctl_text *text, unsigned long nr, bool more, unsigned long *from, unsigned long *to)
{
	struct sysctl_number number;
	char behind = 0;
	int rc = sysctl_take_number(text, &number, "-,\n", &behind);

	if (text->left <= 1 && more)	/* what is left may be the "-" */
		return 1;
	if (rc || number.negative || number.magnitude >= nr)
		return -EINVAL;
	*from = *to = number.magnitude;
	if (text->left) {
		text->at++;
		text->left--;
	}
	if (behind != '-')
		return 0;
	rc = sysctl_take_number(text, &number, ",\n", &behind);
	if (!text->left && more)
		return 1;
	if (rc || number.negative || number.magnitude >= nr || number.magnitude < *from)
		return -EINVAL;
	*to = number.magnitude;
	if (text->left) {
		text->at++;
		text->left--;
	}
	return 0;
}

/* All of what is taken, or an error and nothing; @more: there is text behind this page. */
static int parse_ranges(struct sysctl_text *text, unsigned long *bits, unsigned long nr, bool more)
{
	for (;;) {
		struct sysctl_text before;
		unsigned long from, to;
		int rc;

		while (text->left && *text->at == '\n') {
			text->at++;
			text->left--;
		}
		if (!text->left)
			return 0;
		before = *text;
		rc = take_range(text, nr, more, &from, &to);
		if (rc > 0)
			*text = before;
		if (rc)
			return min(rc, 0);
		for (; from <= to; from++)
			__set_bit(from, bits);
	}
}

static int write_ranges(unsigned long *bits, unsigned long nr, const char *buffer, size_t *lenp, bool add)
{
	size_t bytes = min_t(size_t, *lenp, PAGE_SIZE - 1);
	unsigned long *fresh = kvzalloc(BITS_TO_LONGS(nr) * sizeof(long), GFP_KERNEL);
	struct sysctl_text text = { buffer, bytes };
	int rc;

	if (!fresh)
		return -ENOMEM;
	rc = parse_ranges(&text, fresh, nr, bytes < *lenp);
	for (unsigned long i = 0; !rc && i < BITS_TO_LONGS(nr); i++)
		WRITE_ONCE(bits[i], fresh[i] | (add ? bits[i] : 0));
	kvfree(fresh);
	if (!rc)
		*lenp = bytes - text.left;
	return rc;
}

int proc_do_large_bitmap(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	unsigned long nr = (unsigned long)table->maxlen, *bits = *(unsigned long **)table->data;
	int rc = 0;

	if (!bits || !nr || !*lenp || (*ppos && !write)) {
		*lenp = 0;
		return 0;
	}
	if (write)
		rc = write_ranges(bits, nr, buffer, lenp, *ppos != 0);
	else
		read_ranges(bits, nr, buffer, lenp);
	if (!rc)
		*ppos += (loff_t)*lenp;
	return rc;
}
