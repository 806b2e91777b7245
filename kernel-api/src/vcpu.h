/* SPDX-License-Identifier: MIT */
#ifndef RING3_VCPU_H
#define RING3_VCPU_H

/* vcpu.h - private to src: virtual CPUs, and the short ways of owning one: vcpu.c. */
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "word_lock.h"

struct vcpu_bias;

/* rcu.c looks at @passes, softirq.c keeps @pending. */
struct vcpu {
	u32			word;		/* a bare lock: who owns it; but see @bias */
	u32			pending;	/* atomic: bit per raised softirq */
	u64			passes;		/* atomic, its owner's: quiescent states passed while owned */
	struct vcpu_bias	*bias;		/* of the thread that may own it without the word; bias_lock */
	u32			bias_lock;	/* a leaf */
	u32			left;		/* atomic, a futex: times a bias was given up that was waited for */
	const void		*last;		/* who had the word last, and how often in a row; the word */
	u32			quiet;
	bool			calling;	/* its owner's: one of @waited runs */
	struct __call_single_data *waited;	/* atomic: calls whose callers wait, the newest first; smp.c */
	struct __call_single_data *calls;	/* atomic: the others */
} __aligned(64);

/* A thread's. */
struct vcpu_bias {
	u32			biased;		/* atomic: only its thread sets it, anyone ends it; bias_lock */
	u32			in;		/* atomic, its thread's: it owns the CPU by the bias */
	unsigned int		cpu;
	struct vcpu		*vcpu;		/* its thread's: that it was given last; NULL: given up */
	struct task_struct	*task;
};

extern struct vcpu *vcpus;	/* nr_cpu_ids of them; NULL before ring3_kernel_start() */
extern __thread struct vcpu *this_vcpu RING3_TLS;	/* that this thread owns, or owned last */
extern __thread struct vcpu_bias my_bias RING3_TLS __attribute__((__visibility__("hidden")));

void vcpu_leave(void);		/* the calling thread gives up its bias; outside regions */
bool vcpu_owned(struct vcpu *vcpu);
/* @task, or whoever it is (NULL), takes the word from its next region on. */
void vcpu_unbias(struct vcpu *vcpu, const struct task_struct *task);
void vcpu_own_slowly(int val);
void vcpu_disown_slowly(int val);

static inline void vcpu_pass(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->passes, vcpu->passes + 1, __ATOMIC_RELEASE);
}

/* False: vcpu_own_slowly() has to. */
static __always_inline bool vcpu_own_by_bias(int val)
{
	__atomic_store_n(&my_bias.in, 1, __ATOMIC_RELAXED);
	barrier();	/* for the processor: whoever ends the bias */
	if (likely(__atomic_load_n(&my_bias.biased, __ATOMIC_ACQUIRE))) {
		ring3_cpu_id = my_bias.cpu;
		ring3_preempt_word = val;
		return true;
	}
	/* Release: of the region before, for who missed that one's end. */
	__atomic_store_n(&my_bias.in, 0, __ATOMIC_RELEASE);
	return false;
}

static __always_inline void vcpu_release_bias(void)
{
	ring3_preempt_word = 0;
	vcpu_pass(this_vcpu);
	__atomic_store_n(&my_bias.in, 0, __ATOMIC_RELEASE);
	barrier();
	if (unlikely(!__atomic_load_n(&my_bias.biased, __ATOMIC_RELAXED)))
		vcpu_leave();
}

/* ring3_cpu_disown(), in place: who is inside by the bias has a task, and is no event task. */
static __always_inline void vcpu_disown(int val)
{
	if (likely(ring3_preempt_word == val && my_bias.in &&
		   !(ring3_current->rcu_mark | (unsigned long)ring3_rcu_nesting)))
		vcpu_release_bias();
	else
		vcpu_disown_slowly(val);
}

/* preempt_enable(), without a call where it needs none. */
static __always_inline void vcpu_preempt_enable(void)
{
	barrier();
	if (preempt_count() > PREEMPT_OFFSET)
		ring3_preempt_word -= PREEMPT_OFFSET;
	else
		vcpu_disown(PREEMPT_OFFSET);
}

#endif /* RING3_VCPU_H */
