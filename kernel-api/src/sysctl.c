/* SPDX-License-Identifier: MIT */
/*
 * sysctl.c - numbers and strings as the text of /proc/sys: the handlers of sysctl.h.
 *
 * A vector of numbers is one piece of code, which is told how a cell of memory becomes a
 * sign and a magnitude and back: struct cell.
 *
 * Locking: none of its own; the numbers are written one by one, marked.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>

#include "sysctl_text.h"

const int sysctl_vals[12] = { 0, 1, 2, 3, 4, 100, 200, 1000, 3000, INT_MAX, 65535, -1 };
const unsigned long sysctl_long_vals[3] = { 0, 1, LONG_MAX };

/* ---- text ---------------------------------------------------------------------------------- */

#define WORD_MAX	20	/* characters of a number; one more might be cut */

void sysctl_skip_blanks(struct sysctl_text *text)
{
	while (text->left && isspace(*text->at)) {
		text->at++;
		text->left--;
	}
}

/* Digits of base 8, 10 or 16, as C has them. Moves *@at behind them. */
static int take_digits(const char **at, const char *end, unsigned long *value)
{
	unsigned int base = 10;
	unsigned int digit;

	if (**at == '0') {
		bool hex = end - *at > 2 && ((*at)[1] | 0x20) == 'x' && isxdigit((*at)[2]);

		base = hex ? 16 : 8;
		*at += hex ? 2 : 0;
	}
	for (*value = 0; *at < end && isxdigit(**at); (*at)++) {
		digit = isdigit(**at) ? (unsigned int)(**at - '0') : (unsigned int)(**at | 0x20) - 'a' + 10;
		if (digit >= base)
			break;
		if (check_mul_overflow(*value, (unsigned long)base, value) ||
		    check_add_overflow(*value, (unsigned long)digit, value))
			return -EINVAL;
	}
	return 0;
}

int sysctl_take_number(struct sysctl_text *text, struct sysctl_number *number, const char *behind, char *found)
{
	const char *at = text->at, *end = at + min_t(size_t, text->left, WORD_MAX + 1);
	int rc;

	if (!text->left)
		return -EINVAL;
	number->negative = *at == '-' && text->left > 1;
	at += number->negative;
	if (at == end || !isdigit(*at))
		return -EINVAL;
	rc = take_digits(&at, end, &number->magnitude);
	if (rc || at - text->at > WORD_MAX)
		return -EINVAL;
	text->left -= (size_t)(at - text->at);
	text->at = at;
	if (text->left && (!*at || !strchr(behind, *at)))
		return -EINVAL;
	if (text->left)
		*found = *at;
	return 0;
}

static void put(char *buffer, size_t room, size_t *done, const char *fmt, ...) __printf(4, 5);
static void put(char *buffer, size_t room, size_t *done, const char *fmt, ...)
{
	char word[32];
	va_list args;
	size_t bytes;

	va_start(args, fmt);
	bytes = (size_t)vscnprintf(word, sizeof(word), fmt, args);
	va_end(args);
	bytes = min(bytes, room - *done);
	memcpy(buffer + *done, word, bytes);
	*done += bytes;
}

/* ---- vectors of numbers ------------------------------------------------------------------------ */

struct cell {
	size_t	bytes;
	bool	single;		/* an array is refused */
	bool	is_unsigned;
	void	(*get)(const struct ctl_table *table, const void *cell, struct sysctl_number *number);
	/* false: out of range */
	bool	(*set)(const struct ctl_table *table, void *cell, const struct sysctl_number *number);
};

static int write_cells(struct ctl_table *table, const struct cell *kind, const char *buffer, size_t *lenp)
{
	struct sysctl_text text = { buffer, min_t(size_t, *lenp, PAGE_SIZE - 1) };
	size_t nr = (size_t)table->maxlen / kind->bytes, i;
	char *cell = table->data;
	int rc = 0;

	for (i = 0; i < nr && text.left; i++) {
		struct sysctl_number number;
		char blank;

		sysctl_skip_blanks(&text);
		if (!text.left)
			break;
		rc = sysctl_take_number(&text, &number, " \t\n", &blank);
		if (!rc && ((kind->is_unsigned && number.negative) ||
			    !kind->set(table, cell + i * kind->bytes, &number)))
			rc = -EINVAL;
		if (rc)
			break;
	}
	if (!rc)
		sysctl_skip_blanks(&text);
	if (!i)		/* nothing but blank space */
		return -EINVAL;
	if (!kind->single)
		*lenp -= text.left;
	return rc;
}

