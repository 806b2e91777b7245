/* SPDX-License-Identifier: MIT */
/* An object that tells what is written into one of its files, in a kset with a word of its own. */
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct kset *kset;
static struct kobject *object;

static int things_uevent(struct kobject *kobj, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "COLOUR=%s", "red=ish");
}

static const struct kset_uevent_ops things_ops = { .uevent = things_uevent };

/* So many events, each with its number. */
static ssize_t tell_store(struct kobject *kobj, struct kobj_attribute *attr, const char *text, size_t length)
{
	unsigned int nr;
	int rc = kstrtouint(text, 0, &nr);

	for (unsigned int i = 0; !rc && i < nr; i++) {
		char word[24];
		char *env[] = { word, NULL };

		scnprintf(word, sizeof(word), "WHICH=%u", i);
		rc = kobject_uevent_env(kobj, KOBJ_CHANGE, env);
	}
	return rc ? rc : (ssize_t)length;
}

static struct kobj_attribute tell = __ATTR_WO(tell);

static void release(struct kobject *kobj)
{
	kfree(kobj);
}

static const struct kobj_type type = { .release = release, .sysfs_ops = &kobj_sysfs_ops };

static int __init uevent_init(void)
{
	int rc;

	kset = kset_create_and_add("fix_things", &things_ops, kernel_kobj);
	object = kset ? kzalloc(sizeof(*object), GFP_KERNEL) : NULL;
	if (!object) {
		kset_unregister(kset);
		return -ENOMEM;
	}
	object->kset = kset;
	rc = kobject_init_and_add(object, &type, NULL, "thing");
	if (!rc)
		rc = sysfs_create_file(object, &tell.attr);
	if (!rc)
		rc = kobject_uevent(object, KOBJ_ADD);
	if (rc) {
		kobject_put(object);
		kset_unregister(kset);
	}
	return rc;
}
module_init(uevent_init);

static void __exit uevent_exit(void)
{
	kobject_put(object);
	kset_unregister(kset);
}
module_exit(uevent_exit);
MODULE_LICENSE("GPL");
