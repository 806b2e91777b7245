/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RCUPDATE_H
#define _LINUX_RCUPDATE_H

/*
 * Read-copy-update. One grace period waits for all rcu_read_lock() sections and for all
 * regions with preemption, bottom halves or interrupts disabled, handlers of event tasks
 * among them, that had begun before it; overlapping ones count as one. Callbacks run in
 * softirq context on the virtual CPU that queued them, in the order of queueing.
 *
 * A reader that owns no virtual CPU writes one word of its own task, without a fence
 * where the host has membarrier(2); one that owns its CPU, as each handler of an event
 * task does, only counts.
 *
 * Differs from the kernel: a thread that sleeps, runs user code or waits is always
 * quiescent; a reader that sleeps is a BUG; no callback offloading; the queue of callbacks
 * is bounded by its callers' memory only, as it is there. Tasks RCU waits for kthreads: other threads
 * (a host's own) count as user code wherever they own no virtual CPU.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>

__visible extern __thread int ring3_rcu_nesting RING3_TLS;
__visible extern unsigned long ring3_rcu_gp;	/* atomic: number of the grace period that began last, from 1 on */
__visible extern bool ring3_rcu_fences;		/* readers fence themselves: the host cannot */
__visible void ring3_rcu_unbalanced(void) __cold __noreturn;

/* Of counts that wrap round. */
#define ULONG_CMP_GE(a, b)	((unsigned long)~0ul / 2 >= (a) - (b))
#define ULONG_CMP_LT(a, b)	((unsigned long)~0ul / 2 < (a) - (b))
#define ulong2long(a)		(*(long *)(&(a)))
#define USHORT_CMP_GE(a, b)	((unsigned short)~0 / 2 >= (unsigned short)((a) - (b)))
#define USHORT_CMP_LT(a, b)	((unsigned short)~0 / 2 < (unsigned short)((a) - (b)))

static inline void ring3_rcu_mark(void)
{
	struct task_struct *task = current;

	__atomic_store_n(&task->rcu_mark, __atomic_load_n(&ring3_rcu_gp, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	if (unlikely(ring3_rcu_fences))
		smp_mb();	/* the mark before what is read under it */
}

static inline void rcu_read_lock(void)
{
	if (!ring3_rcu_nesting++ && !ring3_preempt_word)
		ring3_rcu_mark();
	barrier();
}

static inline void rcu_read_unlock(void)
{
	int left;

	barrier();
	left = --ring3_rcu_nesting;
	if (left > 0)
		return;
	if (unlikely(left < 0))
		ring3_rcu_unbalanced();
	if (!ring3_preempt_word)	/* else sched.c wipes the mark when the CPU is given up */
		__atomic_store_n(&ring3_current->rcu_mark, 0, __ATOMIC_RELEASE);
}

static inline void rcu_read_lock_bh(void) { local_bh_disable(); }
static inline void rcu_read_unlock_bh(void) { local_bh_enable(); }
static inline void rcu_read_lock_sched(void) { preempt_disable(); }
static inline void rcu_read_unlock_sched(void) { preempt_enable(); }
static inline void rcu_read_lock_sched_notrace(void) { preempt_disable(); }
static inline void rcu_read_unlock_sched_notrace(void) { preempt_enable(); }

/* As a debug kernel answers: is a grace period held off by this thread? */
#define rcu_preempt_depth()		ring3_rcu_nesting
static inline int rcu_read_lock_any_held(void) { return ring3_rcu_nesting || ring3_preempt_word; }
static inline int rcu_read_lock_held(void) { return rcu_read_lock_any_held(); }
static inline int rcu_read_lock_bh_held(void) { return in_softirq() || irqs_disabled(); }
static inline int rcu_read_lock_sched_held(void) { return ring3_preempt_word != 0; }
#define rcu_is_watching()		true
#define RCU_LOCKDEP_WARN(c, s)		WARN_ONCE((c), "%s", (s))
#define rcu_sleep_check()		do { } while (0)

__visible extern struct lockdep_map rcu_lock_map, rcu_bh_lock_map, rcu_sched_lock_map, rcu_callback_map;

#define RCU_INITIALIZER(v)		((__typeof__(*(v)) *)(v))
#define RCU_INIT_POINTER(p, v)		WRITE_ONCE(p, RCU_INITIALIZER(v))
#define RCU_POINTER_INITIALIZER(p, v)	.p = RCU_INITIALIZER(v)
#define rcu_assign_pointer(p, v)	__atomic_store_n(&(p), (__typeof__(p))(v), __ATOMIC_RELEASE)
#define rcu_replace_pointer(rcu_ptr, ptr, c) ({						\
	__typeof__(ptr) __replaced = rcu_dereference_protected((rcu_ptr), (c));		\
	rcu_assign_pointer((rcu_ptr), (ptr));						\
	__replaced;									\
})
/* Acquire, where the kernel relies on dependent loads: the same here, and known to TSan. */
#define rcu_dereference_raw(p)		({ __typeof__(p) __dp = __atomic_load_n(&(p), __ATOMIC_ACQUIRE); __dp; })
#define rcu_dereference_raw_check(p)	rcu_dereference_raw(p)
#define rcu_dereference_check(p, c) ({							\
	RCU_LOCKDEP_WARN(!((c) || rcu_read_lock_held()), "rcu_dereference_check() outside a reader"); \
	rcu_dereference_raw(p);								\
})
#define rcu_dereference_bh_check(p, c)	rcu_dereference_check(p, (c) || rcu_read_lock_bh_held())
#define rcu_dereference_sched_check(p, c) rcu_dereference_check(p, (c) || rcu_read_lock_sched_held())
#define rcu_dereference(p)		rcu_dereference_check(p, 0)
#define rcu_dereference_bh(p)		rcu_dereference_bh_check(p, 0)
#define rcu_dereference_sched(p)	rcu_dereference_sched_check(p, 0)
/*
 * Marked as well, though a lock is said to protect it: lib/rhashtable.c reads future_tbl
 * so while an insertion, which does not hold that lock, sets it by cmpxchg().
 */
