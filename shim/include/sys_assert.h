/* SPDX-License-Identifier: MIT */
#ifndef SYS_ASSERT_H
#define SYS_ASSERT_H

/*
 * sys_assert.h - checks, in three tiers:
 *
 *	verify_*  in every build; a failure is a panic: report, backtrace, abort
 *	assert_*  the same, but only where DEBUG is defined and not 0
 *	expect_*  only where DEBUG is defined and not 0; a failure warns, with a
 *		  backtrace, and goes on
 *
 * A check that compares (verify_eq(x, y)) prints both values, so prefer it to
 * verify(x == y). Suffixes: eq ne lt le gt ge compare as signed 64-bit numbers,
 * b be a ae (below, above) as unsigned ones; imply(x, y): y holds if x does.
 * Each takes a printf format and its arguments behind, for what to say besides.
 *
 * Every check is an expression: whether it held. One that the build leaves out is
 * compiled, so that it cannot rot, but not evaluated, and true.
 *
 * Interface: MTE's, by its names. Threads: any.
 */
#include "sys_service.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a failed check calls; @fatal does not return. Not for direct use. */
void sys_check_failed(bool fatal, sstring_t where, sstring_t function, sstring_t condition, bool is_signed,
		      uint64_t x, uint64_t y, sstring_t format, ...) __attribute__((cold, format(printf, 8, 9)));
/* The same for a condition without values, and for the error of a call. */
void sys_check_failed_condition(bool fatal, sstring_t where, sstring_t function, sstring_t condition,
				sstring_t format, ...) __attribute__((cold, format(printf, 5, 6)));
void sys_check_failed_errno(bool fatal, sstring_t where, sstring_t function, sstring_t call, int error,
			    sstring_t format, ...) __attribute__((cold, format(printf, 6, 7)));

/* Used, for the compiler; not evaluated. */
#define __USE(x)		({ if (0) (void)(x); 0; })

#define SYS_CHECK_REL(fatal, type, sign, x, op, y, text, fmtargs...) ({					\
	type const sys_x = (type)(x), sys_y = (type)(y);						\
	bool const sys_holds = sys_x op sys_y;								\
	if (unlikely(!sys_holds))									\
		sys_check_failed(fatal, FL_STR, __func__, text, sign, (uint64_t)sys_x, (uint64_t)sys_y,	\
				 " " fmtargs);								\
	sys_holds;											\
})
#define SYS_CHECK_SIGNED(fatal, x, op, y, fmtargs...)							\
	SYS_CHECK_REL(fatal, int64_t, true, x, op, y, #x " " #op " " #y, ##fmtargs)
#define SYS_CHECK_UNSIGNED(fatal, x, op, y, fmtargs...)							\
	SYS_CHECK_REL(fatal, uint64_t, false, x, op, y, #x " " #op " " #y, ##fmtargs)

#define SYS_CHECK_COND(fatal, cond, text, fmtargs...) ({						\
	bool const sys_holds = !!(cond);								\
	if (unlikely(!sys_holds))									\
		sys_check_failed_condition(fatal, FL_STR, __func__, text, " " fmtargs);			\
	sys_holds;											\
})
#define SYS_CHECK_IMPLY(fatal, x, y, fmtargs...)							\
	SYS_CHECK_COND(fatal, !(x) || (y), #x " implies " #y, ##fmtargs)
#define SYS_CHECK_BOOL(fatal, b, fmtargs...) ({								\
	int64_t const sys_b = (int64_t)(b);								\
	SYS_CHECK_REL(fatal, int64_t, true, sys_b & ~1l, ==, 0, #b " is a bool, without its last bit",	\
		      ##fmtargs);									\
})
#define SYS_CHECK_EQ_BOOL(fatal, x, y, fmtargs...)							\
	(SYS_CHECK_BOOL(fatal, x, ##fmtargs) & SYS_CHECK_BOOL(fatal, y, ##fmtargs) &			\
	 SYS_CHECK_SIGNED(fatal, x, ==, y, ##fmtargs))

/* @err is 0, or an errno, negated or not. */
#define SYS_CHECK_NOERR(fatal, err, fmtargs...) ({							\
	int const sys_err = (int)(err);									\
	if (unlikely(sys_err != E_OK))									\
		sys_check_failed_errno(fatal, FL_STR, __func__, "no error", sys_err, " " fmtargs);	\
	sys_err == E_OK;										\
})
/* @rc is what @call (a name) returned: negative is a failure, -1 with its reason in errno. */
#define SYS_CHECK_RC(fatal, rc, call, fmtargs...) ({							\
	int64_t const sys_rc = (int64_t)(rc);								\
	if (unlikely(sys_rc < 0))									\
		sys_check_failed_errno(fatal, FL_STR, __func__, #call,					\
				       sys_rc == -1 ? errno : (int)sys_rc, " " fmtargs);		\
	sys_rc >= 0;											\
})

