/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

/*
 * Text and memory.
 *
 * Differs from the kernel: what the compiler itself calls (memcpy and its like) is libc's,
 * as are the simple string functions of code that is not linked with the hosted library,
 * whose lib/string.c has its own.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/stdarg.h>
#include <linux/types.h>

#define __HAVE_ARCH_MEMCPY
#define __HAVE_ARCH_MEMMOVE
#define __HAVE_ARCH_MEMSET
#define __HAVE_ARCH_MEMCMP
#define __HAVE_ARCH_MEMCHR
#define __HAVE_ARCH_BCMP
#define __HAVE_ARCH_STRLEN
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *s, int c, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
int bcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *s, int c, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strchrnul(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strpbrk(const char *s, const char *accept);
char *strsep(char **s, const char *delimiters);
char *(strcpy)(char *to, const char *from);
char *(strcat)(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t max);
char *strncat(char *to, const char *from, size_t max);
char *stpcpy(char *to, const char *from);

/* src/string.c */
__visible ssize_t strscpy(char *to, const char *from, size_t size);	/* length, or -E2BIG when cut */
__visible char *strim(char *s);
__visible char *skip_spaces(const char *s) __must_check;
__visible bool sysfs_streq(const char *a, const char *b);
__visible void *memchr_inv(const void *s, int c, size_t bytes);
__visible int match_string(const char *const *array, size_t n, const char *string);
static inline char *__must_check strstrip(char *s) { return strim(s); }

/* lib/string.c and lib/string_helpers.c of the hosted library. */
char *strnstr(const char *s, const char *what, size_t max);
char *strnchr(const char *s, size_t max, int c);
char *strnchrnul(const char *s, size_t max, int c);
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcat(char *to, const char *from, size_t size);
ssize_t strscpy_pad(char *to, const char *from, size_t size);
char *strreplace(char *s, char old, char new);
void *memscan(void *s, int c, size_t bytes);
int __sysfs_match_string(const char *const *array, size_t n, const char *s);
#define sysfs_match_string(array, s)	__sysfs_match_string(array, sizeof(array) / sizeof((array)[0]), s)
void *memset16(u16 *s, u16 v, size_t count);
void *memset32(u32 *s, u32 v, size_t count);
void *memset64(uint64_t *s, uint64_t v, size_t count);
static inline void *memset_l(unsigned long *p, unsigned long v, size_t n) { return memset64((u64 *)p, v, n); }
static inline void *memset_p(void **p, void *v, size_t n) { return memset64((u64 *)p, (u64)(unsigned long)v, n); }
void memcpy_and_pad(void *dest, size_t dest_len, const void *src, size_t count, int pad);
int strtobool(const char *s, bool *res);
char **argv_split(gfp_t gfp, const char *str, int *argcp);
void argv_free(char **argv);
/* lib/memcat_p.c: two NULL-terminated arrays in one new one. */
void **__memcat_p(void **a, void **b);
#define memcat_p(a, b) ({								\
	_Static_assert(__same_type(*(a), *(b)), "memcat_p() of different types");	\
	(__typeof__(*(a)) *)__memcat_p((void **)(a), (void **)(b));			\
})

/* src/slab.c; kfree() what they return. */
__visible char *kstrdup(const char *s, gfp_t gfp);
__visible const char *kstrdup_const(const char *s, gfp_t gfp);	/* kfree_const() it */
__visible char *kstrndup(const char *s, size_t max, gfp_t gfp);
__visible void *kmemdup(const void *from, size_t bytes, gfp_t gfp);
__visible char *kmemdup_nul(const char *s, size_t bytes, gfp_t gfp);
__visible void *memdup_user(const void __user *from, size_t bytes);
__visible void *memdup_user_nul(const void __user *from, size_t bytes);
__visible void kfree_const(const void *addr);
/* Bytes copied from @available behind *@ppos, which moves on; -EINVAL for a place before the start. */
__visible ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *ppos, const void *from, size_t available);

static inline void memzero_explicit(void *s, size_t bytes)
{
	__builtin_memset(s, 0, bytes);
	__asm__ __volatile__("" : : "r"(s) : "memory");
}
static inline bool strstarts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
static inline size_t str_has_prefix(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) == 0 ? len : 0;
}
static inline const char *kbasename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
#define memcpy_flushcache(to, from, n)	memcpy((to), (from), (n))

/* The length of a string that the compiler knows, or SIZE_MAX. */
#define __compiletime_strlen(p) \
	(__builtin_constant_p(__builtin_strlen((const char *)(p))) ? __builtin_strlen((const char *)(p)) : SIZE_MAX)

/* All of an object behind @member, or from it on. */
#define memset_after(obj, v, member) ({							\
	__typeof__(obj) __obj = (obj);							\
	u8 *__from = (u8 *)__obj + offsetof(__typeof__(*__obj), member) + sizeof(__obj->member);	\
	memset(__from, (v), (size_t)((u8 *)(__obj + 1) - __from));			\
})
#define memset_startat(obj, v, member) ({						\
	__typeof__(obj) __obj = (obj);							\
	u8 *__from = (u8 *)__obj + offsetof(__typeof__(*__obj), member);		\
	memset(__from, (v), (size_t)((u8 *)(__obj + 1) - __from));			\
})
/* Text into an array that needs no 0 at its end: @dest's size must be known. */
#define RING3_STRTOMEM(dest, src, rest) do {						\
	const size_t __size = __builtin_object_size(dest, 1);				\
	const size_t __have = __builtin_object_size(src, 1);				\
	size_t __len;									\
	BUILD_BUG_ON(!__builtin_constant_p(__size) || __size == (size_t)-1);		\
	__len = strnlen((src), __have < __size ? __have : __size);			\
	memcpy((dest), (src), __len);							\
	rest;										\
} while (0)
#define strtomem(dest, src)		RING3_STRTOMEM(dest, src, (void)0)
#define strtomem_pad(dest, src, pad)	RING3_STRTOMEM(dest, src, memset((char *)(dest) + __len, (pad), __size - __len))
#define unsafe_memcpy(dst, src, bytes, why)	memcpy((dst), (src), (bytes))

#endif /* _LINUX_STRING_H */
