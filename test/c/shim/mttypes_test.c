/* SPDX-License-Identifier: MIT */
/* Integers, locks, queues, free lists and counters of many threads: each under stress, each misuse reported. */
#include <pthread.h>

#include "piece.h"
#include "sys_debug.h"
#include "sys_freelist.h"
#include "task_kit.h"

enum { THREADS = 4, ROUNDS = SLOW_BUILD ? 20000 : 100000 };

static void run_threads(void *(*fn)(void *arg))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- integers ------------------------------------------------------------------------ */

TEST(operations_answer_the_new_or_the_old_value)
{
	int64mt_t big = { 5 };
	int32mt_t small = { 6 };
	int64_t plain = 3;

	CHECK_EQ(int64mt_add(&big, 10), 15);
	CHECK_EQ(int64mt_sub(&big, 1), 14);
	CHECK_EQ(int64mt_inc(&big), 15);
	CHECK_EQ(int64mt_dec(&big), 14);
	CHECK_EQ(int64mt_and(&big, 6), 14);
	CHECK_EQ(int64mt_or(&big, 1), 6);
	CHECK_EQ(int64mt_xor(&big, 2), 7);
	CHECK_EQ(int64mt_set(&big, 1l << 40), 5);
	CHECK_EQ(int64mt_hiwat(&big, 7), 1l << 40);
	CHECK_EQ(int64mt_hiwat(&big, 1l << 41), 1l << 41);
	CHECK_EQ(int64mt_clr(&big), 1l << 41);
	CHECK_EQ(int64mt_get(&big), 0);
	CHECK_EQ(int32mt_inc(&small), 7);
	CHECK_EQ(int32mt_hiwat(&small, -1), 7);
	CHECK(_int64_cas(&plain, 3, 4));
	CHECK(!_int64_cas(&plain, 3, 5));
	CHECK_EQ(plain, 4);
}

static int64mt_t sum, highest;
static sys_counter_t counter;

static void *add_up(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int64mt_inc(&sum);
		int64mt_hiwat(&highest, (int64_t)(uintptr_t)arg * ROUNDS + i);
		sys_counter_add(&counter, i % 3 - 1);
		sys_counter_add(&counter, 2);
	}
	return NULL;
}

TEST(counts_of_many_threads_add_up)
{
	int64_t expected = 0;

	for (int i = 0; i < ROUNDS; i++)
		expected += i % 3 + 1;
	sys_counter_init(&counter);
	run_threads(add_up);
	CHECK_EQ(int64mt_get(&sum), (int64_t)THREADS * ROUNDS);
	CHECK_EQ(int64mt_get(&highest), (int64_t)THREADS * ROUNDS - 1);
	CHECK_EQ(sys_counter_read(&counter), expected * THREADS);
	sys_counter_deinit(&counter);
	CHECK_EQ(sys_counter_read(&counter), 0);
}

/* ---- locks ----------------------------------------------------------------------------- */

static sys_spinlock_t lock = SYS_SPINLOCK_INIT();
static sys_lock_t bit = SYS_LOCK_INIT();
static long guarded, guarded_by_bit;
static atomic_long tried;

static void *contend(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 4 || sys_spin_lock_try(&lock) == false)
			sys_spin_lock(&lock);
		else
			atomic_fetch_add(&tried, 1);
		sys_spin_assert_holding(&lock);
		guarded++;
		sys_spin_unlock(&lock);
		sys_spin_assert_notholding(&lock);
		sys_lock_acquire_spin(&bit);
		guarded_by_bit++;
		sys_lock_release(&bit);
	}
	return NULL;
}

