/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_WAIT_BIT_H
#define _LINUX_WAIT_BIT_H

/*
 * Waiting for a bit, or for any word, without a queue in the object: queues are shared, by
 * the address, and a waiter looks again when one wakes for another.
 */
#include <linux/bitops.h>
#include <linux/wait.h>

__visible struct wait_queue_head *__var_waitqueue(void *p);
#define bit_waitqueue(word, bit)	__var_waitqueue((void *)((unsigned long)(word) + (unsigned long)(bit)))

/* Whoever waits for it looks again. Any context; the change comes first, and a barrier. */
static inline void wake_up_var(void *var) { __wake_up(__var_waitqueue(var), TASK_NORMAL, 0, NULL); }
static inline void wake_up_bit(void *word, int bit) { __wake_up(bit_waitqueue(word, bit), TASK_NORMAL, 0, NULL); }
static inline void clear_and_wake_up_bit(int bit, void *word)
{
	clear_bit_unlock(bit, word);
	smp_mb();
	wake_up_bit(word, bit);
}

#define wait_var_event(var, condition)	wait_event(*__var_waitqueue(var), condition)
#define wait_var_event_killable(var, condition)	wait_event_killable(*__var_waitqueue(var), condition)
#define wait_var_event_interruptible(var, condition)	wait_event_interruptible(*__var_waitqueue(var), condition)
#define wait_var_event_timeout(var, condition, timeout)	wait_event_timeout(*__var_waitqueue(var), condition, timeout)

/* Until the bit is clear: 0; -EINTR: a signal that @mode lets through; -EAGAIN: it took too long. May sleep. */
__visible int wait_on_bit(unsigned long *word, int bit, unsigned int mode);
__visible int wait_on_bit_timeout(unsigned long *word, int bit, unsigned int mode, unsigned long timeout);
#define wait_on_bit_io(word, bit, mode)	wait_on_bit((word), (bit), (mode))
/* And then it is set, by us. */
__visible int wait_on_bit_lock(unsigned long *word, int bit, unsigned int mode);
#define wait_on_bit_lock_io(word, bit, mode) wait_on_bit_lock((word), (bit), (mode))

#endif /* _LINUX_WAIT_BIT_H */
