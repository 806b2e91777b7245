/* SPDX-License-Identifier: MIT */
/* refcount.c - what refcount.h does when it has to say something, or to lock. */
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

void refcount_warn_saturate(refcount_t *r, enum refcount_saturation_type t)
{
	static const char *const what[] = {
		[REFCOUNT_ADD_NOT_ZERO_OVF] = "too many references: the object is leaked",
		[REFCOUNT_ADD_OVF] = "too many references: the object is leaked",
		[REFCOUNT_ADD_UAF] = "a reference taken of what has none: use after free",
		[REFCOUNT_SUB_UAF] = "more references given up than taken: use after free",
		[REFCOUNT_DEC_LEAK] = "the last reference given up by refcount_dec(): nobody frees it",
	};

	refcount_set(r, REFCOUNT_SATURATED);
	WARN_ONCE(1, "refcount_t: %s", what[t]);
}

bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock)
{
	if (refcount_dec_not_one(r))
		return false;
	mutex_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	mutex_unlock(lock);
	return false;
}

bool refcount_dec_and_lock(refcount_t *r, spinlock_t *lock)
{
	if (refcount_dec_not_one(r))
		return false;
	spin_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	spin_unlock(lock);
	return false;
}
