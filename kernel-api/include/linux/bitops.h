/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H

/*
 * Single bits of arrays of unsigned long: set_bit() and friends are atomic, __set_bit()
 * and friends are not. Those that return the old value are full barriers.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define __ffs(x)		((unsigned long)__builtin_ctzl(x))	/* not of 0 */
#define ffz(x)			__ffs(~(x))
#define __fls(x)		(63ul - (unsigned long)__builtin_clzl(x))
#define ffs(x)			__builtin_ffs((int)(x))
static inline int fls(unsigned int x) { return x ? 32 - __builtin_clz(x) : 0; }
static inline int fls64(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }
static inline unsigned int fls_long(unsigned long x) { return (unsigned int)fls64(x); }
static inline unsigned long __ffs64(u64 x) { return (unsigned long)__builtin_ctzll(x); }

#define hweight8(x)		((unsigned int)__builtin_popcount((u8)(x)))
#define hweight16(x)		((unsigned int)__builtin_popcount((u16)(x)))
#define hweight32(x)		((unsigned int)__builtin_popcount((u32)(x)))
#define hweight64(x)		((unsigned long)__builtin_popcountll(x))
#define hweight_long(x)		((unsigned long)__builtin_popcountl(x))
#define HWEIGHT8(x)		hweight8(x)
#define HWEIGHT16(x)		hweight16(x)
#define HWEIGHT32(x)		hweight32(x)
#define HWEIGHT64(x)		hweight64(x)

/* The order of a count: get_count_order(5) = 3; -1 of 0. */
static inline int get_count_order(unsigned int count) { return count ? fls(count - 1) : -1; }
static inline int get_count_order_long(unsigned long l) { return l ? fls64(l - 1) : -1; }

static inline u64 rol64(u64 w, unsigned int n) { return w << (n & 63) | w >> (-n & 63); }
static inline u64 ror64(u64 w, unsigned int n) { return w >> (n & 63) | w << (-n & 63); }
static inline u32 rol32(u32 w, unsigned int n) { return w << (n & 31) | w >> (-n & 31); }
static inline u32 ror32(u32 w, unsigned int n) { return w >> (n & 31) | w << (-n & 31); }
static inline u16 rol16(u16 w, unsigned int n) { return (u16)(w << (n & 15) | w >> (-n & 15)); }
static inline u16 ror16(u16 w, unsigned int n) { return (u16)(w >> (n & 15) | w << (-n & 15)); }
static inline u8 rol8(u8 w, unsigned int n) { return (u8)(w << (n & 7) | w >> (-n & 7)); }
static inline u8 ror8(u8 w, unsigned int n) { return (u8)(w >> (n & 7) | w << (-n & 7)); }
static inline s32 sign_extend32(u32 v, int index) { return (s32)(v << (31 - index)) >> (31 - index); }
static inline s64 sign_extend64(u64 v, int index) { return (s64)(v << (63 - index)) >> (63 - index); }

/* The place of the @n-th set bit of a word, or BITS_PER_LONG. */
static inline unsigned long fns(unsigned long word, unsigned int n)
{
	while (word && n--)
		word &= word - 1;
	return word ? __ffs(word) : BITS_PER_LONG;
}

static inline void set_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}
static inline void clear_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELAXED);
}
static inline void change_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_xor(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}
static inline bool test_bit(unsigned long nr, const volatile unsigned long *addr)
{
	/* What the compiler knows it may compute. */
	if (__builtin_constant_p(((const unsigned long *)addr)[BIT_WORD(nr)] >> (nr % BITS_PER_LONG) & 1))
		return ((const unsigned long *)addr)[BIT_WORD(nr)] >> (nr % BITS_PER_LONG) & 1;
	return __atomic_load_n(&addr[BIT_WORD(nr)], __ATOMIC_RELAXED) & BIT_MASK(nr) ? true : false;
}
static inline bool test_bit_acquire(unsigned long nr, const volatile unsigned long *addr)
{
	return __atomic_load_n(&addr[BIT_WORD(nr)], __ATOMIC_ACQUIRE) & BIT_MASK(nr) ? true : false;
}
static inline bool test_and_set_bit(long nr, volatile unsigned long *addr)
{
	return __atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr) ? true : false;
}
static inline bool test_and_clear_bit(long nr, volatile unsigned long *addr)
{
	return __atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr) ? true : false;
}
static inline bool test_and_change_bit(long nr, volatile unsigned long *addr)
{
	return __atomic_fetch_xor(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr) ? true : false;
}
static inline bool test_and_set_bit_lock(long nr, volatile unsigned long *addr)
{
	return __atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_ACQUIRE) & BIT_MASK(nr) ? true : false;
}
static inline void clear_bit_unlock(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELEASE);
}
#define __clear_bit_unlock(nr, addr)	clear_bit_unlock((nr), (addr))

static inline void __set_bit(unsigned long nr, volatile unsigned long *addr)
{
	((unsigned long *)addr)[BIT_WORD(nr)] |= BIT_MASK(nr);
}
static inline void __clear_bit(unsigned long nr, volatile unsigned long *addr)
{
	((unsigned long *)addr)[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}
static inline void __change_bit(unsigned long nr, volatile unsigned long *addr)
{
	((unsigned long *)addr)[BIT_WORD(nr)] ^= BIT_MASK(nr);
}
static inline bool __test_and_set_bit(unsigned long nr, volatile unsigned long *addr)
{
	unsigned long *word = (unsigned long *)addr + BIT_WORD(nr), was = *word;

	*word = was | BIT_MASK(nr);
	return was & BIT_MASK(nr) ? true : false;
}
static inline bool __test_and_clear_bit(unsigned long nr, volatile unsigned long *addr)
{
	unsigned long *word = (unsigned long *)addr + BIT_WORD(nr), was = *word;

	*word = was & ~BIT_MASK(nr);
	return was & BIT_MASK(nr) ? true : false;
}
static inline bool __test_and_change_bit(unsigned long nr, volatile unsigned long *addr)
{
	unsigned long *word = (unsigned long *)addr + BIT_WORD(nr), was = *word;

	*word = was ^ BIT_MASK(nr);
	return was & BIT_MASK(nr) ? true : false;
}
#define assign_bit(nr, addr, value)	((value) ? set_bit((nr), (addr)) : clear_bit((nr), (addr)))
#define __assign_bit(nr, addr, value)	((value) ? __set_bit((nr), (addr)) : __clear_bit((nr), (addr)))

/* Replace the bits of @mask by those of @bits, atomically; the new or the old value. */
#define set_mask_bits(ptr, mask, bits) ({						\
	const __typeof__(*(ptr)) __mask = (mask), __bits = (bits);			\
	__typeof__(*(ptr)) __old = READ_ONCE(*(ptr)), __new;				\
	do {										\
		__new = (__old & ~__mask) | __bits;					\
	} while (!__atomic_compare_exchange_n((ptr), &__old, __new, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));	\
	__old;										\
})

#endif /* _LINUX_BITOPS_H */
