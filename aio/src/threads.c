/* SPDX-License-Identifier: MIT */
/*
 * threads.c - the provider that works anywhere: threads that wait in system calls.
 *
 * One pool for the process, made thread by thread while operations wait and none
 * is idle. The other providers leave to it what would block their submission.
 * Locking: pool_lock guards the queue and the counts.
 */
#include "aio_impl.h"
#include "diag.h"

#define THREADS_MAX	16

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pool_more = PTHREAD_COND_INITIALIZER;
static struct aio_op *queue, **queue_tail = &queue;
static unsigned int nr_threads, nr_idle;

static void *worker(void *arg)
{
	(void)arg;
	diag_thread_enter();
	pthread_setname_np(pthread_self(), "ring3/aio");
	pthread_mutex_lock(&pool_lock);
	for (;;) {
		struct aio_op *op = queue;

		if (!op) {
			nr_idle++;
			pthread_cond_wait(&pool_more, &pool_lock);
			nr_idle--;
			continue;
		}
		queue = op->next;
		if (!queue)
			queue_tail = &queue;
		pthread_mutex_unlock(&pool_lock);
		op_finished(op, op->file->provider->execute(op->file, op->opcode, op->flags, op->offset, op->size,
							    op->iov, op->niov));
		pthread_mutex_lock(&pool_lock);
	}
	return NULL;
}

/* One more thread; pool_lock is held. */
static int add_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, worker, NULL);
	pthread_attr_destroy(&attr);
	if (!rc)
		nr_threads++;
	return -rc;
}

int threads_start(struct aio_file *file, const char **why)
{
	int rc = 0;

	(void)file;
	pthread_mutex_lock(&pool_lock);
	if (!nr_threads)
		rc = add_thread();
	pthread_mutex_unlock(&pool_lock);
	if (rc)
		*why = "no thread can be made";
	return rc;
}

void threads_submit(struct aio_op *op)
{
	op_pin(op);
	op->next = NULL;
	pthread_mutex_lock(&pool_lock);
	*queue_tail = op;
	queue_tail = &op->next;
	if (!nr_idle && nr_threads < THREADS_MAX)
		add_thread();	/* where that fails, the ones there are get to it later */
	pthread_cond_signal(&pool_more);
	pthread_mutex_unlock(&pool_lock);
}

struct aio_op *threads_take_back(const struct aio_op *op, const struct aio_lane *lane)
{
	struct aio_op *found = NULL;

	pthread_mutex_lock(&pool_lock);
	for (struct aio_op **at = &queue; *at; at = &(*at)->next) {
		if (*at != op && (!lane || (*at)->lane != lane))
			continue;
		found = *at;
		*at = found->next;
		if (queue_tail == &found->next)
			queue_tail = at;
		break;
	}
	pthread_mutex_unlock(&pool_lock);
	return found;
}

void inline_submit(struct aio_op *op)
{
	op_home(op, op->file->provider->execute(op->file, op->opcode, op->flags, op->offset, op->size, op->iov,
						op->niov));
}

static void submit(struct aio_op *op)
{
	if (op->file->is_memory)
		inline_submit(op);	/* cheaper than to wake a thread */
	else
		threads_submit(op);
}

struct aio_provider threads_provider = {
	.name = "threads",
	.text = "threads",
	.open = threads_start,
	.execute = fd_execute,
	.attempt = fd_attempt,
	.submit = submit,
};
