/* SPDX-License-Identifier: MIT */
/* rig.c - see rig.h. */
#include <semaphore.h>

#include "rig.h"

void rig_open_with(struct rig *rig, const struct setup *setup, struct aio_open_options options)
{
	struct sys_event_task_cfg cfg = { 0 };
	const char *why = "", *name = "";
	int rc, err = 0;

	memset(rig, 0, sizeof(*rig));
	sys_service_set(MTE_sys_service_get());
	for (unsigned int i = 0; !aio_provider_get(i, &name, &err) && strcmp(name, setup->provider); i++)
		;
	if (strcmp(name, setup->provider) || err)
		test_skip("%s does not work here", setup->provider);
	if (setup->folder && access(setup->folder, W_OK))
		test_skip("no %s", setup->folder);
	rig->setup = setup;
	options.provider = setup->provider;
	options.direct = setup->direct;
	if (setup->folder) {
		options.create = true;
		snprintf(rig->path, sizeof(rig->path), "%s/ring3-aio-%d", setup->folder, getpid());
		unlink(rig->path);
	}
	rc = aio_file_open(setup->folder ? rig->path : NULL, &options, &rig->file, &why);
	if (rc == -EINVAL && setup->direct)
		test_skip("%s", why);
	if (rc)
		test_fail(__FILE__, __LINE__, "open: %d, %s", rc, why);
	rig->task = sys_event_task_alloc(&cfg);
	CHECK_EQ(aio_task_init(rig->task), 0);
	CHECK_EQ(etask_start(rig->task, "test", -1), 0);
}

void rig_open(struct rig *rig, const struct setup *setup, uint64_t size)
{
	rig_open_with(rig, setup, (struct aio_open_options){ .size = size });
}

int rig_close(struct rig *rig)
{
	int rc = rig->file ? aio_file_close(rig->file) : 0;

	if (rig->task) {
		etask_stop_join(rig->task);
		aio_task_fini(rig->task);
		sys_event_task_free(rig->task);
	}
	unlink(rig->path);
	return rc;
}

struct errand {
	struct etask_callback	callback;
	void			(*fn)(void *arg);
	void			*arg;
	sem_t			done;
};

static void run_errand(struct etask_callback *callback)
{
	struct errand *errand = (struct errand *)callback;

	errand->fn(errand->arg);
	sem_post(&errand->done);
}

void rig_run(struct rig *rig, void (*fn)(void *arg), void *arg)
{
	struct errand errand = { .fn = fn, .arg = arg };

	sem_init(&errand.done, 0, 0);
	etask_callback_init(&errand.callback, run_errand, "test");
	etask_post(rig->task, &errand.callback);
	sem_wait(&errand.done);
	etask_cancel_sync(rig->task, &errand.callback);
	sem_destroy(&errand.done);
}

static void submit(void *op) { aio_submit(op); }
static void completed(struct aio_op *op) { sem_post(op->env); }

ssize_t rig_do(struct rig *rig, enum way way, enum aio_opcode opcode, unsigned int flags, uint64_t offset,
	       uint64_t size, const struct iovec *iov, unsigned int niov)
{
	struct aio_op op = {
		.file = rig->file, .opcode = opcode, .flags = flags, .offset = offset, .size = size,
		.iov = iov, .niov = niov, .fn = completed,
	};
	sem_t done;

	if (way == WAIT)
		return aio_wait(rig->file, opcode, flags, offset, size, iov, niov);
	sem_init(&done, 0, 0);
	op.env = &done;
	rig_run(rig, submit, &op);
	while (sem_wait(&done))
		;
	sem_destroy(&done);
	return op.result;
}

ssize_t rig_read(struct rig *rig, enum way way, uint64_t offset, void *data, size_t size)
{
	struct iovec iov = { data, size };

	return rig_do(rig, way, AIO_READ, 0, offset, size, &iov, 1);
}

ssize_t rig_write(struct rig *rig, enum way way, unsigned int flags, uint64_t offset, const void *data, size_t size)
{
	struct iovec iov = { (void *)data, size };

	return rig_do(rig, way, AIO_WRITE, flags, offset, size, &iov, 1);
}

bool rig_can_grow(const struct rig *rig) { return rig->setup->folder; }

static char *pages[256];
static unsigned int nr_pages;

static void free_pages(void)
{
	while (nr_pages)
		free(pages[--nr_pages]);
}

char *page_memory(size_t bytes, unsigned int seed)
{
	char *data = aligned_alloc(PAGE, (bytes + PAGE - 1) & ~(size_t)(PAGE - 1));
	uint64_t state = seed;

	CHECK_LT(nr_pages, 256);
	if (!nr_pages)
		atexit(free_pages);
	pages[nr_pages++] = data;
	for (size_t i = 0; i < bytes; i++)
		data[i] = (char)(i % 8 ? data[i - 1] * 7 + 1 : (int)next_random(&state));
	return data;
}

bool all_are(const char *data, char byte, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (data[i] != byte)
			return false;
	return true;
}

/* splitmix64: small, and good enough to choose by. */
uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint64_t random_seed(void)
{
	const char *given = getenv("RING3_SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec / 16 % 1000000;

	printf("# RING3_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}
