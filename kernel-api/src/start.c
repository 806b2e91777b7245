/* SPDX-License-Identifier: MIT */
/*
 * start.c - the start and the stop of the whole: ring3/kernel.h.
 *
 * Invariant: while a kernel stops no module can be loaded, and one that refuses to go lets it run on.
 *
 * Locking: turn over start and stop; the module host's lock over what it looks at.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <ring3/kernel.h>

#include "bridge_impl.h"
#include "host/host.h"
#include "module_impl.h"
#include "module_load.h"
#include "rcu_impl.h"
#include "sched_impl.h"
#include "tree.h"

static DEFINE_MUTEX(turn);
static bool started, stopping;

bool kernel_is_started(void)
{
	return __atomic_load_n(&started, __ATOMIC_ACQUIRE);
}

bool kernel_takes_modules(void)
{
	return kernel_is_started() && !stopping;
}

int ring3_kernel_started(void)
{
	return kernel_is_started();
}

int ring3_kernel_start(const struct ring3_kernel_options *options)
{
	unsigned int events = options->nr_event_cpus ? options->nr_event_cpus : host_online_cpus();
	unsigned int others = options->nr_other_cpus ? options->nr_other_cpus : 2;
	int rc;

	mutex_lock(&turn);
	rc = started ? -EBUSY : sched_init(events, others);
	if (!rc)
		rc = softirq_init();
	if (!rc)
		rc = host_events_start(events, options->spin_ns, options->pin, sched_event_task_started,
				       sched_event_task_round);
	if (!rc)
		rc = rcu_init();
	if (!rc)
		rc = workqueue_init();
	if (!rc)
		rc = kmod_init();
	if (!rc) {
		rc = tree_init();
		__atomic_store_n(&started, !rc, __ATOMIC_RELEASE);
	}
	mutex_unlock(&turn);
	return rc;
}

int ring3_kernel_stop(void)
{
	return ring3_kernel_shutdown(NULL, 0);
}

/* Modules in the reverse order of their loading: each may use those before it. */
static int unload_all(void)
{
	struct loaded *last;
	int rc = 0;

	modules_take();
	stopping = true;
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		while (module_slot(slot) && module_slot(slot)->busy)
			modules_wait(true);
	while (!rc && (last = module_last()))
		rc = module_unload(last);
	if (rc)
		stopping = false;
	modules_give();
	return rc;
}

static void end(void)
{
	kmod_exit();
	tree_exit();
	rcu_tasks_exit();
	workqueue_exit();
	rcu_exit();
	host_events_stop();
	softirq_exit();
	module_link_exit();
	modules_take();
	stopping = false;
	__atomic_store_n(&started, false, __ATOMIC_RELEASE);
	modules_give();
}

int ring3_kernel_shutdown(char *why, unsigned long bytes)
{
	struct module_said said;
	int rc = 0;

	module_said_begin(&said);
	mutex_lock(&turn);
	if (started && bridge_users()) {
		module_say("%u ports and objects of threads are still open (ring3/bridge.h)", bridge_users());
		rc = -EBUSY;
	}
	if (started && !rc)
		rc = unload_all();
	if (started && !rc)
		end();
	mutex_unlock(&turn);
	module_said_end(&said, why, bytes);
	return rc;
}

unsigned int ring3_nr_event_cpus(void)
{
	return sched_nr_events();
}
