/* SPDX-License-Identifier: MIT */
/*
 * filesystems.c - types of file systems by name: fs.h.
 *
 * Locking: types_lock, a mutex, over the list.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "owned.h"

static DEFINE_MUTEX(types_lock);
static struct file_system_type *types;

/* Where the one of this name hangs, or the end of the list. */
static struct file_system_type **place_of(const char *name, size_t length)
{
	struct file_system_type **place = &types;

	while (*place && (strncmp((*place)->name, name, length) || (*place)->name[length]))
		place = &(*place)->next;
	return place;
}

int register_filesystem(struct file_system_type *type)
{
	struct file_system_type **place;
	int rc = -EBUSY;

	if (strchr(type->name, '.'))
		return -EINVAL;
	if (type->next)
		return -EBUSY;
	mutex_lock(&types_lock);
	place = place_of(type->name, strlen(type->name));
	if (!*place) {
		*place = type;
		owned_add("a file system", type, type->name, type);
		rc = 0;
	}
	mutex_unlock(&types_lock);
	return rc;
}

int unregister_filesystem(struct file_system_type *type)
{
	int rc = -EINVAL;

	mutex_lock(&types_lock);
	for (struct file_system_type **place = &types; *place; place = &(*place)->next) {
		if (*place != type)
			continue;
		*place = type->next;
		type->next = NULL;
		owned_del(type);
		rc = 0;
		break;
	}
	mutex_unlock(&types_lock);
	return rc;
}

static struct file_system_type *get(const char *name, size_t length)
{
	struct file_system_type *type;

	mutex_lock(&types_lock);
	type = *place_of(name, length);
	if (type && !try_module_get(type->owner))
		type = NULL;
	mutex_unlock(&types_lock);
	return type;
}

/* "fuse.sshfs" is a subtype of fuse. */
struct file_system_type *get_fs_type(const char *name)
{
	size_t length = strcspn(name, ".");
	struct file_system_type *type = get(name, length);

	if (!type && !request_module("fs-%.*s", (int)length, name)) {
		type = get(name, length);
		if (!type)
			pr_warn_once("request_module fs-%.*s succeeded, but still no fs?\n", (int)length, name);
	}
	return type;
}

void put_filesystem(struct file_system_type *type)
{
	module_put(type->owner);
}
