/* SPDX-License-Identifier: MIT */
#ifndef RING3_SCHED_IMPL_H
#define RING3_SCHED_IMPL_H

/* sched_impl.h - private to src: what sched.c gives its neighbours. */
#include <linux/sched.h>

struct vcpu {
	u32	word;
} __aligned(64);

int sched_init(unsigned int events, unsigned int others);
unsigned int sched_nr_events(void);
unsigned int sched_pick_cpu(void);
void sched_adopt(struct task_struct *task);
void sched_event_task_started(void *arg, unsigned int cpu);
u64 sched_ns_of_jiffies(unsigned long j);

void percpu_init(void);

int workqueue_init(void);
void workqueue_exit(void);

#endif /* RING3_SCHED_IMPL_H */
