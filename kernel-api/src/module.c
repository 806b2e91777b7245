/* SPDX-License-Identifier: MIT */
/*
 * module.c - which modules there are, how often each is in use, and what is said of them: linux/module.h and
 * the registry that module_load.c fills.
 *
 * Invariant: a module has a slot from before its file is read until it is unmapped. It is in the list
 * while it is live: its init has returned 0, and its exit has not begun. Whoever loads or unloads
 * one is its busy; nobody else touches it then.
 *
 * Locking: modules_lock guards all of it. It is given back over init and exit, which may so load
 * others, and over what waits for those. slots_lock, a leaf, is for who looks a slot up and
 * may not wait for a file to be read: ring3_module_get().
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <ring3/kernel.h>

#include "host/host.h"
#include "module_impl.h"

static DEFINE_MUTEX(modules_lock);
static LIST_HEAD(modules);
static BLOCKING_NOTIFIER_HEAD(module_notifiers);
static DEFINE_SPINLOCK(slots_lock);
static struct loaded *slots[MODULES_MAX];
static u64 next_id;
static DECLARE_WAIT_QUEUE_HEAD(settled);	/* a load or unload ended */
static u64 nr_settled;				/* atomic: so many did */
static __thread struct module_said *said;	/* innermost of this thread */

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

void module_set_state(struct module *module, enum module_state state)
{
	WRITE_ONCE(module->state, state);
	blocking_notifier_call_chain(&module_notifiers, state, module);
}

/* ---- what is said --------------------------------------------------------------------- */

void module_said_begin(struct module_said *mine)
{
	mine->outer = said;
	mine->text[0] = 0;
	said = mine;
}

void module_said_end(struct module_said *mine, char *why, unsigned long bytes)
{
	if (bytes)
		strscpy(why, mine->text, bytes);
	said = mine->outer;
}

void module_say(const char *fmt, ...)
{
	char alone[500];
	char *text = said ? said->text + strlen(said->text) : alone;
	size_t room = said ? sizeof(said->text) - strlen(said->text) : sizeof(alone);
	va_list args;

	if (said && text > said->text && room > 2) {
		strscpy(text++, "\n", 2);
		room--;
	}
	va_start(args, fmt);
	vscnprintf(text, room, fmt, args);
	va_end(args);
	pr_err("%s\n", text);
}

/* ---- the lock ------------------------------------------------------------------------------ */

void modules_take(void)
{
	mutex_lock(&modules_lock);
}

void modules_give(void)
{
	mutex_unlock(&modules_lock);
}

bool modules_wait(bool ever)
{
	u64 before = __atomic_load_n(&nr_settled, __ATOMIC_ACQUIRE);
	bool ended = true;

	mutex_unlock(&modules_lock);
	if (ever)
		wait_event(settled, __atomic_load_n(&nr_settled, __ATOMIC_ACQUIRE) != before);
	else
		ended = wait_event_timeout(settled, __atomic_load_n(&nr_settled, __ATOMIC_ACQUIRE) != before,
					   MODULE_WAIT_S * HZ) != 0;
	mutex_lock(&modules_lock);
	return ended;
}

void module_settle(struct loaded *self)
{
	self->busy = NULL;
	__atomic_fetch_add(&nr_settled, 1, __ATOMIC_RELEASE);
	wake_up_all(&settled);
}

/* ---- slots ----------------------------------------------------------------------------------- */

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

struct loaded *module_slot(unsigned int slot)
{
	return slots[slot];
}

struct loaded *module_find(const char *name)
{
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (slots[slot] && !strcmp(slots[slot]->name, name))
			return slots[slot];
	return NULL;
}

struct loaded *module_live(const char *name)
{
	struct loaded *self = module_find(name);

	return self && self->state == MODULE_STATE_LIVE ? self : NULL;
}

struct loaded *module_next(const struct loaded *self)
{
	struct list_head *next = self ? self->module->list.next : modules.next;

	return next == &modules ? NULL : list_entry(next, struct module, list)->loaded;
}

struct loaded *module_last(void)
{
	return list_empty(&modules) ? NULL : list_last_entry(&modules, struct module, list)->loaded;
}

static void set_slot(struct loaded *self, struct loaded *there, enum module_state state)
{
	spin_lock_bh(&slots_lock);
	slots[self->slot] = there;
	self->state = state;
	spin_unlock_bh(&slots_lock);
}

bool module_take_slot(struct loaded *self)
{
	while (self->slot < MODULES_MAX && slots[self->slot])
		self->slot++;
	if (self->slot == MODULES_MAX)
		return false;
	self->id = ++next_id;
	set_slot(self, self, MODULE_STATE_COMING);
	return true;
}

void module_give_slot(struct loaded *self)
{
	set_slot(self, NULL, MODULE_STATE_UNFORMED);
	module_settle(self);
}

void module_set_live(struct loaded *self)
{
	list_add_tail(&self->module->list, &modules);
	set_slot(self, self, MODULE_STATE_LIVE);
}

void module_set_going(struct loaded *self)
{
	list_del(&self->module->list);
	set_slot(self, self, MODULE_STATE_GOING);
}

/* ---- references by id -------------------------------------------------------------------- */

int ring3_module_get(unsigned long long id)
{
	int rc = -ENODEV;

	spin_lock_bh(&slots_lock);
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (slots[slot] && slots[slot]->state == MODULE_STATE_LIVE && slots[slot]->id == id &&
		    try_module_get(slots[slot]->module))
			rc = 0;
	spin_unlock_bh(&slots_lock);
	return rc;
}

void ring3_module_put(unsigned long long id)
{
	spin_lock_bh(&slots_lock);
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (slots[slot] && slots[slot]->id == id && slots[slot]->module)
			module_put(slots[slot]->module);
	spin_unlock_bh(&slots_lock);
}
