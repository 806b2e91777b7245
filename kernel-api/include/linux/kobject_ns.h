/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KOBJECT_NS_H
#define _LINUX_KOBJECT_NS_H

/*
 * Name spaces of objects: below one whose type has child_ns_type(), each has a tag, namespace(), and two of
 * different tags may have one name.
 *
 * Differs from the kernel: paths are looked up in the initial name space, since nobody mounts sysfs; a type
 * that a module registers stays until the kernel ends, and so does the module's code.
 */
#include <linux/compiler.h>
#include <linux/types.h>

struct kobject;
struct sock;

enum kobj_ns_type { KOBJ_NS_TYPE_NONE, KOBJ_NS_TYPE_NET, KOBJ_NS_TYPES };

struct kobj_ns_type_operations {
	enum kobj_ns_type	type;
	bool			(*current_may_mount)(void);
	void			*(*grab_current_ns)(void);	/* with a reference */
	const void		*(*netlink_ns)(struct sock *sk);
	const void		*(*initial_ns)(void);
	void			(*drop_ns)(void *ns);		/* the reference */
};

/* -EINVAL: there is no such type; -EBUSY: it has operations. */
__visible int kobj_ns_type_register(const struct kobj_ns_type_operations *ops);
__visible int kobj_ns_type_registered(enum kobj_ns_type type);
/* Of what is below @parent, and of @kobj itself; NULL: no name spaces. */
__visible const struct kobj_ns_type_operations *kobj_child_ns_ops(struct kobject *parent);
__visible const struct kobj_ns_type_operations *kobj_ns_ops(struct kobject *kobj);

/* What the type's operations say; of a type without, true and NULL. They may not sleep. */
__visible bool kobj_ns_current_may_mount(enum kobj_ns_type type);
__visible void *kobj_ns_grab_current(enum kobj_ns_type type);
__visible const void *kobj_ns_netlink(enum kobj_ns_type type, struct sock *sk);
__visible const void *kobj_ns_initial(enum kobj_ns_type type);
__visible void kobj_ns_drop(enum kobj_ns_type type, void *ns);

#endif /* _LINUX_KOBJECT_NS_H */
