/* SPDX-License-Identifier: MIT */
/*
 * sched.c - tasks, which virtual CPU each is bound to, and sleeping: sched.h, smp.h's
 * identities. How a CPU is owned: vcpu.c.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "diag_notes.h"
#include "rcu_impl.h"
#include "sched_impl.h"

__thread struct task_struct *ring3_current;
__thread unsigned int ring3_cpu_id;
unsigned int nr_cpu_ids = 1;
struct cpumask ring3_masks_of_one[NR_CPUS];
struct cpumask __cpu_possible_mask = { .bits = { 1 } };
struct vcpu *vcpus;
__thread struct vcpu *this_vcpu;
unsigned int sched_generation;
static unsigned int nr_events, next_other;

/* ---- tasks ------------------------------------------------------------------------ */

static void current_free(void *task)
{
	rcu_task_remove(task);
	vcpu_leave();
	ring3_current = NULL;
	kfree(task);
}

/* From its next preempt_disable() on: so the bias of the CPU it leaves ends. */
void sched_move(struct task_struct *task, unsigned int cpu)
{
	struct vcpu *left = vcpus && READ_ONCE(task->generation) == sched_generation ? &vcpus[task_cpu(task)] : NULL;

	WRITE_ONCE(task->cpu, cpu);
	WRITE_ONCE(task->generation, sched_generation);
	if (left)
		vcpu_unbias(left, task);
}

/* On the next of the CPUs that threads share. */
void sched_place(struct task_struct *task)
{
	unsigned int others = nr_cpu_ids - nr_events;

	sched_move(task, nr_events + (others ? __atomic_fetch_add(&next_other, 1, __ATOMIC_RELAXED) % others : 0));
}

static struct task_struct *current_try(void)
{
	struct task_struct *task = kzalloc(sizeof(*task), GFP_KERNEL);

	if (!task)
		return NULL;
	task->pid = host_tid();
	sched_place(task);
	raw_spin_lock_init(&task->pi_lock);
	task->signal_allowed = ~0ull;
	strscpy(task->comm, "thread", sizeof(task->comm));
	ring3_cpu_id = task_cpu(task);
	ring3_current = task;
	rcu_task_add(task);
	host_at_thread_exit(current_free, task);
	return task;
}

struct task_struct *ring3_current_make(void)
{
	struct task_struct *task = current_try();

	BUG_ON(!task);
	return task;
}

/* A dump asks before it takes locks: it must not be what ends a process that has no memory. */
static int task_ready(void)
{
	if (!READ_ONCE(vcpus))
		return 0;
	return ring3_current || current_try() ? 1 : -1;
}

__attribute__((__constructor__)) static void ready_init(void)
{
	diag_task_ready = task_ready;
}

/*
 * A kthread's own thread takes the task that was made for it; NULL: and leaves it, for one on the
 * same CPU, since it may not have to wait for another to end.
 */
void sched_adopt(struct task_struct *task)
{
	unsigned int cpu = task_cpu(task ? task : ring3_current);

	if (!task) {
		rcu_task_remove(ring3_current);
		vcpu_leave();
	}
	ring3_current = task;
	if (task) {
		WRITE_ONCE(task->pid, host_tid());
		rcu_task_add(task);
	} else {
		sched_move(current, cpu);
	}
	ring3_cpu_id = cpu;
}

void sched_event_task_started(void *arg, unsigned int cpu)
{
	struct task_struct *task = current;

	(void)arg;
	sched_move(task, cpu);
	task->on_event_task = true;
	task->flags |= PF_NO_SETAFFINITY;
	ring3_cpu_id = cpu;
	this_vcpu = &vcpus[cpu];
	word_lock(&this_vcpu->word);
	ring3_preempt_word = SOFTIRQ_OFFSET;
	scnprintf(task->comm, sizeof(task->comm), "ring3/%u", cpu);
}

