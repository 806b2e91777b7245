/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_TASK_KIT_H
#define RING3_TEST_TASK_KIT_H

/* task_kit.h - what tests of event tasks share: a running task, and waiting for a count. */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "etask.h"
#include "harness.h"
#include "mtelib.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW_BUILD	1
#else
#define SLOW_BUILD	0
#endif

#define member_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

static inline sys_event_task_t kit_alloc(struct sys_event_task_cfg cfg)
{
	sys_event_task_t task;

	sys_service_set(MTE_sys_service_get());
	CHECK_EQ(sys_service_init(NULL), E_OK);
	task = sys_event_task_alloc(&cfg);
	CHECK(task);
	return task;
}

static inline sys_event_task_t kit_start(struct sys_event_task_cfg cfg)
{
	sys_event_task_t task = kit_alloc(cfg);

	CHECK_EQ(etask_start(task, "test", -1), 0);
	return task;
}

static inline void kit_end(sys_event_task_t task)
{
	etask_stop_join(task);
	CHECK_EQ(sys_event_task_free(task), E_OK);
}

/* Waits up to 10 s (60 under a sanitizer). */
static inline void kit_wait(atomic_long *counter, long value)
{
	for (int i = 0; i < (SLOW_BUILD ? 120000 : 20000) && atomic_load(counter) < value; i++)
		usleep(500);
	CHECK_GE(atomic_load(counter), value);
}

#endif /* RING3_TEST_TASK_KIT_H */
