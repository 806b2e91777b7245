/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_OVERFLOW_H
#define _LINUX_OVERFLOW_H

/*
 * Arithmetic that says when it does not fit: check_OP(a, b, &d) is true then; d gets the
 * truncated result either way. size_OP() saturate at SIZE_MAX.
 */
#include <linux/compiler.h>
#include <linux/const.h>
#include <linux/limits.h>
#include <linux/types.h>

#define type_max(T)		((T)(~0ull >> (64 - 8 * sizeof(T) + is_signed_type(T))))
#define type_min(T)		((T)(is_signed_type(T) ? -1 - (long long)type_max(T) : 0))
#define __must_check_overflow(overflow) ({ bool __over = (overflow); unlikely(__over); })

#define check_add_overflow(a, b, d)	__must_check_overflow(__builtin_add_overflow(a, b, d))
#define check_sub_overflow(a, b, d)	__must_check_overflow(__builtin_sub_overflow(a, b, d))
#define check_mul_overflow(a, b, d)	__must_check_overflow(__builtin_mul_overflow(a, b, d))

/* @s negative, @s beyond the width of *@d, @a negative, or bits of @a lost or become the sign. */
#define check_shl_overflow(a, s, d) ({							\
	__typeof__(a) _shl_a = (a);							\
	__typeof__(s) _shl_s = (s);							\
	__typeof__(d) _shl_d = (d);							\
	unsigned long long _shl_full = (unsigned long long)_shl_a;			\
	unsigned int _shl_by = _shl_s >= 0 && (unsigned long long)_shl_s < 8 * sizeof(*_shl_d) ? (unsigned int)_shl_s : 0; \
	*_shl_d = (__typeof__(*_shl_d))(_shl_full << _shl_by);				\
	(unsigned long long)_shl_by != (unsigned long long)_shl_s || _shl_s < 0 || _shl_a < 0 || *_shl_d < 0 ||	\
		(__typeof__(a))((unsigned long long)*_shl_d >> _shl_by) != _shl_a;	\
})

static inline size_t __must_check size_mul(size_t a, size_t b)
{
	size_t bytes;

	return check_mul_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}
static inline size_t __must_check size_add(size_t a, size_t b)
{
	size_t bytes;

	return check_add_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}
/* SIZE_MAX stays: what has overflowed once never becomes a size again. */
static inline size_t __must_check size_sub(size_t a, size_t b)
{
	size_t bytes;

	return a == SIZE_MAX || b == SIZE_MAX || check_sub_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}
#define array_size(a, b)	size_mul(a, b)
#define array3_size(a, b, c)	size_mul(size_mul(a, b), c)
#define flex_array_size(p, member, count) \
	__builtin_choose_expr(__is_constexpr(count), (count) * sizeof(*(p)->member) + __must_be_array((p)->member), \
			      size_mul(count, sizeof(*(p)->member) + __must_be_array((p)->member)))
#define struct_size(p, member, count) \
	__builtin_choose_expr(__is_constexpr(count), sizeof(*(p)) + flex_array_size(p, member, count), \
			      size_add(sizeof(*(p)), flex_array_size(p, member, count)))
#define struct_size_t(type, member, count)	struct_size((type *)NULL, member, count)

#endif /* _LINUX_OVERFLOW_H */
