/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <linux/compiler.h>
#include <linux/types.h>

/* libc's own, and the compiler's: the meaning is the same in both worlds. */
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *s, int c, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *s, int c, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strpbrk(const char *s, const char *accept);
char *strsep(char **s, const char *delimiters);

/* src/string.c */
__visible ssize_t strscpy(char *to, const char *from, size_t size);	/* length, or -E2BIG when cut */
__visible char *strim(char *s);
__visible char *skip_spaces(const char *s);
__visible bool sysfs_streq(const char *a, const char *b);
__visible void *memchr_inv(const void *s, int c, size_t bytes);
__visible int match_string(const char *const *array, size_t n, const char *string);

/* src/slab.c; kfree() what they return. */
__visible char *kstrdup(const char *s, gfp_t gfp);
__visible char *kstrndup(const char *s, size_t max, gfp_t gfp);
__visible void *kmemdup(const void *from, size_t bytes, gfp_t gfp);

static inline void memzero_explicit(void *s, size_t bytes)
{
	__builtin_memset(s, 0, bytes);
	__asm__ __volatile__("" : : "r"(s) : "memory");
}
static inline bool strstarts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

#endif /* _LINUX_STRING_H */
