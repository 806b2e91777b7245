/* SPDX-License-Identifier: MIT */
/* mttypes.c - bodies of sys_mttypes.h and sys_spinlock.h: per-CPU counters, and what a misused lock says. */
#include "sys_mem.h"
#include "sys_spinlock.h"

__thread char sys_spin_token;

uint32_t sys_this_cpu(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? 0 : (uint32_t)cpu;
}

void sys_counter_init(sys_counter_t *counter)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint32_t slots = 1;
	void *memory;

	while ((long)slots < cpus)
		slots *= 2;
	/* A power of two is aligned to itself. */
	memory = mem_zalloc(slots * sizeof(*counter->slots), "sys_counter_init");
	counter->slots = memory ? memory : &counter->one;
	counter->mask = memory ? slots - 1 : 0;
	counter->one.value = 0;
}

void sys_counter_deinit(sys_counter_t *counter)
{
	if (counter->slots != &counter->one)
		mem_free(counter->slots, "sys_counter_deinit");
	counter->slots = &counter->one;
	counter->mask = 0;
}

int64_t sys_counter_read(sys_counter_t *counter)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i <= counter->mask; i++)
		sum += __atomic_load_n(&counter->slots[i].value, __ATOMIC_RELAXED);
	return sum;
}

void sys_spin_misuse(const sys_spinlock_t *lock, sstring_t whence, sstring_t what)
{
	const char *taken = __atomic_load_n(&lock->whence, __ATOMIC_RELAXED);
	void *owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	fprintf(stderr, "ring3: %s: spinlock %p %s; %s by %p at %s\n", whence, (const void *)lock, what,
		owner ? "taken" : "free, last taken", owner ? owner : (void *)lock, taken ? taken : "no place: never");
	abort();
}
