/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CPUMASK_H
#define _LINUX_CPUMASK_H

/*
 * Sets of virtual CPUs.
 *
 * Differs from the kernel: all possible CPUs are present, online and active as long as
 * the kernel runs, and there is no hotplug; cpumask_var_t is always an array, so its
 * allocation never fails. Sets as such are lib/bitmap.c's: without the hosted library
 * there are only the counts and the walks over all.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cpumask_types.h>
#include <linux/gfp_types.h>
#include <linux/kernel.h>
#include <linux/numa.h>
#include <linux/threads.h>

__visible extern unsigned int nr_cpu_ids;	/* event CPUs first, then the others */
#define nr_cpumask_bits		nr_cpu_ids

/* Of all CPUs that there are; fixed from the start of the kernel on. */
__visible extern struct cpumask __cpu_possible_mask;
#define cpu_possible_mask	((const struct cpumask *)&__cpu_possible_mask)
/* A mask of one CPU; it stays. Made as the kernel starts. */
__visible extern struct cpumask ring3_masks_of_one[NR_CPUS];
#define cpumask_of(cpu)	((const struct cpumask *)&ring3_masks_of_one[cpu])
#define cpu_present_mask	cpu_possible_mask
#define cpu_online_mask		cpu_possible_mask
#define cpu_active_mask		cpu_possible_mask
#define cpu_none_mask		((const struct cpumask *)&(const struct cpumask){ })
#define cpu_all_mask		cpu_possible_mask
#define num_possible_cpus()	nr_cpu_ids
#define num_present_cpus()	nr_cpu_ids
#define num_online_cpus()	nr_cpu_ids
#define num_active_cpus()	nr_cpu_ids
#define cpu_possible(cpu)	((unsigned int)(cpu) < nr_cpu_ids)
#define cpu_present(cpu)	cpu_possible(cpu)
#define cpu_online(cpu)		cpu_possible(cpu)
#define cpu_active(cpu)		cpu_possible(cpu)

#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (unsigned int)(cpu) < nr_cpu_ids; (cpu)++)
#define for_each_online_cpu(cpu)	for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu)	for_each_possible_cpu(cpu)

#if __has_include(<linux/bitmap.h>)
#include <linux/bitmap.h>

#define cpumask_bits(mask)	((mask)->bits)
#define CPU_BITS_NONE		{ 0 }
#define CPU_MASK_NONE		((cpumask_t){ CPU_BITS_NONE })
static inline unsigned int cpumask_check(unsigned int cpu) { return cpu; }
static inline unsigned int cpumask_size(void) { return sizeof(struct cpumask); }

static inline unsigned int cpumask_first(const struct cpumask *mask)
{
	return (unsigned int)find_first_bit(mask->bits, nr_cpumask_bits);
}
static inline unsigned int cpumask_first_zero(const struct cpumask *mask)
{
	return (unsigned int)find_first_zero_bit(mask->bits, nr_cpumask_bits);
}
static inline unsigned int cpumask_first_and(const struct cpumask *a, const struct cpumask *b)
{
	return (unsigned int)find_first_and_bit(a->bits, b->bits, nr_cpumask_bits);
}
static inline unsigned int cpumask_last(const struct cpumask *mask)
{
	return (unsigned int)find_last_bit(mask->bits, nr_cpumask_bits);
}
/* @n is the one before; -1 to start with. */
static inline unsigned int cpumask_next(int n, const struct cpumask *mask)
{
	return (unsigned int)find_next_bit(mask->bits, nr_cpumask_bits, (unsigned long)(n + 1));
}
static inline unsigned int cpumask_next_zero(int n, const struct cpumask *mask)
{
	return (unsigned int)find_next_zero_bit(mask->bits, nr_cpumask_bits, (unsigned long)(n + 1));
}
static inline unsigned int cpumask_next_and(int n, const struct cpumask *a, const struct cpumask *b)
{
	return (unsigned int)find_next_and_bit(a->bits, b->bits, nr_cpumask_bits, (unsigned long)(n + 1));
}
static inline unsigned int cpumask_nth(unsigned int n, const struct cpumask *mask)
{
	return (unsigned int)find_nth_bit(mask->bits, nr_cpumask_bits, n);
}
static inline unsigned int cpumask_nth_and(unsigned int n, const struct cpumask *a, const struct cpumask *b)
{
	return (unsigned int)find_nth_and_bit(a->bits, b->bits, nr_cpumask_bits, n);
}
static inline unsigned int cpumask_nth_andnot(unsigned int n, const struct cpumask *a, const struct cpumask *b)
{
	return (unsigned int)find_nth_andnot_bit(a->bits, b->bits, nr_cpumask_bits, n);
}
/* lib/cpumask.c of the hosted library. */
unsigned int cpumask_next_wrap(int n, const struct cpumask *mask, int start, bool wrap);
unsigned int cpumask_any_but(const struct cpumask *mask, unsigned int cpu);
unsigned int cpumask_local_spread(unsigned int i, int node);
unsigned int cpumask_any_and_distribute(const struct cpumask *a, const struct cpumask *b);
unsigned int cpumask_any_distribute(const struct cpumask *mask);
#define cpumask_any(mask)		cpumask_first(mask)
#define cpumask_any_and(a, b)		cpumask_first_and((a), (b))
#define cpumask_first_and_any(a, b)	cpumask_first_and((a), (b))

