/* SPDX-License-Identifier: MIT */
/*
 * module.c - the module host, and the start and stop of the whole: ring3/kernel.h.
 *
 * A module is a shared object with the symbol ring3_module_info. Its file is read and
 * judged (module_link.c) before any code of it runs. Symbols of modules loaded before
 * resolve its own, and those modules are in use by it as long as it is there.
 *
 * Invariant: a module's own memory is touched only while its slot is taken; the slot
 * outlives it. A module that left something behind is never unmapped.
 *
 * Locking: modules_lock guards all of it, and is held over init and exit, so that loads
 * and unloads come one at a time. slots_lock, a leaf, is for who looks a slot up and
 * may not wait for an init: ring3_module_get().
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/err.h>
#include <linux/notifier.h>
#include <ring3/kernel.h>

#include "bridge_impl.h"
#include "host/elf.h"
#include "host/host.h"
#include "module_impl.h"
#include "owned.h"
#include "params.h"
#include "rcu_impl.h"
#include "sched_impl.h"
#include "tree.h"

static DEFINE_MUTEX(modules_lock);
static LIST_HEAD(modules);
static BLOCKING_NOTIFIER_HEAD(module_notifiers);
static bool started;
static DEFINE_SPINLOCK(slots_lock);
static struct loaded *slots[MODULES_MAX];
static u64 next_id;
static char said[2048];		/* by module_say() since the call began */

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

/* ---- what the parts share ---------------------------------------------------------- */

void module_say(const char *fmt, ...)
{
	size_t length = strlen(said);
	char *text = said + length;
	va_list args;

	if (length && length + 2 < sizeof(said)) {
		strscpy(text, "\n", 2);
		text++;
	}
	va_start(args, fmt);
	vscnprintf(text, sizeof(said) - (size_t)(text - said), fmt, args);
	va_end(args);
	pr_err("%s\n", text);
}

struct loaded *module_slot(unsigned int slot)
{
	return slots[slot];
}

bool module_name_of(char *name, size_t bytes, const char *path)
{
	const char *base = strrchr(path, '/');
	size_t length;

	base = base ? base + 1 : path;
	length = strcspn(base, ".");
	if (!length || length >= bytes)
		return false;
	memcpy(name, base, length);
	name[length] = 0;
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
	return true;
}

struct loaded *module_find(const char *name)
{
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (slots[slot] && !strcmp(slots[slot]->name, name))
			return slots[slot];
	return NULL;
}

struct loaded *module_next(const struct loaded *self)
{
	struct list_head *next = self ? self->module->list.next : modules.next;

	return next == &modules ? NULL : list_entry(next, struct module, list)->loaded;
}

void modules_take(void)
{
	mutex_lock(&modules_lock);
	said[0] = 0;
}

void modules_give(char *why, unsigned long bytes)
{
	if (bytes)
		strscpy(why, said, bytes);
	mutex_unlock(&modules_lock);
}

static const char *errno_text(int rc)
{
	const char *text = host_errno_name(-rc);

	return text ? text : "no errno";
}

/* ---- loading --------------------------------------------------------------------------- */

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
			__module_get(slots[slot]->module);
}

static void drop_deps(struct loaded *self)
{
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (self->deps[slot / 64] >> slot % 64 & 1)
			module_put(slots[slot]->module);
}

static void set_slot(struct loaded *self, bool there)
{
	spin_lock_bh(&slots_lock);
	slots[self->slot] = there ? self : NULL;
	spin_unlock_bh(&slots_lock);
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
	left = owned_report(self);
	if (left)
		module_say("%s: its code stays until the process ends: what it left behind may call it", self->name);
	else
		host_dlclose(self->handle);
	owned_range_del(self->begin);
}

