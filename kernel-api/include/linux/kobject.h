/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KOBJECT_H
#define _LINUX_KOBJECT_H

/*
 * Objects that are counted, and have a directory below /sys for their attributes (sysfs.h).
 *
 * Differs from the kernel: uevents go into a ring of the last 512, for who reads or follows it
 * (ring3/kernel.h), and to no socket or helper. Owners are kept in the inodes; nobody checks them. What
 * device.h has are no kobjects.
 */
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/kobject_ns.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

struct kernfs_node;
struct kobj_uevent_env;
struct kset;

struct kobject {
	const char		*name;		/* kobject_name() */
	struct list_head	entry;		/* of kset->list */
	struct kobject		*parent;	/* a reference, while it is in sysfs */
	struct kset		*kset;		/* likewise */
	const struct kobj_type	*ktype;
	struct kernfs_node	*sd;		/* its directory; NULL: none */
	struct kref		kref;
	unsigned int		state_initialized : 1;
	unsigned int		state_in_sysfs : 1;
	unsigned int		state_add_uevent_sent : 1;
	unsigned int		state_remove_uevent_sent : 1;
	unsigned int		uevent_suppress : 1;
};

struct kobj_type {
	void			(*release)(struct kobject *kobj);	/* frees it; may sleep as the last put may */
	const struct sysfs_ops	*sysfs_ops;
	const struct attribute_group **default_groups;	/* a NULL ends them */
	/* Name spaces of what is below it, NULL without; the tag of one that is below such. */
	const struct kobj_ns_type_operations *(*child_ns_type)(struct kobject *kobj);
	const void		*(*namespace)(struct kobject *kobj);
	void			(*get_ownership)(struct kobject *kobj, kuid_t *uid, kgid_t *gid);	/* root without */
};

struct kobj_attribute {
	struct attribute	attr;
	ssize_t	(*show)(struct kobject *kobj, struct kobj_attribute *attr, char *page);
	ssize_t	(*store)(struct kobject *kobj, struct kobj_attribute *attr, const char *text, size_t length);
};
__visible extern const struct sysfs_ops kobj_sysfs_ops;	/* of those */

struct kset_uevent_ops {
	int		(*const filter)(struct kobject *kobj);
	const char	*(*const name)(struct kobject *kobj);
	int		(*const uevent)(struct kobject *kobj, struct kobj_uevent_env *env);
};
struct kset {
	struct list_head	list;
	spinlock_t		list_lock;
	struct kobject		kobj;
	const struct kset_uevent_ops *uevent_ops;
};

enum kobject_action {
	KOBJ_ADD, KOBJ_REMOVE, KOBJ_CHANGE, KOBJ_MOVE, KOBJ_ONLINE, KOBJ_OFFLINE, KOBJ_BIND, KOBJ_UNBIND,
};

static inline const char *kobject_name(const struct kobject *kobj) { return kobj->name; }
/* -ENOMEM. '/' becomes '!'. Not of one that is in sysfs. */
__visible int kobject_set_name(struct kobject *kobj, const char *fmt, ...) __printf(2, 3);
__visible int kobject_set_name_vargs(struct kobject *kobj, const char *fmt, va_list args) __printf(2, 0);

/* One reference, the caller's, which kobject_put() gives back, also after an add that failed. */
__visible void kobject_init(struct kobject *kobj, const struct kobj_type *ktype);
/*
 * Below @parent, or its kset's object, or /sys; with the files of its type. -EINVAL no name, or
 * never initialised; -EEXIST, with a line in the log; -ENOENT the parent is not there. May sleep.
 */
__visible int __must_check kobject_add(struct kobject *kobj, struct kobject *parent, const char *fmt, ...)
	__printf(3, 4);
__visible int __must_check kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype,
						struct kobject *parent, const char *fmt, ...) __printf(4, 5);
__visible void kobject_del(struct kobject *kobj);	/* out of /sys, waiting for calls under way; NULL is nothing */
/*
 * In /sys, with all that is below it, and links to it lead there still; KOBJ_MOVE tells, with DEVPATH_OLD. As
 * kobject_add(); -EINVAL also: below itself. The caller sees to it that nobody else does so, or deletes it.
 */
__visible int __must_check kobject_rename(struct kobject *kobj, const char *new_name);	/* of one with a parent */
__visible int __must_check kobject_move(struct kobject *kobj, struct kobject *new_parent);	/* NULL: its kset, or /sys */
__visible const void *kobject_namespace(struct kobject *kobj);	/* NULL: none */
__visible struct kobject *kobject_create_and_add(const char *name, struct kobject *parent);	/* NULL */
__visible struct kobject *kobject_get(struct kobject *kobj);
__visible struct kobject *kobject_get_unless_zero(struct kobject *kobj);	/* NULL: it goes */
__visible void kobject_put(struct kobject *kobj);	/* the last takes it out of /sys and releases it */
__visible char *kobject_get_path(struct kobject *kobj, gfp_t gfp);	/* "/a/b" below /sys; for kfree(); NULL */

__visible void kset_init(struct kset *kset);
__visible int __must_check kset_register(struct kset *kset);
__visible void kset_unregister(struct kset *kset);
__visible struct kset *kset_create_and_add(const char *name, const struct kset_uevent_ops *ops,
					   struct kobject *parent);	/* NULL */
__visible struct kobject *kset_find_obj(struct kset *kset, const char *name);	/* with a reference; NULL */
static inline struct kset *to_kset(struct kobject *kobj)
{
	return kobj ? container_of(kobj, struct kset, kobj) : NULL;
}
static inline struct kset *kset_get(struct kset *kset) { return kset ? to_kset(kobject_get(&kset->kobj)) : NULL; }
static inline void kset_put(struct kset *kset) { kobject_put(&kset->kobj); }
static inline const struct kobj_type *get_ktype(const struct kobject *kobj) { return kobj->ktype; }

/* What an event is told with: "KEY=VALUE"s. */
#define UEVENT_NUM_ENVP		64	/* of them */
#define UEVENT_BUFFER_SIZE	2048	/* bytes, with a 0 behind each */
struct kobj_uevent_env {
	char	*argv[3];
	char	*envp[UEVENT_NUM_ENVP];
	int	envp_idx;
	char	buf[UEVENT_BUFFER_SIZE];
	int	buflen;
};
/* -ENOMEM, with a warning: there is no room. For kset_uevent_ops.uevent(). */
__visible int add_uevent_var(struct kobj_uevent_env *env, const char *format, ...) __printf(2, 3);

/*
 * Tells of an object that belongs to a kset, or one above it does: ACTION, DEVPATH, SUBSYSTEM, what is in
 * @envp (NULL ends it; NULL is nothing), and what the kset's uevent() adds. 0 also where the kset's
 * filter() or name(), or uevent_suppress, keep it back. -EINVAL: no kset; -ENOENT: no name; -ENOMEM;
 * or what uevent() says. May sleep. An object of which KOBJ_ADD was told tells KOBJ_REMOVE itself
 * as it leaves /sys.
 */
__visible int kobject_uevent(struct kobject *kobj, enum kobject_action action);
__visible int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *envp[]);

/* /sys/kernel, /sys/fs; while a kernel runs. */
__visible extern struct kobject *kernel_kobj, *fs_kobj;

#endif /* _LINUX_KOBJECT_H */
