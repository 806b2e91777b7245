/* SPDX-License-Identifier: MIT */
/* bias_lock.c - see bias_lock.h. */
#include <linux/membarrier.h>

#include "bias_lock.h"

static bool bias_possible;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

static void probe(void)
{
	bias_possible = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

bool bias_possible_here(void)
{
	return bias_possible;
}

void bias_lock_init(struct bias_lock *lock)
{
	pthread_once(&once, probe);
	memset(lock, 0, sizeof(*lock));
}

void bias_lock_owner_slowly(struct bias_lock *lock)
{
	sys_lock_acquire_spin(&lock->word);
	lock->by_bias = false;
	/* From the next time on; this time the word is held, and no other is inside. */
	if (atomic_fetch_add_explicit(&lock->quiet, 1, memory_order_relaxed) >= BIAS_AFTER && bias_possible)
		atomic_store_explicit(&lock->biased, true, memory_order_relaxed);
}

void bias_lock_other(struct bias_lock *lock)
{
	sys_lock_acquire_spin(&lock->word);
	atomic_store_explicit(&lock->quiet, 0, memory_order_relaxed);
	if (!atomic_load_explicit(&lock->biased, memory_order_relaxed))
		return;
	atomic_store(&lock->biased, false);
	if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) < 0) {
		/* It worked when it was asked for: nothing that is still right could be done without. */
		fprintf(stderr, "ring3: membarrier: %s\n", strerror(errno));
		abort();
	}
	for (uint32_t turn = 0; atomic_load_explicit(&lock->owner_in, memory_order_acquire); turn++)
		sys_spin_wait(turn);
}
