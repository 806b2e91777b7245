/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SEQLOCK_H
#define _LINUX_SEQLOCK_H

/*
 * Sequence counts: a reader that met a writer reads again.
 *
 * Differs from the kernel: a count that names its lock checks in each write section that
 * the lock is held; one of a sleeping lock disables preemption in its write section.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/ww_mutex.h>

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

#define SEQCNT_ZERO(name)		{ .sequence = 0 }
static inline void __seqcount_init(seqcount_t *s) { WRITE_ONCE(s->sequence, 0); }
#define seqcount_init(s)		__seqcount_init(s)

/* Counts of a lock's: seqcount_spinlock_t and its kin. */
#define RING3_SEQCOUNT(name, locktype)							\
typedef struct seqcount_##name {							\
	seqcount_t	seqcount;							\
	locktype	*lock;								\
} seqcount_##name##_t;									\
static inline void seqcount_##name##_init(seqcount_##name##_t *s, locktype *lock)	\
{											\
	__seqcount_init(&s->seqcount);							\
	s->lock = lock;									\
}
RING3_SEQCOUNT(raw_spinlock, raw_spinlock_t)
RING3_SEQCOUNT(rwlock, rwlock_t)
RING3_SEQCOUNT(mutex, struct mutex)
RING3_SEQCOUNT(ww_mutex, struct ww_mutex)
#undef RING3_SEQCOUNT
typedef seqcount_raw_spinlock_t seqcount_spinlock_t;	/* one type, as the locks are */
#define seqcount_spinlock_init(s, lock)	seqcount_raw_spinlock_init((s), (lock))
#define SEQCOUNT_LOCKNAME_ZERO(name, assoc) { .seqcount = SEQCNT_ZERO(name), .lock = (assoc) }
#define SEQCNT_RAW_SPINLOCK_ZERO(name, lock)	SEQCOUNT_LOCKNAME_ZERO(name, lock)
#define SEQCNT_SPINLOCK_ZERO(name, lock)	SEQCOUNT_LOCKNAME_ZERO(name, lock)
#define SEQCNT_RWLOCK_ZERO(name, lock)		SEQCOUNT_LOCKNAME_ZERO(name, lock)
#define SEQCNT_MUTEX_ZERO(name, lock)		SEQCOUNT_LOCKNAME_ZERO(name, lock)
#define SEQCNT_WW_MUTEX_ZERO(name, lock)	SEQCOUNT_LOCKNAME_ZERO(name, lock)

#define seqprop_ptr(s) ((seqcount_t *)_Generic(*(s),					\
	seqcount_t: (void *)(s), seqcount_raw_spinlock_t: (void *)(s), seqcount_rwlock_t: (void *)(s),	\
	seqcount_mutex_t: (void *)(s), seqcount_ww_mutex_t: (void *)(s)))

static inline void ring3_seq_no_lock(const void *s) { WARN_ON_ONCE(preemptible()); }
static inline void ring3_seq_spin_held(const void *s)
{
	WARN_ON_ONCE(!ring3_spin_held(((const seqcount_raw_spinlock_t *)s)->lock));
}
static inline void ring3_seq_rw_held(const void *s)
{
	WARN_ON_ONCE(!ring3_rwlock_held(((const seqcount_rwlock_t *)s)->lock, 0));
}
static inline void ring3_seq_mutex_held(const void *s)
{
	WARN_ON_ONCE(!ring3_mutex_held(((const seqcount_mutex_t *)s)->lock));
}
static inline void ring3_seq_ww_held(const void *s)
{
	WARN_ON_ONCE(READ_ONCE(((const seqcount_ww_mutex_t *)s)->lock->owner) != current);
}
#define seqprop_assert(s) _Generic(*(s),						\
	seqcount_t: ring3_seq_no_lock, seqcount_raw_spinlock_t: ring3_seq_spin_held,	\
	seqcount_rwlock_t: ring3_seq_rw_held, seqcount_mutex_t: ring3_seq_mutex_held,	\
	seqcount_ww_mutex_t: ring3_seq_ww_held)(s)
#define seqprop_preemptible(s) _Generic(*(s), seqcount_mutex_t: true, seqcount_ww_mutex_t: true, default: false)

/* ---- reading ---- */

static inline unsigned int ring3_seq_begin(const seqcount_t *s)
{
	unsigned int seq;

	while (unlikely((seq = __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE)) & 1))
		cpu_relax();
	return seq;
}
static inline int do_read_seqcount_retry(const seqcount_t *s, unsigned int start)
{
	smp_rmb();
	return unlikely(__atomic_load_n(&s->sequence, __ATOMIC_RELAXED) != start);
}
#define __read_seqcount_begin(s)	ring3_seq_begin(seqprop_ptr(s))
#define raw_read_seqcount_begin(s)	ring3_seq_begin(seqprop_ptr(s))
#define read_seqcount_begin(s)		ring3_seq_begin(seqprop_ptr(s))
#define raw_read_seqcount(s)		__atomic_load_n(&seqprop_ptr(s)->sequence, __ATOMIC_ACQUIRE)
#define raw_seqcount_begin(s)		(raw_read_seqcount(s) & ~1u)
#define __read_seqcount_retry(s, start)	do_read_seqcount_retry(seqprop_ptr(s), (start))
#define read_seqcount_retry(s, start)	do_read_seqcount_retry(seqprop_ptr(s), (start))

/* ---- writing: one at a time ---- */