#define for_each_cpu(cpu, mask)		for_each_set_bit(cpu, cpumask_bits(mask), nr_cpumask_bits)
#define for_each_cpu_not(cpu, mask)	for_each_clear_bit(cpu, cpumask_bits(mask), nr_cpumask_bits)
#define for_each_cpu_wrap(cpu, mask, start) \
	for_each_set_bit_wrap(cpu, cpumask_bits(mask), nr_cpumask_bits, start)
#define for_each_cpu_and(cpu, a, b)	for_each_and_bit(cpu, cpumask_bits(a), cpumask_bits(b), nr_cpumask_bits)
#define for_each_cpu_andnot(cpu, a, b)	for_each_andnot_bit(cpu, cpumask_bits(a), cpumask_bits(b), nr_cpumask_bits)

static inline void cpumask_set_cpu(unsigned int cpu, struct cpumask *mask) { set_bit(cpu, mask->bits); }
static inline void __cpumask_set_cpu(unsigned int cpu, struct cpumask *mask) { __set_bit(cpu, mask->bits); }
static inline void cpumask_clear_cpu(int cpu, struct cpumask *mask) { clear_bit(cpu, mask->bits); }
static inline void __cpumask_clear_cpu(int cpu, struct cpumask *mask) { __clear_bit((unsigned long)cpu, mask->bits); }
static inline bool cpumask_test_cpu(int cpu, const struct cpumask *mask)
{
	return test_bit((unsigned long)cpu, mask->bits);
}
static inline bool cpumask_test_and_set_cpu(int cpu, struct cpumask *mask)
{
	return test_and_set_bit(cpu, mask->bits);
}
static inline bool cpumask_test_and_clear_cpu(int cpu, struct cpumask *mask)
{
	return test_and_clear_bit(cpu, mask->bits);
}
static inline void cpumask_setall(struct cpumask *mask) { bitmap_fill(mask->bits, nr_cpumask_bits); }
static inline void cpumask_clear(struct cpumask *mask) { bitmap_zero(mask->bits, nr_cpumask_bits); }
static inline bool cpumask_and(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_and(to->bits, a->bits, b->bits, nr_cpumask_bits);
}
static inline void cpumask_or(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	bitmap_or(to->bits, a->bits, b->bits, nr_cpumask_bits);
}
static inline void cpumask_xor(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	bitmap_xor(to->bits, a->bits, b->bits, nr_cpumask_bits);
}
static inline bool cpumask_andnot(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_andnot(to->bits, a->bits, b->bits, nr_cpumask_bits);
}
static inline void cpumask_complement(struct cpumask *to, const struct cpumask *mask)
{
	bitmap_complement(to->bits, mask->bits, nr_cpumask_bits);
}
static inline bool cpumask_equal(const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_equal(a->bits, b->bits, nr_cpumask_bits);
}
static inline bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_intersects(a->bits, b->bits, nr_cpumask_bits);
}
static inline bool cpumask_subset(const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_subset(a->bits, b->bits, nr_cpumask_bits);
}
static inline bool cpumask_empty(const struct cpumask *mask) { return bitmap_empty(mask->bits, nr_cpumask_bits); }
static inline bool cpumask_full(const struct cpumask *mask) { return bitmap_full(mask->bits, nr_cpumask_bits); }
static inline unsigned int cpumask_weight(const struct cpumask *mask)
{
	return bitmap_weight(mask->bits, nr_cpumask_bits);
}
static inline unsigned int cpumask_weight_and(const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_weight_and(a->bits, b->bits, nr_cpumask_bits);
}
static inline void cpumask_copy(struct cpumask *to, const struct cpumask *from)
{
	bitmap_copy(to->bits, from->bits, nr_cpumask_bits);
}
static inline void cpumask_copy_and(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	cpumask_and(to, a, b);
}

static inline bool alloc_cpumask_var(cpumask_var_t *mask, gfp_t gfp) { return true; }
static inline bool zalloc_cpumask_var(cpumask_var_t *mask, gfp_t gfp) { cpumask_clear(*mask); return true; }
static inline bool alloc_cpumask_var_node(cpumask_var_t *mask, gfp_t gfp, int node) { return true; }
static inline bool zalloc_cpumask_var_node(cpumask_var_t *mask, gfp_t gfp, int node)
{
	cpumask_clear(*mask);
	return true;
}
static inline void free_cpumask_var(cpumask_var_t mask) { }
static inline bool cpumask_available(cpumask_var_t mask) { return true; }
static inline int cpumask_parse(const char *buf, struct cpumask *mask)
{
	return bitmap_parse(buf, UINT_MAX, mask->bits, nr_cpumask_bits);
}
static inline int cpulist_parse(const char *buf, struct cpumask *mask)
{
	return bitmap_parselist(buf, mask->bits, nr_cpumask_bits);
}
#define cpumask_pr_args(mask)	nr_cpu_ids, cpumask_bits(mask)
#endif

#endif /* _LINUX_CPUMASK_H */