#define rcu_dereference_protected(p, c) ({						\
	RCU_LOCKDEP_WARN(!(c), "rcu_dereference_protected() without the lock it names"); \
	rcu_dereference_raw(p);								\
})
#define rcu_access_pointer(p)		((__typeof__(p))READ_ONCE(p))
#define rcu_pointer_handoff(p)		(p)
#define rcu_check_sparse(p, space)	do { } while (0)
#define unrcu_pointer(p)		((__typeof__(*(p)) *)(p))

__visible void call_rcu(struct rcu_head *head, rcu_callback_t func);	/* any context */
__visible void synchronize_rcu(void);		/* may sleep */
__visible void synchronize_rcu_expedited(void);	/* the same, never sleeping between two looks */
__visible void rcu_barrier(void);		/* all callbacks queued before it have run; may sleep */
/*
 * Tasks RCU: each kthread has slept of its own will, or said cond_resched_tasks_rcu_qs(), and all
 * regions that own a virtual CPU have ended; the rude kind: only those regions. Callbacks run in a
 * work, with bottom halves disabled, in the order of queueing. call_: any context; the others may sleep.
 */
__visible void call_rcu_tasks(struct rcu_head *head, rcu_callback_t func);
__visible void call_rcu_tasks_rude(struct rcu_head *head, rcu_callback_t func);
__visible void synchronize_rcu_tasks(void);
__visible void synchronize_rcu_tasks_rude(void);
__visible void rcu_barrier_tasks(void);
__visible void rcu_barrier_tasks_rude(void);
__visible int cond_resched_tasks_rcu_qs(void);
static inline void call_rcu_hurry(struct rcu_head *head, rcu_callback_t func) { call_rcu(head, func); }
#define synchronize_net()		synchronize_rcu()

