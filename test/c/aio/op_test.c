/* SPDX-License-Identifier: MIT */
/* op_test.c - what each operation does and answers, with every provider. */
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>

#include "rig.h"

#define SIZE	(1u << 20)

TEST_EACH(what_is_written_is_read)
{
	enum { PARTS = 3, BYTES = PARTS * PAGE };
	struct iovec to[PARTS], from[PARTS];
	char *out = page_memory(BYTES, 1), *in = page_memory(BYTES, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (int i = 0; i < PARTS; i++) {
		to[i] = (struct iovec){ out + (PARTS - 1 - i) * PAGE, PAGE };
		from[i] = (struct iovec){ in + (PARTS - 1 - i) * PAGE, PAGE };
	}
	for (int i = 0; i < 4; i++) {
		uint64_t offset = (uint64_t)(i + 1) * 5 * PAGE;

		memset(in, 0x55, BYTES);
		CHECK_EQ(rig_do(&rig, i & 1, AIO_WRITE, i & 2 ? AIO_FUA : 0, offset, BYTES, to, PARTS), BYTES);
		CHECK_EQ(rig_do(&rig, !(i & 1), AIO_READ, 0, offset, BYTES, from, PARTS), BYTES);
		if (setup->forgets)
			CHECK(all_are(in, 0, BYTES));
		else
			CHECK_MEMEQ(in, out, BYTES);
	}
	CHECK_EQ(aio_file_size(rig.file), SIZE);
	CHECK_EQ(rig_close(&rig), 0);
}

static void reads_as_zeroes(const struct setup *setup, enum aio_opcode opcode)
{
	enum { PAGES = 8 };
	char *out = page_memory(PAGES * PAGE, 1), *in = page_memory(PAGES * PAGE, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (int i = 0; i < 4; i++) {
		unsigned int flags = i & 2 ? AIO_FUA : 0;

		CHECK_EQ(rig_write(&rig, i & 1, 0, 0, out, PAGES * PAGE), PAGES * PAGE);
		CHECK_EQ(rig_do(&rig, i & 1, opcode, flags, 2 * PAGE, 3 * PAGE, NULL, 0), 3 * PAGE);
		CHECK_EQ(rig_read(&rig, i & 1, 0, in, PAGES * PAGE), PAGES * PAGE);
		if (setup->forgets)
			break;
		CHECK_MEMEQ(in, out, 2 * PAGE);
		CHECK(all_are(in + 2 * PAGE, 0, 3 * PAGE));
		CHECK_MEMEQ(in + 5 * PAGE, out + 5 * PAGE, 3 * PAGE);
	}
	CHECK_EQ(aio_file_refresh(rig.file), 0);
	CHECK_EQ(aio_file_size(rig.file), SIZE);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_discard_reads_as_zeroes) { reads_as_zeroes(setup, AIO_DISCARD); }
TEST_EACH(a_zero_reads_as_zeroes) { reads_as_zeroes(setup, AIO_ZERO); }

/* Not of whole pages: the pieces at both ends are cleared byte by byte. */
TEST_EACH(a_zero_may_begin_anywhere)
{
	char *out = page_memory(4 * PAGE, 1), *in = page_memory(4 * PAGE, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, out, 4 * PAGE), 4 * PAGE);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_ZERO, 0, 100, 3 * PAGE, NULL, 0), 3 * PAGE);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_DISCARD, 0, 3 * PAGE + 200, 10, NULL, 0), 10);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, in, 4 * PAGE), 4 * PAGE);
	if (!setup->forgets) {
		memset(out + 100, 0, 3 * PAGE);
		memset(out + 3 * PAGE + 200, 0, 10);
		CHECK_MEMEQ(in, out, 4 * PAGE);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_read_is_short_only_at_the_end)
{
	enum { TAIL = 1536 };
	char *in = page_memory(4 * PAGE, 2);
	struct iovec two[2] = { { in, PAGE }, { in + PAGE, PAGE } };
	struct rig rig;

	rig_open(&rig, setup, SIZE + TAIL);
	for (enum way way = SUBMIT; way <= WAIT; way++) {
		memset(in, 0x55, 4 * PAGE);
		CHECK_EQ(rig_do(&rig, way, AIO_READ, 0, SIZE - PAGE, 2 * PAGE, two, 2), PAGE + TAIL);
		CHECK(all_are(in, 0, PAGE + TAIL));
		if (!setup->direct)	/* a driver may fill a whole sector, or page */
			CHECK(all_are(in + PAGE + TAIL, 0x55, PAGE - TAIL));
		CHECK_EQ(rig_read(&rig, way, SIZE + PAGE, in, PAGE), 0);
		CHECK_EQ(rig_read(&rig, way, SIZE * 100ull, in, PAGE), 0);
		CHECK_EQ(rig_read(&rig, way, (uint64_t)INT64_MAX - 4 * PAGE + 1 - PAGE, in, PAGE), 0);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_write_past_the_end_grows_a_file_and_no_disk)
{
	char *out = page_memory(PAGE, 1), *in = page_memory(PAGE, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	if (rig_can_grow(&rig)) {
		CHECK_EQ(rig_write(&rig, SUBMIT, 0, SIZE + 3 * PAGE, out, PAGE), PAGE);
		CHECK_EQ(aio_file_size(rig.file), SIZE);	/* as last seen */
		CHECK_EQ(aio_file_refresh(rig.file), 0);
		CHECK_EQ(aio_file_size(rig.file), SIZE + 4 * PAGE);
		CHECK_EQ(rig_read(&rig, SUBMIT, SIZE + 3 * PAGE, in, PAGE), PAGE);
		CHECK_MEMEQ(in, out, PAGE);
	} else {
		for (enum way way = SUBMIT; way <= WAIT; way++) {
			CHECK_EQ(rig_write(&rig, way, 0, SIZE - PAGE / 2, out, PAGE), -ENOSPC);
			CHECK_EQ(rig_do(&rig, way, AIO_ZERO, 0, SIZE, PAGE, NULL, 0), -ENOSPC);
			CHECK_EQ(rig_do(&rig, way, AIO_DISCARD, 0, 0, SIZE + 1, NULL, 0), -ENOSPC);
		}
		CHECK_EQ(rig_read(&rig, SUBMIT, SIZE - PAGE, in, PAGE), PAGE);
		CHECK(all_are(in, 0, PAGE));	/* none of it was written */
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_sync_answers_zero)
{
	char *out = page_memory(PAGE, 1);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (enum way way = SUBMIT; way <= WAIT; way++) {
		CHECK_EQ(rig_do(&rig, way, AIO_SYNC, 0, 0, 0, NULL, 0), 0);
		CHECK_EQ(rig_write(&rig, way, 0, 0, out, PAGE), PAGE);
		CHECK_EQ(rig_do(&rig, way, AIO_SYNC, 0, 0, 0, NULL, 0), 0);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(nothing_is_done_by_an_operation_of_no_size)
{
	struct iovec none = { NULL, 0 };
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (enum way way = SUBMIT; way <= WAIT; way++)
		for (int op = AIO_READ; op <= AIO_ZERO; op++) {
			CHECK_EQ(rig_do(&rig, way, op, 0, PAGE, 0, NULL, 0), 0);
			CHECK_EQ(rig_do(&rig, way, op, 0, PAGE, 0, &none, op <= AIO_WRITE), 0);
		}
	CHECK_EQ(aio_file_refresh(rig.file), 0);
	CHECK_EQ(aio_file_size(rig.file), SIZE);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(bad_arguments_are_refused)
{
	char *data = page_memory(2 * PAGE, 1);
	struct iovec iov = { data, PAGE }, huge[2] = { { data, SIZE_MAX }, { data, PAGE + 1 } };
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (enum way way = SUBMIT; way <= WAIT; way++) {
		/* a vector of another size, or of more than there can be */
		CHECK_EQ(rig_do(&rig, way, AIO_READ, 0, 0, 2 * PAGE, &iov, 1), -EINVAL);
		CHECK_EQ(rig_do(&rig, way, AIO_WRITE, 0, 0, PAGE - 1, &iov, 1), -EINVAL);
		CHECK_EQ(rig_do(&rig, way, AIO_WRITE, 0, 0, PAGE, &iov, 0), -EINVAL);
		CHECK_EQ(rig_do(&rig, way, AIO_READ, 0, 0, PAGE, huge, 2), -EINVAL);
		/* beyond 2^63 */
		CHECK_EQ(rig_do(&rig, way, AIO_READ, 0, UINT64_MAX, PAGE, &iov, 1), -EINVAL);
		CHECK_EQ(rig_do(&rig, way, AIO_READ, 0, INT64_MAX, PAGE, &iov, 1), -EINVAL);
		CHECK_EQ(rig_do(&rig, way, AIO_ZERO, 0, 1ull << 63, 1, NULL, 0), -EINVAL);
		CHECK_EQ(rig_do(&rig, way, AIO_DISCARD, 0, PAGE, UINT64_MAX, NULL, 0), -EINVAL);
		/* no such operation, no such flag */
		CHECK_EQ(rig_do(&rig, way, (enum aio_opcode)77, 0, 0, PAGE, &iov, 1), -EINVAL);
		CHECK_EQ(rig_do(&rig, way, AIO_WRITE, 1u << 5, 0, PAGE, &iov, 1), -EINVAL);
	}
	CHECK_EQ(aio_try(rig.file, AIO_READ, 0, INT64_MAX, PAGE, &iov, 1), -EINVAL);
	/* And the file is none the worse. */
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, data, PAGE), PAGE);
	CHECK(all_are(data, 0, PAGE));
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_file_opened_read_only_is_not_changed)
{
	struct aio_open_options options = { .provider = setup->provider, .direct = setup->direct, .read_only = true,
					    .size = SIZE };
	char *data = page_memory(PAGE, 1);
	const char *why;
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	CHECK_EQ(aio_file_close(rig.file), 0);
	CHECK_EQ(aio_file_open(setup->folder ? rig.path : NULL, &options, &rig.file, &why), 0);
	for (enum way way = SUBMIT; way <= WAIT; way++) {
		CHECK_EQ(rig_write(&rig, way, 0, 0, data, PAGE), -EBADF);
		CHECK_EQ(rig_do(&rig, way, AIO_DISCARD, 0, 0, PAGE, NULL, 0), -EBADF);
		CHECK_EQ(rig_do(&rig, way, AIO_ZERO, AIO_FUA, 0, PAGE, NULL, 0), -EBADF);
		CHECK_EQ(rig_do(&rig, way, AIO_SYNC, 0, 0, 0, NULL, 0), 0);
		CHECK_EQ(rig_read(&rig, way, 0, data, PAGE), PAGE);
		CHECK(all_are(data, 0, PAGE));
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(long_vectors_and_large_transfers_are_split)
{
	enum { PARTS = IOV_MAX + 176, BYTES = PARTS * PAGE };
	char *out = page_memory(BYTES, 1), *in = page_memory(BYTES, 2);
	static struct iovec to[PARTS], from[PARTS];
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (int i = 0; i < PARTS; i++) {
		to[i] = (struct iovec){ out + (size_t)i * PAGE, PAGE };
		from[i] = (struct iovec){ in + (size_t)i * PAGE, PAGE };
	}
	if (!rig_can_grow(&rig)) {
		CHECK_EQ(rig_do(&rig, SUBMIT, AIO_READ, 0, 0, BYTES, from, PARTS), SIZE);
		CHECK_EQ(rig_do(&rig, SUBMIT, AIO_WRITE, 0, 0, BYTES, to, PARTS), -ENOSPC);
	} else {
		for (enum way way = SUBMIT; way <= WAIT; way++) {
			memset(in, 0x55, BYTES);
			CHECK_EQ(rig_do(&rig, way, AIO_WRITE, way == WAIT ? AIO_FUA : 0, 0, BYTES, to, PARTS), BYTES);
			CHECK_EQ(rig_do(&rig, way, AIO_READ, 0, 0, BYTES, from, PARTS), BYTES);
			CHECK_MEMEQ(in, out, BYTES);
		}
	}
	CHECK_EQ(rig_close(&rig), 0);
}

/* ---- without waiting ----------------------------------------------------------------- */

TEST_EACH(a_try_is_done_at_once_or_not_at_all)
{
	char *out = page_memory(PAGE, 1), *in = page_memory(PAGE, 2);
	struct iovec to = { out, PAGE }, from = { in, PAGE };
	bool memory = !setup->folder || !strcmp(setup->folder, MEMORY);
	struct rig rig;
	ssize_t rc;

	rig_open(&rig, setup, SIZE);
	rc = aio_try(rig.file, AIO_WRITE, 0, PAGE, PAGE, &to, 1);
	CHECK_EQ(rc, setup->direct ? -EAGAIN : PAGE);
	rc = aio_try(rig.file, AIO_READ, 0, PAGE, PAGE, &from, 1);
	CHECK_EQ(rc, setup->direct ? -EAGAIN : PAGE);
	if (!setup->direct && !setup->forgets)
		CHECK_MEMEQ(in, out, PAGE);
	CHECK_EQ(aio_try(rig.file, AIO_WRITE, AIO_FUA, PAGE, PAGE, &to, 1), memory ? PAGE : -EAGAIN);
	CHECK_EQ(aio_try(rig.file, AIO_SYNC, 0, 0, 0, NULL, 0), memory ? 0 : -EAGAIN);
	CHECK_EQ(aio_try(rig.file, AIO_ZERO, 0, 0, PAGE, NULL, 0), memory ? PAGE : -EAGAIN);
	CHECK_EQ(rig_close(&rig), 0);
}

/* Evicted from the page cache, it would have to wait. */
TEST(a_try_that_misses_the_page_cache_says_so)
{
	static const struct setup setup = { "threads", DISK, false, false };
	char *data = page_memory(PAGE, 1);
	struct iovec iov = { data, PAGE };
	struct rig rig;
	ssize_t rc = 0;

	rig_open(&rig, &setup, SIZE);
	CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 8 * PAGE, data, PAGE), PAGE);
	/* Another CPU may hold a page for a while that it has just written. */
	for (int i = 0; i < 10000; i++) {
		CHECK_EQ(posix_fadvise(aio_file_fd(rig.file), 0, 0, POSIX_FADV_DONTNEED), 0);
		rc = aio_try(rig.file, AIO_READ, 0, 8 * PAGE, PAGE, &iov, 1);
		if (rc != PAGE)
			break;
		usleep(1000);
	}
	CHECK_EQ(rc, -EAGAIN);
	CHECK_EQ(rig_read(&rig, SUBMIT, 8 * PAGE, data, PAGE), PAGE);
	CHECK_EQ(aio_try(rig.file, AIO_READ, 0, 8 * PAGE, PAGE, &iov, 1), PAGE);
	CHECK_EQ(rig_close(&rig), 0);
}

/* ---- direct: alignment ------------------------------------------------------------------- */

TEST_DIRECT(direct_transfers_must_be_aligned)
{
	char *data = page_memory(3 * PAGE, 1);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (enum way way = SUBMIT; way <= WAIT; way++) {
		CHECK_EQ(rig_read(&rig, way, 100, data, PAGE), -EINVAL);
		CHECK_EQ(rig_read(&rig, way, 0, data, 100), -EINVAL);
		CHECK_EQ(rig_write(&rig, way, 0, PAGE, data, PAGE - 1), -EINVAL);
		CHECK_EQ(rig_write(&rig, way, AIO_FUA, PAGE, data + 1, PAGE), -EINVAL);
		CHECK_EQ(rig_write(&rig, way, 0, PAGE, data, PAGE), PAGE);
		CHECK_EQ(rig_read(&rig, way, PAGE, data + PAGE, PAGE), PAGE);
		CHECK_MEMEQ(data, data + PAGE, PAGE);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

/* ---- a model ------------------------------------------------------------------------------- */

enum { SLOTS = 48, SLOT_PAGES = 4, MODEL_OPS = 3000 };

/* A part of the disk with at most one operation at a time, and what it must hold. */
struct slot {
	struct aio_op	op;
	struct iovec	iov;
	char		*data, *model;
	unsigned int	at, nr;		/* pages of it that the operation is about */
	struct model	*all;
};

struct model {
	struct rig	rig;
	struct slot	slots[SLOTS];
	uint64_t	random;
	unsigned int	left, in_flight;
	sem_t		done;
};

static void model_next(struct slot *slot)
{
	struct model *all = slot->all;
	uint64_t random = next_random(&all->random);
	size_t bytes;

	slot->at = (unsigned int)(random >> 8) % SLOT_PAGES;
	slot->nr = 1 + (unsigned int)(random >> 16) % (SLOT_PAGES - slot->at);
	bytes = (size_t)slot->nr * PAGE;
	slot->op.opcode = (enum aio_opcode)(random % 16 == 0 ? AIO_SYNC : random % 16 == 1 ? AIO_DISCARD :
					    random % 16 == 2 ? AIO_ZERO : random % 16 < 9 ? AIO_READ : AIO_WRITE);
	slot->op.flags = random >> 24 & 7 ? 0 : AIO_FUA;
	slot->op.offset = ((uint64_t)(slot - all->slots) * SLOT_PAGES + slot->at) * PAGE;
	slot->op.size = slot->op.opcode == AIO_SYNC ? 0 : bytes;
	slot->iov = (struct iovec){ slot->data, bytes };
	memset(slot->data, (int)(random >> 32) | 1, bytes);
	if (slot->op.opcode == AIO_WRITE)
		memcpy(slot->model + (size_t)slot->at * PAGE, slot->data, bytes);
	if (slot->op.opcode == AIO_DISCARD || slot->op.opcode == AIO_ZERO)
		memset(slot->model + (size_t)slot->at * PAGE, 0, bytes);
	all->left--;
	all->in_flight++;
	aio_submit(&slot->op);
}

static void model_done(struct aio_op *op)
{
	struct slot *slot = op->env;
	struct model *all = slot->all;

	CHECK_EQ(op->result, op->size);
	if (op->opcode == AIO_READ)
		CHECK_MEMEQ(slot->data, slot->model + (size_t)slot->at * PAGE, op->size);
	all->in_flight--;
	if (all->left)
		model_next(slot);
	else if (!all->in_flight)
		sem_post(&all->done);
}

static void model_begin(void *arg)
{
	struct model *all = arg;

	for (int i = 0; i < SLOTS; i++)
		model_next(&all->slots[i]);
}

TEST_EACH(random_operations_match_a_model)
{
	static struct model all;

	if (setup->forgets)
		test_skip("it keeps nothing");
	rig_open_with(&all.rig, setup, (struct aio_open_options){ .size = SLOTS * SLOT_PAGES * PAGE,
								  .max_in_flight = 20 });
	all.random = random_seed();
	all.left = MODEL_OPS;
	sem_init(&all.done, 0, 0);
	for (int i = 0; i < SLOTS; i++) {
		struct slot *slot = &all.slots[i];

		slot->all = &all;
		slot->data = page_memory(SLOT_PAGES * PAGE, 0);
		slot->model = calloc(SLOT_PAGES, PAGE);
		slot->op = (struct aio_op){ .file = all.rig.file, .iov = &slot->iov, .niov = 1, .fn = model_done,
					    .env = slot };
	}
	rig_run(&all.rig, model_begin, &all);
	sem_wait(&all.done);
	CHECK_EQ(rig_close(&all.rig), 0);
	for (int i = 0; i < SLOTS; i++)
		free(all.slots[i].model);
}