TEST(spinlock_excludes_and_counts)
{
	string_t text;

	run_threads(contend);
	CHECK_EQ(guarded, (long)THREADS * ROUNDS);
	CHECK_EQ(guarded_by_bit, (long)THREADS * ROUNDS);
	CHECK_EQ(lock.nlock, (uint64_t)THREADS * ROUNDS);
	CHECK_EQ(int64mt_get(&lock.nbusy), THREADS * (ROUNDS / 4) - atomic_load(&tried));
	CHECK_LE(int64mt_get(&lock.nwait), (int64_t)THREADS * ROUNDS);
	sys_service_set(MTE_sys_service_get());
	text = sys_sprintf(SYS_SPIN_FMT, SYS_SPIN_FIELDS(&lock));
	CHECK(strstr(text, "nlock="));
	sys_mem_free(text);
}

PIECE(take_twice)
{
	sys_spin_lock_at(&lock, "site-a:1");
	sys_spin_lock_at(&lock, "site-b:2");
}

PIECE(leave_free_lock)
{
	sys_spin_lock_at(&lock, "site-a:1");
	sys_spin_unlock_at(&lock, "site-b:2");
	sys_spin_unlock_at(&lock, "site-c:3");
}

static void *leave_it(void *arg)
{
	sys_spin_unlock_at(&lock, "site-other:2");
	return arg;
}

PIECE(leave_anothers_lock)
{
	pthread_t thread;

	sys_spin_lock_at(&lock, "site-a:1");
	pthread_create(&thread, NULL, leave_it, NULL);
	pthread_join(thread, NULL);
}

PIECE(assert_without_lock)
{
	sys_spin_assert_holding(&lock);
}

TEST(misused_locks_are_told_with_both_sites)
{
	CHECK(WIFSIGNALED(run_with(NULL, "take_twice")));
	must_say("site-b:2: spinlock");
	must_say("taken by the thread that holds it");
	must_say("at site-a:1");
	CHECK(WIFSIGNALED(run_with(NULL, "leave_free_lock")));
	must_say("site-c:3: spinlock");
	must_say("last taken");
	must_say("at site-a:1");
	CHECK(WIFSIGNALED(run_with(NULL, "leave_anothers_lock")));
	must_say("site-other:2: spinlock");
	must_say("left by a thread that does not hold it");
	CHECK(WIFSIGNALED(run_with(NULL, "assert_without_lock")));
	must_say("mttypes_test.c");
}

static void *note_self(void *arg)
{
	atomic_store((_Atomic(void *) *)arg, sys_spin_self());
	while (atomic_load((_Atomic(void *) *)arg))
		usleep(100);
	sys_spin_unlock(&lock);
	return NULL;
}

TEST(lock_is_handed_to_another_thread)
{
	_Atomic(void *) other = NULL;
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, note_self, &other), 0);
	while (!atomic_load(&other))
		usleep(100);
	sys_spin_lock(&lock);
	sys_spin_set_owner(&lock, atomic_load(&other));
	sys_spin_assert_notholding(&lock);
	atomic_store(&other, NULL);
	pthread_join(thread, NULL);
	CHECK(sys_spin_lock_try(&lock));
	CHECK(!sys_spin_lock_try(&lock));
	sys_spin_unlock(&lock);
}

/* ---- queues -------------------------------------------------------------------------------- */

struct item {
	long		number;
	uintptr_t	producer;
	sys_link_t	link;
};

static int by_number(void *env, sys_link_t *a, sys_link_t *b)
{
	struct item *x = enclosing_record(a, struct item, link), *y = enclosing_record(b, struct item, link);

	(void)env;
	return x->number < y->number ? -1 : x->number > y->number;
}

