/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_DEVICE_H
#define _LINUX_DEVICE_H

/*
 * Devices as owners of memory: what devm_ functions allocate goes when the device does.
 *
 * Differs from the kernel: no buses, drivers, sysfs or events, but for misc devices (miscdevice.h).
 */
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/types.h>

struct device {
	struct device		*parent;
	const char		*init_name;
	char			name[32];
	void			*platform_data, *driver_data;
	spinlock_t		devres_lock;
	struct list_head	devres_head;
	void			(*release)(struct device *dev);
	struct kref		ref;
	struct module		*owner;
};

typedef void (*dr_release_t)(struct device *dev, void *res);
typedef int (*dr_match_t)(struct device *dev, void *res, void *match_data);

static inline const char *dev_name(const struct device *dev) { return dev->init_name ? dev->init_name : dev->name; }
static inline void *dev_get_drvdata(const struct device *dev) { return dev->driver_data; }
static inline void dev_set_drvdata(struct device *dev, void *data) { dev->driver_data = data; }

__visible struct device *__root_device_register(const char *name, struct module *owner);	/* ERR_PTR */
#define root_device_register(name)	__root_device_register((name), THIS_MODULE)
__visible void root_device_unregister(struct device *dev);
__visible void device_initialize(struct device *dev);
__visible void device_unregister(struct device *dev);	/* releases what it owns, the latest first */
__visible struct device *get_device(struct device *dev);
__visible void put_device(struct device *dev);

__visible void *__devres_alloc_node(dr_release_t release, size_t size, gfp_t gfp, int nid, const char *name);
#define devres_alloc(release, size, gfp)		__devres_alloc_node((release), (size), (gfp), -1, #release)
#define devres_alloc_node(release, size, gfp, nid)	__devres_alloc_node((release), (size), (gfp), (nid), #release)
__visible void devres_free(void *res);
__visible void devres_add(struct device *dev, void *res);
__visible void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
__visible int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
__visible int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
__visible void devres_release_all(struct device *dev);

__visible void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp) __alloc_size(2);
__visible void devm_kfree(struct device *dev, const void *p);
__visible char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp);
__visible char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...) __printf(3, 4);
static inline void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp)
{
	return devm_kmalloc(dev, size, gfp | __GFP_ZERO);
}
static inline void *devm_kmalloc_array(struct device *dev, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : devm_kmalloc(dev, bytes, gfp);
}
static inline void *devm_kcalloc(struct device *dev, size_t n, size_t size, gfp_t gfp)
{
	return devm_kmalloc_array(dev, n, size, gfp | __GFP_ZERO);
}
__visible int devm_add_action(struct device *dev, void (*action)(void *data), void *data);
static inline int devm_add_action_or_reset(struct device *dev, void (*action)(void *data), void *data)
{
	int rc = devm_add_action(dev, action, data);

	if (rc)
		action(data);
	return rc;
}

/* Attributes of devices, for who makes them files: miscdevice.h. */
struct device_attribute {
	struct attribute	attr;
	ssize_t	(*show)(struct device *dev, struct device_attribute *attr, char *page);
	ssize_t	(*store)(struct device *dev, struct device_attribute *attr, const char *text, size_t length);
};
#define DEVICE_ATTR(name, mode, show, store)	struct device_attribute dev_attr_##name = __ATTR(name, mode, show, store)
#define DEVICE_ATTR_RW(name)	struct device_attribute dev_attr_##name = __ATTR_RW(name)
#define DEVICE_ATTR_RO(name)	struct device_attribute dev_attr_##name = __ATTR_RO(name)
#define DEVICE_ATTR_WO(name)	struct device_attribute dev_attr_##name = __ATTR_WO(name)

#define dev_printk(level, dev, fmt, ...)	printk(level "%s: " fmt, dev_name(dev), ##__VA_ARGS__)
#define dev_err(dev, fmt, ...)			dev_printk(KERN_ERR, dev, fmt, ##__VA_ARGS__)
#define dev_warn(dev, fmt, ...)			dev_printk(KERN_WARNING, dev, fmt, ##__VA_ARGS__)
#define dev_info(dev, fmt, ...)			dev_printk(KERN_INFO, dev, fmt, ##__VA_ARGS__)
#define dev_dbg(dev, fmt, ...)			do { (void)(dev); } while (0)

#endif /* _LINUX_DEVICE_H */