static void read_cells(const struct ctl_table *table, const struct cell *kind, char *buffer, size_t *lenp)
{
	size_t nr = (size_t)table->maxlen / kind->bytes, done = 0;
	const char *cell = table->data;

	for (size_t i = 0; i < nr && done < *lenp; i++) {
		struct sysctl_number number = { };

		kind->get(table, cell + i * kind->bytes, &number);
		put(buffer, *lenp, &done, "%s%s%lu", i ? "\t" : "", number.negative ? "-" : "", number.magnitude);
	}
	if (nr)
		put(buffer, *lenp, &done, "\n");
	*lenp = done;
}

static int do_cells(struct ctl_table *table, int write, char *buffer, size_t *lenp, loff_t *ppos,
		    const struct cell *kind)
{
	int rc = 0;

	if (!table->data || !table->maxlen || !*lenp || (*ppos && !write)) {
		*lenp = 0;
		return 0;
	}
	if (kind->single && (size_t)table->maxlen / kind->bytes != 1) {
		*lenp = 0;
		return -EINVAL;
	}
	/* What comes behind the start of a file is swallowed: it is no number's beginning. */
	if (write && !*ppos)
		rc = write_cells(table, kind, buffer, lenp);
	else if (!write)
		read_cells(table, kind, buffer, lenp);
	*ppos += (loff_t)*lenp;
	return rc;
}

/* ---- int ------------------------------------------------------------------------------------------- */

static void get_int(const struct ctl_table *table, const void *cell, struct sysctl_number *number)
{
	int value = READ_ONCE(*(const int *)cell);

	number->negative = value < 0;
	number->magnitude = value < 0 ? -(unsigned long)value : (unsigned long)value;
}

static bool to_int(const struct sysctl_number *number, int *value)
{
	if (number->magnitude > (unsigned long)INT_MAX + number->negative)
		return false;
	*value = (int)(number->negative ? -number->magnitude : number->magnitude);
	return true;
}

static bool set_int(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	int value;

	if (!to_int(number, &value))
		return false;
	WRITE_ONCE(*(int *)cell, value);
	return true;
}

/* A limit that is not there holds nothing back. */
static bool set_limited(const struct ctl_table *table, int *cell, int value)
{
	if ((table->extra1 && value < *(const int *)table->extra1) ||
	    (table->extra2 && value > *(const int *)table->extra2))
		return false;
	WRITE_ONCE(*cell, value);
	return true;
}

static bool set_int_minmax(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	int value;

	return to_int(number, &value) && set_limited(table, cell, value);
}

/* The cell is an int's in size; the kernel's are too. */
static void get_bool(const struct ctl_table *table, const void *cell, struct sysctl_number *number)
{
	number->magnitude = READ_ONCE(*(const bool *)cell);
}

static bool set_bool(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	WRITE_ONCE(*(bool *)cell, number->magnitude != 0);
	return true;
}

#define CELL_HANDLER(name, ...)									\
int name(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)		\
{												\
	static const struct cell kind = { __VA_ARGS__ };					\
												\
	return do_cells(table, write, buffer, lenp, ppos, &kind);				\
}

CELL_HANDLER(proc_dointvec, .bytes = sizeof(int), .get = get_int, .set = set_int)
CELL_HANDLER(proc_dointvec_minmax, .bytes = sizeof(int), .get = get_int, .set = set_int_minmax)
CELL_HANDLER(proc_dobool, .bytes = sizeof(int), .get = get_bool, .set = set_bool)

/* ---- unsigned numbers ---------------------------------------------------------------------------- */

static void get_uint(const struct ctl_table *table, const void *cell, struct sysctl_number *number)
{
	number->magnitude = READ_ONCE(*(const unsigned int *)cell);
}

static bool set_uint(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	if (number->magnitude > UINT_MAX)
		return false;
	WRITE_ONCE(*(unsigned int *)cell, (unsigned int)number->magnitude);
	return true;
}

static bool within(const struct ctl_table *table, unsigned long value, unsigned int most)
{
	const unsigned int *low = table->extra1, *high = table->extra2;

	return value <= most && (!low || value >= *low) && (!high || value <= *high);
}

static bool set_uint_minmax(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	return within(table, number->magnitude, UINT_MAX) && set_uint(table, cell, number);
}

static void get_u8(const struct ctl_table *table, const void *cell, struct sysctl_number *number)
{
	number->magnitude = READ_ONCE(*(const u8 *)cell);
}

static bool set_u8(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	if (!within(table, number->magnitude, U8_MAX))
		return false;
	WRITE_ONCE(*(u8 *)cell, (u8)number->magnitude);
	return true;
}

static void get_ulong(const struct ctl_table *table, const void *cell, struct sysctl_number *number)
{
	number->magnitude = READ_ONCE(*(const unsigned long *)cell);
}

