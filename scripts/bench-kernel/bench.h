/* SPDX-License-Identifier: MIT */
#ifndef RING3_BENCH_KERNEL_H
#define RING3_BENCH_KERNEL_H

/*
 * bench.h - what ours.c (kernel flavour) and rivals.c (libc) measure in one process. Each
 * function does @rounds of its thing and returns the nanoseconds all of them took; builtin
 * types only.
 */
typedef unsigned long long (*bench_fn)(long rounds);

struct bench {
	const char	*name, *rival;
	long		rounds;
	bench_fn	ours, theirs;
};

unsigned long long ours_spin(long rounds), theirs_spin(long rounds);
unsigned long long ours_spin_softirq(long rounds);
unsigned long long ours_spin_four(long rounds), theirs_spin_four(long rounds);
unsigned long long ours_mutex(long rounds), theirs_mutex(long rounds);
unsigned long long ours_mutex_four(long rounds), theirs_mutex_four(long rounds);
unsigned long long ours_preempt(long rounds), ours_preempt_softirq(long rounds);
unsigned long long ours_rcu(long rounds), theirs_rcu_memb(long rounds), theirs_rcu_qsbr(long rounds);
unsigned long long ours_rcu_softirq(long rounds);
unsigned long long ours_rcu_sync(long rounds), theirs_rcu_sync(long rounds);
unsigned long long ours_kmalloc(long rounds), theirs_malloc(long rounds), theirs_mimalloc(long rounds);
unsigned long long ours_cache(long rounds), theirs_malloc_256(long rounds);
unsigned long long ours_work(long rounds), theirs_work(long rounds);
unsigned long long ours_wake(long rounds), theirs_wake(long rounds);
unsigned long long ours_timer(long rounds), theirs_timer(long rounds);
int ours_start(void);
void ours_stop(void);

#endif /* RING3_BENCH_KERNEL_H */
