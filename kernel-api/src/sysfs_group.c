/* SPDX-License-Identifier: MIT */
/*
 * sysfs_group.c - attributes by the group: sysfs.h. All of a group's files are made, or none.
 *
 * Locking: the tree's.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/string.h>

#include "sysfs_impl.h"
#include "tree.h"

/* The directory of a group, with a reference; NULL: it is not there. */
static struct tree_node *group_dir(struct kobject *kobj, const char *name)
{
	struct tree_node *dir = sysfs_dir_of(kobj);

	return dir && name ? tree_find(dir, name, strlen(name)) : tree_get(dir);
}

static void remove_some(struct tree_node *dir, const struct attribute_group *group, int attrs, int bins)
{
	for (int i = 0; i < attrs && group->attrs && group->attrs[i]; i++)
		tree_remove_name(dir, group->attrs[i]->name);
	for (int i = 0; i < bins && group->bin_attrs && group->bin_attrs[i]; i++)
		tree_remove_name(dir, group->bin_attrs[i]->attr.name);
}

static void remove_from(struct tree_node *dir, const struct attribute_group *group)
{
	remove_some(dir, group, INT_MAX, INT_MAX);
}

/* All of them or none. */
static int fill_group(struct tree_node *dir, struct kobject *kobj, const struct attribute_group *group)
{
	int rc = 0, attrs, bins;

	for (attrs = 0; !rc && group->attrs && group->attrs[attrs]; attrs++) {
		struct attribute *attr = group->attrs[attrs];
		umode_t mode = group->is_visible ? group->is_visible(kobj, attr, attrs) : attr->mode;

		if (mode)
			rc = sysfs_add_attr(dir, kobj, attr, mode);
	}
	if (rc) {
		remove_some(dir, group, attrs - 1, 0);
		return rc;
	}
	for (bins = 0; !rc && group->bin_attrs && group->bin_attrs[bins]; bins++) {
		struct bin_attribute *attr = group->bin_attrs[bins];
		umode_t mode = group->is_bin_visible ? group->is_bin_visible(kobj, attr, bins) : attr->attr.mode;

		if (mode)
			rc = sysfs_add_bin(dir, kobj, attr, mode);
	}
	if (rc)
		remove_some(dir, group, attrs, bins - 1);
	return rc;
}

int sysfs_create_group(struct kobject *kobj, const struct attribute_group *group)
{
	struct tree_node *dir = sysfs_dir_of(kobj);
	int rc;

	if (WARN(!dir, "sysfs: group of an object that is not there"))
		return -EINVAL;
	if (WARN(!group->attrs && !group->bin_attrs, "sysfs: (bin_)attrs not set by subsystem for group: %s/%s",
		 kobject_name(kobj), group->name ? group->name : ""))
		return -EINVAL;
	if (group->name) {
		dir = tree_add_dir(dir, group->name, 0755);
		rc = sysfs_added(sysfs_dir_of(kobj), dir, group->name);
		if (rc)
			return rc;
	}
	rc = fill_group(dir, kobj, group);
	if (rc && group->name)
		tree_remove(dir);
	return rc;
}

int sysfs_update_group(struct kobject *kobj, const struct attribute_group *group)
{
	struct tree_node *dir = group_dir(kobj, group->name);
	int rc;

	if (WARN(!dir, "Can't update unknown attr grp name: %s/%s", kobject_name(kobj), group->name ? group->name : ""))
		return -EINVAL;
	remove_from(dir, group);
	rc = fill_group(dir, kobj, group);
	tree_put(dir);
	return rc;
}

void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group)
{
	struct tree_node *dir = group_dir(kobj, group->name);

	if (WARN(!dir, "sysfs group '%s' not found for kobject '%s'", group->name ? group->name : "",
		 kobject_name(kobj)))
		return;
	if (group->name)
		tree_remove(dir);
	else
		remove_from(dir, group);
	tree_put(dir);
}

int sysfs_create_groups(struct kobject *kobj, const struct attribute_group **groups)
{
	int rc = 0, i;

	for (i = 0; groups && groups[i] && !rc; i++)
		rc = sysfs_create_group(kobj, groups[i]);
	if (rc)
		for (i--; i-- > 0; )
			sysfs_remove_group(kobj, groups[i]);
	return rc;
}

void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group **groups)
{
	for (int i = 0; groups && groups[i]; i++)
		sysfs_remove_group(kobj, groups[i]);
}

int sysfs_add_file_to_group(struct kobject *kobj, const struct attribute *attr, const char *group)
{
	struct tree_node *dir = group_dir(kobj, group);
	int rc = sysfs_add_attr(dir, kobj, attr, attr->mode);

	tree_put(dir);
	return rc;
}

void sysfs_remove_file_from_group(struct kobject *kobj, const struct attribute *attr, const char *group)
{
	struct tree_node *dir = group_dir(kobj, group);

	if (dir)
		tree_remove_name(dir, attr->name);
	tree_put(dir);
}
