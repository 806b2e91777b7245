/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_VICTIM_H
#define RING3_TEST_VICTIM_H

/* victim.h - threads that get into a state. Each says so (victim_wait()), then stays until victim_stop(). */
#include <pthread.h>
#include <stdbool.h>

void *victim_spins(void *arg);
void *victim_sleeps(void *arg);
void *victim_inlined(void *arg);
void *victim_blocks_signals(void *arg);
/* A thread that is stopped inside malloc() with its arena's lock held; false = it could not be had. */
bool victim_hold_malloc(pthread_t *thread);
void *victim_prints(void *arg);
void *victim_deadlock_ab(void *arg);
void *victim_deadlock_ba(void *arg);
void *victim_dumps_into(void *fd);
int victim_result(void);

/* Lines of victim.c where they wait. */
extern const int victim_sleeps_line, victim_ab_line, victim_ba_line;
extern pthread_mutex_t victim_mutex_a, victim_mutex_b;

void victim_wait(void);
void victim_wait_for(int nr);
void victim_stop(void);
void victim_wait_barrier(void);
void victim_release_barrier(void);
bool victim_sanitized(void);

#endif /* RING3_TEST_VICTIM_H */
