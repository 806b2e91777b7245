/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H

/*
 * Kernel threads.
 *
 * Differs from the kernel: a thread whose function returned stays until kthread_stop(),
 * which may come as late as it likes.
 */
#include <linux/err.h>
#include <linux/sched.h>

struct completion;
__visible struct task_struct *kthread_create_on_node(int (*fn)(void *data), void *data, int node,
						     const char *fmt, ...) __printf(4, 5);
#define kthread_create(fn, data, fmt, ...) kthread_create_on_node(fn, data, -1, fmt, ##__VA_ARGS__)
#define kthread_run(fn, data, fmt, ...) ({						\
	struct task_struct *__k = kthread_create(fn, data, fmt, ##__VA_ARGS__);		\
	if (!IS_ERR(__k))								\
		wake_up_process(__k);							\
	__k;										\
})
#define kthread_create_on_cpu(fn, data, cpu, fmt) ({					\
	struct task_struct *__k = kthread_create(fn, data, fmt, cpu);			\
	if (!IS_ERR(__k))								\
		kthread_bind(__k, cpu);							\
	__k;										\
})
#define kthread_run_on_cpu(fn, data, cpu, fmt) ({					\
	struct task_struct *__k = kthread_create_on_cpu(fn, data, cpu, fmt);		\
	if (!IS_ERR(__k))								\
		wake_up_process(__k);							\
	__k;										\
})
/* Waits for its end, and frees it; -EINTR when it never ran. */
__visible int kthread_stop(struct task_struct *task);
__visible bool kthread_should_stop(void);
__visible void kthread_bind(struct task_struct *task, unsigned int cpu);
/* Ends this kthread from wherever it is; only when nobody will stop it. */
__visible void kthread_complete_and_exit(struct completion *done, long code) __noreturn;
__visible void kthread_exit(long code) __noreturn;
/* Parked: it sleeps in kthread_parkme() until kthread_unpark(). */
__visible int kthread_park(struct task_struct *task);	/* returns when it is; -ENOSYS: it ended */
__visible void kthread_unpark(struct task_struct *task);
__visible bool kthread_should_park(void);
__visible void kthread_parkme(void);
static inline bool kthread_freezable_should_stop(bool *was_frozen) { return kthread_should_stop(); }

#endif /* _LINUX_KTHREAD_H */
