/* SPDX-License-Identifier: MIT */
#ifndef RING3_ENTRY_H
#define RING3_ENTRY_H

/* entry.h - private to shim/src: the operations by handle of sys_service.h. */
#include "sys_service.h"

sys_sched_entry_t entry_schedule(sys_event_task_t task, sys_handler_t fn, void *env, uintptr_t arg, errno_t err,
				 sstring_t name);
sys_sched_entry_t entry_schedule_lopri(sys_event_task_t task, sys_handler_t fn, void *env, uintptr_t arg,
				       errno_t err, sstring_t name);
errno_t entry_schedule_cancel(sys_event_task_t task, sys_sched_entry_t handle);
sys_alarm_entry_t entry_alarm_set(sys_event_task_t task, sys_handler_t fn, void *env, sys_time_t expire,
				  sstring_t name);
sys_alarm_entry_t entry_alarm_set_periodic(sys_event_task_t task, sys_handler_t fn, void *env, sys_time_t first,
					   sys_time_delta_t period, sstring_t name);
errno_t entry_alarm_rearm(sys_event_task_t task, sys_alarm_entry_t handle, sys_time_t expire, sys_time_delta_t period);
errno_t entry_alarm_cancel(sys_event_task_t task, sys_alarm_entry_t handle);
sys_poll_entry_t entry_poll_enable(sys_event_task_t task, sys_handler_t fn, void *env, int fd,
				   unsigned long events, sstring_t name);
void entry_poll_disable(sys_event_task_t task, sys_poll_entry_t handle);

/* All handles of @task become stale: it is being freed, and nobody uses it. */
void entries_forget(sys_event_task_t task);

#endif /* RING3_ENTRY_H */
