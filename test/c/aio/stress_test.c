/* SPDX-License-Identifier: MIT */
/*
 * stress_test.c - files come and go on threads while tasks have operations on them.
 *
 * Each file is written with bytes of its own and read back through all tasks, so an operation that went to
 * the file which had its number, or its place in a ring, before is seen.
 */
#include <semaphore.h>

#include "rig.h"

enum { TASKS = 3, THREADS = 3, ROUNDS = 60, OPS = 6, PAGES = 4 };

static sys_event_task_t tasks[TASKS];
static uint64_t seed;

struct job {
	struct etask_callback	callback;
	struct aio_op		ops[OPS];
	struct iovec		iov[OPS];
	char			*data[OPS];
	atomic_uint		left;
	sem_t			done;
};

static void op_done(struct aio_op *op)
{
	struct job *job = op->env;

	CHECK_EQ(op->result, op->size);
	if (atomic_fetch_sub(&job->left, 1) == 1)
		sem_post(&job->done);
}

static void begin(struct etask_callback *callback)
{
	struct job *job = (struct job *)callback;

	for (int i = 0; i < OPS; i++)
		aio_submit(&job->ops[i]);
}

/* @opcode on all pages of @file, through @task; waits when @wait. */
static void run_job(struct job *job, sys_event_task_t task, struct aio_file *file, enum aio_opcode opcode, bool wait)
{
	atomic_store(&job->left, OPS);
	for (int i = 0; i < OPS; i++) {
		job->iov[i] = (struct iovec){ job->data[i], PAGE };
		job->ops[i] = (struct aio_op){
			.file = file, .opcode = opcode, .offset = (uint64_t)(i % PAGES) * PAGE, .size = PAGE,
			.iov = &job->iov[i], .niov = 1, .fn = op_done, .env = job,
		};
	}
	etask_callback_init(&job->callback, begin, "test");
	etask_post(task, &job->callback);
	if (wait)
		while (sem_wait(&job->done))
			;
}

static void fill(struct job *job, int byte)
{
	for (int i = 0; i < OPS; i++)
		memset(job->data[i], byte, PAGE);
}

static void one_file(struct job jobs[TASKS], uint64_t *random, unsigned int thread, int round)
{
	static const char *const providers[] = { "threads", "io_uring", "libaio", "ram" };
	uint64_t choice = next_random(random);
	struct aio_open_options options = {
		.provider = providers[choice % 4], .direct = choice >> 8 & 1 && choice % 4 != 3, .create = true,
		.size = PAGES * PAGE, .max_in_flight = choice >> 16 & 1 ? 2 : 0,
	};
	int byte = 1 + (int)(thread * ROUNDS + (unsigned int)round) % 255;
	struct aio_file *file;
	const char *why;
	char path[80];
	int rc;

	snprintf(path, sizeof(path), DISK "/ring3-aio-%d-%u", getpid(), thread);
	rc = aio_file_open(path, &options, &file, &why);
	if (rc == -EOPNOTSUPP)
		return;		/* a provider that does not work here */
	CHECK_EQ(rc, 0);
	fill(&jobs[0], byte);
	run_job(&jobs[0], tasks[choice >> 24 & 1], file, AIO_WRITE, true);
	for (int i = 0; i < TASKS; i++) {
		fill(&jobs[i], 0);
		run_job(&jobs[i], tasks[i], file, AIO_READ, false);
	}
	/* The close waits for what was submitted, so it must not come before that. */
	for (int i = 0; i < TASKS; i++)
		while (sem_wait(&jobs[i].done))
			;
	for (int i = 0; i < TASKS; i++)
		for (int k = 0; k < OPS; k++)
			CHECK(all_are(jobs[i].data[k], (char)byte, PAGE));
	CHECK_EQ(aio_file_close(file), 0);
	unlink(path);
}

static void *opener(void *arg)
{
	unsigned int thread = (unsigned int)(uintptr_t)arg;
	uint64_t random = seed + thread;
	struct job *jobs = calloc(TASKS, sizeof(*jobs));

	for (int i = 0; i < TASKS; i++) {
		sem_init(&jobs[i].done, 0, 0);
		for (int k = 0; k < OPS; k++)
			jobs[i].data[k] = aligned_alloc(PAGE, PAGE);
	}
	for (int round = 0; round < ROUNDS; round++)
		one_file(jobs, &random, thread, round);
	for (int i = 0; i < TASKS; i++)
		for (int k = 0; k < OPS; k++)
			free(jobs[i].data[k]);
	free(jobs);
	return NULL;
}

TEST(files_come_and_go_under_the_tasks)
{
	struct sys_event_task_cfg cfg = { 0 };
	pthread_t threads[THREADS];

	sys_service_set(MTE_sys_service_get());
	seed = random_seed();
	for (int i = 0; i < TASKS; i++) {
		tasks[i] = sys_event_task_alloc(&cfg);
		CHECK_EQ(aio_task_init(tasks[i]), 0);
		CHECK_EQ(etask_start(tasks[i], "stress", -1), 0);
	}
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, opener, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < TASKS; i++) {
		etask_stop_join(tasks[i]);
		aio_task_fini(tasks[i]);
		sys_event_task_free(tasks[i]);
	}
}