static bool set_ulong(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	const unsigned long *low = table->extra1, *high = table->extra2;

	if ((low && number->magnitude < *low) || (high && number->magnitude > *high))
		return false;
	WRITE_ONCE(*(unsigned long *)cell, number->magnitude);
	return true;
}

CELL_HANDLER(proc_douintvec, .bytes = sizeof(int), .single = true, .is_unsigned = true, .get = get_uint,
	     .set = set_uint)
CELL_HANDLER(proc_douintvec_minmax, .bytes = sizeof(int), .single = true, .is_unsigned = true, .get = get_uint,
	     .set = set_uint_minmax)
CELL_HANDLER(proc_dou8vec_minmax, .bytes = sizeof(u8), .single = true, .is_unsigned = true, .get = get_u8,
	     .set = set_u8)
CELL_HANDLER(proc_doulongvec_minmax, .bytes = sizeof(long), .is_unsigned = true, .get = get_ulong, .set = set_ulong)

/* ---- times ------------------------------------------------------------------------------------------- */

_Static_assert(HZ == MSEC_PER_SEC, "a jiffy is a millisecond: proc_dointvec_ms_jiffies() and its kin convert nothing");

static void get_scaled(const void *cell, struct sysctl_number *number, unsigned int ticks)
{
	get_int(NULL, cell, number);
	number->magnitude /= ticks;
}

static bool set_scaled(void *cell, const struct sysctl_number *number, unsigned int ticks)
{
	struct sysctl_number scaled = { .negative = number->negative };

	return !check_mul_overflow(number->magnitude, (unsigned long)ticks, &scaled.magnitude) &&
	       set_int(NULL, cell, &scaled);
}

static void get_seconds(const struct ctl_table *table, const void *cell, struct sysctl_number *number)
{
	get_scaled(cell, number, HZ);
}

static bool set_seconds(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	return set_scaled(cell, number, HZ);
}

static void get_ticks(const struct ctl_table *table, const void *cell, struct sysctl_number *number)
{
	get_scaled(cell, number, HZ / 100);
}

static bool set_ticks(const struct ctl_table *table, void *cell, const struct sysctl_number *number)
{
	return set_scaled(cell, number, HZ / 100);
}

CELL_HANDLER(proc_dointvec_jiffies, .bytes = sizeof(int), .get = get_seconds, .set = set_seconds)
CELL_HANDLER(proc_dointvec_userhz_jiffies, .bytes = sizeof(int), .get = get_ticks, .set = set_ticks)
CELL_HANDLER(proc_dointvec_ms_jiffies, .bytes = sizeof(int), .get = get_int, .set = set_int)
CELL_HANDLER(proc_dointvec_ms_jiffies_minmax, .bytes = sizeof(int), .get = get_int, .set = set_int_minmax)
CELL_HANDLER(proc_doulongvec_ms_jiffies_minmax, .bytes = sizeof(long), .is_unsigned = true, .get = get_ulong,
	     .set = set_ulong)

/* ---- strings and switches ------------------------------------------------------------------------------ */

int proc_dostring(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	size_t room = (size_t)table->maxlen, len, most;
	char *data = table->data, *text = buffer;

	if (!data || !room || !*lenp) {
		*lenp = 0;
		return 0;
	}
	len = strnlen(data, write ? room - 1 : room);
	if (*ppos > (loff_t)len) {	/* nothing to read there; a write would leave a gap */
		if (!write)
			*lenp = 0;
		return 0;
	}
	if (write) {
		most = min(*lenp, room - 1 - (size_t)*ppos);
		for (len = 0; len < most && text[len] && text[len] != '\n'; )
			len++;
		memcpy(data + *ppos, text, len);
		data[(size_t)*ppos + len] = 0;
	} else {
		len = min(len - (size_t)*ppos, *lenp);
		memcpy(text, data + *ppos, len);
		if (len < *lenp)
			text[len++] = '\n';
		*lenp = len;
	}
	*ppos += (loff_t)*lenp;
	return 0;
}

int proc_do_static_key(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	static DEFINE_MUTEX(keys_lock);		/* over look and change */
	struct static_key *key = table->data;
	int value, rc;
	struct ctl_table number = {
		.data = &value, .maxlen = sizeof(value), .extra1 = SYSCTL_ZERO, .extra2 = SYSCTL_ONE,
	};

	mutex_lock(&keys_lock);
	value = static_key_enabled(key);
	rc = proc_dointvec_minmax(&number, write, buffer, lenp, ppos);
	if (write && !rc && value)
		static_key_enable(key);
	else if (write && !rc)
		static_key_disable(key);
	mutex_unlock(&keys_lock);
	return rc;
}
