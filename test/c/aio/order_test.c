/* SPDX-License-Identifier: MIT */
/*
 * order_test.c - a sync never passes an earlier change: of random operations on three tasks.
 *
 * What is checked is the beginning of each sync: at that time every change that its task submitted
 * before it must have ended. The operations, and which are taken back, depend on the seed alone.
 */
#include "aio_impl.h"
#include "rig.h"

enum { ORDER_OPS = 4000, ORDER_TASKS = 3, ORDER_PAGES = 64 };

struct ordered {
	struct aio_op	op;
	struct iovec	iov;
	struct orderer	*by;
	unsigned int	number;
	bool		ended;
};

static struct orderer {
	sys_event_task_t task;
	struct etask_callback callback;
	struct ordered	ops[ORDER_OPS];
	unsigned int	nr, nr_ended, oldest_change;
	uint64_t	random;
	atomic_bool	done;
} orderers[ORDER_TASKS];
static struct aio_file *order_file;
static const struct aio_provider *order_real;
static atomic_uint nr_syncs;

static void order_begins(struct aio_op *op)
{
	struct ordered *ordered = (struct ordered *)op;
	struct orderer *by = ordered->by;

	if (op->opcode == AIO_SYNC) {
		atomic_fetch_add(&nr_syncs, 1);
		while (by->oldest_change < ordered->number &&
		       (by->ops[by->oldest_change].ended || !changes(by->ops[by->oldest_change].op.opcode)))
			by->oldest_change++;
		if (by->oldest_change < ordered->number)
			test_fail(__FILE__, __LINE__, "sync %u begins before change %u has ended", ordered->number,
				  by->oldest_change);
	}
	order_real->submit(op);
}

static void order_more(struct orderer *by);

static void order_ended(struct aio_op *op)
{
	struct ordered *ordered = (struct ordered *)op;

	CHECK(op->result == (ssize_t)op->size || op->result == -ECANCELED);
	ordered->ended = true;
	ordered->by->nr_ended++;
	order_more(ordered->by);
}

static void order_one(struct orderer *by)
{
	static const enum aio_opcode kinds[] = {
		AIO_WRITE, AIO_WRITE, AIO_WRITE, AIO_WRITE, AIO_READ, AIO_READ, AIO_DISCARD, AIO_ZERO, AIO_SYNC,
	};
	uint64_t random = next_random(&by->random);
	struct ordered *ordered = &by->ops[by->nr];
	static char data[4][ORDER_PAGES * PAGE] __attribute__((aligned(PAGE)));
	unsigned int pages = 1 + (unsigned int)(random >> 16) % 4;
	enum aio_opcode kind = kinds[random % 9];

	ordered->by = by;
	ordered->number = by->nr++;
	/* Of its own memory: what tasks read and write at the same time is not the point here. */
	ordered->iov = (struct iovec){ data[by - orderers], pages * PAGE };
	ordered->op = (struct aio_op){
		.file = order_file, .opcode = kind, .flags = random >> 24 & 7 ? 0 : AIO_FUA,
		.offset = ((uint64_t)(by - orderers) * ORDER_PAGES + (random >> 32) % (ORDER_PAGES - 4)) * PAGE,
		.size = kind == AIO_SYNC ? 0 : pages * PAGE,
		.iov = &ordered->iov, .niov = 1, .fn = order_ended,
	};
	aio_submit(&ordered->op);
	/* Taken back it never begins, so nothing need wait for it. */
	if (random >> 40 & 1 && by->nr > 8 && !by->ops[by->nr - 8].ended)
		by->ops[by->nr - 8].ended = aio_cancel(&by->ops[by->nr - 8].op);
}

static void order_more(struct orderer *by)
{
	while (by->nr < ORDER_OPS && by->nr - by->nr_ended < 100)
		order_one(by);
	if (by->nr_ended == ORDER_OPS)
		atomic_store(&by->done, true);
}

static void order_start(struct etask_callback *callback)
{
	order_more((struct orderer *)((char *)callback - offsetof(struct orderer, callback)));
}

TEST_EACH(a_sync_never_passes_an_earlier_change)
{
	static struct aio_provider checking;
	struct sys_event_task_cfg cfg = { 0 };
	uint64_t seed = random_seed();
	struct rig rig;

	rig_open_with(&rig, setup, (struct aio_open_options){ .size = ORDER_TASKS * ORDER_PAGES * PAGE,
							      .max_in_flight = seed % 3 ? 0 : 12 });
	order_file = rig.file;
	order_real = rig.file->provider;
	checking = *order_real;
	checking.submit = order_begins;
	rig.file->provider = &checking;
	for (int i = 0; i < ORDER_TASKS; i++) {
		struct orderer *by = &orderers[i];

		by->random = seed + (uint64_t)i;
		by->task = sys_event_task_alloc(&cfg);
		CHECK_EQ(aio_task_init(by->task), 0);
		CHECK_EQ(etask_start(by->task, "order", -1), 0);
		etask_callback_init(&by->callback, order_start, "test");
		etask_post(by->task, &by->callback);
	}
	for (int i = 0; i < ORDER_TASKS; i++) {
		while (!atomic_load(&orderers[i].done))
			usleep(500);
		etask_stop_join(orderers[i].task);
		sys_event_task_free(orderers[i].task);
	}
	CHECK_GE(nr_syncs, ORDER_OPS * ORDER_TASKS / 60);	/* some are taken back */
	rig.file->provider = order_real;
	CHECK_EQ(rig_close(&rig), 0);
}
