/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_INTERRUPT_H
#define _LINUX_INTERRUPT_H

/*
 * Softirqs and tasklets. What is raised on a virtual CPU runs on it: at the outermost
 * local_bh_enable() of the thread that owns it, between the handlers of its event task, or
 * on its ksoftirqd where it has none.
 *
 * Differs from the kernel: no interrupts, so nothing is raised by them; a tasklet of one
 * virtual CPU never runs inside one that disabled its bottom halves, and may run late
 * where a thread keeps the CPU.
 */
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/hardirq.h>
#include <linux/hrtimer.h>
#include <linux/percpu-defs.h>
#include <linux/types.h>

enum {
	HI_SOFTIRQ, TIMER_SOFTIRQ, NET_TX_SOFTIRQ, NET_RX_SOFTIRQ, BLOCK_SOFTIRQ, IRQ_POLL_SOFTIRQ,
	TASKLET_SOFTIRQ, SCHED_SOFTIRQ, HRTIMER_SOFTIRQ, RCU_SOFTIRQ, NR_SOFTIRQS
};

struct softirq_action {
	void	(*action)(struct softirq_action *action);
};
/* Before the first is raised, once. */
__visible void open_softirq(int nr, void (*action)(struct softirq_action *action));
__visible void raise_softirq(unsigned int nr);			/* on this CPU; any context */
static inline void raise_softirq_irqoff(unsigned int nr) { raise_softirq(nr); }
static inline void __raise_softirq_irqoff(unsigned int nr) { raise_softirq(nr); }
__visible void softirq_raise_on(unsigned int cpu, unsigned int nr);	/* ours, on any */
__visible unsigned int ring3_softirq_pending(void);
#define local_softirq_pending()	ring3_softirq_pending()

DECLARE_PER_CPU(struct task_struct *, ksoftirqd);	/* declared only: who uses it does not link */

struct tasklet_struct {
	struct tasklet_struct	*next;
	unsigned long		state;		/* atomic: bits TASKLET_STATE_* */
	atomic_t		count;		/* above 0: disabled, it waits queued */
	bool			use_callback;
	union {
		void	(*func)(unsigned long data);
		void	(*callback)(struct tasklet_struct *t);
	};
	unsigned long		data;
};

enum { TASKLET_STATE_SCHED, TASKLET_STATE_RUN };

#define DECLARE_TASKLET(name, fn) \
	struct tasklet_struct name = { .callback = (fn), .use_callback = true }
#define DECLARE_TASKLET_DISABLED(name, fn) \
	struct tasklet_struct name = { .count = { 1 }, .callback = (fn), .use_callback = true }
/* With the older kind of function, which is given a number: 0. */
#define DECLARE_TASKLET_OLD(name, fn)	struct tasklet_struct name = { .func = (fn) }
#define DECLARE_TASKLET_DISABLED_OLD(name, fn) \
	struct tasklet_struct name = { .count = { 1 }, .func = (fn) }
#define from_tasklet(var, callback_tasklet, field) container_of(callback_tasklet, __typeof__(*(var)), field)

__visible void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *t));
__visible void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long data), unsigned long data);
/* Runs once, soon, on this virtual CPU; nothing where it is queued already. Any context. */
__visible void tasklet_schedule(struct tasklet_struct *t);
__visible void tasklet_hi_schedule(struct tasklet_struct *t);	/* before the others */
__visible void tasklet_kill(struct tasklet_struct *t);	/* not queued and not running when it returns; may sleep */
__visible void tasklet_unlock_wait(struct tasklet_struct *t);	/* not running; spins */
static inline void tasklet_disable_nosync(struct tasklet_struct *t)
{
	__atomic_fetch_add(&t->count.counter, 1, __ATOMIC_SEQ_CST);
}
static inline void tasklet_disable(struct tasklet_struct *t)
{
	tasklet_disable_nosync(t);
	tasklet_unlock_wait(t);
}
static inline void tasklet_disable_in_atomic(struct tasklet_struct *t) { tasklet_disable(t); }
static inline void tasklet_enable(struct tasklet_struct *t)
{
	__atomic_fetch_sub(&t->count.counter, 1, __ATOMIC_SEQ_CST);
}

#endif /* _LINUX_INTERRUPT_H */
