/* SPDX-License-Identifier: MIT */
/*
 * srcu.c - read-copy-update whose readers may sleep: srcu.h.
 *
 * A reader adds one to `in` of one of two counter pairs of its virtual CPU, and to `out` of
 * the same pair as it leaves. A grace period waits until the pair that readers do not
 * take is even in sum, makes it the one they take, and waits for the other. The sum of
 * `out` is read before that of `in`: a reader which came between is waited for.
 *
 * A reader that read idx and was held up may count itself in the pair just waited for: it
 * began after the updater's change, and the next grace period waits for it first.
 *
 * Locking: gp_lock is held over a grace period; ssp->lock guards the callbacks.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/srcu.h>

#include "sched_impl.h"

struct ring3_srcu_cpu {
	unsigned long	in[2], out[2];	/* atomic */
} __aligned(64);

int init_srcu_struct(struct srcu_struct *ssp)
{
	*ssp = (struct srcu_struct)__SRCU_STRUCT_INIT(*ssp);
	ssp->cpus = kcalloc(NR_CPUS, sizeof(*ssp->cpus), GFP_KERNEL);
	return ssp->cpus ? 0 : -ENOMEM;
}

static struct ring3_srcu_cpu *cpus_of(struct srcu_struct *ssp)
{
	struct ring3_srcu_cpu *cpus = __atomic_load_n(&ssp->cpus, __ATOMIC_ACQUIRE), *mine;

