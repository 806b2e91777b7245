/* SPDX-License-Identifier: MIT */
/*
 * kobject_ns.c - types of name spaces: kobject_ns.h. Which objects have them is in kobject.c, what that means to
 * names in tree.c.
 *
 * Locking: types_lock over the table, and over the operations that are called through it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/spinlock.h>

#include "kobject_impl.h"
#include "owned.h"
#include "tree.h"

static DEFINE_SPINLOCK(types_lock);
static const struct kobj_ns_type_operations *types[KOBJ_NS_TYPES];

static bool is_type(enum kobj_ns_type type)
{
	return type > KOBJ_NS_TYPE_NONE && type < KOBJ_NS_TYPES;
}

int kobj_ns_type_register(const struct kobj_ns_type_operations *ops)
{
	int rc = is_type(ops->type) ? 0 : -EINVAL;
	const void *initial = rc ? NULL : ops->initial_ns();

	spin_lock(&types_lock);
	if (!rc && types[ops->type])
		rc = -EBUSY;
	if (!rc)
		types[ops->type] = ops;
	spin_unlock(&types_lock);
	if (rc)
		return rc;
	owned_add("a type of name spaces", ops, "net", ops);
	tree_set_view(initial);
	return 0;
}

void kobj_ns_exit(void)
{
	for (unsigned int type = 0; type < KOBJ_NS_TYPES; type++) {
		if (types[type])
			owned_del(types[type]);
		types[type] = NULL;
	}
	tree_set_view(NULL);
}

/* With the lock, to be given back. */
static const struct kobj_ns_type_operations *take(enum kobj_ns_type type)
{
	spin_lock(&types_lock);
	return is_type(type) ? types[type] : NULL;
}

int kobj_ns_type_registered(enum kobj_ns_type type)
{
	bool is = take(type);

	spin_unlock(&types_lock);
	return is;
}

bool kobj_ns_current_may_mount(enum kobj_ns_type type)
{
	const struct kobj_ns_type_operations *ops = take(type);
	bool may = !ops || ops->current_may_mount();

	spin_unlock(&types_lock);
	return may;
}

void *kobj_ns_grab_current(enum kobj_ns_type type)
{
	const struct kobj_ns_type_operations *ops = take(type);
	void *ns = ops ? ops->grab_current_ns() : NULL;

	spin_unlock(&types_lock);
	return ns;
}

const void *kobj_ns_netlink(enum kobj_ns_type type, struct sock *sk)
{
	const struct kobj_ns_type_operations *ops = take(type);
	const void *ns = ops ? ops->netlink_ns(sk) : NULL;

	spin_unlock(&types_lock);
	return ns;
}

const void *kobj_ns_initial(enum kobj_ns_type type)
{
	const struct kobj_ns_type_operations *ops = take(type);
	const void *ns = ops ? ops->initial_ns() : NULL;

	spin_unlock(&types_lock);
	return ns;
}

void kobj_ns_drop(enum kobj_ns_type type, void *ns)
{
	const struct kobj_ns_type_operations *ops = take(type);

	if (ops && ops->drop_ns)
		ops->drop_ns(ns);
	spin_unlock(&types_lock);
}

const struct kobj_ns_type_operations *kobj_child_ns_ops(struct kobject *parent)
{
	return parent && parent->ktype && parent->ktype->child_ns_type ? parent->ktype->child_ns_type(parent) : NULL;
}

const struct kobj_ns_type_operations *kobj_ns_ops(struct kobject *kobj)
{
	return kobj_child_ns_ops(kobj->parent);
}
