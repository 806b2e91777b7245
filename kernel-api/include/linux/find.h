/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FIND_H
#define _LINUX_FIND_H

/*
 * Searches in bitmaps: the place found, or a number >= the size. Bodies in lib/find_bit.c
 * of the hosted library.
 */
#ifndef _LINUX_BITOPS_H
#error "linux/find.h comes with linux/bitops.h"
#endif

unsigned long _find_first_bit(const unsigned long *addr, unsigned long size);
unsigned long _find_first_zero_bit(const unsigned long *addr, unsigned long size);
unsigned long _find_first_and_bit(const unsigned long *a, const unsigned long *b, unsigned long size);
unsigned long _find_last_bit(const unsigned long *addr, unsigned long size);
unsigned long _find_next_bit(const unsigned long *addr, unsigned long size, unsigned long start);
unsigned long _find_next_zero_bit(const unsigned long *addr, unsigned long size, unsigned long start);
unsigned long _find_next_and_bit(const unsigned long *a, const unsigned long *b, unsigned long size,
				 unsigned long start);
unsigned long _find_next_andnot_bit(const unsigned long *a, const unsigned long *b, unsigned long size,
				    unsigned long start);
unsigned long __find_nth_bit(const unsigned long *addr, unsigned long size, unsigned long n);
unsigned long __find_nth_and_bit(const unsigned long *a, const unsigned long *b, unsigned long size, unsigned long n);
unsigned long __find_nth_andnot_bit(const unsigned long *a, const unsigned long *b, unsigned long size,
				    unsigned long n);
unsigned long find_next_clump8(unsigned long *clump, const unsigned long *addr, unsigned long size,
			       unsigned long offset);

#define find_first_bit(addr, size)		_find_first_bit((addr), (size))
#define find_first_zero_bit(addr, size)		_find_first_zero_bit((addr), (size))
#define find_first_and_bit(a, b, size)		_find_first_and_bit((a), (b), (size))
#define find_last_bit(addr, size)		_find_last_bit((addr), (size))
#define find_next_bit(addr, size, start)	_find_next_bit((addr), (size), (start))
#define find_next_zero_bit(addr, size, start)	_find_next_zero_bit((addr), (size), (start))
#define find_next_and_bit(a, b, size, start)	_find_next_and_bit((a), (b), (size), (start))
#define find_next_andnot_bit(a, b, size, start)	_find_next_andnot_bit((a), (b), (size), (start))
#define find_nth_bit(addr, size, n)		((n) >= (size) ? (size) : __find_nth_bit((addr), (size), (n)))
#define find_nth_and_bit(a, b, size, n)		((n) >= (size) ? (size) : __find_nth_and_bit((a), (b), (size), (n)))
#define find_nth_andnot_bit(a, b, size, n) \
	((n) >= (size) ? (size) : __find_nth_andnot_bit((a), (b), (size), (n)))
#define find_first_clump8(clump, addr, size)	find_next_clump8((clump), (addr), (size), 0)

/* From @start on, and again from 0 up to it. */
static inline unsigned long find_next_bit_wrap(const unsigned long *addr, unsigned long size, unsigned long start)
{
	unsigned long bit = find_next_bit(addr, size, start);

	if (bit < size || !start)
		return bit;
	bit = find_first_bit(addr, start);
	return bit < start ? bit : size;
}
static inline unsigned long find_next_and_bit_wrap(const unsigned long *a, const unsigned long *b,
						   unsigned long size, unsigned long start)
{
	unsigned long bit = find_next_and_bit(a, b, size, start);

	if (bit < size || !start)
		return bit;
	bit = find_first_and_bit(a, b, start);
	return bit < start ? bit : size;
}
/* One step of a walk that began at @start and is over when it comes back there. */
static inline unsigned long __for_each_wrap(const unsigned long *addr, unsigned long size, unsigned long start,
					    unsigned long from)
{
	unsigned long bit;

	if (from > start) {
		bit = find_next_bit(addr, size, from);
		if (bit < size)
			return bit;
		from = 0;
	}
	bit = find_next_bit(addr, start, from);
	return bit < start ? bit : size;
}

#define for_each_set_bit_from(bit, addr, size) \
	for (; (bit) = find_next_bit((addr), (size), (bit)), (bit) < (size); (bit)++)
#define for_each_set_bit(bit, addr, size) \
	for ((bit) = 0; (bit) = find_next_bit((addr), (size), (bit)), (bit) < (size); (bit)++)
#define for_each_and_bit(bit, a, b, size) \
	for ((bit) = 0; (bit) = find_next_and_bit((a), (b), (size), (bit)), (bit) < (size); (bit)++)
#define for_each_andnot_bit(bit, a, b, size) \
	for ((bit) = 0; (bit) = find_next_andnot_bit((a), (b), (size), (bit)), (bit) < (size); (bit)++)
#define for_each_clear_bit_from(bit, addr, size) \
	for (; (bit) = find_next_zero_bit((addr), (size), (bit)), (bit) < (size); (bit)++)
#define for_each_clear_bit(bit, addr, size) \
	for ((bit) = 0; (bit) = find_next_zero_bit((addr), (size), (bit)), (bit) < (size); (bit)++)
#define for_each_set_bitrange_from(b, e, addr, size)					\
	for (; (b) = find_next_bit((addr), (size), (b)),				\
	       (e) = find_next_zero_bit((addr), (size), (b) + 1), (b) < (size); (b) = (e) + 1)
#define for_each_set_bitrange(b, e, addr, size) \
	for ((b) = 0; (b) = find_next_bit((addr), (size), (b)), \
	     (e) = find_next_zero_bit((addr), (size), (b) + 1), (b) < (size); (b) = (e) + 1)
#define for_each_clear_bitrange_from(b, e, addr, size) \
	for (; (b) = find_next_zero_bit((addr), (size), (b)), \
	       (e) = find_next_bit((addr), (size), (b) + 1), (b) < (size); (b) = (e) + 1)
#define for_each_clear_bitrange(b, e, addr, size) \
	for ((b) = 0; (b) = find_next_zero_bit((addr), (size), (b)), \
	     (e) = find_next_bit((addr), (size), (b) + 1), (b) < (size); (b) = (e) + 1)
#define for_each_set_bit_wrap(bit, addr, size, start)					\
	for ((bit) = find_next_bit_wrap((addr), (size), (start)); (bit) < (size);	\
	     (bit) = __for_each_wrap((addr), (size), (start), (bit) + 1))
#define for_each_set_clump8(start, clump, bits, size)					\
	for ((start) = find_first_clump8(&(clump), (bits), (size)); (start) < (size);	\
	     (start) = find_next_clump8(&(clump), (bits), (size), (start) + 8))

#endif /* _LINUX_FIND_H */
