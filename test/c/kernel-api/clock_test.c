/* SPDX-License-Identifier: MIT */
/* Timers, hrtimers, jiffies and the clocks. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>

#include "rig.h"

static struct timer_list timer;
static struct hrtimer hr;
static int fired, wanted;
static DECLARE_COMPLETION(done);

static void fires(struct timer_list *t)
{
	CHECK(!timer_pending(t));
	__atomic_fetch_add(&fired, 1, __ATOMIC_SEQ_CST);
}

static int shots(void) { return __atomic_load_n(&fired, __ATOMIC_SEQ_CST); }

TEST(clock_timers_arm_change_and_shut_down)
{
	rig_start(1, 1);
	timer_setup(&timer, fires, TIMER_DEFERRABLE);
	CHECK_EQ(mod_timer_pending(&timer, jiffies + 1), 0);
	CHECK(!timer_pending(&timer));
	CHECK_EQ(mod_timer(&timer, jiffies + 100000), 0);
	CHECK_EQ(mod_timer_pending(&timer, jiffies + 50000), 1);
	CHECK_EQ(timer_reduce(&timer, jiffies + 90000), 1);
	CHECK(time_before(timer.expires, jiffies + 60000));
	CHECK_EQ(timer_reduce(&timer, jiffies + 40000), 1);
	CHECK(time_before(timer.expires, jiffies + 45000));
	CHECK_EQ(try_to_del_timer_sync(&timer), 1);
	CHECK_EQ(try_to_del_timer_sync(&timer), 0);
	CHECK_EQ(del_timer(&timer), 0);

	/* The past is at once, also one before the start. */
	mod_timer(&timer, jiffies - 1000000000ul);
	for (int i = 0; i < 2000 && !shots(); i++)
		msleep(1);
	CHECK_EQ(shots(), 1);

	mod_timer(&timer, jiffies + 5);
	CHECK_EQ(timer_shutdown_sync(&timer), 1);
	CHECK_EQ(mod_timer(&timer, jiffies + 1), 0);
	CHECK(!timer_pending(&timer));
	msleep(5);
	CHECK_EQ(shots(), 1);
	rig_stop();
}

TEST_DIES(clock_timer_added_twice)
{
	rig_start(1, 1);
	timer_setup(&timer, fires, 0);
	timer.expires = jiffies + 100000;
	add_timer(&timer);
	add_timer(&timer);
}

/* Two threads arm and delete while it fires and arms itself. */
static void rearms(struct timer_list *t)
{
	__atomic_fetch_add(&fired, 1, __ATOMIC_RELAXED);
	mod_timer(t, jiffies);
}

static int arm_and_delete(long number)
{
	for (int i = 0; i < 300; i++) {
		mod_timer(&timer, jiffies + (unsigned long)i % 2);
		if (i % 3 == 0)
			del_timer(&timer);
		else if (i % 3 == 1)
			del_timer_sync(&timer);
		else
			try_to_del_timer_sync(&timer);
	}
	return 0;
}

TEST(clock_timers_survive_a_storm)
{
	static struct rig_thread threads[3];
	int after;

	rig_start(2, 2);
	timer_setup(&timer, rearms, 0);
	rig_threads(threads, 3, arm_and_delete);
	rig_join(threads, 3);
	timer_shutdown_sync(&timer);
	after = fired;
	msleep(3);
	CHECK_EQ(__atomic_load_n(&fired, __ATOMIC_RELAXED), after);
	rig_stop();
}

/* ---- hrtimers ---------------------------------------------------------------------------- */

static ktime_t last;

static enum hrtimer_restart ticks(struct hrtimer *t)
{
	ktime_t now = ktime_get();

	CHECK(in_hardirq() && irqs_disabled());
	CHECK_GE(now, hrtimer_get_expires(t));
	CHECK_GT(now, last);
	last = now;
	if (++fired == wanted) {
		complete(&done);
		return HRTIMER_NORESTART;
	}
	CHECK_GE(hrtimer_forward_now(t, us_to_ktime(300)), 1);
	return HRTIMER_RESTART;
}

static enum hrtimer_restart soft(struct hrtimer *t)
{
	CHECK(in_serving_softirq() && !in_hardirq() && !irqs_disabled());
	complete(&done);
	return HRTIMER_NORESTART;
}

