/* SPDX-License-Identifier: MIT */
/* wait_bit.c - waiting for bits and words: wait_bit.h. Queues are picked by the address. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/wait_bit.h>

#define QUEUES	256u

static struct wait_queue_head queues[QUEUES];

__attribute__((__constructor__)) static void queues_init(void)
{
	for (unsigned int i = 0; i < QUEUES; i++)
		ring3_waitqueue_init(&queues[i], "bits and variables");
}

struct wait_queue_head *__var_waitqueue(void *p)
{
	return &queues[(unsigned long)p * 0x9e3779b97f4a7c15ul >> 56];
}

static int wait(unsigned long *word, int bit, unsigned int mode, long timeout, bool take)
{
	struct wait_queue_head *queue = bit_waitqueue(word, bit);
	DEFINE_WAIT(entry);
	int rc = 0;

	might_sleep();
	for (;;) {
		prepare_to_wait(queue, &entry, (int)mode);
		if (take ? !test_and_set_bit_lock(bit, word) : !test_bit(bit, word))
			break;
		if (signal_pending_state(mode, current)) {
			rc = -EINTR;
			break;
		}
		if (!timeout) {
			rc = -EAGAIN;
			break;
		}
		timeout = schedule_timeout(timeout);
	}
	finish_wait(queue, &entry);
	smp_mb();
	return rc;
}

int wait_on_bit(unsigned long *word, int bit, unsigned int mode)
{
	return wait(word, bit, mode, MAX_SCHEDULE_TIMEOUT, false);
}

int wait_on_bit_timeout(unsigned long *word, int bit, unsigned int mode, unsigned long timeout)
{
	return wait(word, bit, mode, (long)timeout, false);
}

int wait_on_bit_lock(unsigned long *word, int bit, unsigned int mode)
{
	return wait(word, bit, mode, MAX_SCHEDULE_TIMEOUT, true);
}
