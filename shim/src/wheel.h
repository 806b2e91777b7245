/* SPDX-License-Identifier: MIT */
#ifndef RING3_WHEEL_H
#define RING3_WHEEL_H

/*
 * wheel.h - private to shim/src: a hierarchical timer wheel.
 *
 * Eight levels of 64 slots. A slot of level L spans 64^L ticks of 2^14 ns; an
 * alarm stands at the level of the highest 6-bit digit in which its tick differs
 * from the wheel's; one beyond the top level's range (146 years) stands in its last
 * slot and is looked at again when that comes. So set and cancel are O(1), an alarm cascades at most seven
 * times in its life, and it fires up to one tick (16 us) late, never early.
 *
 * Not locked: the caller's lock guards it.
 */
#include "etask.h"

#define WHEEL_LEVELS		8
#define WHEEL_SLOTS		64
#define WHEEL_TICK_SHIFT	14

struct wheel {
	uint64_t		tick;		/* all before it has fired */
	uint64_t		count;
	uint64_t		used[WHEEL_LEVELS];	/* a bit per slot that is not empty */
	struct etask_alarm	*slots[WHEEL_LEVELS][WHEEL_SLOTS];
	struct etask_alarm	*due;		/* to be popped, oldest first */
	uint64_t		due_count;
	struct etask_alarm	**due_tail;
};

void wheel_init(struct wheel *wheel, sys_time_t now);
void wheel_add(struct wheel *wheel, struct etask_alarm *alarm);
void wheel_remove(struct wheel *wheel, struct etask_alarm *alarm);

/* Move on to @now; what became due is popped by wheel_pop(). */
void wheel_advance(struct wheel *wheel, sys_time_t now);
struct etask_alarm *wheel_pop(struct wheel *wheel);

/* When to call wheel_advance() next, or sys_time_invalid(); never later than the next alarm. */
sys_time_t wheel_next(const struct wheel *wheel);

#endif /* RING3_WHEEL_H */
