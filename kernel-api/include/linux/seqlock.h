/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SEQLOCK_H
#define _LINUX_SEQLOCK_H

/*
 * Counters that tell readers to try again: odd while a writer is at work.
 *
 * Differs from the kernel: the counters with an associated lock do not check that it is
 * held.
 */
#include <linux/atomic.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t, seqcount_spinlock_t, seqcount_raw_spinlock_t, seqcount_rwlock_t, seqcount_mutex_t;

#define SEQCNT_ZERO(name)			{ .sequence = 0 }
#define SEQCNT_SPINLOCK_ZERO(name, lock)	SEQCNT_ZERO(name)
#define SEQCNT_RAW_SPINLOCK_ZERO(name, lock)	SEQCNT_ZERO(name)
#define SEQCNT_MUTEX_ZERO(name, lock)		SEQCNT_ZERO(name)
static inline void seqcount_init(seqcount_t *s) { WRITE_ONCE(s->sequence, 0); }
#define seqcount_spinlock_init(s, lock)		seqcount_init(s)
#define seqcount_raw_spinlock_init(s, lock)	seqcount_init(s)
#define seqcount_mutex_init(s, lock)		seqcount_init(s)

#define __read_seqcount_begin(s) ({							\
	unsigned int __seq;								\
	while ((__seq = smp_load_acquire(&(s)->sequence)) & 1)				\
		cpu_relax();								\
	__seq;										\
})
#define read_seqcount_begin(s)		__read_seqcount_begin(s)
#define raw_read_seqcount_begin(s)	__read_seqcount_begin(s)
#define raw_read_seqcount(s)		smp_load_acquire(&(s)->sequence)
#define raw_seqcount_begin(s)		(raw_read_seqcount(s) & ~1u)
static inline int read_seqcount_retry(const seqcount_t *s, unsigned int start)
{
	smp_rmb();
	return READ_ONCE(s->sequence) != start;
}
#define __read_seqcount_retry(s, start)	read_seqcount_retry((s), (start))
static inline void raw_write_seqcount_begin(seqcount_t *s)
{
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
}
static inline void raw_write_seqcount_end(seqcount_t *s)
{
	smp_store_release(&s->sequence, s->sequence + 1);
}
static inline void write_seqcount_begin(seqcount_t *s) { preempt_disable(); raw_write_seqcount_begin(s); }
static inline void write_seqcount_end(seqcount_t *s) { raw_write_seqcount_end(s); preempt_enable(); }
#define write_seqcount_begin_nested(s, sub)	write_seqcount_begin(s)
static inline void write_seqcount_invalidate(seqcount_t *s)
{
	smp_wmb();
	WRITE_ONCE(s->sequence, s->sequence + 2);
}
static inline void raw_write_seqcount_barrier(seqcount_t *s)
{
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
	WRITE_ONCE(s->sequence, s->sequence + 1);
}

typedef struct {
	seqcount_t	seqcount;
	spinlock_t	lock;
} seqlock_t;
#define __SEQLOCK_UNLOCKED(name)	{ .seqcount = { 0 }, .lock = __SPIN_LOCK_UNLOCKED((name).lock) }
#define DEFINE_SEQLOCK(name)		seqlock_t name = __SEQLOCK_UNLOCKED(name)
static inline void seqlock_init(seqlock_t *sl) { seqcount_init(&sl->seqcount); spin_lock_init(&sl->lock); }
static inline unsigned int read_seqbegin(const seqlock_t *sl) { return read_seqcount_begin(&sl->seqcount); }
static inline unsigned int read_seqretry(const seqlock_t *sl, unsigned int start)
{
	return (unsigned int)read_seqcount_retry(&sl->seqcount, start);
}
static inline void write_seqlock(seqlock_t *sl) { spin_lock(&sl->lock); raw_write_seqcount_begin(&sl->seqcount); }
static inline void write_sequnlock(seqlock_t *sl) { raw_write_seqcount_end(&sl->seqcount); spin_unlock(&sl->lock); }
static inline void write_seqlock_bh(seqlock_t *sl) { local_bh_disable(); write_seqlock(sl); }
static inline void write_sequnlock_bh(seqlock_t *sl) { write_sequnlock(sl); local_bh_enable(); }
#define write_seqlock_irq(sl)			write_seqlock_bh(sl)
#define write_sequnlock_irq(sl)			write_sequnlock_bh(sl)
#define write_seqlock_irqsave(sl, flags)	do { (flags) = 0; write_seqlock_bh(sl); } while (0)
#define write_sequnlock_irqrestore(sl, flags)	do { (void)(flags); write_sequnlock_bh(sl); } while (0)
#define read_seqlock_excl(sl)			spin_lock(&(sl)->lock)
#define read_sequnlock_excl(sl)			spin_unlock(&(sl)->lock)

#endif /* _LINUX_SEQLOCK_H */