TEST(fifo_keeps_order_through_all_operations)
{
	static struct item items[64];
	sys_fifo_t one = SYS_FIFO_INIT(), two = SYS_FIFO_INIT();
	struct item *item;
	long last = -1;

	CHECK(!sys_fifo_take(&one));
	CHECK(!sys_fifo_take_entry(&one, struct item, link));
	CHECK_EQ(sys_fifo_find_remove(&one, &items[0].link), EINVAL);
	for (int i = 0; i < 64; i++) {
		items[i].number = i * 37 % 64;
		sys_fifo_insert_sorted(&one, &items[i].link, by_number, NULL);
	}
	CHECK_EQ(sys_fifo_nitem(&one), 64);
	CHECK_EQ(sys_fifo_find_remove(&one, &items[0].link), E_OK);	/* the first, 0 */
	CHECK_EQ(sys_fifo_find_remove(&one, &items[0].link), EINVAL);
	CHECK_EQ(sys_fifo_find_remove(&one, &items[63 * 45 % 64].link), E_OK);	/* the last, 63 */
	CHECK_EQ(sys_fifo_xfer_max(&two, &one, 10), 10);
	CHECK_EQ(sys_fifo_xfer_leave(&two, &one, 2), 50);
	CHECK_EQ(sys_fifo_xfer_leave(&two, &one, 2), 0);
	CHECK_EQ(sys_fifo_xfer(&two, &one), 2);
	CHECK_EQ(sys_fifo_xfer(&two, &one), 0);
	CHECK(sys_fifo_is_empty(&one) && sys_fifo_was_used(&one));
	sys_fifo_prepend(&two, &items[0].link);
	foreach_fifo_entry(&two, item, link) {
		CHECK_EQ(item->number, last + 1);
		last = item->number;
	}
	for (long i = 0; i < 63; i++)
		CHECK_EQ(sys_fifo_take_entry(&two, struct item, link)->number, i);
	/* Empty again, by each way of adding. */
	sys_fifo_prepend(&two, &items[0].link);
	sys_fifo_append(&two, &items[1].link);
	CHECK(sys_fifo_take(&two) == &items[0].link);
	CHECK(sys_fifo_take(&two) == &items[1].link);
	sys_fifo_deinit(&one);
	sys_fifo_deinit(&two);
}

PIECE(end_a_full_fifo)
{
	static struct item item;
	sys_fifo_t fifo = SYS_FIFO_INIT();

	sys_fifo_append(&fifo, &item.link);
	sys_fifo_deinit(&fifo);
}

TEST(queue_that_ends_full_is_told)
{
	CHECK(WIFSIGNALED(run_with(NULL, "end_a_full_fifo")));
	must_say("ends with 1 items on it");
}

static sys_fifo_t fifo = SYS_FIFO_INIT();
static sys_mwqueue_t queue = SYS_MWQUEUE_INIT();
static atomic_long taken;
static long last_seen[THREADS][THREADS / 2];	/* by consumer, of each producer */

/* Half of the threads produce, half consume; each consumer sees each producer's items in order. */
static void *produce_or_consume(uintptr_t me, void (*append)(sys_link_t *item), sys_link_t *(*take)(void))
{
	if (me % 2) {
		while (atomic_load(&taken) < (long)THREADS / 2 * ROUNDS) {
			struct item *item = enclosing_record(take(), struct item, link);

			if (!item) {
				sched_yield();
				continue;
			}
			CHECK_GT(item->number, last_seen[me][item->producer / 2]);
			last_seen[me][item->producer / 2] = item->number;
			sys_mem_free(item);
			atomic_fetch_add(&taken, 1);
		}
		return NULL;
	}
	for (long i = 1; i <= ROUNDS; i++) {
		struct item *item = sys_mem_alloc(sizeof(*item));

		item->number = i;
		item->producer = me;
		append(&item->link);
	}
	return NULL;
}

static void fifo_append(sys_link_t *item)
{
	sys_fifo_append(&fifo, item);
}

static sys_link_t *fifo_take(void)
{
	return sys_fifo_take(&fifo);
}

static void *use_fifo(void *arg)
{
	return produce_or_consume((uintptr_t)arg, fifo_append, fifo_take);
}

TEST(fifo_between_threads)
{
	sys_service_set(MTE_sys_service_get());
	run_threads(use_fifo);
	CHECK_EQ(atomic_load(&taken), (long)THREADS / 2 * ROUNDS);
	CHECK(sys_fifo_is_empty(&fifo));
	sys_fifo_deinit(&fifo);
}

