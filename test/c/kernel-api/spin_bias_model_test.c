/* SPDX-License-Identifier: MIT */
/*
 * A model of the protocol of spinlock.c, and a walk through all it can do: each step of each of three
 * threads in every order, with the stores of each in a buffer of its own that empties whenever it likes,
 * oldest first, as x86 has it. Three times each takes the lock or, the last thread, tries it.
 *
 * It is held to: one thread at a time has the lock, and none that has it could take it once more; and
 * as long as a thread is not done, some thread can go on. Each thing that the protocol is made of is also
 * left out, and the walk has to find what it is for.
 *
 * Not in it: trials (whoever has the word may be given the bias), and how a sleeper is woken. A grace period
 * ends as soon as it may: when all have left the regions they were in as it was asked for.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "harness.h"

#define THREADS		3
#define BUFFERED	4
#define STATES		(1u << 20)	/* the walk takes fewer */

enum var { OWNER, BIAS, IN, VARS };
#define ENDED		(THREADS + 1)	/* a bias; threads are 1 to THREADS there and in the others */
enum leave_out { NOTHING, BARRIER, SECOND_LOOK, GRACE_PERIOD, HANDING_OVER };

/* Where a thread is: what it does next. The names are those of spinlock.c where it has one. */
enum at {
	OUTSIDE, LOOK_AT_BIAS, LOOK_IN, STORE_IN, LOOK_AGAIN, MISSED, TRY_IN, TAKE_WORD, ALONE, ALONE_IN, END_BIAS,
	HOST_BARRIER, START_POLL, WAIT_IN, GIVE_WORD_BACK, TAKEN_BY_WORD, GIVE_BIAS, GIVE_BIAS_2, GIVE_BIAS_3,
	INSIDE, GIVE_UP, LEAVE,
};

struct state {
	u8	memory[VARS];
	u8	old;			/* bit per thread that the grace period waits for */
	struct {
		u8 at, left, by_word, nr;
		u8 stores[BUFFERED];	/* the oldest first: variable * 8 + value */
	} threads[THREADS];
};

static struct state states[STATES];
static u32 table[2 * STATES];	/* 0, or the number of a state, from 1 */
static u32 nr_states;
static bool twice;		/* found: the lock is held twice */
static bool stuck;		/* found: nobody can go on */

