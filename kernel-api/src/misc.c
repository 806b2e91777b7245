/* SPDX-License-Identifier: MIT */
/*
 * misc.c - devices of major 10 as objects of /sys: miscdevice.h.
 *
 * Invariant: a registered device is in the list, has a minor that is nobody else's, and an object in the kset misc.
 *
 * Locking: misc_lock over the list. Attributes are removed without it.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "misc.h"

#define DYNAMIC_MAX	128
#define DYNAMIC_FIRST	256	/* above those that have fixed numbers */

/* What stands behind a struct miscdevice while it is registered. */
struct node {
	struct kobject	kobj;
	struct device	dev;
	int		minor;
	bool		is_dynamic;
};

static DEFINE_MUTEX(misc_lock);
static LIST_HEAD(devices);
static struct kobject *devices_kobj, *virtual_kobj;
static struct kset *misc_kset;		/* while a kernel runs */

static struct node *node_of(const struct miscdevice *misc)
{
	return container_of(misc->this_device, struct node, dev);
}

/* ---- its object ---------------------------------------------------------------------------------- */

static ssize_t node_show(struct kobject *kobj, struct attribute *attr, char *page)
{
	struct device_attribute *own = container_of(attr, struct device_attribute, attr);

	return own->show ? own->show(&container_of(kobj, struct node, kobj)->dev, own, page) : -EIO;
}

static ssize_t node_store(struct kobject *kobj, struct attribute *attr, const char *text, size_t length)
{
	struct device_attribute *own = container_of(attr, struct device_attribute, attr);

	return own->store ? own->store(&container_of(kobj, struct node, kobj)->dev, own, text, length) : -EIO;
}

static void node_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct node, kobj));
}

/* Nobody has the device any more. */
static void device_release(struct device *dev)
{
	kobject_put(&container_of(dev, struct node, dev)->kobj);
}

static const struct sysfs_ops node_ops = { .show = node_show, .store = node_store };
static const struct kobj_type node_type = { .release = node_release, .sysfs_ops = &node_ops };

static int node_uevent(struct kobject *kobj, struct kobj_uevent_env *env)
{
	int rc = add_uevent_var(env, "MAJOR=%d", MISC_MAJOR);

	if (!rc)
		rc = add_uevent_var(env, "MINOR=%d", container_of(kobj, struct node, kobj)->minor);
	return rc ? rc : add_uevent_var(env, "DEVNAME=%s", kobject_name(kobj));
}

static const struct kset_uevent_ops misc_uevents = { .uevent = node_uevent };

int misc_init(void)
{
	devices_kobj = kobject_create_and_add("devices", NULL);
	virtual_kobj = devices_kobj ? kobject_create_and_add("virtual", devices_kobj) : NULL;
	misc_kset = virtual_kobj ? kset_create_and_add("misc", &misc_uevents, virtual_kobj) : NULL;
	return misc_kset ? 0 : -ENOMEM;
}

void misc_exit(void)
{
	INIT_LIST_HEAD(&devices);	/* what modules left behind went with them */
	kset_unregister(misc_kset);
	kobject_put(virtual_kobj);
	kobject_put(devices_kobj);
	misc_kset = NULL;
	devices_kobj = virtual_kobj = NULL;
}

/* ---- registering ------------------------------------------------------------------------------------ */

static bool is_taken(int minor)
{
	struct miscdevice *misc;

	list_for_each_entry(misc, &devices, list)
		if (node_of(misc)->minor == minor)
			return true;
	return false;
}

/* A minor, or -EBUSY. */
static int choose_minor(int wanted)
{
	int minor = DYNAMIC_FIRST;

	if (wanted != MISC_DYNAMIC_MINOR)
		return is_taken(wanted) ? -EBUSY : wanted;
	while (minor < DYNAMIC_FIRST + DYNAMIC_MAX && is_taken(minor))
		minor++;
	return minor < DYNAMIC_FIRST + DYNAMIC_MAX ? minor : -EBUSY;
}

static int add(struct miscdevice *misc, struct node *node)
{
	int rc;

	device_initialize(&node->dev);
	dev_set_drvdata(&node->dev, misc);
	node->kobj.kset = misc_kset;
	node->dev.init_name = misc->name;
	node->dev.release = device_release;
	misc->this_device = &node->dev;		/* its attributes may be read before this returns */
	rc = kobject_init_and_add(&node->kobj, &node_type, NULL, "%s", misc->name);
	if (!rc && misc->groups)
		rc = sysfs_create_groups(&node->kobj, misc->groups);
	if (!rc)
		return 0;
	misc->this_device = NULL;
	put_device(&node->dev);
	return rc;
}

int misc_register(struct miscdevice *misc)
{
	struct node *node = kzalloc(sizeof(*node), GFP_KERNEL);
	int minor, rc;

	if (!node)
		return -ENOMEM;
	mutex_lock(&misc_lock);
	minor = misc_kset ? choose_minor(misc->minor) : -ENODEV;
	node->is_dynamic = misc->minor == MISC_DYNAMIC_MINOR;
	node->minor = minor;
	if (minor < 0) {
		kfree(node);
		rc = minor;
	} else {
		rc = add(misc, node);
	}
	if (!rc) {
		misc->minor = minor;
		list_add(&misc->list, &devices);
	}
	mutex_unlock(&misc_lock);
	if (!rc)
		kobject_uevent(&node->kobj, KOBJ_ADD);
	return rc;
}

void misc_deregister(struct miscdevice *misc)
{
	struct node *node;

	if (WARN(!misc->this_device, "misc_deregister: %s is not registered", misc->name))
		return;
	node = node_of(misc);
	mutex_lock(&misc_lock);
	list_del(&misc->list);
	mutex_unlock(&misc_lock);
	kobject_del(&node->kobj);
	if (node->is_dynamic)
		misc->minor = MISC_DYNAMIC_MINOR;
	misc->this_device = NULL;
	device_unregister(&node->dev);	/* what it owns goes, and with the last reference itself */
}
