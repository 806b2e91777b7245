/* SPDX-License-Identifier: MIT */
/*
 * kobject.c - counted objects with directories: kobject.h, on the tree of tree.h.
 *
 * Invariant: an object in sysfs holds its parent and its kset, and has its directory in sd,
 * with a reference of its own, so that attributes may be named until it is deleted. What has
 * a parent says so before it has a directory: name spaces are asked for by that.
 *
 * Locking: a kset's list_lock over its list; the rest is the tree's, or the caller's.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kobject_impl.h"
#include "misc.h"
#include "tree.h"
#include "uevent.h"

struct kobject *kernel_kobj, *fs_kobj;
static struct kobject *module_kobj;

/* ---- names ------------------------------------------------------------------------------------ */

int kobject_set_name_vargs(struct kobject *kobj, const char *fmt, va_list args)
{
	char *name;

	if (kobj->name && !fmt)
		return 0;
	name = kvasprintf(GFP_KERNEL, fmt, args);
	if (!name)
		return -ENOMEM;
	for (char *at = name; (at = strchr(at, '/')); )
		*at = '!';
	kfree(kobj->name);
	kobj->name = name;
	return 0;
}

int kobject_set_name(struct kobject *kobj, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = kobject_set_name_vargs(kobj, fmt, args);
	va_end(args);
	return rc;
}

char *kobject_get_path(struct kobject *kobj, gfp_t gfp)
{
	size_t length = 0, part;
	char *path;

	for (struct kobject *at = kobj; at; at = at->parent) {
		if (!at->name)
			return NULL;
		length += strlen(at->name) + 1;
	}
	path = kzalloc(length + 1, gfp);
	for (struct kobject *at = kobj; path && at; at = at->parent) {
		part = strlen(at->name);
		length -= part;
		memcpy(path + length, at->name, part);
		path[--length] = '/';
	}
	return path;
}

/* ---- the count ----------------------------------------------------------------------------------- */

static void init(struct kobject *kobj)
{
	kref_init(&kobj->kref);
	INIT_LIST_HEAD(&kobj->entry);
	kobj->state_in_sysfs = 0;
	kobj->state_add_uevent_sent = 0;
	kobj->state_remove_uevent_sent = 0;
	kobj->state_initialized = 1;
}

void kobject_init(struct kobject *kobj, const struct kobj_type *ktype)
{
	if (WARN(!ktype, "kobject (%p): must have a ktype to be initialized properly!", kobj))
		return;
	WARN(kobj->state_initialized, "kobject (%p): tried to init an initialized object, something is seriously wrong.",
	     kobj);
	init(kobj);
	kobj->ktype = ktype;
}

struct kobject *kobject_get(struct kobject *kobj)
{
	if (kobj) {
		WARN(!kobj->state_initialized, "kobject: '%s' (%p): is not initialized, yet kobject_get() is being called.",
		     kobj->name, kobj);
		kref_get(&kobj->kref);
	}
	return kobj;
}

struct kobject *kobject_get_unless_zero(struct kobject *kobj)
{
	return kobj && kref_get_unless_zero(&kobj->kref) ? kobj : NULL;
}

const void *kobject_namespace(struct kobject *kobj)
{
	return kobj_ns_ops(kobj) && kobj->ktype->namespace ? kobj->ktype->namespace(kobj) : NULL;
}

void kobject_get_ownership(struct kobject *kobj, kuid_t *uid, kgid_t *gid)
{
	*uid = GLOBAL_ROOT_UID;
	*gid = GLOBAL_ROOT_GID;
	if (kobj->ktype->get_ownership)
		kobj->ktype->get_ownership(kobj, uid, gid);
}

/* Out of the tree and the kset; the parent's reference is the caller's to give back. */
static struct kobject *leave_sysfs(struct kobject *kobj)
{
	struct kobject *parent = kobj->parent;
	struct kernfs_node *sd = kobj->sd;

	/* Told while it has its path and its kset; nobody was told of one that could not be added. */
	if (kobj->state_add_uevent_sent && !kobj->state_remove_uevent_sent)
		kobject_uevent(kobj, KOBJ_REMOVE);
	kobj->state_in_sysfs = 0;
	sysfs_remove_dir(kobj);
	sysfs_put(sd);
	if (kobj->kset) {
		spin_lock(&kobj->kset->list_lock);
		list_del_init(&kobj->entry);
		spin_unlock(&kobj->kset->list_lock);
		kset_put(kobj->kset);
	}
	kobj->parent = NULL;
	return parent;
}

void kobject_del(struct kobject *kobj)
{
	if (kobj && kobj->state_in_sysfs)
		kobject_put(leave_sysfs(kobj));
}

