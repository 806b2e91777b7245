/* SPDX-License-Identifier: MIT */
#ifndef RING3_RCU_IMPL_H
#define RING3_RCU_IMPL_H

/* rcu_impl.h - private to src: tasks come and go, and so does the thread of the grace periods. */
struct task_struct;

void rcu_task_add(struct task_struct *task);
void rcu_task_remove(struct task_struct *task);
void rcu_cpu_released(struct task_struct *task);	/* about to be: by this thread, which read meanwhile */
void rcu_softirq(void);		/* callbacks whose grace period has ended, of this CPU */
unsigned long rcu_ended(void);	/* number of the grace period that ended last */
#define RCU_STALL_NS	(10 * NSEC_PER_SEC)	/* then it is said who is waited for */
void rcu_tasks_note(void);	/* kthreads but this one that do not sleep are waited for from here on */
bool rcu_tasks_left(bool tell);	/* some of them have not slept since; @tell: which */
void rcu_tasks_exit(void);	/* what is queued has run; while there are work queues */
int rcu_init(void);		/* after the event tasks run */
void rcu_exit(void);		/* after the last module is gone; what is queued runs before it returns */

#endif /* RING3_RCU_IMPL_H */
