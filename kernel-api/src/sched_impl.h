/* SPDX-License-Identifier: MIT */
#ifndef RING3_SCHED_IMPL_H
#define RING3_SCHED_IMPL_H

/* sched_impl.h - private to src: what sched.c and its neighbours give each other. */
#include <linux/sched.h>

#include "host/host.h"

/* A virtual CPU; rcu.c looks at @word and @passes, softirq.c keeps @pending. */
struct vcpu {
	u32	word;		/* 0 free, 1 owned, 2 owned and waited for */
	u32	pending;	/* atomic: bit per raised softirq */
	u64	passes;		/* atomic, its owner's: quiescent states passed while owned */
} __aligned(64);

extern struct vcpu *vcpus;	/* nr_cpu_ids of them; NULL before ring3_kernel_start() */

int sched_init(unsigned int events, unsigned int others);
unsigned int sched_nr_events(void);
void sched_place(struct task_struct *task);
void sched_adopt(struct task_struct *task);
void sched_event_task_started(void *arg, unsigned int cpu);
/* What an event task says of its rounds: it sleeps; it woke; one ended. */
void sched_event_task_round(unsigned int cpu, int what);
u64 sched_ns_of_jiffies(unsigned long j);
void sched_sleep_until(u64 deadline);	/* schedule(), up to a time of CLOCK_MONOTONIC; 0 = none */

/* Bare locks on a futex word: for threads that own their virtual CPU, or that are nobody's kernel code. */
void word_lock_slow(u32 *word);

/*
 * Between them, wake-ups of this thread are kept back: for who holds a lock that the woken
 * want at once. They nest; the last one makes them.
 */
struct held_wakes {
	u32		*words[16];
	unsigned int	nr, depth;
};
extern __thread struct held_wakes held_wakes;
void sched_wake_all_held(void);
static inline void hold_wakes(void) { held_wakes.depth++; }
static inline void make_wakes(void)
{
	if (!--held_wakes.depth && held_wakes.nr)
		sched_wake_all_held();
}

/* Whatever sleep it is in. */
static inline void wake_sleeper(struct task_struct *task) { wake_up_state(task, TASK_NORMAL); }

static inline bool word_trylock(u32 *word)
{
	u32 was = 0;

	return __atomic_compare_exchange_n(word, &was, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static inline void word_lock(u32 *word)
{
	if (unlikely(!word_trylock(word)))
		word_lock_slow(word);
}

static inline void word_unlock(u32 *word)
{
	if (unlikely(__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2))
		host_futex_wake(word, 1);
}

int kthread_wait(struct task_struct *task);	/* kthread_stop() without telling it */
void percpu_init(void);
int softirq_init(void);
void softirq_exit(void);
void softirq_run_pending(struct vcpu *vcpu);	/* the caller owns it, with SOFTIRQ_OFFSET counted */
int workqueue_init(void);
void workqueue_exit(void);

/* Where softirqs are entered: filter_irq_stacks() cuts a stack at a function of this section. */
#define ring3_softirq_entry	noinline __section("ring3_softirqentry")

#endif /* RING3_SCHED_IMPL_H */