static void kobject_free(struct kref *ref)
{
	struct kobject *kobj = container_of(ref, struct kobject, kref);
	struct kobject *parent = kobj->state_in_sysfs ? leave_sysfs(kobj) : NULL;
	const char *name = kobj->name;

	if (!WARN(!kobj->ktype->release,
		  "kobject: '%s' does not have a release() function, it is broken and must be fixed.", name))
		kobj->ktype->release(kobj);
	kfree(name);
	kobject_put(parent);
}

void kobject_put(struct kobject *kobj)
{
	if (!kobj)
		return;
	if (WARN(!kobj->state_initialized, "kobject: '%s' (%p): is not initialized, yet kobject_put() is being called.",
		 kobj->name, kobj))
		return;
	kref_put(&kobj->kref, kobject_free);
}

/* ---- adding ------------------------------------------------------------------------------------------ */

/* Its directory and the files of its type; where that fails, it has none. */
static int make_dir(struct kobject *kobj)
{
	const struct kobj_ns_type_operations *ops = kobj_child_ns_ops(kobj);
	int rc = sysfs_create_dir_ns(kobj, kobject_namespace(kobj));

	if (rc)
		return rc;
	rc = kobj->ktype->default_groups ? sysfs_create_groups(kobj, kobj->ktype->default_groups) : 0;
	if (rc) {
		sysfs_remove_dir(kobj);
		return rc;
	}
	sysfs_get(kobj->sd);
	if (ops) {
		BUG_ON(!kobj_ns_type_registered(ops->type));
		sysfs_enable_ns(kobj->sd);
	}
	return 0;
}

static int add(struct kobject *kobj, struct kobject *parent)
{
	int rc;

	if (!kobj->name || !kobj->name[0]) {
		WARN(1, "kobject: (%p): attempted to be registered with empty name!", kobj);
		return -EINVAL;
	}
	if (!parent && kobj->kset)
		parent = &kobj->kset->kobj;
	kobj->parent = kobject_get(parent);
	if (kobj->kset) {
		kset_get(kobj->kset);
		spin_lock(&kobj->kset->list_lock);
		list_add_tail(&kobj->entry, &kobj->kset->list);
		spin_unlock(&kobj->kset->list_lock);
	}
	rc = make_dir(kobj);
	kobj->state_in_sysfs = !rc;
	if (!rc)
		return 0;
	kobject_put(leave_sysfs(kobj));
	pr_err("kobject_add_internal failed for %s (error: %d parent: %s)%s\n", kobj->name, rc,
	       parent ? kobject_name(parent) : "'none'",
	       rc == -EEXIST ? ": don't register things with the same name in the same directory" : "");
	return rc;
}

static __printf(3, 0) int add_vargs(struct kobject *kobj, struct kobject *parent, const char *fmt, va_list args)
{
	int rc = kobject_set_name_vargs(kobj, fmt, args);

	return rc ? rc : add(kobj, parent);
}

int kobject_add(struct kobject *kobj, struct kobject *parent, const char *fmt, ...)
{
	va_list args;
	int rc;

	if (!kobj)
		return -EINVAL;
	if (WARN(!kobj->state_initialized, "kobject '%s' (%p): tried to add an uninitialized object", kobj->name, kobj))
		return -EINVAL;
	va_start(args, fmt);
	rc = add_vargs(kobj, parent, fmt, args);
	va_end(args);
	return rc;
}

int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype, struct kobject *parent,
			 const char *fmt, ...)
{
	va_list args;
	int rc;

	kobject_init(kobj, ktype);
	va_start(args, fmt);
	rc = add_vargs(kobj, parent, fmt, args);
	va_end(args);
	return rc;
}

/* ---- renaming and moving ------------------------------------------------------------------------------- */

/* "DEVPATH_OLD=..." for kfree(), or NULL. */
static char *old_path(struct kobject *kobj)
{
	char *path = kobject_get_path(kobj, GFP_KERNEL);
	char *text = path ? kasprintf(GFP_KERNEL, "DEVPATH_OLD=%s", path) : NULL;

	kfree(path);
	return text;
}

static void tell_moved(struct kobject *kobj, char *old)
{
	char *env[] = { old, NULL };

	kobject_uevent_env(kobj, KOBJ_MOVE, env);
}

int kobject_rename(struct kobject *kobj, const char *new_name)
{
	char *old, *name;
	int rc = -ENOMEM;

	if (!kobj || !kobj->parent)
		return -EINVAL;
	old = old_path(kobj);
	name = kstrdup(new_name, GFP_KERNEL);
	if (old && name)
		rc = sysfs_rename_dir_ns(kobj, new_name, kobject_namespace(kobj));
	if (!rc) {
		swap(*(const char **)&name, kobj->name);
		tell_moved(kobj, old);
	}
	kfree(name);
	kfree(old);
	return rc;
}

