/* SPDX-License-Identifier: MIT */
/* flow_test.c - limits, taking back, closing and stopping, with operations in flight. */
#include <semaphore.h>

#include "aio_impl.h"
#include "inject.h"
#include "rig.h"

enum { NR = 200, SIZE = 1 << 20 };

static const struct setup threads = { "threads", DISK, false, false };

/* NR writes of a page, submitted at once. */
static struct burst {
	struct rig	rig;
	struct aio_op	ops[NR];
	struct iovec	iov;
	unsigned int	nr;
	atomic_uint	ended, cancelled, failed;
	unsigned int	in_flight_max, started_max;
	unsigned int	order[NR];
	bool		submitted;
} burst;

static unsigned int in_flight(void) { return aio_task_current->lanes[burst.rig.file->id]->in_flight; }

static void burst_ended(struct aio_op *op)
{
	unsigned int at = atomic_load(&burst.ended);

	CHECK(sys_event_task_current() == burst.rig.task);
	if (op->lane && in_flight() > burst.in_flight_max)
		burst.in_flight_max = in_flight();
	burst.order[at] = (unsigned int)(op - burst.ops);
	if (op->result == -ECANCELED)
		atomic_fetch_add(&burst.cancelled, 1);
	else if (op->result != PAGE)
		atomic_fetch_add(&burst.failed, 1);
	atomic_fetch_add(&burst.ended, 1);
}

static void burst_submit(void *arg)
{
	(void)arg;
	burst.iov = (struct iovec){ page_memory(PAGE, 3), PAGE };
	for (unsigned int i = 0; i < burst.nr; i++) {
		burst.ops[i] = (struct aio_op){
			.file = burst.rig.file, .opcode = AIO_WRITE, .offset = (uint64_t)i * PAGE, .size = PAGE,
			.iov = &burst.iov, .niov = 1, .fn = burst_ended,
		};
		aio_submit(&burst.ops[i]);
		CHECK_EQ(burst.ended, 0);	/* never from inside */
	}
	burst.submitted = true;
}

static void burst_begin(const struct setup *setup, struct aio_open_options options)
{
	options.size = SIZE;
	burst.nr = NR;
	rig_open_with(&burst.rig, setup, options);
	rig_run(&burst.rig, burst_submit, NULL);
}

static void burst_wait(void)
{
	while (atomic_load(&burst.ended) < burst.nr)
		usleep(200);
}

/* ---- closing and stopping ------------------------------------------------------------- */

TEST_EACH(a_close_waits_for_what_is_in_flight)
{
	burst_begin(setup, (struct aio_open_options){ 0 });
	CHECK_EQ(aio_file_close(burst.rig.file), 0);
	CHECK_EQ(burst.ended, NR);
	CHECK_EQ(burst.failed + burst.cancelled, 0);
	burst.rig.file = NULL;
	CHECK_EQ(rig_close(&burst.rig), 0);
}

static void close_on_task(void *arg)
{
	int *rc = arg;

	burst_submit(NULL);
	rc[0] = aio_file_close(burst.rig.file);
}

static void close_again(void *arg)
{
	int *rc = arg;

	rc[1] = aio_file_close(burst.rig.file);
}

TEST_EACH(a_task_does_not_wait_for_its_own_operations)
{
	int rc[2];

	burst.nr = NR;
	rig_open(&burst.rig, setup, SIZE);
	rig_run(&burst.rig, close_on_task, rc);
	CHECK_EQ(rc[0], -EBUSY);
	burst_wait();
	rig_run(&burst.rig, close_again, rc);
	CHECK_EQ(rc[1], 0);
	burst.rig.file = NULL;
	CHECK_EQ(rig_close(&burst.rig), 0);
}

TEST_EACH(a_stop_ends_what_began_and_cancels_the_rest)
{
	burst_begin(setup, (struct aio_open_options){ .max_in_flight = 16 });
	etask_stop_join(burst.rig.task);
	CHECK_EQ(burst.ended, NR);
	CHECK_EQ(burst.failed, 0);
	sys_event_task_free(burst.rig.task);
	burst.rig.task = NULL;
	CHECK_EQ(rig_close(&burst.rig), 0);
}

static void stopped_submit(struct aio_op *op)
{
	if (atomic_load(&burst.ended) < 2)
		aio_submit(op);		/* on a task that is stopping */
	atomic_fetch_add(&burst.ended, 1);
}

static void submit_then_stop(void *arg)
{
	static struct aio_op op;

	(void)arg;
	op = (struct aio_op){ .file = burst.rig.file, .opcode = AIO_SYNC, .fn = stopped_submit };
	aio_submit(&op);
	sys_event_task_stop(burst.rig.task);
}

