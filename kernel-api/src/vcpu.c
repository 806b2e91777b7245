/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - owning a virtual CPU: preempt.h; see word_lock.h.
 *
 * A virtual CPU is owned by the thread whose preempt word is above 0: a lock word that is
 * taken at 0 -> 1 and given up at 1 -> 0. An event task owns its own from one sleep to the
 * next, and hands it on between two rounds when a thread that is bound to it waits.
 *
 * A thread that took the word of a CPU BIAS_AFTER times with nobody between is given the
 * bias of it: from then on it owns the CPU by plain stores. Who else wants it takes the
 * word, then ends the bias:
 *
 *	thread:	in = 1;				another: take the word; biased = 0;
 *		is it biased still?			 host_barrier();
 *							 wait until in is 0
 *
 * The barrier stands for the fence that the thread leaves out: it sees the bias ended, or
 * the other sees it inside. rcu.c sees it inside for the same reason.
 *
 * Order: the virtual CPU comes before any spinlock word, so that nobody who holds
 * a word waits for a CPU. vcpu->bias_lock is a leaf; what it guards is in the thread's own
 * memory, which is why a thread that ends has to give up its bias under it.
 */
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "rcu_impl.h"
#include "sched_impl.h"

#define LOOKS		200	/* before a waiter sleeps */
#define BIAS_AFTER	1024	/* the word's cost so often is some times what ending the bias costs */

__thread int ring3_preempt_word;
__thread struct vcpu_bias my_bias;

/* ---- the bias ----------------------------------------------------------------------------- */

static void give_up(struct vcpu *vcpu)
{
	word_lock(&vcpu->bias_lock);
	if (vcpu->bias == &my_bias)
		__atomic_store_n(&vcpu->bias, NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&my_bias.biased, 0, __ATOMIC_RELAXED);
	my_bias.vcpu = NULL;
	__atomic_fetch_add(&vcpu->left, 1, __ATOMIC_RELEASE);
	word_unlock(&vcpu->bias_lock);
	host_futex_wake(&vcpu->left, 1);
}

void vcpu_leave(void)
{
	if (my_bias.vcpu)
		give_up(my_bias.vcpu);
}

void vcpu_unbias(struct vcpu *vcpu, const struct task_struct *task)
{
	word_lock(&vcpu->bias_lock);
	if (vcpu->bias && (!task || vcpu->bias->task == task))
		__atomic_store_n(&vcpu->bias->biased, 0, __ATOMIC_RELAXED);
	word_unlock(&vcpu->bias_lock);
}

/* This thread holds the word. Not where it was moved meanwhile: sched_move() looks for the bias after that. */
static void give_bias(struct vcpu *vcpu, struct task_struct *task)
{
	word_lock(&vcpu->bias_lock);
	if (&vcpus[task_cpu(task)] == vcpu) {
		my_bias.cpu = task_cpu(task);
		my_bias.task = task;
		my_bias.vcpu = vcpu;
		__atomic_store_n(&my_bias.biased, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&vcpu->bias, &my_bias, __ATOMIC_RELAXED);
	}
	word_unlock(&vcpu->bias_lock);
}

/* Is the thread that has the bias inside? If not, and @end, it has it no more. */
static bool bias_in(struct vcpu *vcpu, bool end, u32 *left)
{
	bool in;

	word_lock(&vcpu->bias_lock);
	in = vcpu->bias && __atomic_load_n(&vcpu->bias->in, __ATOMIC_ACQUIRE);
	if (end && !in)
		__atomic_store_n(&vcpu->bias, NULL, __ATOMIC_RELAXED);
	*left = __atomic_load_n(&vcpu->left, __ATOMIC_RELAXED);
	word_unlock(&vcpu->bias_lock);
	return in;
}

/* This thread holds the word. */
static void end_bias(struct vcpu *vcpu)
{
	u32 left;

	vcpu_unbias(vcpu, NULL);
	host_barrier();
	for (int looks = 0; bias_in(vcpu, true, &left); looks++) {
		if (looks < LOOKS)
			cpu_pause();
		else
			host_futex_wait(&vcpu->left, left, 0);
	}
}

