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
#include <linux/spinlock.h>
#include <linux/timer.h>

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

/* ---- workers of one thread ---------------------------------------------------------- */

struct kthread_work;
typedef void (*kthread_work_func_t)(struct kthread_work *work);

struct kthread_worker {
	raw_spinlock_t		lock;		/* over all that follows, and its works */
	struct list_head	work_list;
	struct task_struct	*task;
	struct kthread_work	*current_work;
};
struct kthread_work {
	struct list_head	node;
	kthread_work_func_t	func;
	struct kthread_worker	*worker;	/* the last one it was queued on */
	int			canceling;	/* how many cancel it: it cannot be queued */
};
struct kthread_delayed_work {
	struct kthread_work	work;
	struct timer_list	timer;
};

#define KTHREAD_WORK_INIT(work, fn)	{ .node = LIST_HEAD_INIT((work).node), .func = (fn) }
#define DEFINE_KTHREAD_WORK(work, fn)	struct kthread_work work = KTHREAD_WORK_INIT(work, fn)
__visible void kthread_init_worker(struct kthread_worker *worker);
#define kthread_init_work(work, fn)	do { *(work) = (struct kthread_work)KTHREAD_WORK_INIT(*(work), fn); } while (0)
#define kthread_init_delayed_work(dwork, fn) do {					\
	kthread_init_work(&(dwork)->work, (fn));					\
	timer_setup(&(dwork)->timer, kthread_delayed_work_timer_fn, TIMER_IRQSAFE);	\
} while (0)
__visible void kthread_delayed_work_timer_fn(struct timer_list *timer);
__visible int kthread_worker_fn(void *worker);		/* what its thread runs */
__visible struct kthread_worker *kthread_create_worker(unsigned int flags, const char *fmt, ...) __printf(2, 3);
__visible struct kthread_worker *kthread_create_worker_on_cpu(int cpu, unsigned int flags, const char *fmt, ...)
	__printf(3, 4);
__visible void kthread_destroy_worker(struct kthread_worker *worker);	/* after all its work */
/* false: queued already, or being cancelled. Any context. */
__visible bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work);
__visible bool kthread_queue_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork,
					  unsigned long delay);
__visible bool kthread_mod_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork,
					unsigned long delay);
/* May sleep. true, of cancel: it was queued. */
__visible void kthread_flush_work(struct kthread_work *work);
__visible void kthread_flush_worker(struct kthread_worker *worker);
__visible bool kthread_cancel_work_sync(struct kthread_work *work);
__visible bool kthread_cancel_delayed_work_sync(struct kthread_delayed_work *dwork);

#endif /* _LINUX_KTHREAD_H */
