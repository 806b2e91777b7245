/* SPDX-License-Identifier: MIT */
/*
 * module_load.c - modules come and go: insmod and rmmod of ring3/kernel.h.
 *
 * A module is a shared object with the symbol ring3_module_info. Its file is read and
 * judged (module_link.c) before any code of it runs. Symbols of modules loaded before
 * resolve its own, and those modules are in use by it as long as it is there.
 *
 * Invariant: a module's own memory is touched only while its slot is taken; the slot
 * outlives it. A module that left something behind is never unmapped.
 *
 * Locking: module.c's, given back over whatever of the module runs: parameters, init, exit, notifiers, the
 * removal of its files. So an init may load another module, or wait for a thread that does. Who wants
 * one that comes or goes waits, but for itself.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "host/elf.h"
#include "host/host.h"
#include "module_impl.h"
#include "module_load.h"
#include "owned.h"
#include "params.h"
#include "sched_impl.h"

static const char *errno_text(int rc)
{
	const char *text = host_errno_name(-rc);

	return text ? text : "no errno";
}

/* ---- its own code ------------------------------------------------------------------------- */

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

		if (WARN(!preemptible(), "%s: init returned with preempt_count 0x%x, interrupts %s", name,
			 preempt_count(), irqs_disabled() ? "off" : "on"))
			ring3_cpu_disown(ring3_preempt_word);
		if (rc > 0)
			pr_warn("%s: init returned %d; 0 or -errno is the convention\n", name, rc);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Each module whose symbols @self uses is in use by it. */
static void take_deps(struct loaded *self)
{
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (self->deps[slot / 64] >> slot % 64 & 1)
			__module_get(module_slot(slot)->module);
}

static void drop_deps(struct loaded *self)
{
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (self->deps[slot / 64] >> slot % 64 & 1)
			module_put(module_slot(slot)->module);
}

/* Part of the kernel: it keeps its caches for ever, and so is never unmapped; it may be started again. */
static bool is_builtin(const struct loaded *self)
{
	const char *magic = host_elf_modinfo(self->elf, "vermagic", 0);

	return magic && strstr(magic, " builtin");
}

/*
 * Its code goes, unless something may still come back into it. Such a file cannot be loaded
 * again: it would find the data of its first life.
 */
static void unmap(struct loaded *self)
{
	unsigned int left;

	if (is_builtin(self)) {
		owned_range_del(self->begin);
		self->module->name[0] = 0;
		return;
	}
	owned_report_memory(self);
	left = owned_report(self);
	if (left)
		module_say("%s: its code stays until the process ends: what it left behind may call it", self->name);
	else
		host_dlclose(self->handle);
	owned_range_del(self->begin);
}

/* Without the lock: whatever this calls may load modules. 0, or it is as it was before. */
static int run_init(struct loaded *self, const char *params)
{
	struct module *module = self->module;
	const struct ring3_module *info = module->info;
	int rc = params_set(*info->params, module, params);

	WRITE_ONCE(module->state, MODULE_STATE_COMING);
	if (!rc)
		rc = module_sysfs_add(self);
	if (rc) {
		params_free(*info->params, module);
		return rc;
	}
	module_set_state(module, MODULE_STATE_COMING);
	rc = call_inits(info, self->name);
	if (!rc)
		return 0;
	module_say("%s: init failed: %d (%s)", self->name, rc, errno_text(rc));
	module->going = 1;
	module_set_state(module, MODULE_STATE_GOING);
	if (module_refcount(module))
		module_say("%s: its init took references to it and kept %d", self->name, module_refcount(module));
	module_sysfs_del(self);
	params_free(*info->params, module);
	owned_let_end(self);
	return rc;
}

static int start(struct loaded *self, const char *params)
{
	int rc;

	take_deps(self);
	modules_give();
	rc = run_init(self, params);
	modules_take();
	if (rc) {
		drop_deps(self);
		return rc;
	}
	module_set_live(self);
	modules_give();
	module_set_state(self->module, MODULE_STATE_LIVE);
	module_sysfs_tell(self, "add");
	pr_info("%s: loaded\n", self->name);
	modules_take();
	module_settle(self);
	return 0;
}

/* Maps it; from here on its constructors have run. */
static int map(struct loaded *self)
{
	const struct ring3_module *info;
	struct module *module;
	char why[300];

	self->handle = host_dlopen(self->path, why, sizeof(why));
	if (!self->handle) {
		module_say("%s: cannot be loaded: %s", self->name, why);
		return -ENOEXEC;
	}
	host_dlrange(self->handle, &self->begin, &self->end);
	info = host_dlsym(self->handle, "ring3_module_info");
	if (!info || info->abi != RING3_MODULE_ABI) {
		module_say("%s: its ring3_module_info is of another version", self->name);
		host_dlclose(self->handle);
		return -ENOEXEC;
	}
	module = self->module = info->self;
	if (module->name[0]) {
		module_say("%s: %s was never unmapped since it was loaded as %s: end the process first", self->name,
			   self->path, module->name);
		host_dlclose(self->handle);
		return -EBUSY;
	}
	owned_range_add(self->begin, self->end);
	strscpy(module->name, self->name, sizeof(module->name));
	module->version = host_elf_modinfo(self->elf, "version", 0);
	module->refcnt = 0;
	module->going = 0;
	module->info = info;
	module->loaded = self;
	module->kunit_suites = info->suites_start;
	module->num_kunit_suites = (int)(info->suites_end - info->suites_start);
	return 0;
}

/* ---- loading ------------------------------------------------------------------------------- */

