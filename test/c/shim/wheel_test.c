/* SPDX-License-Identifier: MIT */
/*
 * The timer wheel by itself, on a clock of its own: a million alarms, long jumps, wrap, the end of time.
 */
#include <stdlib.h>
#include <time.h>

#include "harness.h"
#include "task_kit.h"
#include "wheel.h"

#define TICK	(1ul << WHEEL_TICK_SHIFT)

static struct wheel wheel;
static sys_time_t now;
static uint64_t seed = 88172645463325252ul;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void add(struct etask_alarm *alarm, sys_time_t expire)
{
	alarm->expire = expire;
	wheel_add(&wheel, alarm);
}

/* Moves the clock to @to in steps as a task takes them: to each wheel_next(). Counts what fires, and judges when. */
static uint64_t run_to(sys_time_t to)
{
	uint64_t fired = 0;

	for (;;) {
		sys_time_t next = wheel_next(&wheel);
		struct etask_alarm *alarm;
		bool last = next > to;

		now = last ? to : next > now ? next : now;
		wheel_advance(&wheel, now);
		while ((alarm = wheel_pop(&wheel))) {
			/* Never early, and no later than a tick after it was due. */
			CHECK_LE(alarm->expire, now);
			CHECK_LT(now - alarm->expire, TICK);
			alarm->whence = "fired";
			fired++;
		}
		if (last)
			return fired;
	}
}

/* @cell_bytes is what the wheel may take for cells: those that get none stand in lists, and fire as well. */
static void fire_many(int count, size_t cell_bytes)
{
	struct etask_alarm *alarms = calloc((size_t)count, sizeof(*alarms));
	uint64_t cancelled = 0, fired = 0;

	now = 123456789;
	wheel_init(&wheel, now);
	wheel.pool.bytes_left = cell_bytes;
	/* As many in the next ms as in the next 200 days: the logarithm is spread evenly. */
	for (int i = 0; i < count; i++)
		add(&alarms[i], now + TICK + (random64() >> (11 + random64() % 34)));
	CHECK_EQ(wheel.count, count);
	for (int i = 0; i < count; i += 3) {
		wheel_remove(&wheel, &alarms[i]);
		cancelled++;
	}
	for (int i = 1; i < count; i += 3) {
		wheel_remove(&wheel, &alarms[i]);
		add(&alarms[i], now + TICK + random64() % sys_time_delta_of_hour(1));
	}
	fired = run_to(now + sys_time_delta_of_sec(1));
	fired += run_to(now + sys_time_delta_of_day(400));
	CHECK_EQ(fired, (uint64_t)count - cancelled);
	CHECK_EQ(wheel.count, 0);
	for (int i = 0; i < count; i++)
		CHECK((alarms[i].whence != NULL) == (i % 3 != 0));
	CHECK(sys_time_is_invalid(wheel_next(&wheel)));
	wheel_fini(&wheel);
	free(alarms);
}

TEST(a_million_alarms_fire_in_time)
{
	fire_many(1000000, CELLS_BYTES_MAX);
}

TEST(alarms_fire_in_time_without_memory_for_cells)
{
	fire_many(100000, 0);
}

/* Some have cells and some have none, in one and the same slot too. */
TEST(alarms_fire_in_time_with_too_little_memory_for_cells)
{
	fire_many(100000, 4096);
	fire_many(100000, 100000);
}

static size_t cell_bytes_used(void)
{
	return CELLS_BYTES_MAX - wheel.pool.bytes_left;
}

/* Who arms and cancels for ever, and lets the clock go on, needs no more than at its busiest. */
TEST(cells_are_used_again)
{
	enum { COUNT = 1000, TURNS = 2000 };
	static struct etask_alarm alarms[COUNT];
	size_t after_first = 0;

	now = 1;
	wheel_init(&wheel, now);
	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < COUNT; i++)
			add(&alarms[i], now + sys_time_delta_of_sec(30) + random64() % 1000000000);
		for (int i = 0; i < COUNT; i++)
			wheel_remove(&wheel, &alarms[(i * 7 + turn) % COUNT]);
		if (turn == 100)
			after_first = cell_bytes_used();
		run_to(now + sys_time_delta_of_sec(1));
	}
	CHECK_LE(after_first, 64 << 10);
	CHECK_LE(cell_bytes_used(), 2 * after_first);
	wheel_fini(&wheel);
	/* One that was never used, or was used and ended, holds nothing. */
	wheel_init(&wheel, now);
	wheel_fini(&wheel);
	CHECK(!wheel.pool.slabs);
}

struct each {
	const struct etask_alarm *alarms;
	unsigned char	seen[600];
	unsigned int	nr;
};

static void saw_each(struct etask_alarm *alarm, void *arg)
{
	struct each *each = arg;

	each->seen[alarm - each->alarms]++;
	each->nr++;
}