TEST(clock_hrtimers_tick_and_cancel)
{
	ktime_t start;

	rig_start(1, 1);
	wanted = 10;
	hrtimer_init(&hr, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hr.function = ticks;
	start = ktime_get();
	hrtimer_start(&hr, us_to_ktime(300), HRTIMER_MODE_REL);
	wait_for_completion(&done);
	CHECK_GE(ktime_us_delta(ktime_get(), start), 3000);
	CHECK_EQ(hrtimer_cancel(&hr), 0);
	CHECK(!hrtimer_active(&hr));

	hrtimer_init(&hr, CLOCK_REALTIME, HRTIMER_MODE_ABS_SOFT);
	hr.function = soft;
	hrtimer_start(&hr, ktime_add_ms(ktime_get_real(), 3), HRTIMER_MODE_ABS_SOFT);
	CHECK(hrtimer_is_queued(&hr));
	CHECK_GT(hrtimer_get_remaining(&hr), 0);
	wait_for_completion(&done);
	hrtimer_cancel(&hr);
	hrtimer_start(&hr, ktime_set(1000, 0), HRTIMER_MODE_REL_SOFT);
	CHECK_EQ(hrtimer_try_to_cancel(&hr), 1);
	CHECK_EQ(hrtimer_cancel(&hr), 0);
	rig_stop();
}

static enum hrtimer_restart cancels_itself(struct hrtimer *t)
{
	hrtimer_cancel(t);
	return HRTIMER_NORESTART;
}

TEST_DIES(clock_hrtimer_that_waits_for_itself)
{
	rig_start(1, 1);
	hrtimer_init(&hr, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hr.function = cancels_itself;
	hrtimer_start(&hr, 0, HRTIMER_MODE_REL);
	msleep(1000);
}

TEST(clock_hrtimeouts_end_by_time_or_by_waking)
{
	ktime_t wait = ms_to_ktime(3), none = 0, start = ktime_get();

	rig_start(1, 1);
	set_current_state(TASK_UNINTERRUPTIBLE);
	CHECK_EQ(schedule_hrtimeout(&wait, HRTIMER_MODE_REL), 0);
	CHECK_GE(ktime_us_delta(ktime_get(), start), 3000);
	set_current_state(TASK_INTERRUPTIBLE);
	CHECK_EQ(schedule_hrtimeout(&none, HRTIMER_MODE_REL), 0);
	wait = ktime_set(100, 0);
	send_sig(SIGTERM, current, 0);
	set_current_state(TASK_INTERRUPTIBLE);
	CHECK_EQ(schedule_hrtimeout(&wait, HRTIMER_MODE_REL), -EINTR);
	flush_signals(current);
	CHECK(task_is_running(current));
	rig_stop();
}

/* ---- numbers ----------------------------------------------------------------------------- */

TEST(clock_jiffies_start_before_32_bits_wrap_and_convert)
{
	unsigned long j = jiffies;

	CHECK_LT((u32)(0u - (u32)j), 300u * HZ + 1);	/* five minutes, or less by now */
	CHECK(time_after(j + 1, j) && time_before(j, j + 1) && time_after_eq(j, j));
	CHECK(time_after(5ul, ~0ul - 5));
	CHECK(time_in_range(j, j - 1, j + 1) && !time_in_range_open(j, j - 1, j));
	CHECK_EQ(msecs_to_jiffies(250), 250);
	CHECK_EQ(msecs_to_jiffies((unsigned int)-1), MAX_JIFFY_OFFSET);
	CHECK_EQ(usecs_to_jiffies(1), 1);
	CHECK_EQ(nsecs_to_jiffies(jiffies_to_nsecs(77)), 77);
	CHECK_EQ(round_jiffies_up(j) % HZ, 0);
	CHECK_GE(round_jiffies_up(j), j);
	CHECK_EQ(ktime_set(KTIME_SEC_MAX, 0), KTIME_MAX);
	CHECK_EQ(ktime_add_safe(KTIME_MAX, 1), KTIME_MAX);
	CHECK_EQ(ktime_compare(1, 2), -1);
	CHECK_EQ(ktime_to_ms(ktime_add_us(ms_to_ktime(2), 1999)), 3);
}

TEST(clock_clocks_go_forward)
{
	struct timespec64 ts;
	u64 a = ktime_get_ns(), b = ktime_get_raw_ns(), c = ktime_get_boottime_ns();

	udelay(50);
	CHECK_GE(ktime_get_ns() - a, 50000);
	CHECK_GT(ktime_get_raw_ns(), b);
	CHECK_GT(ktime_get_boottime_ns(), c);
	ktime_get_real_ts64(&ts);
	CHECK_GT(ts.tv_sec, 1600000000);
	CHECK_LE(ts.tv_sec - ktime_get_real_seconds(), 0);
}

TEST(clock_dates_become_seconds)
{
	CHECK_EQ(mktime64(1970, 1, 1, 0, 0, 0), 0);
	CHECK_EQ(mktime64(1969, 12, 31, 23, 59, 59), -1);
	CHECK_EQ(mktime64(2000, 2, 29, 12, 0, 0), 951825600);
	CHECK_EQ(mktime64(2038, 1, 19, 3, 14, 8), 1ll << 31);
	CHECK_EQ(mktime64(2100, 3, 1, 0, 0, 0) - mktime64(2100, 2, 28, 0, 0, 0), 86400);	/* no leap year */
	CHECK_EQ(mktime64(2024, 1, 1, 24, 0, 60), mktime64(2024, 1, 2, 0, 1, 0));
}

TEST(clock_delays_count_nanoseconds)
{
	CHECK_EQ(loops_per_jiffy * HZ, NSEC_PER_SEC);
	CHECK_GT(si_mem_available(), 0);
}
