/* SPDX-License-Identifier: MIT */
/*
 * module.c - the module host, and the start and stop of the whole: ring3/kernel.h.
 *
 * A module is a shared object with the symbol ring3_module_info. Symbols of
 * modules loaded before resolve its own; the order of loading is the caller's.
 *
 * Locking: modules_lock guards the list; it is held over init and exit, so that
 * loads and unloads come one at a time.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/err.h>
#include <linux/notifier.h>
#include <ring3/kernel.h>

#include "host/host.h"
#include "params.h"
#include "rcu_impl.h"
#include "sched_impl.h"

static DEFINE_MUTEX(modules_lock);
static LIST_HEAD(modules);
static BLOCKING_NOTIFIER_HEAD(module_notifiers);
static bool started;

void get_random_bytes(void *buf, size_t bytes)
{
	for (size_t done = 0; done < bytes; done += 256)
		host_random((char *)buf + done, min_t(size_t, 256, bytes - done));
}

/* ---- reference counts ------------------------------------------------------------ */

bool try_module_get(struct module *module)
{
	if (!module)
		return true;
	__atomic_fetch_add(&module->refcnt, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&module->going, __ATOMIC_SEQ_CST))
		return true;
	module_put(module);
	return false;
}

void __module_get(struct module *module)
{
	if (module)
		__atomic_fetch_add(&module->refcnt, 1, __ATOMIC_SEQ_CST);
}

void module_put(struct module *module)
{
	if (module)
		WARN_ON(__atomic_fetch_sub(&module->refcnt, 1, __ATOMIC_SEQ_CST) <= 0);
}

int module_refcount(struct module *module)
{
	return __atomic_load_n(&module->refcnt, __ATOMIC_RELAXED);
}

/* ---- notifiers ------------------------------------------------------------------- */

int register_module_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&module_notifiers, nb);
}

int unregister_module_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&module_notifiers, nb);
}

static void set_state(struct module *module, enum module_state state)
{
	WRITE_ONCE(module->state, state);
	blocking_notifier_call_chain(&module_notifiers, state, module);
}

/* ---- loading ------------------------------------------------------------------------- */

static struct module *find_module(const char *name)
{
	struct module *module;

	list_for_each_entry(module, &modules, list)
		if (!strcmp(module->name, name))
			return module;
	return NULL;
}

