/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_WORKQUEUE_H
#define _LINUX_WORKQUEUE_H

/*
 * Work queues: process context, threads made as work needs them, at most max_active at once: 16, and more where
 * none of these takes another work for 10 ms.
 *
 * Differs from the kernel: a work that no CPU was named for runs on any of those that threads
 * share, not on its queuer's; what WQ_ flags ask for but __WQ_ORDERED is granted or not wanted.
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include <linux/types.h>

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	work_func_t		func;
	struct list_head	entry;
	u32			pending;	/* atomic: queued, on its timer, or being cancelled */
	u64			seq;		/* of its queueing */
	unsigned int		cpu1;		/* 0 on any CPU, or 1 + the one it was queued for */
	struct workqueue_struct	*wq;		/* the last one it was queued on */
};

struct delayed_work {
	struct work_struct	work;
	struct timer_list	timer;
	struct workqueue_struct	*wq;
};

#define INIT_WORK(_work, _func) do {							\
	(_work)->func = (_func);							\
	INIT_LIST_HEAD(&(_work)->entry);						\
	(_work)->pending = 0;								\
	(_work)->seq = 0;								\
	(_work)->cpu1 = 0;								\
	(_work)->wq = NULL;								\
} while (0)
#define DECLARE_WORK(name, fn)	struct work_struct name = { .func = (fn), .entry = LIST_HEAD_INIT((name).entry) }
__visible void delayed_work_timer_fn(struct timer_list *timer);
#define DECLARE_DELAYED_WORK(name, fn)	struct delayed_work name = {			\
	.work = { .func = (fn), .entry = LIST_HEAD_INIT((name).work.entry) },		\
	.timer = { .function = delayed_work_timer_fn },					\
}
#define INIT_WORK_ONSTACK(work, fn)		INIT_WORK((work), (fn))
#define INIT_DELAYED_WORK_ONSTACK(work, fn)	INIT_DELAYED_WORK((work), (fn))
#define destroy_work_on_stack(work)		do { } while (0)
#define destroy_delayed_work_on_stack(work)	do { } while (0)
#define INIT_DELAYED_WORK(_work, _func) do {						\
	INIT_WORK(&(_work)->work, (_func));						\
	timer_setup(&(_work)->timer, delayed_work_timer_fn, 0);				\
} while (0)
static inline struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

#define WQ_UNBOUND		0x02u
#define WORK_CPU_UNBOUND	NR_CPUS
#define WQ_FREEZABLE		0x04u
#define WQ_MEM_RECLAIM		0x08u
#define WQ_HIGHPRI		0x10u
#define __WQ_ORDERED		0x20000u
#define WQ_MAX_ACTIVE		512
#define WQ_DFL_ACTIVE		256	/* what a max_active of 0 stands for */

__visible extern struct workqueue_struct *system_wq, *system_unbound_wq, *system_highpri_wq, *system_long_wq;

__visible struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...)
	__printf(1, 4);
#define alloc_ordered_workqueue(fmt, flags, ...) alloc_workqueue(fmt, __WQ_ORDERED | (flags), 1, ##__VA_ARGS__)
#define create_singlethread_workqueue(name) alloc_ordered_workqueue("%s", 0, name)
__visible void destroy_workqueue(struct workqueue_struct *wq);	/* after its work has ended */

__visible bool queue_work(struct workqueue_struct *wq, struct work_struct *work);	/* false: queued already */
/* On @cpu, with preemption enabled; WORK_CPU_UNBOUND: any. */
__visible bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work);
__visible bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work,
				     unsigned long delay);
__visible bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work,
				   unsigned long delay);
/* On each CPU, waited for: 0 or -ENOMEM. May sleep. */
__visible int schedule_on_each_cpu(work_func_t func);
__visible bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay);
__visible bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay);
/*
 * Wait for what was queued before the call, and not for what queues itself meanwhile;
 * false: there was nothing to wait for. May sleep.
 */
__visible bool flush_work(struct work_struct *work);
__visible void flush_workqueue(struct workqueue_struct *wq);
__visible void drain_workqueue(struct workqueue_struct *wq);	/* for those too */
/* Neither waiting nor running when they return, even if it queues itself; true: it waited. May sleep. */
__visible bool cancel_work_sync(struct work_struct *work);
__visible bool cancel_delayed_work_sync(struct delayed_work *work);
__visible bool cancel_work(struct work_struct *work);		/* does not wait for a run */
__visible bool cancel_delayed_work(struct delayed_work *work);
__visible bool flush_delayed_work(struct delayed_work *work);
__visible struct work_struct *current_work(void);		/* that this worker runs, or NULL */
static inline bool schedule_work_on(int cpu, struct work_struct *work) { return queue_work_on(cpu, system_wq, work); }
static inline bool schedule_delayed_work_on(int cpu, struct delayed_work *work, unsigned long delay)
{
	return queue_delayed_work_on(cpu, system_wq, work, delay);
}
#define flush_scheduled_work()	flush_workqueue(system_wq)
#define system_freezable_wq	system_wq
#define system_power_efficient_wq system_unbound_wq

/* A work that is queued after a grace period. */
struct rcu_work {
	struct work_struct	work;
	struct rcu_head		rcu;
	struct workqueue_struct	*wq;
};
#define INIT_RCU_WORK(_rwork, _func)	INIT_WORK(&(_rwork)->work, (_func))
static inline struct rcu_work *to_rcu_work(struct work_struct *work)
{
	return container_of(work, struct rcu_work, work);
}
__visible bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *rwork);	/* false: queued already */
__visible bool flush_rcu_work(struct rcu_work *rwork);		/* may sleep */
static inline bool schedule_work(struct work_struct *work) { return queue_work(system_wq, work); }
static inline bool schedule_delayed_work(struct delayed_work *work, unsigned long delay)
{
	return queue_delayed_work(system_wq, work, delay);
}
static inline bool work_pending(struct work_struct *work) { return __atomic_load_n(&work->pending, __ATOMIC_ACQUIRE); }

#endif /* _LINUX_WORKQUEUE_H */
