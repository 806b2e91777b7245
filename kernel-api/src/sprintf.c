/* SPDX-License-Identifier: MIT */
/* sprintf.c - text, numbers, strings: sprintf.h, kstrtox.h, string.h. */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "host/host.h"

static int (*formatter)(char *buf, size_t size, const char *fmt, va_list args) = host_vsnprintf;	/* atomic */

void ring3_set_vsnprintf(int (*fn)(char *buf, size_t size, const char *fmt, va_list args))
{
	__atomic_store_n(&formatter, fn ? fn : host_vsnprintf, __ATOMIC_RELEASE);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	return __atomic_load_n(&formatter, __ATOMIC_ACQUIRE)(buf, size, fmt, args);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int len = vsnprintf(buf, size, fmt, args);

	if (!size)
		return 0;
	return len < (int)size ? len : (int)size - 1;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

/* ---- numbers ------------------------------------------------------------------ */

static unsigned int digit_of(char c)
{
	if (isdigit(c))
		return (unsigned int)(c - '0');
	return isalpha(c) ? (unsigned int)(tolower(c) - 'a') + 10 : 255;
}

/* Digits of @s; *@end behind them; false when the number does not fit. */
static bool parse_digits(const char *s, const char **end, unsigned int base, unsigned long long *res)
{
	bool fits = true;

	if (base == 0) {
		base = 10;
		if (s[0] == '0')
			base = tolower(s[1]) == 'x' && isxdigit(s[2]) ? 16 : 8;
	}
	if (base == 16 && s[0] == '0' && tolower(s[1]) == 'x')
		s += 2;
	*res = 0;
	for (; digit_of(*s) < base; s++) {
		fits &= !__builtin_mul_overflow(*res, (unsigned long long)base, res);
		fits &= !__builtin_add_overflow(*res, (unsigned long long)digit_of(*s), res);
	}
	*end = s;
	return fits;
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *res)
{
	unsigned long long value;
	const char *end;
	bool fits;

	if (*s == '+')
		s++;
	fits = parse_digits(s, &end, base, &value);
	if (end == s)
		return -EINVAL;
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	if (!fits)
		return -ERANGE;
	*res = value;
	return 0;
}

int kstrtoll(const char *s, unsigned int base, long long *res)
{
	unsigned long long value;
	bool negative = *s == '-';
	int rc = kstrtoull(s + negative, base, &value);

	if (rc)
		return rc;
	if (value > (unsigned long long)LLONG_MAX + negative)
		return -ERANGE;
	*res = negative ? (long long)-value : (long long)value;
	return 0;
}

#define KSTRTO(name, type, wide, parse)						\
int name(const char *s, unsigned int base, type *res)				\
{										\
	wide value;								\
	int rc = parse(s, base, &value);					\
										\
	if (rc)									\
		return rc;							\
	if ((wide)(type)value != value)						\
		return -ERANGE;							\
	*res = (type)value;							\
	return 0;								\
}

KSTRTO(kstrtouint, unsigned int, unsigned long long, kstrtoull)
KSTRTO(kstrtoul, unsigned long, unsigned long long, kstrtoull)
KSTRTO(kstrtoint, int, long long, kstrtoll)
KSTRTO(kstrtol, long, long long, kstrtoll)

int kstrtobool(const char *s, bool *res)
{
	switch (tolower(s ? s[0] : 0)) {
	case 'y':
	case 't':
	case '1':
		*res = true;
		return 0;
	case 'n':
	case 'f':
	case '0':
		*res = false;
		return 0;
	case 'o':
		if (tolower(s[1]) == 'n' || tolower(s[1]) == 'f') {
			*res = tolower(s[1]) == 'n';
			return 0;
		}
	}
	return -EINVAL;
}

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
{
	unsigned long long value;
	const char *stop;

	parse_digits(s, &stop, base, &value);
	if (end)
		*end = (char *)stop;
	return value;
}

unsigned long simple_strtoul(const char *s, char **end, unsigned int base)
{
	return simple_strtoull(s, end, base);
}

long long simple_strtoll(const char *s, char **end, unsigned int base)
{
	return *s == '-' ? -(long long)simple_strtoull(s + 1, end, base) : (long long)simple_strtoull(s, end, base);
}

long simple_strtol(const char *s, char **end, unsigned int base)
{
	return *s == '-' ? -(long)simple_strtoull(s + 1, end, base) : (long)simple_strtoull(s, end, base);
}

unsigned long long memparse(const char *s, char **end)
{
	static const char units[] = "kmgtpe";
	char *stop;
	unsigned long long value = simple_strtoull(s, &stop, 0);
	const char *unit = *stop ? strchr(units, tolower(*stop)) : NULL;

	if (unit) {
		value <<= 10 * (unit - units + 1);
		stop++;
	}
	if (end)
		*end = stop;
	return value;
}

/* ---- strings -------------------------------------------------------------------- */

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	if (!size)
		return -E2BIG;
	if (len == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = 0;
		return -E2BIG;
	}
	memcpy(to, from, len + 1);
	return (ssize_t)len;
}

char *skip_spaces(const char *s)
{
	while (isspace(*s))
		s++;
	return (char *)s;
}

char *strim(char *s)
{
	size_t len = strlen(s);

	while (len && isspace(s[len - 1]))
		s[--len] = 0;
	return skip_spaces(s);
}

bool sysfs_streq(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b);

	len_a -= len_a && a[len_a - 1] == '\n';
	len_b -= len_b && b[len_b - 1] == '\n';
	return len_a == len_b && !memcmp(a, b, len_a);
}

void *memchr_inv(const void *s, int c, size_t bytes)
{
	const u8 *p = s;

	for (; bytes; p++, bytes--)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

int match_string(const char *const *array, size_t n, const char *string)
{
	for (size_t i = 0; i < n && array[i]; i++)
		if (!strcmp(array[i], string))
			return (int)i;
	return -EINVAL;
}
