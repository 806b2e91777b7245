/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CLEANUP_H
#define _LINUX_CLEANUP_H

/*
 * What is done as a variable's scope ends.
 *
 *	char *buf __free(kfree) = kmalloc(size, GFP_KERNEL);
 *	guard(mutex)(&lock);
 *	scoped_guard(spinlock, &lock) { ... }
 */
#include <linux/compiler.h>

#define DEFINE_FREE(name, type, free_it) \
	static inline void __free_##name(void *p) { type _T = *(type *)p; free_it; }
#define __free(name)		__cleanup(__free_##name)
#define __get_and_null(p, nullvalue) \
	({ __auto_type __gone_p = &(p); __auto_type __gone = *__gone_p; *__gone_p = (nullvalue); __gone; })
#define no_free_ptr(p)		((__typeof__(p))__get_and_null(p, NULL))
#define return_ptr(p)		return no_free_ptr(p)

/* Not every one of them needs its argument. */
#define RING3_USED(x)		(void)(x)

#define DEFINE_CLASS(name, type, leave, enter, enter_args...)				\
typedef type class_##name##_t;								\
static inline void class_##name##_destructor(type *p) { type _T = *p; leave; }		\
static inline type class_##name##_constructor(enter_args) { type t = enter; return t; }
#define CLASS(name, var) \
	class_##name##_t var __cleanup(class_##name##_destructor) = class_##name##_constructor

#define DEFINE_GUARD(name, type, lock_it, unlock_it)					\
	DEFINE_CLASS(name, type, if (_T) { unlock_it; }, ({ lock_it; _T; }), type _T)	\
	static inline void *class_##name##_lock_ptr(class_##name##_t *p) { return *(void **)p; }
#define DEFINE_LOCK_GUARD_1(name, type, lock_it, unlock_it, members...)			\
typedef struct { type *lock; members; } class_##name##_t;				\
static inline void class_##name##_destructor(class_##name##_t *_T) { if (_T->lock) { unlock_it; } }	\
static inline void *class_##name##_lock_ptr(class_##name##_t *_T) { return _T->lock; }	\
static inline class_##name##_t class_##name##_constructor(type *l)			\
{											\
	class_##name##_t _t = { .lock = l }, *_T = &_t;					\
	lock_it;									\
	return _t;									\
}
#define DEFINE_LOCK_GUARD_0(name, lock_it, unlock_it, members...)			\
typedef struct { void *lock; members; } class_##name##_t;				\
static inline void class_##name##_destructor(class_##name##_t *_T) { if (_T->lock) { unlock_it; } }	\
static inline void *class_##name##_lock_ptr(class_##name##_t *_T) { return _T->lock; }	\
static inline class_##name##_t class_##name##_constructor(void)				\
{											\
	class_##name##_t _t = { .lock = (void *)1 }, *_T = &_t;				\
	RING3_USED(_T);									\
	lock_it;									\
	return _t;									\
}
#define guard(name)		CLASS(name, __UNIQUE_ID(guard))
#define __guard_ptr(name)	class_##name##_lock_ptr
#define scoped_guard(name, args...)							\
	for (CLASS(name, scope)(args), *done = NULL; __guard_ptr(name)(&scope) && !done; done = (void *)1)

#endif /* _LINUX_CLEANUP_H */
