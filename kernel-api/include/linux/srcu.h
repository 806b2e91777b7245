/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SRCU_H
#define _LINUX_SRCU_H

/*
 * Read-copy-update whose readers may sleep, with grace periods of their own per domain.
 * Callbacks run in a work, with bottom halves disabled, in the order of queueing.
 *
 * Differs from the kernel: a static domain gets its counters as it is used first; expedited
 * grace periods are the usual ones.
 */
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

struct ring3_srcu_cpu;
struct srcu_struct {
	struct ring3_srcu_cpu	*cpus;		/* atomic; one per virtual CPU */
	unsigned int		idx;		/* atomic: which of two counters new readers take */
	unsigned long		begun, ended;	/* atomic: grace periods */
	struct mutex		gp_lock;
	spinlock_t		lock;		/* over what follows */
	struct rcu_head		*first, **last;	/* callbacks */
	bool			working;
	struct work_struct	work;
	struct lockdep_map	dep_map;
};

__visible void ring3_srcu_work(struct work_struct *work);
#define __SRCU_STRUCT_INIT(name) {							\
	.gp_lock = __MUTEX_INITIALIZER((name).gp_lock), .lock = __SPIN_LOCK_UNLOCKED((name).lock),	\
	.last = &(name).first,								\
	.work = { .func = ring3_srcu_work, .entry = LIST_HEAD_INIT((name).work.entry) },	\
}
#define DEFINE_SRCU(name)		struct srcu_struct name = __SRCU_STRUCT_INIT(name)
#define DEFINE_STATIC_SRCU(name)	static struct srcu_struct name = __SRCU_STRUCT_INIT(name)
__visible int init_srcu_struct(struct srcu_struct *ssp);	/* 0 or -ENOMEM */
__visible void cleanup_srcu_struct(struct srcu_struct *ssp);	/* after srcu_barrier(); warns of readers */

/* Any context; what it returns goes to the unlock, of the same task but in _down and _up. */
__visible int __srcu_read_lock(struct srcu_struct *ssp);
__visible void __srcu_read_unlock(struct srcu_struct *ssp, int idx);
static inline int srcu_read_lock(struct srcu_struct *ssp) { return __srcu_read_lock(ssp); }
static inline int srcu_read_lock_nmisafe(struct srcu_struct *ssp) { return __srcu_read_lock(ssp); }
static inline int srcu_read_lock_notrace(struct srcu_struct *ssp) { return __srcu_read_lock(ssp); }
static inline int srcu_down_read(struct srcu_struct *ssp) { return __srcu_read_lock(ssp); }
static inline void srcu_read_unlock(struct srcu_struct *ssp, int idx)
{
	WARN_ON_ONCE(idx & ~1);
	__srcu_read_unlock(ssp, idx);
}
static inline void srcu_read_unlock_nmisafe(struct srcu_struct *ssp, int idx) { srcu_read_unlock(ssp, idx); }
static inline void srcu_read_unlock_notrace(struct srcu_struct *ssp, int idx) { srcu_read_unlock(ssp, idx); }
static inline void srcu_up_read(struct srcu_struct *ssp, int idx) { srcu_read_unlock(ssp, idx); }
static inline int srcu_read_lock_held(const struct srcu_struct *ssp) { return 1; }
static inline void smp_mb__after_srcu_read_unlock(void) { smp_mb(); }

#define srcu_dereference_check(p, ssp, c)	rcu_dereference_raw(p)
#define srcu_dereference(p, ssp)		rcu_dereference_raw(p)
#define srcu_dereference_notrace(p, ssp)	rcu_dereference_raw(p)

__visible void synchronize_srcu(struct srcu_struct *ssp);	/* may sleep */
__visible void call_srcu(struct srcu_struct *ssp, struct rcu_head *head, rcu_callback_t func);	/* any context */
__visible void srcu_barrier(struct srcu_struct *ssp);		/* may sleep */
static inline void synchronize_srcu_expedited(struct srcu_struct *ssp) { synchronize_srcu(ssp); }
__visible unsigned long get_state_synchronize_srcu(struct srcu_struct *ssp);
__visible unsigned long start_poll_synchronize_srcu(struct srcu_struct *ssp);
__visible bool poll_state_synchronize_srcu(struct srcu_struct *ssp, unsigned long cookie);
__visible unsigned long srcu_batches_completed(struct srcu_struct *ssp);
__visible void srcu_torture_stats_print(struct srcu_struct *ssp, char *tt, char *tf);

DEFINE_LOCK_GUARD_1(srcu, struct srcu_struct, _T->idx = srcu_read_lock(_T->lock),
		    srcu_read_unlock(_T->lock, _T->idx), int idx)

#endif /* _LINUX_SRCU_H */