static inline void do_raw_write_seqcount_begin(seqcount_t *s)
{
	__atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELAXED);
	smp_wmb();
}
static inline void do_raw_write_seqcount_end(seqcount_t *s)
{
	smp_wmb();
	__atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELEASE);
}
#define raw_write_seqcount_begin(s) do {						\
	if (seqprop_preemptible(s))							\
		preempt_disable();							\
	do_raw_write_seqcount_begin(seqprop_ptr(s));					\
} while (0)
#define raw_write_seqcount_end(s) do {							\
	do_raw_write_seqcount_end(seqprop_ptr(s));					\
	if (seqprop_preemptible(s))							\
		preempt_enable();							\
} while (0)
#define write_seqcount_begin(s)		do { seqprop_assert(s); raw_write_seqcount_begin(s); } while (0)
#define write_seqcount_begin_nested(s, subclass) write_seqcount_begin(s)
#define write_seqcount_end(s)		raw_write_seqcount_end(s)
/* Readers that began before it read again. */
#define write_seqcount_invalidate(s) do {						\
	smp_wmb();									\
	__atomic_store_n(&seqprop_ptr(s)->sequence, seqprop_ptr(s)->sequence + 2, __ATOMIC_RELAXED);	\
} while (0)
#define raw_write_seqcount_barrier(s) do {						\
	__atomic_store_n(&seqprop_ptr(s)->sequence, seqprop_ptr(s)->sequence + 1, __ATOMIC_RELAXED);	\
	smp_wmb();									\
	__atomic_store_n(&seqprop_ptr(s)->sequence, seqprop_ptr(s)->sequence + 1, __ATOMIC_RELAXED);	\
} while (0)

/* ---- latches: two copies, of which the count's lowest bit says which to read ---- */

typedef struct {
	seqcount_t seqcount;
} seqcount_latch_t;
#define SEQCNT_LATCH_ZERO(name)		{ .seqcount = SEQCNT_ZERO(name.seqcount) }
static inline void seqcount_latch_init(seqcount_latch_t *s) { __seqcount_init(&s->seqcount); }
static inline unsigned int raw_read_seqcount_latch(const seqcount_latch_t *s)
{
	return __atomic_load_n(&s->seqcount.sequence, __ATOMIC_ACQUIRE);
}
static inline int read_seqcount_latch_retry(const seqcount_latch_t *s, unsigned int start)
{
	return do_read_seqcount_retry(&s->seqcount, start);
}
static inline void raw_write_seqcount_latch(seqcount_latch_t *s)
{
	smp_wmb();
	__atomic_store_n(&s->seqcount.sequence, s->seqcount.sequence + 1, __ATOMIC_RELAXED);
	smp_wmb();
}

/* ---- with a spinlock of their own ---- */

typedef struct {
	seqcount_spinlock_t	seqcount;
	spinlock_t		lock;
} seqlock_t;
#define __SEQLOCK_UNLOCKED(name) { .seqcount = SEQCNT_SPINLOCK_ZERO(name, &(name).lock), \
	.lock = __SPIN_LOCK_UNLOCKED((name).lock) }
#define DEFINE_SEQLOCK(name)		seqlock_t name = __SEQLOCK_UNLOCKED(name)
#define seqlock_init(sl) do {								\
	spin_lock_init(&(sl)->lock);							\
	seqcount_spinlock_init(&(sl)->seqcount, &(sl)->lock);				\
} while (0)

static inline unsigned int read_seqbegin(const seqlock_t *sl) { return ring3_seq_begin(&sl->seqcount.seqcount); }
static inline unsigned int read_seqretry(const seqlock_t *sl, unsigned int start)
{
	return (unsigned int)do_read_seqcount_retry(&sl->seqcount.seqcount, start);
}
#define RING3_SEQLOCK(suffix)								\
static inline void write_seqlock##suffix(seqlock_t *sl)					\
{											\
	spin_lock##suffix(&sl->lock);							\
	do_raw_write_seqcount_begin(&sl->seqcount.seqcount);				\
}											\
static inline void write_sequnlock##suffix(seqlock_t *sl)				\
{											\
	do_raw_write_seqcount_end(&sl->seqcount.seqcount);				\
	spin_unlock##suffix(&sl->lock);							\
}											\
static inline void read_seqlock_excl##suffix(seqlock_t *sl) { spin_lock##suffix(&sl->lock); }	\
static inline void read_sequnlock_excl##suffix(seqlock_t *sl) { spin_unlock##suffix(&sl->lock); }
RING3_SEQLOCK()
RING3_SEQLOCK(_bh)
RING3_SEQLOCK(_irq)
#undef RING3_SEQLOCK
#define write_seqlock_irqsave(sl, flags)	do { local_irq_save(flags); write_seqlock(sl); } while (0)
#define write_sequnlock_irqrestore(sl, flags)	do { write_sequnlock(sl); local_irq_restore(flags); } while (0)
#define read_seqlock_excl_irqsave(sl, flags)	do { local_irq_save(flags); read_seqlock_excl(sl); } while (0)
#define read_sequnlock_excl_irqrestore(sl, flags) do { read_sequnlock_excl(sl); local_irq_restore(flags); } while (0)

/* The first try without the lock (even *@seq), the next one with it (odd). */
static inline void read_seqbegin_or_lock(seqlock_t *lock, int *seq)
{
	if (*seq & 1)
		read_seqlock_excl(lock);
	else
		*seq = (int)read_seqbegin(lock);
}
static inline int need_seqretry(seqlock_t *lock, int seq)
{
	return !(seq & 1) && read_seqretry(lock, (unsigned int)seq);
}
static inline void done_seqretry(seqlock_t *lock, int seq)
{
	if (seq & 1)
		read_sequnlock_excl(lock);
}

#endif /* _LINUX_SEQLOCK_H */
