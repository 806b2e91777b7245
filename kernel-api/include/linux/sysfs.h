/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SYSFS_H
#define _LINUX_SYSFS_H

/*
 * Attributes of kobjects as files below /sys, of the in-process tree (ring3/tree.h): a page at
 * most, made by show() as a read starts at 0, given to store() with a 0 behind it, one
 * write at a time. Removal waits for calls under way; an open file then answers -ENODEV.
 *
 * Differs from the kernel: what happens to a file is told to nobody who
 * polls, but sysfs_notify() may be called; binary attributes cannot be mapped.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/types.h>

struct bin_attribute;
struct kobject;
struct kernfs_node;
struct file;

struct attribute {
	const char	*name;
	umode_t		mode;
};
#define sysfs_attr_init(attr)		do { (void)(attr); } while (0)
#define sysfs_bin_attr_init(attr)	do { (void)(attr); } while (0)

struct attribute_group {
	const char		*name;		/* a directory; NULL: the object's own */
	umode_t			(*is_visible)(struct kobject *kobj, struct attribute *attr, int n);	/* 0: no file */
	umode_t			(*is_bin_visible)(struct kobject *kobj, struct bin_attribute *attr, int n);
	struct attribute	**attrs;	/* a NULL ends them */
	struct bin_attribute	**bin_attrs;
};

#define VERIFY_OCTAL_PERMISSIONS(perms) ({						\
	_Static_assert((perms) >= 0 && (perms) <= 0777 && !((perms) & 2), "permissions"); \
	(perms); })
#define __ATTR(name_, mode_, show_, store_) \
	{ .attr = { .name = #name_, .mode = (mode_) }, .show = show_, .store = store_ }
#define __ATTR_RO_MODE(name_, mode_)	{ .attr = { .name = #name_, .mode = (mode_) }, .show = name_##_show }
#define __ATTR_RO(name)			__ATTR_RO_MODE(name, 0444)
#define __ATTR_WO(name_)		{ .attr = { .name = #name_, .mode = 0200 }, .store = name_##_store }
#define __ATTR_RW_MODE(name, mode)	__ATTR(name, mode, name##_show, name##_store)
#define __ATTR_RW(name)			__ATTR_RW_MODE(name, 0644)
#define __ATTR_NULL			{ .attr = { .name = NULL } }
#define __ATTRIBUTE_GROUPS(name) \
	static const struct attribute_group *name##_groups[] = { &name##_group, NULL }
#define ATTRIBUTE_GROUPS(name)								\
	static const struct attribute_group name##_group = { .attrs = name##_attrs };	\
	__ATTRIBUTE_GROUPS(name)

struct bin_attribute {
	struct attribute	attr;
	size_t			size;		/* 0: not known */
	void			*private;
	ssize_t	(*read)(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t off,
			size_t count);
	ssize_t	(*write)(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t off,
			 size_t count);
};
#define __BIN_ATTR(name_, mode_, read_, write_, size_) \
	{ .attr = { .name = #name_, .mode = (mode_) }, .read = read_, .write = write_, .size = size_ }
#define __BIN_ATTR_RO(name, size)	__BIN_ATTR(name, 0444, name##_read, NULL, size)
#define __BIN_ATTR_RW(name, size)	__BIN_ATTR(name, 0644, name##_read, name##_write, size)
#define BIN_ATTR(name, mode, read, write, size) \
	struct bin_attribute bin_attr_##name = __BIN_ATTR(name, mode, read, write, size)
#define BIN_ATTR_RO(name, size)	struct bin_attribute bin_attr_##name = __BIN_ATTR_RO(name, size)
#define BIN_ATTR_RW(name, size)	struct bin_attribute bin_attr_##name = __BIN_ATTR_RW(name, size)

struct sysfs_ops {
	ssize_t	(*show)(struct kobject *kobj, struct attribute *attr, char *page);
	ssize_t	(*store)(struct kobject *kobj, struct attribute *attr, const char *text, size_t length);
};

/*
 * -EEXIST, with a line in the log; -EINVAL, -ENOSPC, -ENOMEM; -ENOENT the object is not there.
 * All may sleep.
 */
__visible int __must_check sysfs_create_file(struct kobject *kobj, const struct attribute *attr);
__visible int __must_check sysfs_create_files(struct kobject *kobj, const struct attribute *const *attrs);
__visible int __must_check sysfs_create_group(struct kobject *kobj, const struct attribute_group *group);
__visible int __must_check sysfs_create_groups(struct kobject *kobj, const struct attribute_group **groups);
__visible int sysfs_update_group(struct kobject *kobj, const struct attribute_group *group);
__visible int __must_check sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr);
__visible int __must_check sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name);
__visible int __must_check sysfs_add_file_to_group(struct kobject *kobj, const struct attribute *attr,
						   const char *group);
__visible int __must_check sysfs_chmod_file(struct kobject *kobj, const struct attribute *attr, umode_t mode);
__visible int __must_check sysfs_create_mount_point(struct kobject *parent, const char *name);

__visible void sysfs_remove_file(struct kobject *kobj, const struct attribute *attr);
__visible void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attrs);
__visible void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group);	/* warns of none */
__visible void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group **groups);
__visible void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr);
__visible void sysfs_remove_link(struct kobject *kobj, const char *name);
__visible void sysfs_remove_file_from_group(struct kobject *kobj, const struct attribute *attr, const char *group);
__visible void sysfs_remove_mount_point(struct kobject *parent, const char *name);
/* From inside the attribute's own show() or store(); true: this call removed it. */
__visible bool sysfs_remove_file_self(struct kobject *kobj, const struct attribute *attr);

/* An object's directory: for who makes objects as kobject.c does. @ns is a tag (kobject_ns.h), or NULL. */
__visible int __must_check sysfs_create_dir_ns(struct kobject *kobj, const void *ns);
__visible void sysfs_remove_dir(struct kobject *kobj);
__visible int __must_check sysfs_rename_dir_ns(struct kobject *kobj, const char *new_name, const void *new_ns);
__visible int __must_check sysfs_move_dir_ns(struct kobject *kobj, struct kobject *new_parent, const void *new_ns);
__visible struct kernfs_node *sysfs_get(struct kernfs_node *kn);	/* NULL is nothing */
__visible void sysfs_put(struct kernfs_node *kn);
__visible void sysfs_enable_ns(struct kernfs_node *kn);	/* of an empty one: what comes into it needs a tag */

__visible void sysfs_notify(struct kobject *kobj, const char *dir, const char *attr);

/* For show(): @buf is its page. At most what is left of it, a 0 included. */
__visible int sysfs_emit(char *buf, const char *fmt, ...) __printf(2, 3);
__visible int sysfs_emit_at(char *buf, int at, const char *fmt, ...) __printf(3, 4);

#endif /* _LINUX_SYSFS_H */
