/* SPDX-License-Identifier: MIT */
/*
 * sysctl.c - numbers and strings as the text of /proc/sys: sysctl.h.
 *
 * Locking: none of its own; the numbers are written one by one, marked.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>

const int ring3_sysctl_vals[12] = { 0, 1, 2, 3, 4, 100, 200, 1000, 3000, INT_MAX, 65535, -1 };

struct range {
	long long	min, max;	/* of one value */
};

/* One value of @text, up to blank space or the end; moves *@text behind it. */
static int parse_value(char **text, const struct range *range, long long *value)
{
	char word[24];
	size_t len;
	int rc;

	*text = skip_spaces(*text);
	len = strcspn(*text, " \t\n");
	if (!len || len >= sizeof(word))
		return -EINVAL;
	memcpy(word, *text, len);
	word[len] = 0;
	rc = kstrtoll(word, 0, value);
	if (rc || *value < range->min || *value > range->max)
		return -EINVAL;
	*text += len;
	return 0;
}

static int write_values(const struct ctl_table *table, const struct range *range, const char *buffer, size_t len)
{
	char *copy = kmemdup_nul(buffer, min_t(size_t, len, PAGE_SIZE - 1), GFP_KERNEL), *rest = copy;
	int nr = table->maxlen / (int)sizeof(int), i, rc = 0;

	if (!copy)
		return -ENOMEM;
	for (i = 0; i < nr && *skip_spaces(rest); i++) {
		long long value;

		rc = parse_value(&rest, range, &value);
		if (rc)
			break;
		WRITE_ONCE(((int *)table->data)[i], (int)value);
	}
	if (!rc && !i)
		rc = -EINVAL;	/* nothing but blank space */
	kfree(copy);
	return rc;
}

static size_t read_values(const struct ctl_table *table, bool is_signed, char *buffer, size_t len)
{
	int nr = table->maxlen / (int)sizeof(int);
	size_t done = 0;

	for (int i = 0; i < nr && done < len; i++) {
		int value = READ_ONCE(((int *)table->data)[i]);
		char word[24];
		size_t bytes = (size_t)scnprintf(word, sizeof(word), is_signed ? "%s%d%s" : "%s%u%s", i ? "\t" : "",
						 value, i == nr - 1 ? "\n" : "");

		bytes = min(bytes, len - done);
		memcpy(buffer + done, word, bytes);
		done += bytes;
	}
	return done;
}

static int do_values(struct ctl_table *table, int write, char *buffer, size_t *lenp, loff_t *ppos, bool is_signed,
		     const struct range *range)
{
	if (!table->data || !table->maxlen || !*lenp || (*ppos && !write)) {
		*lenp = 0;
		return 0;
	}
	if (write) {
		/* What comes behind the start of a file is swallowed: it is no number's beginning. */
		int rc = *ppos ? 0 : write_values(table, range, buffer, *lenp);

		if (rc)
			return rc;
	} else {
		*lenp = read_values(table, is_signed, buffer, *lenp);
	}
	*ppos += (loff_t)*lenp;
	return 0;
}

int proc_dointvec(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	static const struct range all = { INT_MIN, INT_MAX };

	return do_values(table, write, buffer, lenp, ppos, true, &all);
}

int proc_douintvec(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	static const struct range all = { 0, UINT_MAX };

	return do_values(table, write, buffer, lenp, ppos, false, &all);
}

int proc_dointvec_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	struct range range = {
		.min = table->extra1 ? *(const int *)table->extra1 : INT_MIN,
		.max = table->extra2 ? *(const int *)table->extra2 : INT_MAX,
	};

	return do_values(table, write, buffer, lenp, ppos, true, &range);
}

/* Up to the first newline; a read has one at its end. */
int proc_dostring(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	size_t room = (size_t)table->maxlen, len;
	char *data = table->data, *text = buffer;

	if (!data || !room || !*lenp || (*ppos && !write)) {
		*lenp = 0;
		return 0;
	}
	if (write) {
		if (!*ppos) {
			len = min(*lenp, room - 1);
			for (size_t i = 0; i < len; i++)
				if (!text[i] || text[i] == '\n')
					len = i;
			memcpy(data, text, len);
			data[len] = 0;
		}
	} else {
		len = min(strnlen(data, room), *lenp);
		memcpy(text, data, len);
		if (len < *lenp)
			text[len++] = '\n';
		*lenp = len;
	}
	*ppos += (loff_t)*lenp;
	return 0;
}