/* ---- verify: every build ------------------------------------------------ */

#define verify(cond, fmtargs...)	SYS_CHECK_COND(true, cond, #cond, ##fmtargs)
#define verify_eq(x, y, fmtargs...)	SYS_CHECK_SIGNED(true, x, ==, y, ##fmtargs)
#define verify_ne(x, y, fmtargs...)	SYS_CHECK_SIGNED(true, x, !=, y, ##fmtargs)
#define verify_lt(x, y, fmtargs...)	SYS_CHECK_SIGNED(true, x, <, y, ##fmtargs)
#define verify_le(x, y, fmtargs...)	SYS_CHECK_SIGNED(true, x, <=, y, ##fmtargs)
#define verify_gt(x, y, fmtargs...)	SYS_CHECK_SIGNED(true, x, >, y, ##fmtargs)
#define verify_ge(x, y, fmtargs...)	SYS_CHECK_SIGNED(true, x, >=, y, ##fmtargs)
#define verify_b(x, y, fmtargs...)	SYS_CHECK_UNSIGNED(true, x, <, y, ##fmtargs)
#define verify_be(x, y, fmtargs...)	SYS_CHECK_UNSIGNED(true, x, <=, y, ##fmtargs)
#define verify_a(x, y, fmtargs...)	SYS_CHECK_UNSIGNED(true, x, >, y, ##fmtargs)
#define verify_ae(x, y, fmtargs...)	SYS_CHECK_UNSIGNED(true, x, >=, y, ##fmtargs)
#define verify_rel(x, op, y, fmtargs...) SYS_CHECK_SIGNED(true, x, op, y, ##fmtargs)
#define verify_is_bool(b, fmtargs...)	SYS_CHECK_BOOL(true, b, ##fmtargs)
#define verify_eq_bool(x, y, fmtargs...) SYS_CHECK_EQ_BOOL(true, x, y, ##fmtargs)
#define verify_imply(x, y, fmtargs...)	SYS_CHECK_IMPLY(true, x, y, ##fmtargs)
#define verify_noerr(err, fmtargs...)	SYS_CHECK_NOERR(true, err, ##fmtargs)
#define verify_rc(rc, call, fmtargs...)	SYS_CHECK_RC(true, rc, call, ##fmtargs)

/* ---- assert and expect: DEBUG builds ------------------------------------- */

#undef assert

#if defined(DEBUG) && DEBUG

#define SYS_ASSERT_REL(x, op, y, fmtargs...)	SYS_CHECK_SIGNED(true, x, op, y, ##fmtargs)
#define SYS_ASSERT_ABOVE(x, op, y, fmtargs...)	SYS_CHECK_UNSIGNED(true, x, op, y, ##fmtargs)
#define SYS_EXPECT_ABOVE(x, op, y, fmtargs...)	SYS_CHECK_UNSIGNED(false, x, op, y, ##fmtargs)
#define assert(cond, fmtargs...)		SYS_CHECK_COND(true, cond, #cond, ##fmtargs)
#define assert_is_bool(b, fmtargs...)		SYS_CHECK_BOOL(true, b, ##fmtargs)
#define assert_eq_bool(x, y, fmtargs...)	SYS_CHECK_EQ_BOOL(true, x, y, ##fmtargs)
#define assert_imply(x, y, fmtargs...)		SYS_CHECK_IMPLY(true, x, y, ##fmtargs)
#define expect_rel(x, op, y, fmtargs...)	SYS_CHECK_SIGNED(false, x, op, y, ##fmtargs)
#define expect_is_bool(b, fmtargs...)		SYS_CHECK_BOOL(false, b, ##fmtargs)
#define expect_eq_bool(x, y, fmtargs...)	SYS_CHECK_EQ_BOOL(false, x, y, ##fmtargs)
#define expect_imply(x, y, fmtargs...)		SYS_CHECK_IMPLY(false, x, y, ##fmtargs)