static void add(const struct state *state)
{
	const u8 *bytes = (const u8 *)state;
	u32 hash = 2166136261u, at;

	for (size_t i = 0; i < sizeof(*state); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	for (at = hash % (2 * STATES); table[at]; at = (at + 1) % (2 * STATES))
		if (!memcmp(&states[table[at] - 1], state, sizeof(*state)))
			return;
	CHECK_LT(nr_states, STATES);
	states[nr_states++] = *state;
	table[at] = nr_states;
}

static u8 load(const struct state *state, int self, enum var var)
{
	for (int i = state->threads[self].nr; i-- > 0;)
		if (state->threads[self].stores[i] / 8 == var)
			return state->threads[self].stores[i] % 8;
	return state->memory[var];
}

static void store(struct state *state, int self, enum var var, int value)
{
	CHECK_LT(state->threads[self].nr, BUFFERED);
	state->threads[self].stores[state->threads[self].nr++] = (u8)(var * 8 + value);
}

/* The oldest store of a thread's buffer. */
static void drain(struct state *state, int self)
{
	u8 *stores = state->threads[self].stores;

	state->memory[stores[0] / 8] = stores[0] % 8;
	memmove(stores, stores + 1, BUFFERED - 1);
	stores[BUFFERED - 1] = 0;
	state->threads[self].nr--;
}

static void go(struct state state, int self, enum at at)
{
	state.threads[self].at = at;
	add(&state);
}

static void be_inside(const struct state *state, int self)
{
	for (int other = 0; other < THREADS; other++)
		twice |= other != self && (state->threads[other].at == INSIDE || state->threads[other].at == GIVE_UP);
	twice |= load(state, self, BIAS) == self + 1 && !load(state, self, IN);
	go(*state, self, GIVE_UP);
}

/* Who it does not wait for is in none, or entered its region later. */
static void ask_for_grace_period(struct state *state, int self, enum leave_out leave_out)
{
	state->old = 0;
	for (int other = 0; leave_out != GRACE_PERIOD && other < THREADS; other++)
		if (other != self && state->threads[other].at != OUTSIDE)
			state->old |= 1 << other;
}

/* false: it cannot go on, or is done. */
static bool step(struct state state, int self, enum leave_out leave_out)
{
	bool tries = self == THREADS - 1, fenced = !state.threads[self].nr;
	u8 id = self + 1, bias = load(&state, self, BIAS), in = load(&state, self, IN);

	switch ((enum at)state.threads[self].at) {
	case OUTSIDE:
		if (!state.threads[self].left)
			return false;
		state.threads[self].left--;
		go(state, self, LOOK_AT_BIAS);
		break;
	case LOOK_AT_BIAS:
		go(state, self, bias == id ? LOOK_IN : TRY_IN);
		break;
	case LOOK_IN:
		go(state, self, in ? TRY_IN : STORE_IN);
		break;
	case STORE_IN:
		store(&state, self, IN, id);
		state.threads[self].by_word = 0;
		go(state, self, leave_out == SECOND_LOOK ? INSIDE : LOOK_AGAIN);
		break;
	case LOOK_AGAIN:
		go(state, self, bias == id ? INSIDE : MISSED);
		break;
	case MISSED:
		store(&state, self, IN, 0);
		go(state, self, TRY_IN);
		break;
	case TRY_IN:
		go(state, self, tries && in ? LEAVE : TAKE_WORD);
		break;
	case TAKE_WORD:		/* a fence, too */
		if (!fenced || (state.memory[OWNER] && !tries))
			return false;
		if (!state.memory[OWNER]) {
			state.memory[OWNER] = id;
			go(state, self, ALONE);
		} else {
			go(state, self, LEAVE);
		}
		break;
	case ALONE:
		go(state, self, !bias || bias == ENDED ? ALONE_IN : END_BIAS);
		break;
	case ALONE_IN:
		go(state, self, in ? WAIT_IN : TAKEN_BY_WORD);
		break;
	case END_BIAS:
		store(&state, self, BIAS, ENDED);
		go(state, self, HOST_BARRIER);
		break;
	case HOST_BARRIER:
		for (int other = 0; leave_out != BARRIER && other < THREADS; other++)
			while (state.threads[other].nr)
				drain(&state, other);
		go(state, self, START_POLL);
		break;
	case START_POLL:
		ask_for_grace_period(&state, self, leave_out);
		go(state, self, WAIT_IN);
		break;
	case WAIT_IN:
		if (in && !tries)
			return false;
		go(state, self, in ? GIVE_WORD_BACK : TAKEN_BY_WORD);
		break;
	case GIVE_WORD_BACK:
		store(&state, self, OWNER, 0);
		go(state, self, LEAVE);
		break;
	case TAKEN_BY_WORD:
		state.threads[self].by_word = 1;
		go(state, self, INSIDE);
		if (!tries && (!bias || (bias == ENDED && !state.old)))
			go(state, self, leave_out == HANDING_OVER ? GIVE_BIAS_2 : GIVE_BIAS);
		break;
	case GIVE_BIAS:
		store(&state, self, IN, id);
		go(state, self, GIVE_BIAS_2);
		break;
	case GIVE_BIAS_2:
		store(&state, self, BIAS, id);
		go(state, self, leave_out == HANDING_OVER ? INSIDE : GIVE_BIAS_3);
		break;
	case GIVE_BIAS_3:
		store(&state, self, OWNER, 0);
		state.threads[self].by_word = 0;
		go(state, self, INSIDE);
		break;
	case INSIDE:
		be_inside(&state, self);
		break;
	case GIVE_UP:
		if (state.threads[self].nr == BUFFERED)
			return false;
		store(&state, self, state.threads[self].by_word ? OWNER : IN, 0);
		state.threads[self].by_word = 0;
		go(state, self, LEAVE);
		break;
	case LEAVE:		/* the region; that it has is seen after all it stored there */
		if (!fenced)
			return false;
		state.old &= ~(1 << self);
		go(state, self, OUTSIDE);
		break;
	}
	return true;
}

/* From the state in which @bias is the bias, until nothing is new or a fault is found. */
static void walk(int bias, enum leave_out leave_out)
{
	struct state first = { .memory[BIAS] = (u8)bias };

	memset(table, 0, sizeof(table));
	nr_states = 0;
	twice = stuck = false;
	for (int self = 0; self < THREADS; self++)
		first.threads[self].left = 3;
	add(&first);
	for (u32 nr = 0; nr < nr_states && !twice && !stuck; nr++) {
		bool done = true, moved = false;

		for (int self = 0; self < THREADS; self++) {
			struct state state = states[nr];

			moved |= step(state, self, leave_out);
			done &= state.threads[self].at == OUTSIDE && !state.threads[self].left;
			if (!state.threads[self].nr)
				continue;
			drain(&state, self);
			add(&state);
			moved = true;
		}
		stuck |= !moved && !done;
	}
}

TEST(spin_bias_model_holds_in_every_order)
{
	for (int bias = 0; bias <= 1; bias++) {
		walk(bias, NOTHING);
		CHECK_GT(nr_states, 100000);
		CHECK(!twice);
		CHECK(!stuck);
	}
}

TEST(spin_bias_model_needs_the_barrier)
{
	walk(1, BARRIER);
	CHECK(twice);
}

TEST(spin_bias_model_needs_the_second_look)
{
	walk(1, SECOND_LOOK);
	CHECK(twice);
}

TEST(spin_bias_model_needs_the_grace_period)
{
	walk(1, GRACE_PERIOD);
	CHECK(twice);
}

TEST(spin_bias_model_needs_the_hold_to_be_handed_over)
{
	walk(0, HANDING_OVER);
	CHECK(twice);
}
