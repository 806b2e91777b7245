/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

__visible struct task_struct *kthread_create_on_node(int (*fn)(void *data), void *data, int node,
						     const char *fmt, ...) __printf(4, 5);
#define kthread_create(fn, data, fmt, ...) kthread_create_on_node(fn, data, -1, fmt, ##__VA_ARGS__)
#define kthread_run(fn, data, fmt, ...) ({						\
	struct task_struct *__k = kthread_create(fn, data, fmt, ##__VA_ARGS__);		\
	if (!IS_ERR(__k))								\
		wake_up_process(__k);							\
	__k;										\
})
/* Waits for its end, and frees it; -EINTR when it never ran. */
__visible int kthread_stop(struct task_struct *task);
__visible bool kthread_should_stop(void);
__visible void kthread_bind(struct task_struct *task, unsigned int cpu);

#endif /* _LINUX_KTHREAD_H */
