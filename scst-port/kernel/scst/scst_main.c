/* SPDX-License-Identifier: MIT */
/* scst_main.c - the registries, and the module. */
#include "scst_priv.h"

DEFINE_MUTEX(scst_mutex);
LIST_HEAD(scst_tgtt_list);
LIST_HEAD(scst_devt_list);
LIST_HEAD(scst_dev_list);

int scst_cmd_init(void);
void scst_cmd_exit(void);

int scst_register_target_template(struct scst_tgt_template *tgtt)
{
	struct scst_tgt_template_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	int rc = entry ? 0 : -ENOMEM;

	mutex_lock(&scst_mutex);
	if (!rc && scst_find_tgtt(tgtt->name))
		rc = -EEXIST;
	if (!rc) {
		entry->tgtt = tgtt;
		INIT_LIST_HEAD(&entry->tgts);
		list_add_tail(&entry->entry, &scst_tgtt_list);
		__module_get(THIS_MODULE);
	} else {
		kfree(entry);
	}
	mutex_unlock(&scst_mutex);
	return rc;
}
EXPORT_SYMBOL(scst_register_target_template);

void scst_unregister_target_template(struct scst_tgt_template *tgtt)
{
	struct scst_tgt_template_entry *entry;

	mutex_lock(&scst_mutex);
	entry = scst_find_tgtt(tgtt->name);
	if (entry && !WARN_ON(!list_empty(&entry->tgts))) {
		list_del(&entry->entry);
		kfree(entry);
		module_put(THIS_MODULE);
	}
	mutex_unlock(&scst_mutex);
}
EXPORT_SYMBOL(scst_unregister_target_template);

struct scst_dev_type *scst_find_devt(const char *name)
{
	struct scst_dev_type *devt;

	list_for_each_entry(devt, &scst_devt_list, dev_type_list_entry)
		if (!strcmp(devt->name, name))
			return devt;
	return NULL;
}

int scst_register_dev_driver(struct scst_dev_type *devt)
{
	int rc = 0;

	mutex_lock(&scst_mutex);
	if (scst_find_devt(devt->name)) {
		rc = -EEXIST;
	} else {
		list_add_tail(&devt->dev_type_list_entry, &scst_devt_list);
		__module_get(THIS_MODULE);
	}
	mutex_unlock(&scst_mutex);
	return rc;
}
EXPORT_SYMBOL(scst_register_dev_driver);

void scst_unregister_dev_driver(struct scst_dev_type *devt)
{
	mutex_lock(&scst_mutex);
	list_del(&devt->dev_type_list_entry);
	module_put(THIS_MODULE);
	mutex_unlock(&scst_mutex);
}
EXPORT_SYMBOL(scst_unregister_dev_driver);

/* Called by handlers from add_device and del_device: the mutex is held. */
struct scst_device *scst_find_device(const char *name)
{
	struct scst_device *dev;

	list_for_each_entry(dev, &scst_dev_list, dev_list_entry)
		if (!strcmp(dev->virt_name, name))
			return dev;
	return NULL;
}
EXPORT_SYMBOL(scst_find_device);

int scst_register_virtual_device(struct scst_device *dev)
{
	lockdep_assert_held(&scst_mutex);
	if (scst_find_device(dev->virt_name))
		return -EEXIST;
	if (scst_pr_init(dev))
		return -ENOMEM;
	spin_lock_init(&dev->dev_lock);
	INIT_LIST_HEAD(&dev->dev_tgt_dev_list);
	scst_atomic_init(dev);
	atomic_set(&dev->nr_tgt_devs, 0);
	dev->block_shift = (u8)ilog2(dev->block_size);
	list_add_tail(&dev->dev_list_entry, &scst_dev_list);
	__module_get(dev->handler->owner);
	return 0;
}
EXPORT_SYMBOL(scst_register_virtual_device);

int scst_unregister_virtual_device(struct scst_device *dev)
{
	lockdep_assert_held(&scst_mutex);
	if (atomic_read(&dev->nr_tgt_devs))
		return -EBUSY;
	list_del(&dev->dev_list_entry);
	scst_pr_exit(dev);
	module_put(dev->handler->owner);
	return 0;
}
EXPORT_SYMBOL(scst_unregister_virtual_device);

static int __init scst_init(void)
{
	return scst_cmd_init();
}

static void __exit scst_exit(void)
{
	scst_cmd_exit();
}

module_init(scst_init);
module_exit(scst_exit);
MODULE_LICENSE("Dual MIT/GPL");
