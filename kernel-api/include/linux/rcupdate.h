/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RCUPDATE_H
#define _LINUX_RCUPDATE_H

/*
 * Read-copy-update. One grace period waits for all rcu_read_lock() sections and for all
 * regions with preemption or bottom halves disabled, handlers of event tasks among them,
 * that had begun before it. Callbacks run in softirq context on a thread of their own.
 *
 * A reader writes one word of its own task; an event task writes nothing.
 *
 * Differs from the kernel: no expedited grace periods (the name is the usual one), no
 * callback offloading, no stall warnings, no lists of blocked readers: a reader that
 * sleeps is a BUG.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>

__visible extern unsigned long ring3_rcu_seq;	/* of the grace period that began last; never 0 */

/* A thread's outermost section begins and ends; sched.c calls these for preemption. */
static inline void ring3_rcu_enter(struct task_struct *task)
{
	__atomic_store_n(&task->rcu_seq, __atomic_load_n(&ring3_rcu_seq, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	smp_mb();	/* the mark before what is read under it */
}
static inline void ring3_rcu_exit(struct task_struct *task)
{
	__atomic_store_n(&task->rcu_seq, 0, __ATOMIC_RELEASE);
}

static inline void rcu_read_lock(void)
{
	struct task_struct *task = current;

	if (!task->rcu_read_lock_nesting++ && !task->preempt_count)
		ring3_rcu_enter(task);
	barrier();
}
static inline void rcu_read_unlock(void)
{
	struct task_struct *task = current;

	barrier();
	if (!--task->rcu_read_lock_nesting && !task->preempt_count)
		ring3_rcu_exit(task);
}
static inline void rcu_read_lock_bh(void) { local_bh_disable(); }
static inline void rcu_read_unlock_bh(void) { local_bh_enable(); }
static inline void rcu_read_lock_sched(void) { preempt_disable(); }
static inline void rcu_read_unlock_sched(void) { preempt_enable(); }
static inline void rcu_read_lock_sched_notrace(void) { preempt_disable(); }
static inline void rcu_read_unlock_sched_notrace(void) { preempt_enable(); }

#define rcu_preempt_depth()		(current->rcu_read_lock_nesting)
static inline int rcu_read_lock_held(void) { return current->rcu_read_lock_nesting > 0 || preempt_count(); }
static inline int rcu_read_lock_bh_held(void) { return in_softirq() || in_interrupt(); }
static inline int rcu_read_lock_sched_held(void) { return !!preempt_count(); }
static inline int rcu_read_lock_any_held(void) { return rcu_read_lock_held(); }
#define rcu_is_watching()		true
#define rcu_lockdep_assert(c, s)	do { } while (0)
#define RCU_LOCKDEP_WARN(c, s)		do { } while (0)
#define rcu_sleep_check()		do { } while (0)

#define RCU_INITIALIZER(v)		((__typeof__(*(v)) *)(v))
#define RCU_INIT_POINTER(p, v)		WRITE_ONCE(p, RCU_INITIALIZER(v))
#define RCU_POINTER_INITIALIZER(p, v)	.p = RCU_INITIALIZER(v)
#define rcu_assign_pointer(p, v) do {							\
	__typeof__(p) __assigned = (__typeof__(p))(v);					\
	__atomic_store_n(&(p), __assigned, __ATOMIC_RELEASE);				\
} while (0)
#define rcu_replace_pointer(rcu_ptr, ptr, c) ({						\
	__typeof__(ptr) __replaced = (__typeof__(ptr))(rcu_ptr);			\
	rcu_assign_pointer((rcu_ptr), (ptr));						\
	__replaced;									\
})
/* Acquire, where the kernel relies on dependent loads: the same on this machine, and TSan knows it. */
#define rcu_dereference_raw(p) ({ __typeof__(p) __dp = __atomic_load_n(&(p), __ATOMIC_ACQUIRE); __dp; })
#define rcu_dereference_raw_check(p)	rcu_dereference_raw(p)
#define rcu_dereference(p)		rcu_dereference_raw(p)
#define rcu_dereference_bh(p)		rcu_dereference_raw(p)
#define rcu_dereference_sched(p)	rcu_dereference_raw(p)
#define rcu_dereference_check(p, c)	rcu_dereference_raw(p)
#define rcu_dereference_bh_check(p, c)	rcu_dereference_raw(p)
#define rcu_dereference_sched_check(p, c) rcu_dereference_raw(p)
/*
 * Marked as well, though a lock is said to protect it: lib/rhashtable.c reads future_tbl
 * so while an insertion, which does not hold that lock, sets it by cmpxchg().
 */