TEST_EACH(a_stopping_task_begins_nothing)
{
	rig_open(&burst.rig, setup, SIZE);
	rig_run(&burst.rig, submit_then_stop, NULL);
	etask_stop_join(burst.rig.task);
	CHECK_EQ(burst.ended, 3);
	sys_event_task_free(burst.rig.task);
	burst.rig.task = NULL;
	CHECK_EQ(rig_close(&burst.rig), 0);
}

/* On another thread than before: what a provider had for the old one must be made again. */
TEST_EACH(a_task_that_was_restarted_goes_on)
{
	char *out = page_memory(PAGE, 1), *in = page_memory(PAGE, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(rig_write(&rig, SUBMIT, 0, (uint64_t)i * PAGE, out, PAGE), PAGE);
		etask_stop_join(rig.task);
		CHECK_EQ(etask_start(rig.task, "again", -1), 0);
		CHECK_EQ(rig_read(&rig, SUBMIT, (uint64_t)i * PAGE, in, PAGE), PAGE);
		if (!setup->forgets)
			CHECK_MEMEQ(in, out, PAGE);
		memset(in, 0, PAGE);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

/* ---- limits ----------------------------------------------------------------------------- */

TEST_EACH(no_more_are_in_flight_than_the_limit)
{
	burst_begin(setup, (struct aio_open_options){ .max_in_flight = 7 });
	burst_wait();
	CHECK_LE(burst.in_flight_max, 7);
	CHECK_EQ(burst.failed + burst.cancelled, 0);
	CHECK_EQ(rig_close(&burst.rig), 0);
}

TEST(one_at_a_time_is_in_order)
{
	burst_begin(&threads, (struct aio_open_options){ .max_in_flight = 1 });
	burst_wait();
	for (unsigned int i = 0; i < NR; i++)
		CHECK_EQ(burst.order[i], i);
	CHECK_EQ(burst.in_flight_max, 1);
	CHECK_EQ(rig_close(&burst.rig), 0);
}

/* A provider that only notes when operations begin; they end when the test says so. */
static struct aio_op *begun[NR];
static unsigned int nr_begun;

static void note_submit(struct aio_op *op)
{
	static unsigned int in_round;
	static uint64_t round;

	in_round = op->task->round == round ? in_round + 1 : 1;
	round = op->task->round;
	if (in_round > burst.started_max)
		burst.started_max = in_round;
	begun[nr_begun++] = op;
}

static void end_some(void *arg)
{
	for (unsigned int nr = *(unsigned int *)arg, i = 0; i < nr; i++) {
		struct aio_op *op = begun[0];

		memmove(begun, begun + 1, --nr_begun * sizeof(begun[0]));
		op_finished(op, (ssize_t)op->size);
	}
}

static struct aio_provider noting;

static void note_begin(struct aio_open_options options)
{
	options.size = SIZE;
	rig_open_with(&burst.rig, &threads, options);
	noting = *burst.rig.file->provider;
	noting.submit = note_submit;
	burst.rig.file->provider = &noting;
	burst.nr = NR;
	rig_run(&burst.rig, burst_submit, NULL);
}

static void note_end(unsigned int nr) { rig_run(&burst.rig, end_some, &nr); }

static void nothing(void *arg) { (void)arg; }

static void note_finish(void)
{
	while (burst.ended < NR) {
		note_end(nr_begun ? 1 : 0);
		rig_run(&burst.rig, nothing, NULL);
	}
	CHECK_EQ(rig_close(&burst.rig), 0);
}

TEST(waiting_ones_start_when_there_is_room)
{
	note_begin((struct aio_open_options){ .max_in_flight = 10 });
	CHECK_EQ(nr_begun, 10);
	note_end(3);
	CHECK_EQ(nr_begun, 10);
	CHECK_EQ(burst.ended, 3);
	note_finish();
}

TEST(waiting_ones_start_in_batches_below_the_low_mark)
{
	note_begin((struct aio_open_options){ .max_in_flight = 10, .min_in_flight = 4 });
	CHECK_EQ(nr_begun, 10);
	note_end(6);
	CHECK_EQ(nr_begun, 4);		/* not below the mark yet */
	note_end(1);
	CHECK_EQ(nr_begun, 10);		/* and then up to the limit */
	note_end(7);
	CHECK_EQ(nr_begun, 10);
	note_finish();
}

TEST(so_many_start_at_once_and_the_rest_in_the_next_rounds)
{
	note_begin((struct aio_open_options){ .max_in_flight = 100, .max_per_dispatch = 15 });
	for (int i = 0; i < 10; i++)
		rig_run(&burst.rig, nothing, NULL);
	CHECK_EQ(nr_begun, 100);
	CHECK_EQ(burst.started_max, 15);
	CHECK_EQ(burst.ended, 0);
	note_finish();
}

TEST(limits_that_contradict_each_other_are_refused)
{
	struct aio_open_options options = { .create = true, .size = PAGE, .max_in_flight = 4, .min_in_flight = 5 };
	struct aio_file *file;
	const char *why;
	char path[64];

	sys_service_set(MTE_sys_service_get());
	snprintf(path, sizeof(path), DISK "/ring3-aio-%d", getpid());
	CHECK_EQ(aio_file_open(path, &options, &file, &why), -EINVAL);
	CHECK_STREQ(why, "its min_in_flight is above its max_in_flight");
	CHECK(access(path, F_OK));
}

TEST(more_files_than_there_may_be_are_refused)
{
	struct aio_open_options options = { .provider = "null", .size = PAGE };
	static struct aio_file *files[AIO_FILES_MAX], *one_more;
	const char *why;

	sys_service_set(MTE_sys_service_get());
	for (int i = 0; i < AIO_FILES_MAX; i++)
		CHECK_EQ(aio_file_open(NULL, &options, &files[i], &why), 0);
	CHECK_EQ(aio_file_open(NULL, &options, &one_more, &why), -ENFILE);
	CHECK(strstr(why, "4096"));
	CHECK_EQ(aio_file_close(files[77]), 0);
	CHECK_EQ(aio_file_open(NULL, &options, &files[77], &why), 0);
	for (int i = 0; i < AIO_FILES_MAX; i++)
		CHECK_EQ(aio_file_close(files[i]), 0);
}

/* ---- taking back -------------------------------------------------------------------------- */

static void cancel_odd(void *arg)
{
	unsigned int *taken = arg;

	burst_submit(NULL);
	for (unsigned int i = 1; i < NR; i += 2) {
		bool was = aio_cancel(&burst.ops[i]);

		taken[0] += was;
		CHECK(!aio_cancel(&burst.ops[i]) || !was);	/* once */
	}
	CHECK_EQ(burst.ended, 0);
}

TEST_EACH(what_has_not_begun_can_be_taken_back)
{
	unsigned int taken = 0;

	burst.nr = NR;
	rig_open_with(&burst.rig, setup, (struct aio_open_options){ .size = SIZE, .max_in_flight = 3 });
	rig_run(&burst.rig, cancel_odd, &taken);
	burst_wait();
	CHECK_GE(taken, NR / 2 - 3);
	CHECK_EQ(burst.cancelled, taken);
	CHECK_EQ(burst.failed, 0);
	CHECK_EQ(rig_close(&burst.rig), 0);
}

/* In the pool's queue it has not begun either. */
TEST(what_waits_for_a_thread_can_be_taken_back)
{
	unsigned int taken = 0;

	burst.nr = NR;
	inject_delay(CALL_PWRITEV2, 2000);
	rig_open_with(&burst.rig, &threads, (struct aio_open_options){ .size = SIZE });
	rig_run(&burst.rig, cancel_odd, &taken);
	burst_wait();
	CHECK_GE(taken, NR / 4);
	CHECK_EQ(burst.cancelled, taken);
	CHECK_EQ(burst.failed, 0);
	CHECK_EQ(rig_close(&burst.rig), 0);
}

static void cancel_file(void *arg)
{
	*(unsigned int *)arg = aio_cancel_file(burst.rig.file);
}

TEST_EACH(a_close_can_be_hastened_by_taking_all_back)
{
	unsigned int taken = 0;

	burst_begin(setup, (struct aio_open_options){ .max_in_flight = 3 });
	rig_run(&burst.rig, cancel_file, &taken);
	CHECK_EQ(aio_file_close(burst.rig.file), 0);
	CHECK_EQ(burst.ended, NR);
	CHECK_EQ(burst.cancelled, taken);
	CHECK_EQ(burst.failed, 0);
	burst.rig.file = NULL;
	CHECK_EQ(rig_close(&burst.rig), 0);
}

static void cancel_sync(void *arg)
{
	struct aio_op *sync = arg;

	burst_submit(NULL);
	aio_submit(sync);
	CHECK(aio_cancel(sync));
}

static void sync_cancelled(struct aio_op *op)
{
	CHECK_EQ(op->result, -ECANCELED);
	sem_post(op->env);
}

TEST(a_sync_that_waits_can_be_taken_back)
{
	sem_t done;
	struct aio_op sync = { .opcode = AIO_SYNC, .fn = sync_cancelled, .env = &done };

	sem_init(&done, 0, 0);
	burst.nr = NR;
	rig_open(&burst.rig, &threads, SIZE);
	sync.file = burst.rig.file;
	rig_run(&burst.rig, cancel_sync, &sync);
	sem_wait(&done);
	burst_wait();
	CHECK_EQ(burst.failed + burst.cancelled, 0);
	CHECK_EQ(rig_close(&burst.rig), 0);
}

/* ---- bad use ----------------------------------------------------------------------------------- */

TEST_DIES(a_thread_that_is_no_task_cannot_submit)
{
	struct aio_op op = { .opcode = AIO_SYNC };

	aio_submit(&op);
}