#else

#define SYS_LEFT_OUT_2(x, y)	({ if (0) { (void)(x); (void)(y); } true; })
#define SYS_ASSERT_REL(x, op, y, fmtargs...)	SYS_LEFT_OUT_2(x, y)
#define SYS_ASSERT_ABOVE(x, op, y, fmtargs...)	SYS_LEFT_OUT_2(x, y)
#define SYS_EXPECT_ABOVE(x, op, y, fmtargs...)	SYS_LEFT_OUT_2(x, y)
#define assert(cond, fmtargs...)		SYS_LEFT_OUT_2(cond, 0)
#define assert_is_bool(b, fmtargs...)		SYS_LEFT_OUT_2(b, 0)
#define assert_eq_bool(x, y, fmtargs...)	SYS_LEFT_OUT_2(x, y)
#define assert_imply(x, y, fmtargs...)		SYS_LEFT_OUT_2(x, y)
#define expect_rel(x, op, y, fmtargs...)	SYS_LEFT_OUT_2(x, y)
#define expect_is_bool(b, fmtargs...)		SYS_LEFT_OUT_2(b, 0)
#define expect_eq_bool(x, y, fmtargs...)	SYS_LEFT_OUT_2(x, y)
#define expect_imply(x, y, fmtargs...)		SYS_LEFT_OUT_2(x, y)

#endif

#define assert_eq(x, y, fmtargs...)	SYS_ASSERT_REL(x, ==, y, ##fmtargs)
#define assert_ne(x, y, fmtargs...)	SYS_ASSERT_REL(x, !=, y, ##fmtargs)
#define assert_lt(x, y, fmtargs...)	SYS_ASSERT_REL(x, <, y, ##fmtargs)
#define assert_le(x, y, fmtargs...)	SYS_ASSERT_REL(x, <=, y, ##fmtargs)
#define assert_gt(x, y, fmtargs...)	SYS_ASSERT_REL(x, >, y, ##fmtargs)
#define assert_ge(x, y, fmtargs...)	SYS_ASSERT_REL(x, >=, y, ##fmtargs)
#define assert_b(x, y, fmtargs...)	SYS_ASSERT_ABOVE(x, <, y, ##fmtargs)
#define assert_be(x, y, fmtargs...)	SYS_ASSERT_ABOVE(x, <=, y, ##fmtargs)
#define assert_a(x, y, fmtargs...)	SYS_ASSERT_ABOVE(x, >, y, ##fmtargs)
#define assert_ae(x, y, fmtargs...)	SYS_ASSERT_ABOVE(x, >=, y, ##fmtargs)

#define expect_eq(x, y, fmtargs...)	expect_rel(x, ==, y, ##fmtargs)
#define expect_ne(x, y, fmtargs...)	expect_rel(x, !=, y, ##fmtargs)
#define expect_lt(x, y, fmtargs...)	expect_rel(x, <, y, ##fmtargs)
#define expect_le(x, y, fmtargs...)	expect_rel(x, <=, y, ##fmtargs)
#define expect_gt(x, y, fmtargs...)	expect_rel(x, >, y, ##fmtargs)
#define expect_ge(x, y, fmtargs...)	expect_rel(x, >=, y, ##fmtargs)
#define expect_b(x, y, fmtargs...)	SYS_EXPECT_ABOVE(x, <, y, ##fmtargs)
#define expect_be(x, y, fmtargs...)	SYS_EXPECT_ABOVE(x, <=, y, ##fmtargs)
#define expect_a(x, y, fmtargs...)	SYS_EXPECT_ABOVE(x, >, y, ##fmtargs)
#define expect_ae(x, y, fmtargs...)	SYS_EXPECT_ABOVE(x, >=, y, ##fmtargs)

/* These two warn in every build: the error of a system call is no programming error. */
#define expect_noerr(err, fmtargs...)	SYS_CHECK_NOERR(false, err, ##fmtargs)
#define expect_rc(rc, call, fmtargs...)	SYS_CHECK_RC(false, rc, call, ##fmtargs)

/* Holds, or does not compile. Stands where a declaration or a statement may. */
#define assert_static(e)		_Static_assert((e), #e)

#ifdef __cplusplus
}
#endif

#endif /* SYS_ASSERT_H */
