/* SPDX-License-Identifier: MIT */
#ifndef _NET_CHECKSUM_H
#define _NET_CHECKSUM_H

/* Sums of Internet checksums, and with copies; any context. */
#include <asm/byteorder.h>
#include <asm/checksum.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/uaccess.h>

static inline __wsum csum_add(__wsum csum, __wsum addend)
{
	u32 sum = csum + addend;

	return sum + (sum < addend);	/* the carry goes round */
}
static inline __wsum csum_sub(__wsum csum, __wsum addend) { return csum_add(csum, ~addend); }
static inline __sum16 csum16_add(__sum16 csum, __be16 addend)
{
	u16 sum = (u16)(csum + addend);

	return (__sum16)(sum + (sum < addend));
}
static inline __sum16 csum16_sub(__sum16 csum, __be16 addend) { return csum16_add(csum, (__be16)~addend); }

/* The sum of what begins at @offset of the whole: at an odd one, bytes of its words are the other way round. */
static inline __wsum csum_shift(__wsum sum, int offset) { return offset & 1 ? ror32(sum, 8) : sum; }
static inline __wsum csum_block_add(__wsum csum, __wsum csum2, int offset)
{
	return csum_add(csum, csum_shift(csum2, offset));
}
static inline __wsum csum_block_sub(__wsum csum, __wsum csum2, int offset)
{
	return csum_block_add(csum, ~csum2, offset);
}
static inline __wsum csum_unfold(__sum16 n) { return n; }
#define CSUM_MANGLED_0	((__sum16)0xffff)

static inline __wsum csum_partial_copy_nocheck(const void *src, void *dst, int len)
{
	memcpy(dst, src, (size_t)len);
	return csum_partial(dst, len, 0);
}
/* Never 0, but where nothing was copied. */
static inline __wsum csum_and_copy_from_user(const void __user *src, void *dst, int len)
{
	return copy_from_user(dst, src, (unsigned long)len) ? 0 : csum_partial(dst, len, ~0u);
}
static inline __wsum csum_and_copy_to_user(const void *src, void __user *dst, int len)
{
	return copy_to_user(dst, src, (unsigned long)len) ? 0 : csum_partial(src, len, ~0u);
}

#endif /* _NET_CHECKSUM_H */
