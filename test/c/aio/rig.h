/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_RIG_H
#define RING3_TEST_RIG_H

/*
 * rig.h - a file of a provider and an event task, for tests that are about all of them.
 *
 *	TEST_EACH(a_sync_is_fine)
 *	{
 *		struct rig rig;
 *
 *		rig_open(&rig, setup, 1 << 20);
 *		CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), 0);
 *		rig_close(&rig);
 *	}
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "aio.h"
#include "harness.h"
#include "mtelib.h"

struct setup {
	const char	*provider;
	const char	*folder;	/* NULL: it has no file */
	bool		direct, forgets;
};

struct rig {
	const struct setup *setup;
	struct aio_file	*file;
	sys_event_task_t task;
	char		path[96];
};

enum way { SUBMIT, WAIT };	/* on the task; on this thread */

#define DISK	"/var/tmp"
#define MEMORY	"/dev/shm"
#define PAGE	4096

#define EACH_SETUP(X, name)							\
	X(name, threads, "threads", DISK, false, false)				\
	X(name, threads_direct, "threads", DISK, true, false)			\
	X(name, threads_tmpfs, "threads", MEMORY, false, false)			\
	X(name, io_uring, "io_uring", DISK, false, false)			\
	X(name, io_uring_direct, "io_uring", DISK, true, false)			\
	X(name, io_uring_tmpfs, "io_uring", MEMORY, false, false)		\
	X(name, libaio, "libaio", DISK, false, false)				\
	X(name, libaio_direct, "libaio", DISK, true, false)			\
	X(name, ram, "ram", NULL, false, false)					\
	X(name, null, "null", NULL, false, true)

#define EACH_DIRECT(X, name)							\
	X(name, threads, "threads", DISK, true, false)				\
	X(name, io_uring, "io_uring", DISK, true, false)			\
	X(name, libaio, "libaio", DISK, true, false)

#define SETUP_TEST(name, suffix, provider, folder, direct, forgets)		\
	TEST(name##_##suffix)							\
	{									\
		static const struct setup setup = { provider, folder, direct, forgets }; \
		name(&setup);							\
	}

/* A test for each setup; those that do not work here are skipped. */
#define TEST_EACH(name)								\
	static void name(const struct setup *setup);				\
	EACH_SETUP(SETUP_TEST, name)						\
	static void name(const struct setup *setup)

#define TEST_DIRECT(name)							\
	static void name(const struct setup *setup);				\
	EACH_DIRECT(SETUP_TEST, name)						\
	static void name(const struct setup *setup)

void rig_open(struct rig *rig, const struct setup *setup, uint64_t size);
void rig_open_with(struct rig *rig, const struct setup *setup, struct aio_open_options options);
int rig_close(struct rig *rig);		/* what aio_file_close() said */
/* Call @fn on the task and wait for its return. */
void rig_run(struct rig *rig, void (*fn)(void *arg), void *arg);
ssize_t rig_do(struct rig *rig, enum way way, enum aio_opcode opcode, unsigned int flags, uint64_t offset,
	       uint64_t size, const struct iovec *iov, unsigned int niov);
/* One buffer. */
ssize_t rig_read(struct rig *rig, enum way way, uint64_t offset, void *data, size_t size);
ssize_t rig_write(struct rig *rig, enum way way, unsigned int flags, uint64_t offset, const void *data, size_t size);
bool rig_can_grow(const struct rig *rig);	/* a file, not a disk of a fixed size */

/* Memory for direct I/O, filled with bytes that depend on @seed and the place. Lives as long as the process. */
char *page_memory(size_t bytes, unsigned int seed);
bool all_are(const char *data, char byte, size_t bytes);
/* A number that depends on @state and changes it. */
uint64_t next_random(uint64_t *state);
/* Of this run: $RING3_SEED, or new; printed. */
uint64_t random_seed(void);

#endif /* RING3_TEST_RIG_H */