/* No handler runs, so nothing is read: what rcu.c wants to hear. */
void sched_event_task_round(unsigned int cpu, int what)
{
	struct vcpu *vcpu = &vcpus[cpu];

	switch (what) {
	case HOST_ROUND_ENDS:
		vcpu_pass(vcpu);
		if (likely(!word_waited(&vcpu->word)))
			return;
		word_unlock(&vcpu->word);
		host_yield();	/* to who was woken, or else we would take it again before */
		word_lock(&vcpu->word);
		return;
	case HOST_ROUND_SLEEPS:
		vcpu_pass(vcpu);
		ring3_preempt_word = 0;
		word_unlock(&vcpu->word);
		return;
	case HOST_ROUND_WAKES:
		word_lock(&vcpu->word);
		ring3_preempt_word = SOFTIRQ_OFFSET;
		return;
	}
}

int sched_init(unsigned int events, unsigned int others)
{
	struct vcpu *made;

	if (events > NR_CPUS || others > NR_CPUS - events)
		return -EINVAL;
	made = kcalloc(events + others, sizeof(*made), GFP_KERNEL);
	if (!made)
		return -ENOMEM;
	word_lock_init();
	for (unsigned int cpu = 0; vcpus && cpu < nr_cpu_ids; cpu++)
		vcpu_unbias(&vcpus[cpu], NULL);
	vcpus = made;	/* the one before stays: a thread may have taken a look at it */
	sched_generation++;
	nr_events = events;
	nr_cpu_ids = events + others;
	memset(&__cpu_possible_mask, 0, sizeof(__cpu_possible_mask));
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		__set_bit(cpu, __cpu_possible_mask.bits);
		__set_bit(cpu, ring3_masks_of_one[cpu].bits);
	}
	percpu_init();
	return 0;
}

unsigned int sched_nr_events(void)
{
	return nr_events;
}

unsigned int ring3_unowned_processor_id(void)
{
	struct task_struct *task = current;

	WARN_ONCE(!(task->flags & PF_NO_SETAFFINITY), "%s uses the number of its virtual CPU without owning it",
		  task->comm);
	return task_cpu(task);
}