/* A cookie; poll tells whether a whole grace period has gone by since it was taken. Any context but the last. */
struct rcu_gp_oldstate {
	unsigned long	rgos_norm, rgos_exp;
};
__visible unsigned long get_state_synchronize_rcu(void);
__visible unsigned long start_poll_synchronize_rcu(void);
__visible bool poll_state_synchronize_rcu(unsigned long state);
__visible void cond_synchronize_rcu(unsigned long state);	/* may sleep */
static inline unsigned long get_completed_synchronize_rcu(void) { return 1; }	/* of one that has ended */
static inline unsigned long start_poll_synchronize_rcu_expedited(void) { return start_poll_synchronize_rcu(); }
static inline void cond_synchronize_rcu_expedited(unsigned long state) { cond_synchronize_rcu(state); }
static inline bool same_state_synchronize_rcu(unsigned long a, unsigned long b) { return a == b; }
static inline void get_state_synchronize_rcu_full(struct rcu_gp_oldstate *state)
{
	state->rgos_norm = state->rgos_exp = get_state_synchronize_rcu();
}
static inline void start_poll_synchronize_rcu_full(struct rcu_gp_oldstate *state)
{
	state->rgos_norm = state->rgos_exp = start_poll_synchronize_rcu();
}
static inline void get_completed_synchronize_rcu_full(struct rcu_gp_oldstate *state)
{
	state->rgos_norm = state->rgos_exp = get_completed_synchronize_rcu();
}
static inline bool poll_state_synchronize_rcu_full(struct rcu_gp_oldstate *state)
{
	return poll_state_synchronize_rcu(state->rgos_norm);
}
static inline void cond_synchronize_rcu_full(struct rcu_gp_oldstate *state) { cond_synchronize_rcu(state->rgos_norm); }
static inline void start_poll_synchronize_rcu_expedited_full(struct rcu_gp_oldstate *state)
{
	start_poll_synchronize_rcu_full(state);
}
static inline void cond_synchronize_rcu_expedited_full(struct rcu_gp_oldstate *state)
{
	cond_synchronize_rcu_full(state);
}
static inline bool same_state_synchronize_rcu_full(struct rcu_gp_oldstate *a, struct rcu_gp_oldstate *b)
{
	return a->rgos_norm == b->rgos_norm;
}

#define rcu_note_context_switch(preempt) do { } while (0)
#define rcu_softirq_qs()	do { } while (0)
#define rcu_all_qs()		do { } while (0)
#define rcu_momentary_dyntick_idle() do { } while (0)
static inline void rcu_momentary_eqs(void) { }
static inline int rcu_nocb_cpu_offload(int cpu) { return -EINVAL; }
static inline int rcu_nocb_cpu_deoffload(int cpu) { return -EINVAL; }
#define rcu_inkernel_boot_has_ended()	true
/* Where a reader may let grace periods end: only the outermost. */
static inline void cond_resched_rcu(void)
{
	if (ring3_rcu_nesting == 1 && !ring3_preempt_word) {
		rcu_read_unlock();
		rcu_read_lock();
	}
}

/* kfree() or kvfree() after a grace period. Where in @ptr the head lies must be below 4096. */
__visible void kvfree_call_rcu(struct rcu_head *head, void *ptr);	/* head NULL: may sleep */
#define __is_kvfree_rcu_offset(offset)	((offset) < 4096)
#define RING3_KFREE_RCU_2(ptr, member) do {						\
	__typeof__(ptr) __freed = (ptr);						\
	BUILD_BUG_ON(!__is_kvfree_rcu_offset(__builtin_offsetof(__typeof__(*(ptr)), member)));	\
	if (__freed)									\
		kvfree_call_rcu(&__freed->member, (void *)__freed);			\
} while (0)
#define RING3_KFREE_RCU_1(ptr) do {							\
	__typeof__(ptr) __freed = (ptr);						\
	if (__freed)									\
		kvfree_call_rcu(NULL, (void *)__freed);					\
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
static inline void rcu_head_init(struct rcu_head *head) { head->func = (rcu_callback_t)~0ul; }
static inline bool rcu_head_after_call_rcu(struct rcu_head *head, rcu_callback_t f)
{
	return READ_ONCE(head->func) == f;
}

DEFINE_LOCK_GUARD_0(rcu, rcu_read_lock(), rcu_read_unlock())

#endif /* _LINUX_RCUPDATE_H */
