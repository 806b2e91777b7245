/* SPDX-License-Identifier: MIT */
/*
 * sched.c - tasks, virtual CPUs, sleeping; the two bare locks; time: sched.h,
 * preempt.h, spinlock.h, mutex.h, lockdep.h, jiffies.h, ktime.h, delay.h.
 *
 * A virtual CPU that is not an event task's is owned by the thread whose preempt
 * count is above 0: a lock word that is taken at 0 -> 1 and given up at 1 -> 0.
 * An event task owns its own as long as it runs.
 *
 * Order: the virtual CPU comes before any spinlock word, so that nobody who holds
 * a word waits for a CPU.
 */
#include <linux/bit_spinlock.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "diag_notes.h"
#include "host/host.h"
#include "rcu_impl.h"
#include "sched_impl.h"

__thread struct task_struct *ring3_current;
unsigned int nr_cpu_ids = 1;
struct cpumask __cpu_possible_mask = { .bits = { 1 } };
static unsigned int nr_events, next_other;
static struct vcpu *vcpus;

/* ---- tasks ------------------------------------------------------------------------ */

static void current_free(void *task)
{
	ring3_current = NULL;
	rcu_task_remove(task);
	kfree(task);
}

/* The next of the CPUs that threads share. */
unsigned int sched_pick_cpu(void)
{
	unsigned int others = nr_cpu_ids - nr_events;

	return nr_events + (others ? __atomic_fetch_add(&next_other, 1, __ATOMIC_RELAXED) % others : 0);
}

struct task_struct *ring3_current_make(void)
{
	struct task_struct *task = kzalloc(sizeof(*task), GFP_KERNEL);

	BUG_ON(!task);
	task->pid = host_tid();
	task->cpu = sched_pick_cpu();
	strscpy(task->comm, "thread", sizeof(task->comm));
	ring3_current = task;
	rcu_task_add(task);
	host_at_thread_exit(current_free, task);
	return task;
}

/* A kthread's own thread takes the task that was made for it; NULL: and leaves it. */
void sched_adopt(struct task_struct *task)
{
	if (!task)
		rcu_task_remove(ring3_current);
	ring3_current = task;
	if (task) {
		WRITE_ONCE(task->pid, host_tid());
		rcu_task_add(task);
	}
}

void sched_event_task_started(void *arg, unsigned int cpu)
{
	struct task_struct *task = current;

	(void)arg;
	task->cpu = cpu;
	task->on_event_task = true;
	rcu_task_remove(task);	/* its quiescent states are the ends of its handlers */
	task->preempt_count = SOFTIRQ_OFFSET;
	scnprintf(task->comm, sizeof(task->comm), "ring3/%u", cpu);
}

int sched_init(unsigned int events, unsigned int others)
{
	struct vcpu *made;

	if (events > NR_CPUS || others > NR_CPUS - events)
		return -EINVAL;
	made = kcalloc(events + others, sizeof(*made), GFP_KERNEL);
	if (!made)
		return -ENOMEM;
	vcpus = made;
	nr_events = events;
	nr_cpu_ids = events + others;
	memset(&__cpu_possible_mask, 0, sizeof(__cpu_possible_mask));
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		__set_bit(cpu, __cpu_possible_mask.bits);
	percpu_init();
	return 0;
}

unsigned int sched_nr_events(void)
{
	return nr_events;
}

unsigned int raw_smp_processor_id(void)
{
	return current->cpu;
}

unsigned int debug_smp_processor_id(void)
{
	struct task_struct *task = current;

	WARN_ON_ONCE(!task->preempt_count && !(task->flags & PF_NO_SETAFFINITY));
	return task->cpu;
}

/* ---- preempt count -------------------------------------------------------------------- */

