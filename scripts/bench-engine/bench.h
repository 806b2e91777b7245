/* SPDX-License-Identifier: MIT */
#ifndef RING3_BENCH_ENGINE_H
#define RING3_BENCH_ENGINE_H

/*
 * bench.h - measures of the engine and of its rivals, by one method each.
 *
 * A measure is a function that works for about bench_seconds and answers one number.
 * Its name is GROUP/CASE/CONTENDER; contenders of one GROUP/CASE do the same work. The
 * program runs one measure per process and prints its number: bench-engine.ts takes
 * turns between the contenders and works out medians.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct measure {
	const char	*name;
	const char	*unit;		/* "ns" and "us": less is better; "/s": more is */
	double		(*fn)(void);
	struct measure	*next;
};

void measure_add(struct measure *measure);

#define MEASURE(function, measure_name, measure_unit)					\
	static double function(void);							\
	static struct measure measure_##function = { measure_name, measure_unit, function, NULL };	\
	__attribute__((constructor)) static void add_##function(void)			\
	{										\
		measure_add(&measure_##function);					\
	}										\
	static double function(void)

extern double bench_seconds;

/* Ends the program: the measure cannot be taken here, and why. */
void bench_skip(const char *why) __attribute__((noreturn));
/* A call that must work; ends the program otherwise. */
void bench_must(bool ok, const char *what);

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What this thread has worked so far: for measures of one thread, which a busy machine then disturbs less. */
static inline uint64_t worked_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The @percent-th of @count values, which are sorted by it. */
double bench_percentile(double *values, size_t count, double percent);

static inline uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#define enclosing(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#endif /* RING3_BENCH_ENGINE_H */
