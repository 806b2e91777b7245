/* SPDX-License-Identifier: MIT */
/*
 * rcu_torture.c - what the kernel's own torture tests ask of RCU beyond its interface:
 * kernel/rcu/rcu.h there. Numbers of grace periods are shifted by two, as there: the low
 * bits say that one is under way.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "rcu_impl.h"

__visible extern struct workqueue_struct *rcu_gp_wq;
__visible bool rcu_gp_is_normal(void);
__visible bool rcu_gp_is_expedited(void);
__visible void rcu_expedite_gp(void);
__visible void rcu_unexpedite_gp(void);
__visible void rcutorture_get_gp_data(int type, int *flags, unsigned long *gp_seq);
__visible void srcutorture_get_gp_data(int type, struct srcu_struct *ssp, int *flags, unsigned long *gp_seq);
__visible void do_trace_rcu_torture_read(const char *name, struct rcu_head *head, unsigned long secs,
					 unsigned long old, unsigned long new);
__visible void rcu_gp_set_torture_wait(int duration);
__visible long rcutorture_sched_setaffinity(pid_t pid, const struct cpumask *mask);
__visible unsigned long rcu_get_gp_seq(void);
__visible unsigned long rcu_exp_batches_completed(void);
__visible bool rcu_check_boost_fail(unsigned long gp_state, int *cpup);
__visible void show_rcu_gp_kthreads(void);
__visible int rcu_get_gp_kthreads_prio(void);
__visible void rcu_fwd_progress_check(unsigned long j);
__visible void rcu_force_quiescent_state(void);
__visible void rcu_gp_slow_register(atomic_t *slow);
__visible void rcu_gp_slow_unregister(atomic_t *slow);
__visible int rcu_jiffies_till_stall_check(void);
__visible bool rcu_cpu_beenfullyonline(int cpu);
__visible bool rcu_dynticks_zero_in_eqs(int cpu, int *vp);

__visible extern int rcu_cpu_stall_suppress, rcu_cpu_stall_suppress_at_boot, rcu_cpu_stall_ftrace_dump;

int rcu_cpu_stall_suppress, rcu_cpu_stall_suppress_at_boot, rcu_cpu_stall_ftrace_dump;	/* looked at by nobody */
struct workqueue_struct *rcu_gp_wq;	/* NULL: grace periods use none */

bool rcu_gp_is_normal(void) { return false; }
bool rcu_gp_is_expedited(void) { return false; }
void rcu_expedite_gp(void) { }
void rcu_unexpedite_gp(void) { }
int rcu_get_gp_kthreads_prio(void) { return 0; }
void rcu_force_quiescent_state(void) { }
void rcu_gp_slow_register(atomic_t *slow) { }
void rcu_gp_slow_unregister(atomic_t *slow) { }
void rcu_gp_set_torture_wait(int duration) { }
int rcu_jiffies_till_stall_check(void) { return 10 * HZ; }
bool rcu_cpu_beenfullyonline(int cpu) { return cpu_possible(cpu); }
bool rcu_dynticks_zero_in_eqs(int cpu, int *vp) { return false; }
bool rcu_check_boost_fail(unsigned long gp_state, int *cpup) { return false; }
unsigned long rcu_exp_batches_completed(void) { return rcu_ended() << 2; }

unsigned long rcu_get_gp_seq(void)
{
	unsigned long ended = rcu_ended();

	return ended << 2 | (READ_ONCE(ring3_rcu_gp) != ended);
}

void rcutorture_get_gp_data(int type, int *flags, unsigned long *gp_seq)
{
	*flags = 0;
	*gp_seq = rcu_get_gp_seq();
}

void srcutorture_get_gp_data(int type, struct srcu_struct *ssp, int *flags, unsigned long *gp_seq)
{
	*flags = 0;
	*gp_seq = srcu_batches_completed(ssp);
}

void do_trace_rcu_torture_read(const char *name, struct rcu_head *head, unsigned long secs, unsigned long old,
			       unsigned long new)
{
}

/* Of itself only; where the bound one is not, it stays. */
long rcutorture_sched_setaffinity(pid_t pid, const struct cpumask *mask)
{
	if (pid && pid != current->pid)
		return -ESRCH;
	return set_cpus_allowed_ptr(current, mask);
}

void show_rcu_gp_kthreads(void)
{
	pr_info("rcu: grace period %lu began last, %lu has ended\n", READ_ONCE(ring3_rcu_gp), rcu_ended());
}

void rcu_fwd_progress_check(unsigned long j)
{
	show_rcu_gp_kthreads();
}
