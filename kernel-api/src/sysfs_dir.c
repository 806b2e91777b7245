/* SPDX-License-Identifier: MIT */
/*
 * sysfs_dir.c - directories of objects, and links to them: sysfs.h.
 *
 * A struct kernfs_node is a tree_node. An object's directory is in its name space where the object
 * above it has such (kobject_ns.h); a link leads to a node, wherever that is moved.
 *
 * Locking: the tree's. That an object is not removed while it is renamed is its owner's business.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/string.h>

#include "kobject_impl.h"
#include "sysfs_impl.h"
#include "tree.h"

static struct tree_node *node_of(struct kernfs_node *kn) { return (struct tree_node *)kn; }

struct kernfs_node *sysfs_get(struct kernfs_node *kn)
{
	tree_get(node_of(kn));
	return kn;
}

void sysfs_put(struct kernfs_node *kn)
{
	tree_put(node_of(kn));
}

void sysfs_enable_ns(struct kernfs_node *kn)
{
	WARN(!tree_enable_ns(node_of(kn)), "sysfs: name spaces for a directory with something in it");
}

/* ---- an object's own ---------------------------------------------------------------------------- */

/* Its parent's, or /sys; NULL: that is not there. */
static struct tree_node *above(const struct kobject *parent)
{
	return parent ? sysfs_dir_of(parent) : tree_at(TREE_SYS);
}

int sysfs_create_dir_ns(struct kobject *kobj, const void *ns)
{
	struct tree_new new = { .name = kobject_name(kobj), .mode = S_IFDIR | 0755, .ns = ns };
	struct tree_node *dir = above(kobj->parent), *node;
	int rc;

	if (!dir)
		return -ENOENT;
	kobject_get_ownership(kobj, &new.uid, &new.gid);
	node = tree_add(dir, &new);
	rc = sysfs_added(dir, node, new.name);
	if (!rc)
		kobj->sd = (struct kernfs_node *)node;
	return rc;
}

void sysfs_remove_dir(struct kobject *kobj)
{
	struct tree_node *node = sysfs_dir_of(kobj);

	kobj->sd = NULL;
	if (node)
		tree_remove(node);
}

int sysfs_rename_dir_ns(struct kobject *kobj, const char *new_name, const void *new_ns)
{
	struct tree_node *node = sysfs_dir_of(kobj), *parent;
	int rc;

	if (!node)
		return -ENOENT;
	parent = tree_parent(node);
	rc = tree_rename(node, parent, new_name, new_ns);
	tree_put(parent);
	return rc;
}

int sysfs_move_dir_ns(struct kobject *kobj, struct kobject *new_parent, const void *new_ns)
{
	struct tree_node *node = sysfs_dir_of(kobj);
	struct tree_node *dir = above(new_parent && new_parent->sd ? new_parent : NULL);

	return node && dir ? tree_rename(node, dir, kobject_name(kobj), new_ns) : -ENOENT;
}

/* ---- what else is in them ------------------------------------------------------------------------ */

int sysfs_create_mount_point(struct kobject *parent, const char *name)
{
	struct tree_node *dir = sysfs_dir_of(parent);

	return dir ? sysfs_added(dir, tree_add_dir(dir, name, 0555), name) : -ENOENT;
}

void sysfs_remove_mount_point(struct kobject *parent, const char *name)
{
	if (sysfs_dir_of(parent))
		tree_remove_name(sysfs_dir_of(parent), name);
}

int sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name)
{
	struct tree_node *dir = above(kobj);
	const struct tree_new new = { .name = name, .mode = S_IFLNK | 0777, .target = sysfs_dir_of(target) };

	return dir && new.target ? sysfs_added(dir, tree_add(dir, &new), name) : -ENOENT;
}

void sysfs_remove_link(struct kobject *kobj, const char *name)
{
	if (above(kobj))
		tree_remove_name(above(kobj), name);
}
