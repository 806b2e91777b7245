/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_STRINGHASH_H
#define _LINUX_STRINGHASH_H

/*
 * Hashes of names, of full words or a character at a time.
 *
 * Differs from the kernel: the functions are others, so the values are too; they are not
 * stable between kernels either.
 */
#include <linux/hash.h>
#include <linux/types.h>

#define init_name_hash(salt)		((unsigned long)(salt))
#define partial_name_hash(c, prev)	(((prev) ^ (unsigned long)(u8)(c)) * 0x100000001b3ul)
#define end_name_hash(hash)		hash_long((hash), 32)
#define hashlen_hash(hashlen)		((u32)(hashlen))
#define hashlen_len(hashlen)		((u32)((hashlen) >> 32))
#define hashlen_create(hash, len)	((u64)(len) << 32 | (u32)(hash))

/* Both give the same hash of the same name; hashlen_string() its length too. */
__visible unsigned int full_name_hash(const void *salt, const char *name, unsigned int len) __pure;
__visible u64 hashlen_string(const void *salt, const char *name) __pure;

#endif /* _LINUX_STRINGHASH_H */
