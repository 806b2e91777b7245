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
/* lib/kstrtox.c of the hosted library. */
int __must_check kstrtou16(const char *s, unsigned int base, u16 *res);
int __must_check kstrtos16(const char *s, unsigned int base, s16 *res);
int __must_check kstrtou8(const char *s, unsigned int base, u8 *res);
int __must_check kstrtos8(const char *s, unsigned int base, s8 *res);
int __must_check _kstrtoul(const char *s, unsigned int base, unsigned long *res);
int __must_check _kstrtol(const char *s, unsigned int base, long *res);
int __must_check kstrtoull_from_user(const char __user *s, size_t count, unsigned int base, unsigned long long *res);
int __must_check kstrtoll_from_user(const char __user *s, size_t count, unsigned int base, long long *res);
int __must_check kstrtoul_from_user(const char __user *s, size_t count, unsigned int base, unsigned long *res);
int __must_check kstrtol_from_user(const char __user *s, size_t count, unsigned int base, long *res);
int __must_check kstrtouint_from_user(const char __user *s, size_t count, unsigned int base, unsigned int *res);
int __must_check kstrtoint_from_user(const char __user *s, size_t count, unsigned int base, int *res);
int __must_check kstrtou16_from_user(const char __user *s, size_t count, unsigned int base, u16 *res);
int __must_check kstrtos16_from_user(const char __user *s, size_t count, unsigned int base, s16 *res);
int __must_check kstrtou8_from_user(const char __user *s, size_t count, unsigned int base, u8 *res);
int __must_check kstrtos8_from_user(const char __user *s, size_t count, unsigned int base, s8 *res);
int __must_check kstrtobool_from_user(const char __user *s, size_t count, bool *res);
static inline int __must_check kstrtou64(const char *s, unsigned int base, u64 *res)
{
	return kstrtoull(s, base, res);
}
static inline int __must_check kstrtos64(const char *s, unsigned int base, s64 *res)
{
	return kstrtoll(s, base, res);
}
static inline int __must_check kstrtou32(const char *s, unsigned int base, u32 *res)
{
	return kstrtouint(s, base, res);
}
static inline int __must_check kstrtos32(const char *s, unsigned int base, s32 *res)
{
	return kstrtoint(s, base, res);
}

__visible unsigned long long memparse(const char *s, char **end);	/* "10G": K M G T P E */
__visible unsigned long long simple_strtoull(const char *s, char **end, unsigned int base);
__visible long long simple_strtoll(const char *s, char **end, unsigned int base);
__visible unsigned long simple_strtoul(const char *s, char **end, unsigned int base);
__visible long simple_strtol(const char *s, char **end, unsigned int base);

#endif /* _LINUX_KSTRTOX_H */
