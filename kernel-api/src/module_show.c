/* SPDX-License-Identifier: MIT */
/*
 * module_show.c - what is loaded, by whom it is used, its symbols and its parameters: the
 * part of ring3/kernel.h that looks and changes no list.
 *
 * Locking: the module host's, but not over a parameter's get() and set(): those hold a reference to the module.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "host/elf.h"
#include "host/host.h"
#include "module_impl.h"
#include "params.h"

void module_users(const struct loaded *self, char *buf, size_t bytes)
{
	int done = 0;

	buf[0] = 0;
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++) {
		const struct loaded *other = module_slot(slot);

		if (other && other->deps[self->slot / 64] >> self->slot % 64 & 1)
			done += scnprintf(buf + done, bytes - (size_t)done, "%s%s", done ? "," : "", other->name);
	}
}

/* ---- looking ------------------------------------------------------------------------------ */

/* A line: name, size, references, users with commas between or "-", id, path. */
int ring3_modules(char *buf, unsigned long bytes)
{
	const struct loaded *self = NULL;
	int done = scnprintf(buf, bytes, "%s", "");

	modules_take();
	while ((self = module_next(self))) {
		char users[300];

		module_users(self, users, sizeof(users));
		done += scnprintf(buf + done, bytes - (unsigned long)done, "%s %lu %d %s %llu %s\n", self->name,
				  host_elf_size(self->elf), module_refcount(self->module), users[0] ? users : "-",
				  self->id, self->path);
	}
	modules_give();
	return done;
}

int ring3_lsmod(char *buf, unsigned long bytes)
{
	const struct loaded *self = NULL;
	int done = scnprintf(buf, bytes, "%s", "");

	modules_take();
	while ((self = module_next(self)))
		done += scnprintf(buf + done, bytes - (unsigned long)done, "%s %d\n", self->name,
				  module_refcount(self->module));
	modules_give();
	return done;
}

static const struct loaded *by_id(u64 id)
{
	for (unsigned int slot = 0; slot < MODULES_MAX; slot++)
		if (module_slot(slot) && module_slot(slot)->state == MODULE_STATE_LIVE && module_slot(slot)->id == id)
			return module_slot(slot);
	return NULL;
}

void *ring3_module_symbol(unsigned long long id, const char *name)
{
	const struct loaded *self;
	void *found = NULL;

	modules_take();
	self = by_id(id);
	if (self && host_elf_exports(self->elf, name))
		found = host_dlsym(self->handle, name);
	modules_give();
	return found;
}

int ring3_module_exports(unsigned long long id, char *buf, unsigned long bytes)
{
	const struct loaded *self;
	enum host_elf_kind kind;
	const char *name;
	int done = scnprintf(buf, bytes, "%s", "");

	modules_take();
	self = by_id(id);
	for (unsigned int i = 0; self && (name = host_elf_symbol(self->elf, i, &kind)); i++)
		if (kind == HOST_ELF_EXPORT)
			done += scnprintf(buf + done, bytes - (unsigned long)done, "%s\n", name);
	modules_give();
	return done;
}

/* ---- parameters: /sys/module/NAME/parameters/PARAM ------------------------------------------- */

/* One that is live, and stays as long as the reference: its parameters' functions run without the lock. */
static struct module *hold(const char *name)
{
	struct module *module = NULL;
	struct loaded *self;

	modules_take();
	self = module_live(name);
	if (self && try_module_get(self->module))
		module = self->module;
	modules_give();
	return module;
}

int ring3_param_read(const char *module, const char *param, char *buf, unsigned long bytes)
{
	struct module *held = hold(module);
	int rc = -ENOENT;

	if (held)
		rc = params_read(*held->info->params, param, buf, bytes);
	module_put(held);
	return rc;
}

int ring3_param_write(const char *module, const char *param, const char *value, char *why, unsigned long bytes)
{
	struct module *held = hold(module);
	struct module_said said;
	int rc = -ENOENT;

	module_said_begin(&said);
	if (held)
		rc = params_write(*held->info->params, held, param, value);
	else
		module_say("%s: is not loaded", module);
	module_said_end(&said, why, bytes);
	module_put(held);
	return rc;
}

int ring3_params(const char *module, char *buf, unsigned long bytes)
{
	struct loaded *self;
	int rc = -ENOENT;

	modules_take();
	self = module_live(module);
	if (self)
		rc = params_list(*self->module->info->params, buf, bytes);
	modules_give();
	return rc;
}