static int start(struct loaded *self, const char *params)
{
	struct module *module = self->module;
	const struct ring3_module *info = module->info;
	int rc = params_set(*info->params, module, params);

	WRITE_ONCE(module->state, MODULE_STATE_COMING);
	if (!rc)
		rc = module_sysfs_add(self);
	if (rc) {
		params_free(*info->params);
		return rc;
	}
	set_state(module, MODULE_STATE_COMING);
	take_deps(self);
	rc = call_inits(info, self->name);
	if (!rc) {
		list_add_tail(&module->list, &modules);
		set_slot(self, true);
		set_state(module, MODULE_STATE_LIVE);
		module_sysfs_tell(self, "add");
		pr_info("%s: loaded\n", self->name);
		return 0;
	}
	module_say("%s: init failed: %d (%s)", self->name, rc, errno_text(rc));
	module->going = 1;
	set_state(module, MODULE_STATE_GOING);
	if (module_refcount(module))
		module_say("%s: its init took references to it and kept %d", self->name, module_refcount(module));
	drop_deps(self);
	module_sysfs_del(self);
	params_free(*info->params);
	return rc;
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

static void free_loaded(struct loaded *self)
{
	if (self)
		host_elf_close(self->elf);
	kfree(self);
}

static struct loaded *make_loaded(const char *path, const char *name, int *rc)
{
	struct loaded *self = kzalloc(sizeof(*self) + strlen(path), GFP_KERNEL);
	char why[400];

	*rc = -ENOMEM;
	if (!self)
		return NULL;
	memcpy(self->path, path, strlen(path) + 1);
	strscpy(self->name, name, sizeof(self->name));
	self->id = ++next_id;
	while (self->slot < MODULES_MAX && slots[self->slot])
		self->slot++;
	if (self->slot == MODULES_MAX) {
		module_say("%s: there are %u modules, which is the limit", name, MODULES_MAX);
		*rc = -ENOSPC;
	} else {
		self->elf = host_elf_open(self->path, rc, why, sizeof(why));
		if (self->elf)
			return self;
		module_say("%s", why);
	}
	kfree(self);
	return NULL;
}

static int load(const char *path, const char *name, const char *params)
{
	int rc;
	struct loaded *self = make_loaded(path, name, &rc);

	if (!self)
		return rc;
	rc = module_check_info(self);
	if (!rc)
		rc = module_resolve(self);
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

int ring3_module_load(const char *path, const char *params, char *why, unsigned long bytes)
{
	char name[MODULE_NAME_LEN];
	int rc;

	modules_take();
	if (!started) {
		module_say("no kernel runs: start it first");
		rc = -ENODEV;
	} else if (!module_name_of(name, sizeof(name), path)) {
		module_say("%s: a module's file is called NAME.ko.so, NAME has 1 to %d characters", path,
			   MODULE_NAME_LEN - 1);
		rc = -EINVAL;
	} else if (module_find(name)) {
		module_say("%s: there is a module of this name already, from %s", name, module_find(name)->path);
		rc = -EEXIST;
	} else {
		rc = load(path, name, params ? params : "");
	}
	modules_give(why, bytes);
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

static int unload(struct loaded *self)
{
	struct module *module = self->module;
	const struct ring3_module *info = module->info;
	bool permanent = info->init_start < info->init_end && info->exit_start == info->exit_end;

	__atomic_store_n(&module->going, 1, __ATOMIC_SEQ_CST);
	if (module_refcount(module) || permanent) {
		__atomic_store_n(&module->going, 0, __ATOMIC_SEQ_CST);
		return refuse_unload(self, permanent);
	}
	list_del(&module->list);
	call_exits(info);
	set_state(module, MODULE_STATE_GOING);
	module_sysfs_tell(self, "remove");
	module_sysfs_del(self);
	params_free(*info->params);
	drop_deps(self);
	set_slot(self, false);
	pr_info("%s: unloaded\n", self->name);
	unmap(self);
	free_loaded(self);
	return 0;
}

int ring3_module_unload(const char *name, char *why, unsigned long bytes)
{
	struct loaded *self;
	char clean[MODULE_NAME_LEN];
	int rc = -ENOENT;

	modules_take();
	self = module_name_of(clean, sizeof(clean), name) ? module_find(clean) : NULL;
	if (self)
		rc = unload(self);
	else
		module_say("%s: is not loaded", name);
	modules_give(why, bytes);
	return rc;
}

int ring3_rmmod(const char *name)
{
	return ring3_module_unload(name, NULL, 0);
}

/* ---- references by id -------------------------------------------------------------------- */

int ring3_module_get(unsigned long long id)
{
	int rc = -ENODEV;

	spin_lock_bh(&slots_lock);
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (slots[slot] && slots[slot]->id == id && try_module_get(slots[slot]->module))
			rc = 0;
	spin_unlock_bh(&slots_lock);
	return rc;
}

void ring3_module_put(unsigned long long id)
{
	spin_lock_bh(&slots_lock);
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (slots[slot] && slots[slot]->id == id)
			module_put(slots[slot]->module);
	spin_unlock_bh(&slots_lock);
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
		rc = softirq_init();
	if (!rc)
		rc = host_events_start(events, options->spin_ns, options->pin, sched_event_task_started,
				       sched_event_task_round);
	if (!rc)
		rc = rcu_init();
	if (!rc)
		rc = workqueue_init();
	if (!rc) {
		rc = tree_init();
		__atomic_store_n(&started, !rc, __ATOMIC_RELEASE);
	}
	mutex_unlock(&modules_lock);
	return rc;
}

int ring3_kernel_stop(void)
{
	return ring3_kernel_shutdown(NULL, 0);
}

/* Modules in the reverse order of their loading: each may use those before it. */
int ring3_kernel_shutdown(char *why, unsigned long bytes)
{
	int rc = 0;

	modules_take();
	if (started && bridge_users()) {
		module_say("%u ports and objects of threads are still open (ring3/bridge.h)", bridge_users());
		rc = -EBUSY;
	}
	while (started && !rc && !list_empty(&modules))
		rc = unload(list_last_entry(&modules, struct module, list)->loaded);
	if (started && !rc) {
		tree_exit();
		rcu_tasks_exit();
		workqueue_exit();
		rcu_exit();
		host_events_stop();
		softirq_exit();
		module_link_exit();
		__atomic_store_n(&started, false, __ATOMIC_RELEASE);
	}
	modules_give(why, bytes);
	return rc;
}

bool kernel_is_started(void)
{
	return __atomic_load_n(&started, __ATOMIC_ACQUIRE);
}

int ring3_kernel_started(void)
{
	return kernel_is_started();
}

unsigned int ring3_nr_event_cpus(void)
{
	return sched_nr_events();
}
