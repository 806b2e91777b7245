/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_JUMP_LABEL_H
#define _LINUX_JUMP_LABEL_H

/*
 * Static keys.
 *
 * Differs from the kernel: a key is an atomic count that every branch reads; no code is
 * patched.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

struct module;
struct static_key {
	atomic_t enabled;
};
struct static_key_true {
	struct static_key key;
};
struct static_key_false {
	struct static_key key;
};
#define STATIC_KEY_INIT_TRUE	{ .enabled = ATOMIC_INIT(1) }
#define STATIC_KEY_INIT_FALSE	{ .enabled = ATOMIC_INIT(0) }
#define STATIC_KEY_INIT		STATIC_KEY_INIT_FALSE
#define STATIC_KEY_TRUE_INIT	(struct static_key_true){ .key = STATIC_KEY_INIT_TRUE }
#define STATIC_KEY_FALSE_INIT	(struct static_key_false){ .key = STATIC_KEY_INIT_FALSE }
#define DEFINE_STATIC_KEY_TRUE(name)		struct static_key_true name = STATIC_KEY_TRUE_INIT
#define DEFINE_STATIC_KEY_FALSE(name)		struct static_key_false name = STATIC_KEY_FALSE_INIT
#define DEFINE_STATIC_KEY_TRUE_RO(name)		DEFINE_STATIC_KEY_TRUE(name)
#define DEFINE_STATIC_KEY_FALSE_RO(name)	DEFINE_STATIC_KEY_FALSE(name)
#define DECLARE_STATIC_KEY_TRUE(name)		extern struct static_key_true name
#define DECLARE_STATIC_KEY_FALSE(name)		extern struct static_key_false name

static inline int static_key_count(struct static_key *key) { return atomic_read(&key->enabled); }
static inline bool static_key_enabled_(struct static_key *key) { return static_key_count(key) > 0; }
#define RING3_KEY(x) _Generic((x), struct static_key *: (x), default: &((struct static_key_true *)(x))->key)
#define static_key_enabled(x)		static_key_enabled_(RING3_KEY(x))
static inline bool static_key_false(struct static_key *key) { return unlikely(static_key_enabled_(key)); }
static inline bool static_key_true(struct static_key *key) { return likely(static_key_enabled_(key)); }
#define static_branch_likely(x)		likely(static_key_enabled(x))
#define static_branch_unlikely(x)	unlikely(static_key_enabled(x))
#define static_branch_maybe(config, x)	static_key_enabled(x)
static inline void static_key_slow_inc(struct static_key *key) { atomic_inc(&key->enabled); }
static inline void static_key_slow_dec(struct static_key *key) { WARN_ON(atomic_dec_return(&key->enabled) < 0); }
static inline void static_key_enable(struct static_key *key)
{
	int old = atomic_cmpxchg(&key->enabled, 0, 1);

	WARN_ON_ONCE(old != 0 && old != 1);
}
static inline void static_key_disable(struct static_key *key)
{
	int old = atomic_cmpxchg(&key->enabled, 1, 0);

	WARN_ON_ONCE(old != 0 && old != 1);
}
#define static_branch_inc(x)		static_key_slow_inc(RING3_KEY(x))
#define static_branch_dec(x)		static_key_slow_dec(RING3_KEY(x))
#define static_branch_enable(x)		static_key_enable(RING3_KEY(x))
#define static_branch_disable(x)	static_key_disable(RING3_KEY(x))
#define static_branch_enable_cpuslocked(x)	static_branch_enable(x)
#define static_branch_disable_cpuslocked(x)	static_branch_disable(x)
#define static_key_initialized		true
#define STATIC_KEY_CHECK_USE(key)	do { } while (0)

#endif /* _LINUX_JUMP_LABEL_H */