/* Those in cells, in lists and due, each once; and those cancelled never. */
TEST(each_alarm_is_shown_once)
{
	static struct etask_alarm alarms[600];
	struct each each = { .alarms = alarms };

	now = sys_time_delta_of_hour(1);
	wheel_init(&wheel, now);
	for (int i = 0; i < 600; i++) {
		if (i == 500)
			wheel.pool.bytes_left = 0, wheel.pool.fresh = wheel.pool.fresh_end;
		add(&alarms[i], i % 10 ? now + sys_time_delta_of_min((unsigned int)i) : now - 1);
	}
	for (int i = 0; i < 600; i += 4)
		wheel_remove(&wheel, &alarms[i]);
	wheel_each(&wheel, saw_each, &each);
	CHECK_EQ(each.nr, 450);
	for (int i = 0; i < 600; i++)
		CHECK_EQ(each.seen[i], i % 4 != 0);
	run_to(now + sys_time_delta_of_day(1));
	CHECK_EQ(wheel.count, 0);
	wheel_fini(&wheel);
}

/* A task that was suspended: the clock jumps, all that is over is due at once, oldest slot first. */
TEST(long_jump_makes_all_due)
{
	static struct etask_alarm alarms[1000];
	uint64_t popped = 0;

	now = 5000;
	wheel_init(&wheel, now);
	for (int i = 0; i < 1000; i++)
		add(&alarms[i], now + random64() % sys_time_delta_of_day(1));
	wheel_advance(&wheel, now + sys_time_delta_of_day(2));
	while (wheel_pop(&wheel))
		popped++;
	CHECK_EQ(popped, 1000);
	/* And it goes on from there. */
	now += sys_time_delta_of_day(2);
	add(&alarms[0], now + 1);
	CHECK_EQ(run_to(now + 2 * TICK), 1);
	wheel_fini(&wheel);
}

/* Each level's digit turning over, one tick before, at, and after. */
TEST(alarms_at_every_wrap_fire_in_time)
{
	static struct etask_alarm alarms[WHEEL_LEVELS * 5];

	for (unsigned int level = 1; level <= WHEEL_LEVELS; level++) {
		uint64_t edge = (1ul << (6 * level)) % (UINT64_MAX >> WHEEL_TICK_SHIFT);
		int count = 0;

		for (int start = -2; start <= 2; start++) {
			now = (edge + (uint64_t)start) << WHEEL_TICK_SHIFT;
			wheel_init(&wheel, now);
			count = 0;
			for (uint64_t after = 1; after <= 5; after++)
				add(&alarms[count++], now + after * TICK - after);
			CHECK_EQ(run_to(now + 8 * TICK), count);
			wheel_fini(&wheel);
		}
	}
}

TEST(the_end_of_time_is_far_and_never_hangs)
{
	static struct etask_alarm never, beyond, later, soon;

	now = sys_time_delta_of_day(40);
	wheel_init(&wheel, now);
	add(&never, sys_time_invalid());
	add(&beyond, now + (1ul << 62));
	add(&later, now + (1ul << 61));
	add(&soon, now + 1000);
	CHECK_LE(wheel_next(&wheel), now + TICK);
	CHECK_EQ(run_to(now + sys_time_delta_of_day(365)), 1);
	CHECK_EQ(wheel.count, 3);
	CHECK_GT(wheel_next(&wheel), now);
	CHECK_EQ(run_to(sys_time_delta_of_day(40) + (1ul << 61) + TICK), 1);
	CHECK_EQ(run_to(sys_time_delta_of_day(40) + (1ul << 62) + TICK), 1);
	wheel_remove(&wheel, &never);
	CHECK_EQ(wheel.count, 0);
	wheel_fini(&wheel);
}

static double worked_ns(void)
{
	struct timespec now_worked;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now_worked);
	return (double)now_worked.tv_sec * 1e9 + (double)now_worked.tv_nsec;
}

/* Of this thread's own time, and the best of some stretches: others on the machine take the caches, too. */
static double arm_and_cancel_ns(struct etask_alarm *alarms, int count, int rounds)
{
	double best = 1e9;

	for (int stretch = 0; stretch < 10; stretch++) {
		double from = worked_ns(), each;

		for (int i = 0; i < rounds; i++) {
			struct etask_alarm *alarm = &alarms[random64() % (unsigned int)count];

			wheel_remove(&wheel, alarm);
			add(alarm, now + random64() % sys_time_delta_of_hour(1));
		}
		each = (worked_ns() - from) / rounds;
		best = each < best ? each : best;
	}
	return best;
}

/* A list or a heap would take a thousand or two times as long; caches that no longer hold all cost some. */
TEST(cost_does_not_grow_with_what_is_armed)
{
	enum { MANY = 1000000, FEW = 1000, ROUNDS = 20000 };
	struct etask_alarm *alarms = calloc(MANY, sizeof(*alarms));
	double few, many;

	now = 0;
	wheel_init(&wheel, now);
	for (int i = 0; i < FEW; i++)
		add(&alarms[i], random64() % sys_time_delta_of_hour(1));
	few = arm_and_cancel_ns(alarms, FEW, ROUNDS);
	for (int i = FEW; i < MANY; i++)
		add(&alarms[i], random64() % sys_time_delta_of_hour(1));
	many = arm_and_cancel_ns(alarms, MANY, ROUNDS);
	if (many > few * 60)
		test_fail(__FILE__, __LINE__, "re-arming takes %.0f ns with %d armed, %.0f ns with %d", few, FEW, many, MANY);
	wheel_fini(&wheel);
	free(alarms);
}
