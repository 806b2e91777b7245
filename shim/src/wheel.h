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
 * A slot keeps its alarms in cells (cells.h). One for whose cell there was no memory stands in a
 * list of the slot instead, so nothing fails; the same kind of list holds those that are due.
 *
 * Not locked: the caller's lock guards it.
 */
#include "cells.h"
#include "etask.h"

#define WHEEL_LEVELS		8
#define WHEEL_SLOTS		64
#define WHEEL_TICK_SHIFT	14

struct wheel {
	uint64_t		tick;		/* all before it has fired */
	uint64_t		count;		/* written under the lock, read by whom it concerns */
	uint64_t		used[WHEEL_LEVELS];	/* a bit per slot that is not empty */
	struct cells		cells[WHEEL_LEVELS * WHEEL_SLOTS];
	struct etask_alarm	*lists[WHEEL_LEVELS * WHEEL_SLOTS];
	struct cell_pool	pool;
	struct etask_alarm	*due;		/* to be popped, oldest first */
	uint64_t		due_count;
	struct etask_alarm	**due_tail;
};

/* One that had alarms holds memory until wheel_fini(), which no alarm may outlast in it. */
void wheel_init(struct wheel *wheel, sys_time_t now);
void wheel_fini(struct wheel *wheel);
/* Move on to @now; what became due is popped by wheel_pop(). */
void wheel_advance(struct wheel *wheel, sys_time_t now);
struct etask_alarm *wheel_pop(struct wheel *wheel);

/* @fn only looks. */
void wheel_each(const struct wheel *wheel, void (*fn)(struct etask_alarm *alarm, void *arg), void *arg);

/* When to call wheel_advance() next, or sys_time_invalid(); never later than the next alarm. */
sys_time_t wheel_next(const struct wheel *wheel);

/* ---- setting and cancelling --------------------------------------------------------------- */

/*
 * Short, without a call, and touching one line besides the alarm's and its slot's: where alarms
 * are many, what it costs is how many such misses a processor can have on their way at a time.
 *
 * In alarm->state stands the number of the slot, alarm->pprev is the cell there. With LISTED or
 * DUE it is what points to the alarm in the list of the slot, or of those that are due.
 */
enum { WHEEL_DUE = 0x10000, WHEEL_LISTED = 0x20000 };

/* For those not in a cell of the wheel: due at once, very far off, or there was no empty cell. */
void wheel_place_slowly(struct wheel *wheel, struct etask_alarm *alarm);
void wheel_remove_slowly(struct wheel *wheel, struct etask_alarm *alarm);
/* The last one has left the cells of slot @number. */
void wheel_cells_emptied(struct wheel *wheel, unsigned int number);

static inline void wheel_count(struct wheel *wheel, uint64_t more)
{
	__atomic_store_n(&wheel->count, wheel->count + more, __ATOMIC_RELAXED);
}

/* The tick at which it fires. Times in the last tick of all, whose end would be 0, count as that. */
static inline uint64_t wheel_tick_of(sys_time_t expire)
{
	sys_time_t end;

	if (__builtin_add_overflow(expire, (1ul << WHEEL_TICK_SHIFT) - 1, &end))
		end = UINT64_MAX;
	return end >> WHEEL_TICK_SHIFT;
}

static inline void wheel_put(struct wheel *wheel, struct etask_alarm *alarm, unsigned int number)
{
	struct cells *cells = &wheel->cells[number];

	alarm->state = number;
	if (unlikely(!cells->count))
		wheel->used[number / WHEEL_SLOTS] |= 1ul << number % WHEEL_SLOTS;
	alarm->pprev = (struct etask_alarm **)cells_put(cells, alarm);
}

/* @expire is the alarm's; false: by wheel_place_slowly(). */
static inline bool wheel_place_quickly(struct wheel *wheel, struct etask_alarm *alarm, sys_time_t expire)
{
	uint64_t tick = wheel_tick_of(expire), differs = tick ^ wheel->tick;
	unsigned int level, number;

	if (unlikely(tick <= wheel->tick || differs >> (WHEEL_LEVELS * 6)))
		return false;
	level = (63 - (unsigned int)__builtin_clzl(differs)) / 6;
	number = level * WHEEL_SLOTS + ((tick >> (level * 6)) & (WHEEL_SLOTS - 1));
	if (unlikely(!wheel->cells[number].empty))
		return false;
	wheel_put(wheel, alarm, number);
	return true;
}

static inline void wheel_place(struct wheel *wheel, struct etask_alarm *alarm)
{
	if (unlikely(!wheel_place_quickly(wheel, alarm, alarm->expire)))
		wheel_place_slowly(wheel, alarm);
}

static inline void wheel_add(struct wheel *wheel, struct etask_alarm *alarm)
{
	wheel_place(wheel, alarm);
	wheel_count(wheel, 1);
}

static inline void wheel_remove(struct wheel *wheel, struct etask_alarm *alarm)
{
	unsigned int number = alarm->state;

	wheel_count(wheel, (uint64_t)-1);
	if (unlikely(number >= WHEEL_DUE))
		wheel_remove_slowly(wheel, alarm);
	else if (unlikely(!cells_remove(&wheel->cells[number], (uintptr_t *)alarm->pprev)))
		wheel_cells_emptied(wheel, number);
}

#endif /* RING3_WHEEL_H */