static void word_lock(u32 *word)
{
	u32 was = 0;

	if (__atomic_compare_exchange_n(word, &was, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	for (int i = 0; i < 200; i++) {
		cpu_relax();
		was = 0;
		if (!__atomic_load_n(word, __ATOMIC_RELAXED) &&
		    __atomic_compare_exchange_n(word, &was, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE))
		host_futex_wait(word, 2, 0);
}

static bool word_trylock(u32 *word)
{
	u32 was = 0;

	return __atomic_compare_exchange_n(word, &was, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void word_unlock(u32 *word)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
		host_futex_wake(word, 1);
}

int preempt_count(void)
{
	return current->preempt_count;
}

void preempt_count_add(int val)
{
	struct task_struct *task = current;

	if (!task->preempt_count) {
		if (!task->rcu_read_lock_nesting)
			ring3_rcu_enter(task);
		if (vcpus)
			word_lock(&vcpus[task->cpu].word);
	}
	task->preempt_count += val;
}

void preempt_count_sub(int val)
{
	struct task_struct *task = current;

	BUG_ON(task->preempt_count < val);
	task->preempt_count -= val;
	if (task->preempt_count)
		return;
	if (vcpus)
		word_unlock(&vcpus[task->cpu].word);
	if (!task->rcu_read_lock_nesting)
		ring3_rcu_exit(task);
}

void might_sleep(void)
{
	struct task_struct *task = current;

	if (likely(!task->preempt_count && !task->rcu_read_lock_nesting))
		return;
	pr_emerg("sleeping in atomic context: %s, preempt_count 0x%x, %d rcu_read_lock()\n", task->comm,
		 task->preempt_count, task->rcu_read_lock_nesting);
	BUG();
}

/* ---- sleeping ------------------------------------------------------------------------- */

int try_to_wake_up(struct task_struct *task, unsigned int state, int wake_flags)
{
	unsigned int was = __atomic_load_n(&task->__state, __ATOMIC_SEQ_CST);

	while (was & state) {
		if (__atomic_compare_exchange_n(&task->__state, &was, TASK_RUNNING, 0, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
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

int send_sig(int sig, struct task_struct *task, int priv)
{
	__atomic_fetch_or(&task->signal, 1u << sig, __ATOMIC_SEQ_CST);
	try_to_wake_up(task, TASK_INTERRUPTIBLE, 0);
	return 0;
}

long schedule_timeout(long timeout)
{
	struct task_struct *task = current;
	bool forever = timeout == MAX_SCHEDULE_TIMEOUT;
	u64 start = host_now_ns(), limit = forever ? 0 : (u64)timeout * NSEC_PER_MSEC;
	unsigned int state;

	might_sleep();
	if (WARN(timeout < 0, "schedule_timeout(%ld): a negative time", timeout)) {
		__set_current_state(TASK_RUNNING);
		return 0;
	}
	diag_sleep_begin("schedule", task, READ_ONCE(task->__state) & TASK_UNINTERRUPTIBLE && forever);
	while ((state = __atomic_load_n(&task->__state, __ATOMIC_SEQ_CST)) != TASK_RUNNING) {
		u64 gone = host_now_ns() - start;

		if (state == TASK_INTERRUPTIBLE && signal_pending(task))
			break;
		if (!forever && gone >= limit)
			break;
		host_futex_wait(&task->__state, state, forever ? 0 : limit - gone);
	}
	diag_sleep_end();
	__set_current_state(TASK_RUNNING);
	if (forever)
		return timeout;
	return max_t(long, 0, timeout - (long)((host_now_ns() - start) / NSEC_PER_MSEC));
}

void schedule(void)
{
	schedule_timeout(MAX_SCHEDULE_TIMEOUT);
}

long schedule_timeout_interruptible(long timeout)
{
	set_current_state(TASK_INTERRUPTIBLE);
	return schedule_timeout(timeout);
}

long schedule_timeout_uninterruptible(long timeout)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}

int cond_resched(void)
{
	return 0;
}

void yield(void)
{
	host_yield();
}

/* ---- locks ------------------------------------------------------------------------------ */

/* What diagnostics are told: the kind of lock, and when they check orders, the context too. */
static unsigned int noted(unsigned int kind)
{
	if (unlikely(diag_lockdep_on))
		kind |= in_serving_softirq() ? DIAG_LOCK_SOFTIRQ : in_softirq() ? DIAG_LOCK_BH_OFF : 0;
	return kind;
}

static void spin_take(spinlock_t *lock, unsigned int kind, const void *site)
{
	preempt_disable();
	if (!word_trylock(&lock->word)) {
		diag_lock_want(lock, noted(kind), site);
		word_lock(&lock->word);
	}
	__atomic_store_n(&lock->owner, current->pid, __ATOMIC_RELAXED);
	diag_lock_got(lock, noted(kind), site);
}

void spin_lock(spinlock_t *lock)
{
	spin_take(lock, DIAG_LOCK_SPIN, __builtin_return_address(0));
}

int spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (!word_trylock(&lock->word)) {
		preempt_enable();
		return 0;
	}
	__atomic_store_n(&lock->owner, current->pid, __ATOMIC_RELAXED);
	diag_lock_got(lock, noted(DIAG_LOCK_SPIN | DIAG_LOCK_TRY), __builtin_return_address(0));
	return 1;
}

void spin_unlock(spinlock_t *lock)
{
	BUG_ON(!ring3_spin_held(lock));
	diag_lock_drop(lock);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	word_unlock(&lock->word);
	preempt_enable();
}

bool ring3_spin_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == current->pid;
}

void read_lock(rwlock_t *lock)
{
	spin_take(&lock->lock, DIAG_LOCK_READ, __builtin_return_address(0));
	atomic_inc(&lock->readers);
	__atomic_store_n(&lock->lock.owner, 0, __ATOMIC_RELAXED);
	word_unlock(&lock->lock.word);
}

void read_unlock(rwlock_t *lock)
{
	diag_lock_drop(lock);
	__atomic_fetch_sub(&lock->readers.counter, 1, __ATOMIC_RELEASE);
	preempt_enable();
}

void write_lock(rwlock_t *lock)
{
	spin_take(&lock->lock, DIAG_LOCK_WRITE, __builtin_return_address(0));
	while (__atomic_load_n(&lock->readers.counter, __ATOMIC_ACQUIRE))
		cpu_relax();
}

int read_trylock(rwlock_t *lock)
{
	if (!spin_trylock(&lock->lock))
		return 0;
	atomic_inc(&lock->readers);
	__atomic_store_n(&lock->lock.owner, 0, __ATOMIC_RELAXED);
	word_unlock(&lock->lock.word);
	return 1;
}

int write_trylock(rwlock_t *lock)
{
	if (!spin_trylock(&lock->lock))
		return 0;
	if (!__atomic_load_n(&lock->readers.counter, __ATOMIC_ACQUIRE))
		return 1;
	spin_unlock(&lock->lock);
	return 0;
}

int atomic_dec_and_lock(atomic_t *count, spinlock_t *lock)
{
	if (atomic_add_unless(count, -1, 1))
		return 0;
	spin_lock(lock);
	if (atomic_dec_and_test(count))
		return 1;
	spin_unlock(lock);
	return 0;
}

void write_unlock(rwlock_t *lock)
{
	spin_unlock(&lock->lock);
}

void mutex_lock(struct mutex *lock)
{
	might_sleep();
	if (!word_trylock(&lock->word)) {
		diag_lock_want(lock, DIAG_LOCK_MUTEX, __builtin_return_address(0));
		word_lock(&lock->word);
	}
	__atomic_store_n(&lock->owner, current->pid, __ATOMIC_RELAXED);
	diag_lock_got(lock, DIAG_LOCK_MUTEX, __builtin_return_address(0));
}

int mutex_trylock(struct mutex *lock)
{
	if (!word_trylock(&lock->word))
		return 0;
	__atomic_store_n(&lock->owner, current->pid, __ATOMIC_RELAXED);
	diag_lock_got(lock, DIAG_LOCK_MUTEX | DIAG_LOCK_TRY, __builtin_return_address(0));
	return 1;
}

void mutex_unlock(struct mutex *lock)
{
	BUG_ON(!ring3_mutex_held(lock));
	diag_lock_drop(lock);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	word_unlock(&lock->word);
}

bool ring3_mutex_held(const struct mutex *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == current->pid;
}

/* Its holder may have lost its processor to us. */
void ring3_bit_spin_wait(unsigned int tries)
{
	if (tries % 64 == 63)
		host_yield();
	else
		cpu_relax();
}

/* ---- time -------------------------------------------------------------------------------- */

u64 ktime_get_ns(void)
{
	return host_now_ns();
}

time64_t ktime_get_real_seconds(void)
{
	return host_real_seconds();
}

static u64 boot_ns;

__attribute__((__constructor__)) static void boot_init(void)
{
	boot_ns = host_now_ns();
}

unsigned long ring3_jiffies(void)
{
	return INITIAL_JIFFIES + (host_now_ns() - boot_ns) / NSEC_PER_MSEC;
}

u64 sched_ns_of_jiffies(unsigned long j)
{
	return boot_ns + (j - INITIAL_JIFFIES) * NSEC_PER_MSEC;
}

void msleep(unsigned int ms)
{
	schedule_timeout_uninterruptible(ms);
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	might_sleep();
	host_sleep_ns(min_us * 1000);
}

void udelay(unsigned long us)
{
	u64 end = host_now_ns() + us * 1000;

	while (host_now_ns() < end)
		cpu_relax();
}
