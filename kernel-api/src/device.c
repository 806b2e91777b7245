/* SPDX-License-Identifier: MIT */
/*
 * device.c - devices that own memory: device.h.
 *
 * A resource is its header and then what the caller sees; devm_kmalloc() is one whose
 * release does nothing. Locking: devres_lock of the device; releases run outside it.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

struct devres {
	struct list_head	entry;
	dr_release_t		release;
	u8			data[] __aligned(16);
};

static struct devres *devres_of(const void *res)
{
	return container_of((u8 *)res, struct devres, data[0]);
}

void *__devres_alloc_node(dr_release_t release, size_t size, gfp_t gfp, int nid, const char *name)
{
	struct devres *dr;
	size_t bytes;

	if (check_add_overflow(sizeof(*dr), size, &bytes))
		return NULL;
	dr = kmalloc(bytes, gfp | __GFP_ZERO);
	if (!dr)
		return NULL;
	INIT_LIST_HEAD(&dr->entry);
	dr->release = release;
	return dr->data;
}

void devres_free(void *res)
{
	if (!res)
		return;
	BUG_ON(!list_empty(&devres_of(res)->entry));
	kfree(devres_of(res));
}

void devres_add(struct device *dev, void *res)
{
	spin_lock_bh(&dev->devres_lock);
	list_add_tail(&devres_of(res)->entry, &dev->devres_head);
	spin_unlock_bh(&dev->devres_lock);
}

static struct devres *find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *dr;

	list_for_each_entry_reverse(dr, &dev->devres_head, entry)
		if (dr->release == release && (!match || match(dev, dr->data, match_data)))
			return dr;
	return NULL;
}

void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *dr;

	spin_lock_bh(&dev->devres_lock);
	dr = find(dev, release, match, match_data);
	spin_unlock_bh(&dev->devres_lock);
	return dr ? dr->data : NULL;
}

static struct devres *take(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *dr;

	spin_lock_bh(&dev->devres_lock);
	dr = find(dev, release, match, match_data);
	if (dr)
		list_del_init(&dr->entry);
	spin_unlock_bh(&dev->devres_lock);
	return dr;
}

int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *dr = take(dev, release, match, match_data);

	kfree(dr);
	return dr ? 0 : -ENOENT;
}

int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *dr = take(dev, release, match, match_data);

	if (!dr)
		return -ENOENT;
	release(dev, dr->data);
	kfree(dr);
	return 0;
}

void devres_release_all(struct device *dev)
{
	for (;;) {
		struct devres *dr = NULL;

		spin_lock_bh(&dev->devres_lock);
		if (!list_empty(&dev->devres_head)) {
			dr = list_last_entry(&dev->devres_head, struct devres, entry);
			list_del_init(&dr->entry);
		}
		spin_unlock_bh(&dev->devres_lock);
		if (!dr)
			return;
		dr->release(dev, dr->data);
		kfree(dr);
	}
}

/* ---- devm_ ------------------------------------------------------------------------- */

static void devm_memory_release(struct device *dev, void *res)
{
}

static int same(struct device *dev, void *res, void *wanted)
{
	return res == wanted;
}

void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp)
{
	void *res = size ? __devres_alloc_node(devm_memory_release, size, gfp, -1, "devm_kmalloc") : NULL;

	if (!size)
		return ZERO_SIZE_PTR;
	if (res)
		devres_add(dev, res);
	return res;
}

void devm_kfree(struct device *dev, const void *p)
{
	if (!ZERO_OR_NULL_PTR(p))
		WARN_ON(devres_destroy(dev, devm_memory_release, same, (void *)p));
}

char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp)
{
	size_t bytes = s ? strlen(s) + 1 : 0;
	char *copy = s ? devm_kmalloc(dev, bytes, gfp) : NULL;

	return copy ? memcpy(copy, s, bytes) : NULL;
}

char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *text, *copy;

	va_start(args, fmt);
	text = kvasprintf(gfp, fmt, args);
	va_end(args);
	copy = devm_kstrdup(dev, text, gfp);
	kfree(text);
	return copy;
}

struct action {
	void	(*fn)(void *data);
	void	*data;
};

static void action_release(struct device *dev, void *res)
{
	struct action *action = res;

	action->fn(action->data);
}

int devm_add_action(struct device *dev, void (*fn)(void *data), void *data)
{
	struct action *action = devres_alloc(action_release, sizeof(*action), GFP_KERNEL);

	if (!action)
		return -ENOMEM;
	action->fn = fn;
	action->data = data;
	devres_add(dev, action);
	return 0;
}

/* ---- devices -------------------------------------------------------------------------- */

void device_initialize(struct device *dev)
{
	spin_lock_init(&dev->devres_lock);
	INIT_LIST_HEAD(&dev->devres_head);
	kref_init(&dev->ref);
}

static void device_free(struct kref *ref)
{
	struct device *dev = container_of(ref, struct device, ref);

	if (WARN(!dev->release, "device %s has no release()", dev_name(dev)))
		return;
	dev->release(dev);
}

struct device *get_device(struct device *dev)
{
	if (dev)
		kref_get(&dev->ref);
	return dev;
}

void put_device(struct device *dev)
{
	if (dev)
		kref_put(&dev->ref, device_free);
}

void device_unregister(struct device *dev)
{
	devres_release_all(dev);
	put_device(dev);
}

static void root_device_free(struct device *dev)
{
	kfree(dev);
}

struct device *__root_device_register(const char *name, struct module *owner)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_initialize(dev);
	strscpy(dev->name, name, sizeof(dev->name));
	dev->release = root_device_free;
	dev->owner = owner;
	return dev;
}

void root_device_unregister(struct device *dev)
{
	device_unregister(dev);
}
