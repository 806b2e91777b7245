/* SPDX-License-Identifier: MIT */
#ifndef RING3_SCHED_IMPL_H
#define RING3_SCHED_IMPL_H

/* sched_impl.h - private to src: what sched.c and its neighbours give each other. */
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "host/host.h"
#include "vcpu.h"

extern unsigned int sched_generation;	/* of the kernel: how many were started */
void sched_move(struct task_struct *task, unsigned int cpu);
int sched_init(unsigned int events, unsigned int others);
unsigned int sched_nr_events(void);
void sched_place(struct task_struct *task);
void sched_adopt(struct task_struct *task);
void sched_event_task_started(void *arg, unsigned int cpu);
/* What an event task says of its rounds: it sleeps; it woke; one ended. */
void sched_event_task_round(unsigned int cpu, int what);
u64 sched_ns_of_jiffies(unsigned long j);
void sched_sleep_until(u64 deadline);	/* schedule(), up to a time of CLOCK_MONOTONIC; 0 = none */

/*
 * Between them, wake-ups of this thread are kept back: for who holds a lock that the woken
 * want at once. They nest; the last one makes them.
 */
struct held_wakes {
	u32		*words[16];
	unsigned int	nr, depth;
};
extern __thread struct held_wakes held_wakes RING3_TLS;
void sched_wake_all_held(void);
static inline void hold_wakes(void) { held_wakes.depth++; }
static inline void make_wakes(void)
{
	if (!--held_wakes.depth && held_wakes.nr)
		sched_wake_all_held();
}

/*
 * Around a sleep of the task's own will: what it did before is over, and what it does after sees
 * what was done before a grace period that found it asleep; see fence_all() in rcu.c.
 */
static inline void task_sleeps(struct task_struct *task)
{
	__atomic_store_n(&task->sleeps, task->sleeps + 1, __ATOMIC_RELEASE);
}
static inline void task_wakes(struct task_struct *task)
{
	__atomic_store_n(&task->sleeps, task->sleeps + 1, __ATOMIC_RELAXED);
	if (unlikely(ring3_rcu_fences))
		smp_mb();
	barrier();
}

/* Whatever sleep it is in. */
static inline void wake_sleeper(struct task_struct *task) { wake_up_state(task, TASK_NORMAL); }

int kthread_wait(struct task_struct *task);	/* kthread_stop() without telling it */
void percpu_init(void);
int softirq_init(void);
void softirq_exit(void);
void softirq_run_pending(struct vcpu *vcpu);	/* the caller owns it, with SOFTIRQ_OFFSET counted */
void softirq_kick(unsigned int cpu);		/* its runner looks at what is pending, soon */
#define CALL_SOFTIRQ	NR_SOFTIRQS		/* bit of vcpu->pending: there are calls */
void smp_run_calls(struct vcpu *vcpu);		/* the softirq of that bit */
int workqueue_init(void);
void workqueue_exit(void);

/* Where softirqs are entered: filter_irq_stacks() cuts a stack at a function of this section. */
#define ring3_softirq_entry	noinline __section("ring3_softirqentry")

#endif /* RING3_SCHED_IMPL_H */
