/* SPDX-License-Identifier: MIT */
/* wheel.c - see wheel.h. */
#include "wheel.h"

void wheel_init(struct wheel *wheel, sys_time_t now)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->tick = now >> WHEEL_TICK_SHIFT;
	wheel->due_tail = &wheel->due;
	wheel->pool.bytes_left = CELLS_BYTES_MAX;
}

void wheel_fini(struct wheel *wheel)
{
	cell_pool_fini(&wheel->pool);
}

static void due_append(struct wheel *wheel, struct etask_alarm *alarm)
{
	alarm->state = WHEEL_DUE;
	wheel->due_count++;
	alarm->next = NULL;
	alarm->pprev = wheel->due_tail;
	*wheel->due_tail = alarm;
	wheel->due_tail = &alarm->next;
}

static void list_push(struct wheel *wheel, struct etask_alarm *alarm, unsigned int number)
{
	struct etask_alarm **head = &wheel->lists[number];

	alarm->state = WHEEL_LISTED | number;
	alarm->next = *head;
	alarm->pprev = head;
	if (alarm->next)
		alarm->next->pprev = &alarm->next;
	*head = alarm;
	wheel->used[number / WHEEL_SLOTS] |= 1ul << number % WHEEL_SLOTS;
}

void wheel_place_slowly(struct wheel *wheel, struct etask_alarm *alarm)
{
	uint64_t tick = wheel_tick_of(alarm->expire);
	unsigned int level, number;

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
	number = level * WHEEL_SLOTS + ((tick >> (level * 6)) & (WHEEL_SLOTS - 1));
	if (wheel->cells[number].empty || cells_grow(&wheel->pool, &wheel->cells[number]))
		wheel_put(wheel, alarm, number);
	else
		list_push(wheel, alarm, number);
}

static void slot_unused(struct wheel *wheel, unsigned int number)
{
	if (!wheel->cells[number].count && !wheel->lists[number])
		wheel->used[number / WHEEL_SLOTS] &= ~(1ul << number % WHEEL_SLOTS);
}

void wheel_remove_slowly(struct wheel *wheel, struct etask_alarm *alarm)
{
	*alarm->pprev = alarm->next;
	if (alarm->next)
		alarm->next->pprev = alarm->pprev;
	if (alarm->state & WHEEL_LISTED) {
		slot_unused(wheel, alarm->state & ~(unsigned int)WHEEL_LISTED);
		return;
	}
	wheel->due_count--;
	if (wheel->due_tail == &alarm->next)
		wheel->due_tail = alarm->pprev;
}

void wheel_cells_emptied(struct wheel *wheel, unsigned int number)
{
	struct cells *cells = &wheel->cells[number];

	/* One chunk is kept for who comes and goes alone. */
	if (cells->chunks != cells->last)
		cells_release(&wheel->pool, cells);
	slot_unused(wheel, number);
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

static void fetch_alarms(const struct cell_chunk *chunk)
{
	for (int i = 0; chunk && i < CELLS_IN_CHUNK; i++)
		__builtin_prefetch((const void *)(chunk->cells[i] & ~1ul), 1);
}

/* Place all of a slot anew, at a lower level or as due. */
static void empty_slot(struct wheel *wheel, unsigned int number)
{
	struct cells cells = wheel->cells[number];
	struct etask_alarm *listed = wheel->lists[number], *next;

	wheel->cells[number] = (struct cells){ 0 };
	wheel->lists[number] = NULL;
	wheel->used[number / WHEEL_SLOTS] &= ~(1ul << number % WHEEL_SLOTS);
	fetch_alarms(cells.chunks);
	for (struct cell_chunk *chunk = cells.chunks; chunk; chunk = chunk->next) {
		fetch_alarms(chunk->next);
		for (int i = 0; i < CELLS_IN_CHUNK; i++)
			if (cell_alarm(chunk->cells[i]))
				wheel_place(wheel, cell_alarm(chunk->cells[i]));
	}
	cells_release(&wheel->pool, &cells);
	for (; listed; listed = next) {
		next = listed->next;
		wheel_place(wheel, listed);
	}
}

void wheel_advance(struct wheel *wheel, sys_time_t now)
{
	uint64_t now_tick = now >> WHEEL_TICK_SHIFT, tick;
	unsigned int level, slot;

	while (next_slot(wheel, &level, &slot, &tick) && tick <= now_tick) {
		if (tick > wheel->tick)
			wheel->tick = tick;
		empty_slot(wheel, level * WHEEL_SLOTS + slot);
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

void wheel_each(const struct wheel *wheel, void (*fn)(struct etask_alarm *alarm, void *arg), void *arg)
{
	for (unsigned int number = 0; number < WHEEL_LEVELS * WHEEL_SLOTS; number++) {
		for (const struct cell_chunk *chunk = wheel->cells[number].chunks; chunk; chunk = chunk->next)
			for (int i = 0; i < CELLS_IN_CHUNK; i++)
				if (cell_alarm(chunk->cells[i]))
					fn(cell_alarm(chunk->cells[i]), arg);
		for (struct etask_alarm *at = wheel->lists[number]; at; at = at->next)
			fn(at, arg);
	}
	for (struct etask_alarm *at = wheel->due; at; at = at->next)
		fn(at, arg);
}

sys_time_t wheel_next(const struct wheel *wheel)
{
	unsigned int level, slot;
	uint64_t tick;

	if (wheel->due)
		return wheel->tick << WHEEL_TICK_SHIFT;
	return next_slot(wheel, &level, &slot, &tick) ? tick << WHEEL_TICK_SHIFT : sys_time_invalid();
}