#define rcu_dereference_protected(p, c)	rcu_dereference_raw(p)
#define rcu_access_pointer(p)		((__typeof__(p))READ_ONCE(p))
#define rcu_pointer_handoff(p)		(p)
#define rcu_check_sparse(p, space)	do { } while (0)
#define unrcu_pointer(p)		((__typeof__(*(p)) *)(p))
#define lockless_dereference(p)		rcu_dereference_raw(p)

__visible void call_rcu(struct rcu_head *head, rcu_callback_t func);	/* any context */
__visible void synchronize_rcu(void);		/* may sleep */
__visible void rcu_barrier(void);		/* all callbacks queued before it have run; may sleep */
static inline void synchronize_rcu_expedited(void) { synchronize_rcu(); }
static inline void call_rcu_hurry(struct rcu_head *head, rcu_callback_t func) { call_rcu(head, func); }
#define call_rcu_flush(head, func)	call_rcu(head, func)
#define synchronize_net()		synchronize_rcu()
#define cond_synchronize_rcu_expedited(state)	cond_synchronize_rcu(state)

/* A cookie; poll tells whether a whole grace period has gone by since. */
__visible unsigned long get_state_synchronize_rcu(void);
__visible unsigned long start_poll_synchronize_rcu(void);
__visible bool poll_state_synchronize_rcu(unsigned long state);
__visible void cond_synchronize_rcu(unsigned long state);
#define rcu_gp_is_expedited()	false
#define rcu_gp_is_normal()	true
#define rcu_expedite_gp()	do { } while (0)
#define rcu_unexpedite_gp()	do { } while (0)
#define rcu_note_context_switch(preempt) do { } while (0)
#define cond_resched_rcu()	do { if (rcu_preempt_depth() == 1) { rcu_read_unlock(); rcu_read_lock(); } } while (0)
#define cond_resched_tasks_rcu_qs()	cond_resched()
#define rcu_softirq_qs()	do { } while (0)

/* kfree() or kvfree() after a grace period. The object of head is found by the head's offset, below 4096. */
__visible void ring3_kvfree_call_rcu(struct rcu_head *head, void *ptr);	/* head NULL: may sleep */
#define RING3_KFREE_RCU_2(ptr, member) do {						\
	__typeof__(ptr) __freed = (ptr);						\
	BUILD_BUG_ON(offsetof(__typeof__(*__freed), member) >= 4096);			\
	if (__freed)									\
		ring3_kvfree_call_rcu(&__freed->member, (void *)__freed);		\
} while (0)
#define RING3_KFREE_RCU_1(ptr) do {							\
	__typeof__(ptr) __freed = (ptr);						\
	if (__freed)									\
		ring3_kvfree_call_rcu(NULL, (void *)__freed);				\
} while (0)
#define RING3_KFREE_RCU(a, b, name, ...)	name
#define kfree_rcu(ptr, args...)	RING3_KFREE_RCU(ptr, ##args, RING3_KFREE_RCU_2, RING3_KFREE_RCU_1)(ptr, ##args)
#define kvfree_rcu(ptr, args...)	kfree_rcu(ptr, ##args)
#define kfree_rcu_mightsleep(ptr)	RING3_KFREE_RCU_1(ptr)
#define kvfree_rcu_mightsleep(ptr)	RING3_KFREE_RCU_1(ptr)

static inline void init_rcu_head(struct rcu_head *head) { }
static inline void destroy_rcu_head(struct rcu_head *head) { }
static inline void init_rcu_head_on_stack(struct rcu_head *head) { }
static inline void destroy_rcu_head_on_stack(struct rcu_head *head) { }
#define rcu_head_init(rhp)	((rhp)->func = NULL)
#define rcu_head_after_call_rcu(rhp, f)	((rhp)->func == (f))

DEFINE_LOCK_GUARD_0(rcu, rcu_read_lock(), rcu_read_unlock())

#endif /* _LINUX_RCUPDATE_H */