	if (likely(cpus))
		return cpus;
	mine = kcalloc(NR_CPUS, sizeof(*mine), GFP_ATOMIC);
	BUG_ON(!mine);
	if (__atomic_compare_exchange_n(&ssp->cpus, &cpus, mine, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	kfree(mine);
	return cpus;
}

int __srcu_read_lock(struct srcu_struct *ssp)
{
	struct ring3_srcu_cpu *cpus = cpus_of(ssp);
	unsigned int idx = __atomic_load_n(&ssp->idx, __ATOMIC_ACQUIRE) & 1;

	/* A full fence on every machine that has this one's memory model: what is read comes after. */
	__atomic_fetch_add(&cpus[raw_smp_processor_id()].in[idx], 1, __ATOMIC_SEQ_CST);
	return (int)idx;
}

void __srcu_read_unlock(struct srcu_struct *ssp, int idx)
{
	__atomic_fetch_add(&READ_ONCE(ssp->cpus)[raw_smp_processor_id()].out[idx], 1, __ATOMIC_SEQ_CST);
}

static bool readers_of(struct srcu_struct *ssp, unsigned int idx)
{
	struct ring3_srcu_cpu *cpus = cpus_of(ssp);
	unsigned long in = 0, out = 0;

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		out += __atomic_load_n(&cpus[cpu].out[idx], __ATOMIC_SEQ_CST);
	smp_mb();
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		in += __atomic_load_n(&cpus[cpu].in[idx], __ATOMIC_SEQ_CST);
	return in != out;
}

static void wait_for(struct srcu_struct *ssp, unsigned int idx)
{
	u64 pause = 5000;

	for (int looks = 0; readers_of(ssp, idx); looks++) {
		if (looks < 20) {
			host_yield();
			continue;
		}
		task_sleeps(current);
		host_sleep_ns(pause);
		task_wakes(current);
		pause = min_t(u64, pause * 2, NSEC_PER_MSEC);
	}
}

/* gp_lock is held. */
static void grace_period(struct srcu_struct *ssp)
{
	unsigned long nr = __atomic_add_fetch(&ssp->begun, 1, __ATOMIC_SEQ_CST);
	unsigned int idx = ssp->idx & 1;

	wait_for(ssp, !idx);
	__atomic_store_n(&ssp->idx, ssp->idx + 1, __ATOMIC_SEQ_CST);
	smp_mb();
	wait_for(ssp, idx);
	__atomic_store_n(&ssp->ended, nr, __ATOMIC_SEQ_CST);
}

unsigned long get_state_synchronize_srcu(struct srcu_struct *ssp)
{
	smp_mb();
	return __atomic_load_n(&ssp->begun, __ATOMIC_SEQ_CST) + 1;
}

bool poll_state_synchronize_srcu(struct srcu_struct *ssp, unsigned long cookie)
{
	if ((long)(__atomic_load_n(&ssp->ended, __ATOMIC_SEQ_CST) - cookie) < 0)
		return false;
	smp_mb();
	return true;
}

void synchronize_srcu(struct srcu_struct *ssp)
{
	unsigned long cookie = get_state_synchronize_srcu(ssp);

	might_sleep();
	while (!poll_state_synchronize_srcu(ssp, cookie)) {
		mutex_lock(&ssp->gp_lock);
		if (!poll_state_synchronize_srcu(ssp, cookie))
			grace_period(ssp);
		mutex_unlock(&ssp->gp_lock);
	}
}

/* Shifted, as the kernel's: rcutorture takes differences of them. */
unsigned long srcu_batches_completed(struct srcu_struct *ssp)
{
	return __atomic_load_n(&ssp->ended, __ATOMIC_SEQ_CST) << 2;
}

void srcu_torture_stats_print(struct srcu_struct *ssp, char *tt, char *tf)
{
	struct ring3_srcu_cpu *cpus = cpus_of(ssp);

	pr_alert("%s%s grace period %lu, readers take %u:", tt, tf, READ_ONCE(ssp->begun), READ_ONCE(ssp->idx) & 1);
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		pr_cont(" %u(%ld,%ld)", cpu, (long)(READ_ONCE(cpus[cpu].in[0]) - READ_ONCE(cpus[cpu].out[0])),
			(long)(READ_ONCE(cpus[cpu].in[1]) - READ_ONCE(cpus[cpu].out[1])));
	pr_cont("\n");
}

/* ---- callbacks ------------------------------------------------------------------------ */

static struct rcu_head *take(struct srcu_struct *ssp)
{
	struct rcu_head *list;

	spin_lock_irq(&ssp->lock);
	list = ssp->first;
	ssp->first = NULL;
	ssp->last = &ssp->first;
	if (!list)
		ssp->working = false;
	spin_unlock_irq(&ssp->lock);
	return list;
}

/* The last callback may be the one that lets the domain go: nothing of it is touched after an empty take(). */
void ring3_srcu_work(struct work_struct *work)
{
	struct srcu_struct *ssp = container_of(work, struct srcu_struct, work);
	struct rcu_head *list, *next;

	while ((list = take(ssp))) {
		synchronize_srcu(ssp);
		for (; list; list = next) {
			next = list->next;
			local_bh_disable();
			list->func(list);
			local_bh_enable();
		}
	}
}

static void queue(struct srcu_struct *ssp, struct rcu_head *head)
{
	unsigned long flags;
	bool start;

	head->next = NULL;
	spin_lock_irqsave(&ssp->lock, flags);
	*ssp->last = head;
	ssp->last = &head->next;
	start = !ssp->working;
	ssp->working = true;
	spin_unlock_irqrestore(&ssp->lock, flags);
	if (start)
		queue_work(system_unbound_wq, &ssp->work);
}

void call_srcu(struct srcu_struct *ssp, struct rcu_head *head, rcu_callback_t func)
{
	WRITE_ONCE(head->func, func);
	queue(ssp, head);
}

struct waiter {
	struct rcu_head		head;
	struct completion	done;
};

static void waiter_run(struct rcu_head *head)
{
	complete(&container_of(head, struct waiter, head)->done);
}

void srcu_barrier(struct srcu_struct *ssp)
{
	struct waiter waiter;

	might_sleep();
	init_completion(&waiter.done);
	call_srcu(ssp, &waiter.head, waiter_run);
	wait_for_completion(&waiter.done);
}

static void nothing(struct rcu_head *head)
{
	kfree(head);
}

/* Without memory somebody else's callback has to start it. */
unsigned long start_poll_synchronize_srcu(struct srcu_struct *ssp)
{
	unsigned long cookie = get_state_synchronize_srcu(ssp);
	struct rcu_head *head = kmalloc(sizeof(*head), GFP_ATOMIC);

	if (head)
		call_srcu(ssp, head, nothing);
	return cookie;
}

void cleanup_srcu_struct(struct srcu_struct *ssp)
{
	flush_work(&ssp->work);
	if (WARN(ssp->first || ssp->working, "an SRCU domain goes with callbacks queued: no srcu_barrier()"))
		return;
	if (!ssp->cpus || WARN(readers_of(ssp, 0) || readers_of(ssp, 1), "an SRCU domain goes while it is read"))
		return;
	kfree(ssp->cpus);
	ssp->cpus = NULL;
}
