/* SPDX-License-Identifier: MIT */
/*
 * module_sysfs.c - /sys/module/NAME: what is known of a module, and its parameters as files.
 *
 * Threads: made and removed by the module host under its lock; read and written by anyone without
 * it, under the parameters' lock. A removal waits for those, so that none outlives the module.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "host/elf.h"
#include "module_impl.h"
#include "params.h"
#include "tree.h"
#include "uevent.h"

static ssize_t refcnt_show(void *data, char *page)
{
	return sysfs_emit(page, "%d\n", module_refcount(((struct loaded *)data)->module));
}

static ssize_t coresize_show(void *data, char *page)
{
	return sysfs_emit(page, "%lu\n", host_elf_size(((struct loaded *)data)->elf));
}

static ssize_t initstate_show(void *data, char *page)
{
	static const char *const names[] = {
		[MODULE_STATE_LIVE] = "live", [MODULE_STATE_COMING] = "coming", [MODULE_STATE_GOING] = "going",
		[MODULE_STATE_UNFORMED] = "unformed",
	};

	return sysfs_emit(page, "%s\n", names[READ_ONCE(((struct loaded *)data)->module->state)]);
}

static ssize_t version_show(void *data, char *page)
{
	return sysfs_emit(page, "%s\n", ((struct loaded *)data)->module->version);
}

static ssize_t param_show(void *data, char *page)
{
	return params_show(data, page);
}

static ssize_t param_store(void *data, const char *text, size_t length)
{
	int rc = params_store(data, text);

	return rc ? rc : (ssize_t)length;
}

static const struct tree_show refcnt = { .show = refcnt_show }, coresize = { .show = coresize_show };
static const struct tree_show initstate = { .show = initstate_show }, version = { .show = version_show };
static const struct tree_show param = { .show = param_show, .store = param_store };

static int add(struct tree_node *dir, const char *name, umode_t mode, const struct tree_show *show, void *data)
{
	const struct tree_new new = {
		.name = name, .mode = S_IFREG | mode, .ops = &tree_show_ops, .fops = show, .data = data,
		.size = PAGE_SIZE,
	};

	return (int)PTR_ERR_OR_ZERO(tree_add(dir, &new));
}

static int add_params(struct tree_node *dir, struct kernel_param *params)
{
	struct tree_node *below = NULL;
	int rc = 0;

	for (struct kernel_param *kp = params; kp && !rc; kp = kp->next) {
		if (!kp->perm)
			continue;
		if (!below)
			below = tree_add_dir(dir, "parameters", 0755);
		rc = IS_ERR(below) ? (int)PTR_ERR(below) : add(below, kp->name, kp->perm, &param, kp);
	}
	return rc;
}

int module_sysfs_add(struct loaded *self)
{
	struct tree_node *dir = tree_add_dir(tree_at(TREE_MODULE), self->name, 0755);
	int rc;

	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	rc = add(dir, "refcnt", 0444, &refcnt, self);
	if (!rc)
		rc = add(dir, "coresize", 0444, &coresize, self);
	if (!rc)
		rc = add(dir, "initstate", 0444, &initstate, self);
	if (!rc && self->module->version)
		rc = add(dir, "version", 0444, &version, self);
	if (!rc)
		rc = add_params(dir, *self->module->info->params);
	if (rc) {
		tree_remove(dir);
		return rc;
	}
	self->sysfs = dir;
	return 0;
}

void module_sysfs_del(struct loaded *self)
{
	if (self->sysfs)
		tree_remove(self->sysfs);
	self->sysfs = NULL;
}

void module_sysfs_tell(const struct loaded *self, const char *action)
{
	char path[MODULE_NAME_LEN + 16];

	scnprintf(path, sizeof(path), "/module/%s", self->name);
	uevent_tell(action, path, "module");
}
