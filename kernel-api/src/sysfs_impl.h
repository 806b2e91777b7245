/* SPDX-License-Identifier: MIT */
#ifndef RING3_SYSFS_IMPL_H
#define RING3_SYSFS_IMPL_H

/* sysfs_impl.h - private to src: what the parts of sysfs share. */
#include <linux/kobject.h>

struct tree_node;

/* NULL: it is not in sysfs. */
static inline struct tree_node *sysfs_dir_of(const struct kobject *kobj) { return (struct tree_node *)kobj->sd; }

/* What adding @node below @dir came to: 0 or -errno; of a name that is taken, with a line in the log. */
int sysfs_added(struct tree_node *dir, struct tree_node *node, const char *name);
int sysfs_add_attr(struct tree_node *dir, struct kobject *kobj, const struct attribute *attr, umode_t mode);
int sysfs_add_bin(struct tree_node *dir, struct kobject *kobj, const struct bin_attribute *attr, umode_t mode);

#endif /* RING3_SYSFS_IMPL_H */