static void queue_append(sys_link_t *item)
{
	sys_mwqueue_append(&queue, item);
}

static sys_link_t *queue_take(void)
{
	return sys_mwqueue_take(&queue);
}

static void *use_queue(void *arg)
{
	return produce_or_consume((uintptr_t)arg, queue_append, queue_take);
}

TEST(mwqueue_between_threads)
{
	string_t text;

	sys_service_set(MTE_sys_service_get());
	run_threads(use_queue);
	CHECK_EQ(atomic_load(&taken), (long)THREADS / 2 * ROUNDS);
	CHECK(sys_mwqueue_is_empty(&queue));
	CHECK_EQ(int64mt_get(&queue.nitem_append), (int64_t)THREADS / 2 * ROUNDS);
	CHECK_EQ(int64mt_get(&queue.nitem_take), (int64_t)THREADS / 2 * ROUNDS);
	text = sys_mwqueue_stats(&queue);
	CHECK(strstr(text, "nitem_append="));
	sys_mem_free(text);
	sys_mwqueue_deinit(&queue);
}

TEST(mwqueue_takes_whole_fifos_and_prepends)
{
	static struct item items[20];

	for (int i = 0; i < 20; i++)
		items[i].number = i;
	for (int i = 5; i < 10; i++)
		sys_fifo_append(&fifo, &items[i].link);
	for (int i = 2; i < 5; i++)
		sys_mwqueue_append(&queue, &items[i].link);
	CHECK_EQ(sys_mwqueue_append_fifo(&queue, &fifo), 5);
	CHECK_EQ(sys_mwqueue_append_fifo(&queue, &fifo), 0);
	sys_mwqueue_append(&queue, &items[10].link);
	sys_mwqueue_prepend(&queue, &items[1].link);
	sys_mwqueue_prepend(&queue, &items[0].link);
	for (int i = 0; i < 11; i++)
		CHECK_EQ(sys_mwqueue_take_entry(&queue, struct item, link)->number, i);
	CHECK(!sys_mwqueue_take(&queue));
	sys_mwqueue_deinit(&queue);
}

/* ---- free lists --------------------------------------------------------------------------------- */

enum { ITEMS = 1000 };

static sys_freelist_t freelist;

static void *use_freelist(void *arg)
{
	struct item *mine[8] = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		struct item **slot = &mine[i * 7 % 8];

		if (*slot) {
			/* Nobody else had it meanwhile. */
			CHECK_EQ((*slot)->producer, (uintptr_t)arg);
			sys_freelist_add(&freelist, &(*slot)->link);
			*slot = NULL;
		} else if ((*slot = sys_freelist_take_entry(&freelist, struct item, link))) {
			(*slot)->producer = (uintptr_t)arg;
		}
	}
	for (int i = 0; i < 8; i++)
		if (mine[i])
			sys_freelist_add(&freelist, &mine[i]->link);
	return NULL;
}

TEST(freelist_between_threads)
{
	static struct item items[ITEMS];
	string_t text;
	int left = 0;

	sys_service_set(MTE_sys_service_get());
	sys_freelist_init(&freelist, 32);
	for (int i = 0; i < ITEMS; i++)
		sys_freelist_add(&freelist, &items[i].link);
	for (uint32_t i = 0; i < freelist.nhoard; i++)
		CHECK_LE(sys_fifo_nitem(&freelist.hoards[i].hoard), 32);
	run_threads(use_freelist);
	text = sys_freelist_stats(&freelist);
	CHECK(strstr(text, "hoard[0]="));
	sys_mem_free(text);
	while (sys_freelist_take_any(&freelist))
		left++;
	CHECK_EQ(left, ITEMS);
	sys_freelist_deinit(&freelist);
}

PIECES_END
