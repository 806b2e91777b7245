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
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/err.h>
#include <linux/ctype.h>
#include <ring3/kernel.h>

#include "host/host.h"
#include "sched_impl.h"

static DEFINE_MUTEX(modules_lock);
static LIST_HEAD(modules);
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

/* ---- parameters -------------------------------------------------------------------- */

#define PARAM_OPS(type, ctype, parse)							\
static int param_set_##type(const char *val, const struct kernel_param *kp)		\
{											\
	return parse(val, 0, (ctype *)kp->arg);						\
}											\
const struct kernel_param_ops param_ops_##type = { .set = param_set_##type };		\
EXPORT_SYMBOL(param_ops_##type);

PARAM_OPS(int, int, kstrtoint)
PARAM_OPS(uint, unsigned int, kstrtouint)
PARAM_OPS(ulong, unsigned long, kstrtoul)

static int param_set_bool(const char *val, const struct kernel_param *kp)
{
	return kstrtobool(val, kp->arg);
}
const struct kernel_param_ops param_ops_bool = { .set = param_set_bool };
EXPORT_SYMBOL(param_ops_bool);

static int param_set_charp(const char *val, const struct kernel_param *kp)
{
	char *copy = kstrdup(val, GFP_KERNEL);	/* lives as long as the process, as the module does */

	if (!copy)
		return -ENOMEM;
	*(char **)kp->arg = copy;
	return 0;
}
const struct kernel_param_ops param_ops_charp = { .set = param_set_charp };
EXPORT_SYMBOL(param_ops_charp);

static int set_param(const struct ring3_module *info, const char *module, char *text)
{
	char *value = strchr(text, '=');
	struct kernel_param *kp;
	int rc;

	if (value)
		*value++ = 0;
	for (kp = *info->params; kp && strcmp(kp->name, text); kp = kp->next)
		;
	if (!kp) {
		pr_err("%s: unknown parameter '%s'\n", module, text);
		return -ENOENT;
	}
	rc = kp->ops->set(value ? value : "y", kp);
	if (rc)
		pr_err("%s: parameter %s: '%s' is not valid (%d)\n", module, text, value ? value : "", rc);
	return rc;
}

static int set_params(const struct ring3_module *info, const char *module, const char *params)
{
	char *copy = kstrdup(params, GFP_KERNEL), *rest = copy, *text;
	int rc = copy ? 0 : -ENOMEM;

	while (!rc && rest && (text = strsep(&rest, " ")))
		if (*text)
			rc = set_param(info, module, text);
	kfree(copy);
	return rc;
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

static int load(const char *path, const char *name, const char *params)
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
	rc = params ? set_params(info, name, params) : 0;
	if (!rc)
		rc = info->init();
	if (rc) {
		pr_err("%s: init failed: %d\n", name, rc);
		host_dlclose(handle);
		return rc;
	}
	list_add_tail(&self->list, &modules);
	pr_info("%s: loaded\n", name);
	return 0;
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
	exitcall_t leave = *module->info->exit;

	__atomic_store_n(&module->going, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&module->refcnt, __ATOMIC_SEQ_CST) || !leave) {
		__atomic_store_n(&module->going, 0, __ATOMIC_SEQ_CST);
		pr_err("%s: cannot be unloaded: %s\n", module->name, leave ? "it is in use" : "it has no exit");
		return -EBUSY;
	}
	list_del(&module->list);
	pr_info("%s: unloaded\n", module->name);
	leave();
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
