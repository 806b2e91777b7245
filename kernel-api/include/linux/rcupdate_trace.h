/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RCUPDATE_TRACE_H
#define _LINUX_RCUPDATE_TRACE_H

/*
 * Tasks Trace RCU: readers that say so, nest, and may sleep. The outermost lock and unlock are of
 * one task. Any context. Callbacks run in a work, with bottom halves disabled, in order.
 *
 * Differs from the kernel: an SRCU domain stands behind it, so that a reader counts itself.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>

__visible extern struct lockdep_map rcu_trace_lock_map;
__visible void ring3_rcu_trace_lock(struct task_struct *task);
__visible void ring3_rcu_trace_unlock(struct task_struct *task);

static inline int rcu_read_lock_trace_held(void) { return current->trc_reader_nesting > 0; }

static inline void rcu_read_lock_trace(void)
{
	struct task_struct *task = current;

	if (!task->trc_reader_nesting++)
		ring3_rcu_trace_lock(task);
}

static inline void rcu_read_unlock_trace(void)
{
	struct task_struct *task = current;

	if (--task->trc_reader_nesting <= 0)
		ring3_rcu_trace_unlock(task);
}

__visible void call_rcu_tasks_trace(struct rcu_head *head, rcu_callback_t func);	/* any context */
__visible void synchronize_rcu_tasks_trace(void);	/* may sleep; not of a reader */
__visible void rcu_barrier_tasks_trace(void);		/* likewise; callbacks queued before have run */

#endif /* _LINUX_RCUPDATE_TRACE_H */