int kobject_move(struct kobject *kobj, struct kobject *new_parent)
{
	struct kobject *other;
	char *old;
	int rc = -ENOMEM;

	if (!kobj)
		return -EINVAL;
	other = kobject_get(new_parent ?: kobj->kset ? &kobj->kset->kobj : NULL);
	old = old_path(kobj);
	if (old)
		rc = sysfs_move_dir_ns(kobj, other, kobject_namespace(kobj));
	if (!rc) {
		swap(other, kobj->parent);
		tell_moved(kobj, old);
	}
	kobject_put(other);
	kfree(old);
	return rc;
}

/* ---- those that are made here ------------------------------------------------------------------------- */

static void dynamic_release(struct kobject *kobj)
{
	kfree(kobj);
}

static const struct kobj_type dynamic_type = { .release = dynamic_release, .sysfs_ops = &kobj_sysfs_ops };

struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	struct kobject *kobj = kzalloc(sizeof(*kobj), GFP_KERNEL);

	if (!kobj)
		return NULL;
	if (kobject_init_and_add(kobj, &dynamic_type, parent, "%s", name)) {
		kobject_put(kobj);
		return NULL;
	}
	return kobj;
}

/* ---- sets -------------------------------------------------------------------------------------------- */

void kset_init(struct kset *kset)
{
	init(&kset->kobj);
	INIT_LIST_HEAD(&kset->list);
	spin_lock_init(&kset->list_lock);
}

int kset_register(struct kset *kset)
{
	int rc;

	if (!kset)
		return -EINVAL;
	if (WARN(!kset->kobj.ktype, "must have a ktype to be initialized properly!"))
		return -EINVAL;
	kset_init(kset);
	rc = add(&kset->kobj, kset->kobj.parent);
	if (rc) {	/* it may be freed without a last put */
		kfree(kset->kobj.name);
		kset->kobj.name = NULL;
		return rc;
	}
	kobject_uevent(&kset->kobj, KOBJ_ADD);
	return 0;
}

void kset_unregister(struct kset *kset)
{
	if (!kset)
		return;
	kobject_del(&kset->kobj);
	kobject_put(&kset->kobj);
}

static void kset_release(struct kobject *kobj)
{
	kfree(to_kset(kobj));
}

static void kset_get_ownership(struct kobject *kobj, kuid_t *uid, kgid_t *gid)
{
	if (kobj->parent)
		kobject_get_ownership(kobj->parent, uid, gid);
}

static const struct kobj_type kset_type = {
	.release = kset_release, .sysfs_ops = &kobj_sysfs_ops, .get_ownership = kset_get_ownership,
};

struct kset *kset_create_and_add(const char *name, const struct kset_uevent_ops *ops, struct kobject *parent)
{
	struct kset *kset = kzalloc(sizeof(*kset), GFP_KERNEL);

	if (!kset)
		return NULL;
	kset->uevent_ops = ops;
	kset->kobj.parent = parent;
	kset->kobj.ktype = &kset_type;
	kset_init(kset);
	if (kobject_set_name(&kset->kobj, "%s", name) || add(&kset->kobj, parent)) {
		kset->kobj.parent = NULL;
		kobject_put(&kset->kobj);
		return NULL;
	}
	kobject_uevent(&kset->kobj, KOBJ_ADD);
	return kset;
}

struct kobject *kset_find_obj(struct kset *kset, const char *name)
{
	struct kobject *found = NULL, *kobj;

	spin_lock(&kset->list_lock);
	list_for_each_entry(kobj, &kset->list, entry) {
		if (kobj->name && !strcmp(kobj->name, name)) {
			found = kobject_get_unless_zero(kobj);
			break;
		}
	}
	spin_unlock(&kset->list_lock);
	return found;
}

/* ---- what is always there ------------------------------------------------------------------------------- */

int kobject_init_places(void)
{
	kernel_kobj = kobject_create_and_add("kernel", NULL);
	fs_kobj = kobject_create_and_add("fs", NULL);
	module_kobj = kobject_create_and_add("module", NULL);
	if (!kernel_kobj || !fs_kobj || !module_kobj || misc_init())
		return -ENOMEM;
	return uevent_init(kernel_kobj);
}

void kobject_exit_places(void)
{
	misc_exit();
	uevent_exit();
	kobject_put(kernel_kobj);
	kobject_put(fs_kobj);
	kobject_put(module_kobj);
	kobj_ns_exit();
	kernel_kobj = fs_kobj = module_kobj = NULL;
}