/* "/a/b/scst.ko.so" -> "scst" */
static void name_of(char *name, const char *path)
{
	const char *base = strrchr(path, '/');
	char *dot;

	strscpy(name, base ? base + 1 : path, MODULE_NAME_LEN);
	dot = strchr(name, '.');
	if (dot)
		*dot = 0;
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

static void call_exits(const struct ring3_module *info)
{
	for (const exitcall_t *leave = info->exit_end; leave-- > info->exit_start; )
		(*leave)();
}

/* All of them, in the order of their levels; a built-in object may have many, a module one. */
static int call_inits(const struct ring3_module *info, const char *name)
{
	for (const initcall_t *init = info->init_start; init < info->init_end; init++) {
		int rc = (*init)();

		if (WARN(current->preempt_count, "%s: init returned with preempt_count 0x%x", name,
			 current->preempt_count))
			preempt_count_sub(current->preempt_count);
		if (rc > 0)
			pr_warn("%s: init returned %d; 0 or -errno is the convention\n", name, rc);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int start(struct module *self, const char *params)
{
	const struct ring3_module *info = self->info;
	int rc = params ? params_set(*info->params, self->name, params) : 0;

	if (rc)
		return rc;
	set_state(self, MODULE_STATE_COMING);
	rc = call_inits(info, self->name);
	if (!rc) {
		list_add_tail(&self->list, &modules);
		set_state(self, MODULE_STATE_LIVE);
		pr_info("%s: loaded\n", self->name);
		return 0;
	}
	pr_err("%s: init failed: %d\n", self->name, rc);
	set_state(self, MODULE_STATE_GOING);
	return rc;
}

static void give_up(struct module *const *uses, unsigned int nr)
{
	while (nr)
		module_put(uses[--nr]);
}

/* References to the modules whose exports @path needs; how many, or -errno. */
static int take_uses(const char *path, const char *name, struct module **uses)
{
	char *text = kmalloc(PAGE_SIZE, GFP_KERNEL), *rest = text, *line;
	long len = text ? host_module_depends(path, text, PAGE_SIZE) : -ENOMEM;
	unsigned int nr = 0;
	int rc = 0;

	while (len > 0 && !rc && (line = strsep(&rest, "\n"))) {
		char needed[MODULE_NAME_LEN];

		if (!*line)
			continue;
		name_of(needed, line);
		if (nr == ARRAY_SIZE(((struct module *)0)->uses))
			rc = -E2BIG;
		else
			uses[nr] = find_module(needed);
		if (!rc && (!uses[nr] || !try_module_get(uses[nr]))) {
			pr_err("%s: needs %s, which is not loaded: insmod %s\n", name, needed, line);
			rc = -ENOENT;
		}
		nr += !rc;
	}
	kfree(text);
	if (!rc)
		return (int)nr;
	give_up(uses, nr);
	return rc;
}

static int load_object(const char *path, const char *name, const char *params, struct module *const *uses,
		       unsigned int nr_uses)
{
	const struct ring3_module *info;
	char why[200];
	void *handle = host_dlopen(path, why, sizeof(why));
	struct module *self;
	int rc;

	if (!handle) {
		pr_err("%s: cannot be loaded: %s\n", name, why);
		return -ENOEXEC;
	}
	info = host_dlsym(handle, "ring3_module_info");
	if (!info || info->abi != RING3_MODULE_ABI) {
		pr_err("%s: %s is no module of this library: ring3_module_info is %s\n", name, path,
		       info ? "of another version" : "missing");
		host_dlclose(handle);
		return -ENOEXEC;
	}
	self = info->self;
	strscpy(self->name, name, sizeof(self->name));
	self->refcnt = 0;
	self->going = 0;
	self->info = info;
	self->handle = handle;
	self->nr_uses = nr_uses;
	memcpy(self->uses, uses, nr_uses * sizeof(uses[0]));
	self->kunit_suites = info->suites_start;
	self->num_kunit_suites = (int)(info->suites_end - info->suites_start);
	rc = start(self, params);
	if (rc)
		host_dlclose(handle);
	return rc;
}

static int load(const char *path, const char *name, const char *params)
{
	struct module *uses[ARRAY_SIZE(((struct module *)0)->uses)];
	int nr = take_uses(path, name, uses), rc;

	if (nr < 0)
		return nr;
	rc = load_object(path, name, params, uses, (unsigned int)nr);
	if (rc)
		give_up(uses, (unsigned int)nr);
	return rc;
}

int ring3_insmod(const char *path, const char *params)
{
	char name[MODULE_NAME_LEN];
	int rc;

	name_of(name, path);
	mutex_lock(&modules_lock);
	if (!started)
		rc = -EINVAL;
	else if (find_module(name))
		rc = -EEXIST;
	else
		rc = load(path, name, params);
	mutex_unlock(&modules_lock);
	return rc;
}

static int unload(struct module *module)
{
	const struct ring3_module *info = module->info;
	bool permanent = info->init_start < info->init_end && info->exit_start == info->exit_end;

	__atomic_store_n(&module->going, 1, __ATOMIC_SEQ_CST);
	if (module_refcount(module) || permanent) {
		__atomic_store_n(&module->going, 0, __ATOMIC_SEQ_CST);
		pr_err("%s: cannot be unloaded: %s\n", module->name, permanent ? "it has no exit" : "it is in use");
		return -EBUSY;
	}
	list_del(&module->list);
	pr_info("%s: unloaded\n", module->name);
	call_exits(info);
	set_state(module, MODULE_STATE_GOING);
	give_up(module->uses, module->nr_uses);
	host_dlclose(module->handle);
	return 0;
}

int ring3_rmmod(const char *name)
{
	struct module *module;
	int rc;

	mutex_lock(&modules_lock);
	module = find_module(name);
	rc = module ? unload(module) : -ENOENT;
	mutex_unlock(&modules_lock);
	return rc;
}

int ring3_lsmod(char *buf, unsigned long bytes)
{
	struct module *module;
	int done = 0;

	mutex_lock(&modules_lock);
	list_for_each_entry(module, &modules, list)
		done += scnprintf(buf + done, bytes - (unsigned long)done, "%s %d\n", module->name, module->refcnt);
	mutex_unlock(&modules_lock);
	return done;
}

/* ---- start and stop --------------------------------------------------------------------- */

int ring3_kernel_start(const struct ring3_kernel_options *options)
{
	unsigned int events = options->nr_event_cpus ? options->nr_event_cpus : host_online_cpus();
	unsigned int others = options->nr_other_cpus ? options->nr_other_cpus : 2;
	int rc;

	mutex_lock(&modules_lock);
	rc = started ? -EBUSY : sched_init(events, others);
	if (!rc)
		rc = host_events_start(events, options->spin_ns, options->pin, sched_event_task_started);
	if (!rc)
		rc = rcu_init();
	if (!rc) {
		rc = workqueue_init();
		started = !rc;
	}
	mutex_unlock(&modules_lock);
	return rc;
}

/* Modules in the reverse order of their loading: each may use those before it. */
int ring3_kernel_stop(void)
{
	int rc = 0;

	mutex_lock(&modules_lock);
	while (started && !rc && !list_empty(&modules))
		rc = unload(list_last_entry(&modules, struct module, list));
	if (started && !rc) {
		workqueue_exit();
		rcu_exit();
		host_events_stop();
		started = false;
	}
	mutex_unlock(&modules_lock);
	return rc;
}

unsigned int ring3_nr_event_cpus(void)
{
	return sched_nr_events();
}