bool vcpu_owned(struct vcpu *vcpu)
{
	u32 left;

	if (__atomic_load_n(&vcpu->word, __ATOMIC_ACQUIRE))
		return true;
	return __atomic_load_n(&vcpu->bias, __ATOMIC_ACQUIRE) && bias_in(vcpu, false, &left);
}

/* ---- owning and giving up ----------------------------------------------------------------- */

/* By the word. Before ring3_kernel_start() there are no virtual CPUs: then threads only count. */
void vcpu_own_slowly(int val)
{
	struct task_struct *task = current;
	struct vcpu *all = vcpus, *vcpu;

	vcpu_leave();
	if (likely(all)) {
		if (unlikely(READ_ONCE(task->generation) != sched_generation))
			sched_place(task);	/* its CPU was one of another kernel, or none */
		ring3_cpu_id = task_cpu(task);
		vcpu = &all[ring3_cpu_id];
		word_lock(&vcpu->word);
		if (unlikely(__atomic_load_n(&vcpu->bias, __ATOMIC_ACQUIRE)))
			end_bias(vcpu);
		this_vcpu = vcpu;
		if (vcpu->last != &my_bias) {
			vcpu->last = &my_bias;
			vcpu->quiet = 0;
		} else if (unlikely(++vcpu->quiet == BIAS_AFTER)) {
			vcpu->quiet = 0;
			if (ring3_cpu_id >= sched_nr_events() && !ring3_rcu_fences)
				give_bias(vcpu, task);
		}
	}
	ring3_preempt_word = val;
}

void ring3_cpu_own(int val)
{
	if (unlikely(!vcpu_own_by_bias(val)))
		vcpu_own_slowly(val);
}

void vcpu_disown_slowly(int val)
{
	struct task_struct *task = current;

	if (val < RING3_IRQS_OFF && unlikely(preempt_count() < val)) {
		pr_emerg("%s: more is enabled than was disabled: preempt_count 0x%x, minus 0x%x\n", task->comm,
			 preempt_count(), val);
		BUG();
	}
	if (ring3_preempt_word != val) {
		ring3_preempt_word -= val;
		return;
	}
	BUG_ON(task->on_event_task);	/* a handler gave up more than it took */
	if (task->rcu_mark | (unsigned long)ring3_rcu_nesting)
		rcu_cpu_released(task);
	if (my_bias.in) {
		vcpu_release_bias();
		return;
	}
	ring3_preempt_word = 0;
	if (likely(this_vcpu)) {
		vcpu_pass(this_vcpu);
		word_unlock(&this_vcpu->word);
	}
}

void ring3_cpu_disown(int val)
{
	vcpu_disown(val);
}

/*
 * What was raised on this CPU while bottom halves were off runs now, with preemption still
 * disabled. On an event task only for who counted SOFTIRQ_OFFSET away, which is a bug.
 */
void ring3_bh_enable(int val)
{
	struct vcpu *vcpu = this_vcpu;

	if (unlikely((preempt_count() & SOFTIRQ_MASK) < SOFTIRQ_DISABLE_OFFSET)) {
		pr_emerg("%s: local_bh_enable() without local_bh_disable(): preempt_count 0x%x\n", current->comm,
			 preempt_count());
		BUG();
	}
	WARN_ON_ONCE(irqs_disabled());
	if (unlikely(vcpu && __atomic_load_n(&vcpu->pending, __ATOMIC_RELAXED)) && !hardirq_count()) {
		ring3_preempt_word += SOFTIRQ_OFFSET - val + PREEMPT_OFFSET;
		softirq_run_pending(vcpu);
		preempt_count_sub(SOFTIRQ_OFFSET);
		preempt_count_sub(PREEMPT_OFFSET);
		return;
	}
	preempt_count_sub(val);
}

bool need_resched(void)
{
	if (!ring3_preempt_word || !this_vcpu)
		return false;
	return my_bias.in ? !__atomic_load_n(&my_bias.biased, __ATOMIC_RELAXED) :
			 word_waited(&this_vcpu->word);
}
