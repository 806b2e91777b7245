/* SPDX-License-Identifier: MIT */
/* The lock that its owner takes by plain stores: exclusion while the bias comes and goes, also across fork(). */
#include <pthread.h>
#include <sys/wait.h>

#include "bias_lock.h"
#include "task_kit.h"

enum { OTHERS = 3, TIMES = 300 };

static struct bias_lock lock;
static long inside, guarded[4];		/* plain: a race is a lost count, and TSan's to see */
static atomic_bool end;
static atomic_long biased_times;

static void section(void)
{
	CHECK_EQ(inside, 0);
	inside = 1;
	for (int i = 0; i < 4; i++)
		guarded[i]++;
	CHECK_EQ(inside, 1);
	inside = 0;
}

static void *own(void *arg)
{
	long *times = arg;

	while (!atomic_load(&end)) {
		bias_lock_owner(&lock);
		section();
		if (lock.by_bias)
			atomic_fetch_add_explicit(&biased_times, 1, memory_order_relaxed);
		bias_unlock_owner(&lock);
		++*times;
	}
	return NULL;
}

static void *disturb(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	for (int i = 0; i < TIMES; i++) {
		long before = atomic_load(&biased_times);

		bias_lock_other(&lock);
		section();
		bias_unlock_other(&lock);
		/* Now and then until the owner has its bias back, now and then at once. */
		for (int k = 0; rand_r(&seed) % 4 && k < 50 && atomic_load(&biased_times) == before; k++)
			usleep(20);
	}
	return NULL;
}

TEST(owner_and_others_exclude_each_other)
{
	pthread_t owner, others[OTHERS];
	long owned = 0;

	bias_lock_init(&lock);
	CHECK_EQ(pthread_create(&owner, NULL, own, &owned), 0);
	for (uintptr_t i = 0; i < OTHERS; i++)
		CHECK_EQ(pthread_create(&others[i], NULL, disturb, (void *)i), 0);
	for (int i = 0; i < OTHERS; i++)
		pthread_join(others[i], NULL);
	/* Left alone, the owner has its bias back, however slow it is made. */
	for (int ms = 0; bias_possible_here() && ms < 10000 && atomic_load(&biased_times) <= BIAS_AFTER; ms++)
		usleep(1000);
	atomic_store(&end, true);
	pthread_join(owner, NULL);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(guarded[i], owned + OTHERS * TIMES);
	if (!bias_possible_here())
		test_skip("this kernel has no membarrier(2): it was never biased");
	CHECK_GT(atomic_load(&biased_times), BIAS_AFTER);
}

/* An owner that is inside by its bias is waited for. */
static atomic_int step;

static void *stay_inside(void *arg)
{
	for (int i = 0; i <= BIAS_AFTER + 1; i++) {
		bias_lock_owner(&lock);
		bias_unlock_owner(&lock);
	}
	bias_lock_owner(&lock);
	*(bool *)arg = lock.by_bias;
	inside = 1;
	atomic_store(&step, 1);
	usleep(30000);
	inside = 0;
	bias_unlock_owner(&lock);
	return NULL;
}

static void wait_for_owner(void)
{
	bool by_bias = false;
	pthread_t owner;

	bias_lock_init(&lock);
	CHECK_EQ(pthread_create(&owner, NULL, stay_inside, &by_bias), 0);
	while (!atomic_load(&step))
		usleep(100);
	bias_lock_other(&lock);
	CHECK_EQ(inside, 0);
	bias_unlock_other(&lock);
	pthread_join(owner, NULL);
	CHECK(by_bias || !bias_possible_here());
	CHECK(!atomic_load(&lock.biased));
}

TEST(owner_inside_is_waited_for)
{
	wait_for_owner();
}

TEST(bias_works_in_a_forked_child)
{
	int status;
	pid_t child;

	bias_lock_init(&lock);
	child = fork();
	if (child == 0) {
		wait_for_owner();
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
}