/* Until nobody loads or unloads one of this name: then there is one, or none. 0 or -errno. */
static int wait_for_name(const char *name)
{
	struct loaded *other;

	while ((other = module_find(name)) && other->busy) {
		const char *does = other->state == MODULE_STATE_GOING ? "exit" : "init";

		if (other->busy == current) {
			module_say("%s: its own %s asks for it", name, does);
			return -EDEADLK;
		}
		if (!modules_wait(false)) {
			module_say("%s: its %s has not returned for %d s", name, does, MODULE_WAIT_S);
			return -EBUSY;
		}
	}
	return 0;
}

static struct loaded *make_loaded(const char *path, const char *name)
{
	struct loaded *self = kzalloc(sizeof(*self) + strlen(path), GFP_KERNEL);
	char why[400];
	int rc = -ENOSPC;

	if (!self)
		return ERR_PTR(-ENOMEM);
	memcpy(self->path, path, strlen(path) + 1);
	strscpy(self->name, name, sizeof(self->name));
	mutex_init(&self->param_lock);
	self->busy = current;
	if (!module_take_slot(self)) {
		module_say("%s: there are %u modules, which is the limit", name, MODULES_MAX);
	} else {
		self->elf = host_elf_open(self->path, &rc, why, sizeof(why));
		if (self->elf)
			return self;
		module_say("%s", why);
		module_give_slot(self);
	}
	kfree(self);
	return ERR_PTR(rc);
}

static void free_loaded(struct loaded *self)
{
	module_give_slot(self);
	host_elf_close(self->elf);
	kfree(self);
}

/* Those whose init is under way, and whose symbols it uses, are waited for. */
static int resolve(struct loaded *self)
{
	int rc;

	while ((rc = module_resolve(self)) == -EAGAIN) {
		if (modules_wait(false))
			continue;
		module_say("%s: uses a module whose init has not returned for %d s", self->name, MODULE_WAIT_S);
		return -EBUSY;
	}
	return rc;
}

static int load(const char *path, const char *name, const char *params)
{
	struct loaded *self = make_loaded(path, name);
	int rc;

	if (IS_ERR(self))
		return (int)PTR_ERR(self);
	rc = module_check_info(self);
	if (!rc)
		rc = resolve(self);
	if (!rc)
		rc = map(self);
	if (!rc) {
		rc = start(self, params);
		if (rc)
			unmap(self);
	}
	if (rc)
		free_loaded(self);
	return rc;
}

int module_load(const char *path, const char *params)
{
	char name[MODULE_NAME_LEN];
	int rc;

	modules_take();
	if (!kernel_takes_modules()) {
		module_say("no kernel runs: start it first");
		rc = -ENODEV;
	} else if (!module_name_of(name, sizeof(name), path)) {
		module_say("%s: a module's file is called NAME.ko.so, NAME has 1 to %d characters", path,
			   MODULE_NAME_LEN - 1);
		rc = -EINVAL;
	} else {
		rc = wait_for_name(name);
		if (!rc && module_find(name)) {
			module_say("%s: there is a module of this name already, from %s", name, module_find(name)->path);
			rc = -EEXIST;
		}
		if (!rc && !kernel_takes_modules())	/* it was stopped meanwhile */
			rc = -ENODEV;
		if (!rc)
			rc = load(path, name, params);
	}
	modules_give();
	return rc;
}

int ring3_module_load(const char *path, const char *params, char *why, unsigned long bytes)
{
	struct module_said said;
	int rc;

	module_said_begin(&said);
	rc = module_load(path, params ? params : "");
	module_said_end(&said, why, bytes);
	return rc;
}

int ring3_insmod(const char *path, const char *params)
{
	return ring3_module_load(path, params, NULL, 0);
}

/* ---- unloading ------------------------------------------------------------------------- */

static int refuse_unload(struct loaded *self, bool permanent)
{
	char users[300];

	module_users(self, users, sizeof(users));
	if (permanent)
		module_say("%s: cannot be unloaded: it has an init and no exit", self->name);
	else if (users[0])
		module_say("%s: is in use by: %s (%d references)", self->name, users, module_refcount(self->module));
	else
		module_say("%s: is in use: %d references", self->name, module_refcount(self->module));
	return -EBUSY;
}

int module_unload(struct loaded *self)
{
	struct module *module = self->module;
	const struct ring3_module *info = module->info;
	bool permanent = info->init_start < info->init_end && info->exit_start == info->exit_end;

	__atomic_store_n(&module->going, 1, __ATOMIC_SEQ_CST);
	if (module_refcount(module) || permanent) {
		__atomic_store_n(&module->going, 0, __ATOMIC_SEQ_CST);
		return refuse_unload(self, permanent);
	}
	self->busy = current;
	module_set_going(self);
	modules_give();
	call_exits(info);
	module_set_state(module, MODULE_STATE_GOING);
	module_sysfs_tell(self, "remove");
	module_sysfs_del(self);
	params_free(*info->params, module);
	owned_let_end(self);
	modules_take();
	drop_deps(self);
	pr_info("%s: unloaded\n", self->name);
	unmap(self);
	free_loaded(self);
	return 0;
}

int ring3_module_unload(const char *name, char *why, unsigned long bytes)
{
	struct module_said said;
	struct loaded *self;
	char clean[MODULE_NAME_LEN];
	int rc;

	module_said_begin(&said);
	modules_take();
	rc = module_name_of(clean, sizeof(clean), name) ? wait_for_name(clean) : -ENOENT;
	self = rc ? NULL : module_live(clean);
	if (!rc && !self)
		rc = -ENOENT;
	if (rc == -ENOENT)
		module_say("%s: is not loaded", name);
	if (!rc)
		rc = module_unload(self);
	modules_give();
	module_said_end(&said, why, bytes);
	return rc;
}

int ring3_rmmod(const char *name)
{
	return ring3_module_unload(name, NULL, 0);
}