int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask)
{
	const unsigned long *bits = (const unsigned long *)mask;

	if (task->flags & PF_NO_SETAFFINITY)
		return -EINVAL;
	if (task_cpu(task) < nr_cpu_ids && bits[task_cpu(task) / 64] >> task_cpu(task) % 64 & 1)
		return 0;
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (bits[cpu / 64] >> cpu % 64 & 1) {
			sched_move(task, cpu);
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- sleeping ------------------------------------------------------------------------- */

static void bug_if_atomic(const char *what)
{
	if (likely(!ring3_preempt_word && !ring3_rcu_nesting))
		return;
	pr_emerg("%s in atomic context: %s, preempt_count 0x%x, interrupts %s, %d rcu_read_lock()\n", what,
		 current->comm, preempt_count(), irqs_disabled() ? "off" : "on", ring3_rcu_nesting);
	BUG();
}

void might_sleep(void)
{
	bug_if_atomic("sleeping");
	WARN_ONCE(get_current_state() != TASK_RUNNING,
		  "%s may sleep again while its state is 0x%x: it would lose it", current->comm, get_current_state());
}

int cond_resched(void)
{
	bug_if_atomic("cond_resched()");
	return 0;
}

__thread struct held_wakes held_wakes;

void sched_wake_all_held(void)
{
	while (held_wakes.nr)
		host_futex_wake(held_wakes.words[--held_wakes.nr], 1);
}

/*
 * What was stored before is seen by who sleeps after: a fence, as callers count on. The queue's lock
 * that they took is none. The task may be gone once it is TASK_RUNNING: a wake-up of an address that
 * is nobody's any more does no harm.
 */
int try_to_wake_up(struct task_struct *task, unsigned int state, int wake_flags)
{
	unsigned int was;

	smp_mb();
	was = __atomic_load_n(&task->__state, __ATOMIC_SEQ_CST);
	while (was & state) {
		if (__atomic_compare_exchange_n(&task->__state, &was, TASK_RUNNING, 0, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
			if (held_wakes.depth && held_wakes.nr < ARRAY_SIZE(held_wakes.words))
				held_wakes.words[held_wakes.nr++] = &task->__state;
			else
				host_futex_wake(&task->__state, 1);
			return 1;
		}
	}
	return 0;
}

int wake_up_process(struct task_struct *task)
{
	return try_to_wake_up(task, TASK_NORMAL, 0);
}

int wake_up_state(struct task_struct *task, unsigned int state)
{
	return try_to_wake_up(task, state, 0);
}

int send_sig(int sig, struct task_struct *task, int priv)
{
	u64 bit;

	if (sig < 0 || sig > 64)
		return -EINVAL;
	bit = sig ? ring3_sigbit(sig) : 0;
	if (!(__atomic_load_n(&task->signal_allowed, __ATOMIC_RELAXED) & bit))
		return 0;
	__atomic_fetch_or(&task->signal, bit, __ATOMIC_SEQ_CST);
	try_to_wake_up(task, TASK_INTERRUPTIBLE | (sig == SIGKILL ? TASK_WAKEKILL : 0), 0);
	return 0;
}

/* Until woken, a signal that the state lets through, or @deadline (CLOCK_MONOTONIC ns, 0 = none) has come. */
void sched_sleep_until(u64 deadline)
{
	struct task_struct *task = current;
	unsigned int state;

	bug_if_atomic("scheduling");
	diag_sleep_begin("schedule", task,
			 !deadline && (READ_ONCE(task->__state) & TASK_IDLE) == TASK_UNINTERRUPTIBLE);
	task_sleeps(task);
	while ((state = __atomic_load_n(&task->__state, __ATOMIC_SEQ_CST)) != TASK_RUNNING) {
		u64 left = 0;

		if (signal_pending_state(state, task))
			break;
		if (deadline) {
			u64 now = host_now_ns();

			if (now >= deadline)
				break;
			left = deadline - now;
		}
		host_futex_wait(&task->__state, state, left);
	}
	task_wakes(task);
	diag_sleep_end();
	__set_current_state(TASK_RUNNING);
	ring3_cpu_id = task_cpu(task);
}

void schedule(void)
{
	sched_sleep_until(0);
}

long schedule_timeout(long timeout)
{
	u64 start;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		sched_sleep_until(0);
		return timeout;
	}
	if (WARN(timeout < 0, "schedule_timeout(%ld): a negative time", timeout)) {
		__set_current_state(TASK_RUNNING);
		return 0;
	}
	start = host_now_ns();
	sched_sleep_until(start + (u64)timeout * NSEC_PER_MSEC);
	return max_t(long, 0, timeout - (long)((host_now_ns() - start) / NSEC_PER_MSEC));
}

#define SCHEDULE_TIMEOUT(name, state)		\
long schedule_timeout_##name(long timeout)	\
{						\
	set_current_state(state);		\
	return schedule_timeout(timeout);	\
}

SCHEDULE_TIMEOUT(interruptible, TASK_INTERRUPTIBLE)
SCHEDULE_TIMEOUT(uninterruptible, TASK_UNINTERRUPTIBLE)
SCHEDULE_TIMEOUT(killable, TASK_KILLABLE)
SCHEDULE_TIMEOUT(idle, TASK_IDLE)

void sched_show_task(struct task_struct *task)
{
	pr_info("task:%s state:0x%x pid:%d flags:0x%x cpu:%u signals:0x%llx\n", task->comm, READ_ONCE(task->__state),
		READ_ONCE(task->pid), task->flags, task_cpu(task), READ_ONCE(task->signal));
}

void yield(void)
{
	bug_if_atomic("yield()");
	task_sleeps(current);
	host_yield();
	task_wakes(current);
}
