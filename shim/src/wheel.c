/* SPDX-License-Identifier: MIT */
/* wheel.c - see wheel.h. */
#include "wheel.h"

/* A level and a slot are kept in alarm->state while it stands there; DUE marks the due list. */
enum { STATE_DUE = 0x10000 };

static uint64_t tick_of(sys_time_t expire)
{
	uint64_t tick = expire >> WHEEL_TICK_SHIFT;

	/* The last tick of all stands for itself: one more would wrap to the first. */
	return tick + ((expire & ((1ul << WHEEL_TICK_SHIFT) - 1)) != 0 && tick != UINT64_MAX >> WHEEL_TICK_SHIFT);
}

void wheel_init(struct wheel *wheel, sys_time_t now)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->tick = now >> WHEEL_TICK_SHIFT;
	wheel->due_tail = &wheel->due;
}

static void due_append(struct wheel *wheel, struct etask_alarm *alarm)
{
	alarm->state = STATE_DUE;
	wheel->due_count++;
	alarm->next = NULL;
	alarm->pprev = wheel->due_tail;
	*wheel->due_tail = alarm;
	wheel->due_tail = &alarm->next;
}

static void place(struct wheel *wheel, struct etask_alarm *alarm)
{
	uint64_t tick = tick_of(alarm->expire);
	unsigned int level, slot;
	struct etask_alarm **head;

	if (tick <= wheel->tick) {
		due_append(wheel, alarm);
		return;
	}
	level = (63 - (unsigned int)__builtin_clzl(tick ^ wheel->tick)) / 6;
	if (level >= WHEEL_LEVELS) {
		level = WHEEL_LEVELS - 1;
		/* Beyond all levels: as far off as there are slots, and never the wheel's own. */
		if (tick - wheel->tick >= (uint64_t)(WHEEL_SLOTS - 1) << (level * 6))
			tick = wheel->tick + ((uint64_t)(WHEEL_SLOTS - 1) << (level * 6));
	}
	slot = (tick >> (level * 6)) & (WHEEL_SLOTS - 1);
	head = &wheel->slots[level][slot];
	alarm->state = level << 8 | slot;
	alarm->next = *head;
	alarm->pprev = head;
	if (alarm->next)
		alarm->next->pprev = &alarm->next;
	*head = alarm;
	wheel->used[level] |= 1ul << slot;
}

void wheel_add(struct wheel *wheel, struct etask_alarm *alarm)
{
	wheel->count++;
	place(wheel, alarm);
}

void wheel_remove(struct wheel *wheel, struct etask_alarm *alarm)
{
	unsigned int level = alarm->state >> 8 & 0xff, slot = alarm->state & 0xff;

	*alarm->pprev = alarm->next;
	if (alarm->next)
		alarm->next->pprev = alarm->pprev;
	if (alarm->state == STATE_DUE) {
		wheel->due_count--;
		if (wheel->due_tail == &alarm->next)
			wheel->due_tail = alarm->pprev;
	} else if (!wheel->slots[level][slot]) {
		wheel->used[level] &= ~(1ul << slot);
	}
	wheel->count--;
}

/* The first slot in use at or after the wheel's own, in its lowest used level: all others are later. */
static bool next_slot(const struct wheel *wheel, unsigned int *level, unsigned int *slot, uint64_t *tick)
{
	for (*level = 0; *level < WHEEL_LEVELS; (*level)++) {
		unsigned int shift = *level * 6;
		unsigned int here = (wheel->tick >> shift) & (WHEEL_SLOTS - 1);
		uint64_t used = wheel->used[*level], turned;

		if (!used)
			continue;
		turned = here ? used >> here | used << (WHEEL_SLOTS - here) : used;
		*slot = (here + (unsigned int)__builtin_ctzl(turned)) & (WHEEL_SLOTS - 1);
		*tick = ((wheel->tick >> shift) - here + *slot) << shift;
		if (*slot < here)	/* wrapped: only the top level, which has no level above */
			*tick += (uint64_t)WHEEL_SLOTS << shift;
		return true;
	}
	return false;
}

void wheel_advance(struct wheel *wheel, sys_time_t now)
{
	uint64_t now_tick = now >> WHEEL_TICK_SHIFT, tick;
	unsigned int level, slot;

	while (next_slot(wheel, &level, &slot, &tick) && tick <= now_tick) {
		struct etask_alarm *alarm = wheel->slots[level][slot], *next;

		wheel->slots[level][slot] = NULL;
		wheel->used[level] &= ~(1ul << slot);
		if (tick > wheel->tick)
			wheel->tick = tick;
		for (; alarm; alarm = next) {
			next = alarm->next;
			place(wheel, alarm);
		}
	}
	if (now_tick > wheel->tick)
		wheel->tick = now_tick;
}

struct etask_alarm *wheel_pop(struct wheel *wheel)
{
	struct etask_alarm *alarm = wheel->due;

	if (alarm)
		wheel_remove(wheel, alarm);
	return alarm;
}

sys_time_t wheel_next(const struct wheel *wheel)
{
	unsigned int level, slot;
	uint64_t tick;

	if (wheel->due)
		return wheel->tick << WHEEL_TICK_SHIFT;
	return next_slot(wheel, &level, &slot, &tick) ? tick << WHEEL_TICK_SHIFT : sys_time_invalid();
}
