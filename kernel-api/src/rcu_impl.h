/* SPDX-License-Identifier: MIT */
#ifndef RING3_RCU_IMPL_H
#define RING3_RCU_IMPL_H

/* rcu_impl.h - private to src: tasks come and go, and so does the rcu thread. */
struct task_struct;

void rcu_task_add(struct task_struct *task);	/* of a thread that is no event task */
void rcu_task_remove(struct task_struct *task);
int rcu_init(void);	/* after the event tasks run */
void rcu_exit(void);	/* after the last module is gone */

#endif /* RING3_RCU_IMPL_H */
