/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KSTRTOX_H
#define _LINUX_KSTRTOX_H

#include <linux/types.h>

/* 0, -EINVAL (no number, or something behind it but one newline) or -ERANGE. Base 0 = by prefix. */
__visible int kstrtoull(const char *s, unsigned int base, unsigned long long *res);
__visible int kstrtoll(const char *s, unsigned int base, long long *res);
__visible int kstrtouint(const char *s, unsigned int base, unsigned int *res);
__visible int kstrtoint(const char *s, unsigned int base, int *res);
__visible int kstrtoul(const char *s, unsigned int base, unsigned long *res);
__visible int kstrtol(const char *s, unsigned int base, long *res);
__visible int kstrtobool(const char *s, bool *res);
#define kstrtou64(s, base, res)	kstrtoull((s), (base), (unsigned long long *)(res))
#define kstrtou32(s, base, res)	kstrtouint((s), (base), (res))
#define kstrtos32(s, base, res)	kstrtoint((s), (base), (res))

__visible unsigned long long memparse(const char *s, char **end);	/* "10G": K M G T P E */
__visible unsigned long long simple_strtoull(const char *s, char **end, unsigned int base);
__visible unsigned long simple_strtoul(const char *s, char **end, unsigned int base);
__visible long simple_strtol(const char *s, char **end, unsigned int base);

#endif /* _LINUX_KSTRTOX_H */
