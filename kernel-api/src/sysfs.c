/* SPDX-License-Identifier: MIT */
/*
 * sysfs.c - attributes as files: sysfs.h, on the tree of tree.h.
 *
 * A file's fops are its attribute, its data the object. An open file has a page, filled as a
 * read starts at 0; a file's operations come one at a time (tree_file.c).
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kobject_impl.h"
#include "sysfs_impl.h"
#include "tree.h"

/* ---- a page that is made, text that is taken --------------------------------------------------- */

struct page_file {
	char	*page;		/* NULL: nothing was read yet */
	ssize_t	length;
};

static int page_open(struct tree_node *node, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct page_file), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static void page_release(struct tree_node *node, struct file *file)
{
	struct page_file *state = file->private_data;

	free_page((unsigned long)state->page);
	kfree(state);
}

static loff_t page_llseek(struct tree_node *node, struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek(file, offset, whence);
}

typedef ssize_t fill_t(struct tree_node *node, char *page);
typedef ssize_t take_t(struct tree_node *node, const char *text, size_t length);

static ssize_t page_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos, fill_t *fill)
{
	struct page_file *state = file->private_data;
	bool first = !state->page;

	if (first)
		state->page = (char *)get_zeroed_page(GFP_KERNEL);
	if (!state->page)
		return -ENOMEM;
	if (first || !*pos) {
		memset(state->page, 0, PAGE_SIZE);
		state->length = fill(node, state->page);
		if (state->length >= (ssize_t)PAGE_SIZE) {
			pr_warn("fill_read_buffer: show() of %s returned bad count\n", node->name);
			state->length = PAGE_SIZE - 1;
		}
	}
	if (state->length < 0)
		return state->length;
	return simple_read_from_buffer((char __user *)buf, bytes, pos, state->page, (size_t)state->length);
}

static ssize_t page_write(struct tree_node *node, const char *buf, size_t bytes, take_t *take)
{
	size_t length = min_t(size_t, bytes, PAGE_SIZE);
	char *text;
	ssize_t rc;

	if (!length)
		return 0;
	text = kmemdup_nul(buf, length, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	rc = take(node, text, length);
	kfree(text);
	return rc;
}

/* ---- attributes ---------------------------------------------------------------------------------- */

static const struct sysfs_ops *ops_of(const struct tree_node *node)
{
	return ((const struct kobject *)node->data)->ktype->sysfs_ops;
}

static int attr_open(struct tree_node *node, struct file *file)
{
	const struct sysfs_ops *ops = ops_of(node);

	if (WARN(!ops, "missing sysfs attribute operations for kobject: %s",
		 kobject_name(node->data)))
		return -EACCES;
	if ((file->f_mode & FMODE_READ && !ops->show) || (file->f_mode & FMODE_WRITE && !ops->store))
		return -EACCES;
	return page_open(node, file);
}

static ssize_t attr_fill(struct tree_node *node, char *page)
{
	return ops_of(node)->show(node->data, (struct attribute *)node->fops, page);
}

static ssize_t attr_take(struct tree_node *node, const char *text, size_t length)
{
	return ops_of(node)->store(node->data, (struct attribute *)node->fops, text, length);
}

static ssize_t attr_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos)
{
	return page_read(node, file, buf, bytes, pos, attr_fill);
}

static ssize_t attr_write(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos)
{
	return page_write(node, buf, bytes, attr_take);
}

static const struct tree_ops attr_ops = {
	.open = attr_open, .read = attr_read, .write = attr_write, .llseek = page_llseek, .release = page_release,
	.gone = -ENODEV,
};

static ssize_t kobj_show(struct kobject *kobj, struct attribute *attr, char *page)
{
	struct kobj_attribute *kattr = container_of(attr, struct kobj_attribute, attr);

	return kattr->show ? kattr->show(kobj, kattr, page) : -EIO;
}

static ssize_t kobj_store(struct kobject *kobj, struct attribute *attr, const char *text, size_t length)
{
	struct kobj_attribute *kattr = container_of(attr, struct kobj_attribute, attr);

	return kattr->store ? kattr->store(kobj, kattr, text, length) : -EIO;
}

const struct sysfs_ops kobj_sysfs_ops = { .show = kobj_show, .store = kobj_store };

/* ---- the host's own: a struct tree_show ------------------------------------------------------------ */

static ssize_t show_fill(struct tree_node *node, char *page)
{
	return ((const struct tree_show *)node->fops)->show(node->data, page);
}

static ssize_t show_take(struct tree_node *node, const char *text, size_t length)
{
	return ((const struct tree_show *)node->fops)->store(node->data, text, length);
}

static ssize_t show_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos)
{
	return page_read(node, file, buf, bytes, pos, show_fill);
}

static ssize_t show_write(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos)
{
	return page_write(node, buf, bytes, show_take);
}

const struct tree_ops tree_show_ops = {
	.open = page_open, .read = show_read, .write = show_write, .llseek = page_llseek, .release = page_release,
	.gone = -ENODEV,
};

/* ---- binary attributes --------------------------------------------------------------------------------- */

static int bin_open(struct tree_node *node, struct file *file)
{
	const struct bin_attribute *attr = node->fops;

	if ((file->f_mode & FMODE_READ && !attr->read) || (file->f_mode & FMODE_WRITE && !attr->write))
		return -EACCES;
	return 0;
}

static ssize_t bin_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos)
{
	struct bin_attribute *attr = (struct bin_attribute *)node->fops;
	char *page;
	ssize_t rc;

	bytes = min_t(size_t, bytes, PAGE_SIZE);
	if (attr->size && *pos >= (loff_t)attr->size)
		return 0;
	if (attr->size)
		bytes = min_t(size_t, bytes, attr->size - (size_t)*pos);
	if (!bytes)
		return 0;
	page = (char *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	rc = attr->read(file, node->data, attr, page, *pos, bytes);
	if (rc > 0) {
		rc = min(rc, (ssize_t)bytes);
		memcpy(buf, page, (size_t)rc);
		*pos += rc;
	}
	free_page((unsigned long)page);
	return rc;
}

static ssize_t bin_write(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos)
{
	struct bin_attribute *attr = (struct bin_attribute *)node->fops;
	char *copy;
	ssize_t rc;

	bytes = min_t(size_t, bytes, PAGE_SIZE);
	if (attr->size && *pos >= (loff_t)attr->size)
		return -EFBIG;
	if (attr->size)
		bytes = min_t(size_t, bytes, attr->size - (size_t)*pos);
	if (!bytes)
		return 0;
	copy = kmemdup_nul(buf, bytes, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rc = attr->write(file, node->data, attr, copy, *pos, bytes);
	if (rc > 0)
		*pos += rc;
	kfree(copy);
	return rc;
}

static void bin_release(struct tree_node *node, struct file *file)
{
}

static const struct tree_ops bin_ops = {
	.open = bin_open, .read = bin_read, .write = bin_write, .llseek = page_llseek, .release = bin_release,
	.gone = -ENODEV,
};

/* ---- single files ------------------------------------------------------------------------------------------ */

int sysfs_added(struct tree_node *dir, struct tree_node *node, const char *name)
{
	char path[256];

	if (PTR_ERR(node) == -EEXIST && tree_path(dir, path, sizeof(path)) > 0)
		pr_warn("sysfs: cannot create duplicate filename '%s/%s'\n", path, name);
	return (int)PTR_ERR_OR_ZERO(node);
}

int sysfs_add_attr(struct tree_node *dir, struct kobject *kobj, const struct attribute *attr, umode_t mode)
{
	struct tree_new new = {
		.name = attr->name, .mode = S_IFREG | (mode & 0777), .ops = &attr_ops, .fops = attr, .data = kobj,
		.size = PAGE_SIZE, .owner = attr, .kind = "a file of sysfs",
	};

	kobject_get_ownership(kobj, &new.uid, &new.gid);
	return dir ? sysfs_added(dir, tree_add(dir, &new), attr->name) : -ENOENT;
}

int sysfs_add_bin(struct tree_node *dir, struct kobject *kobj, const struct bin_attribute *attr, umode_t mode)
{
	struct tree_new new = {
		.name = attr->attr.name, .mode = S_IFREG | (mode & 0777), .ops = &bin_ops, .fops = attr, .data = kobj,
		.size = (loff_t)attr->size, .owner = attr, .kind = "a file of sysfs",
	};

	kobject_get_ownership(kobj, &new.uid, &new.gid);
	return dir ? sysfs_added(dir, tree_add(dir, &new), attr->attr.name) : -ENOENT;
}

int sysfs_create_file(struct kobject *kobj, const struct attribute *attr)
{
	return sysfs_add_attr(sysfs_dir_of(kobj), kobj, attr, attr->mode);
}

int sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
{
	return sysfs_add_bin(sysfs_dir_of(kobj), kobj, attr, attr->attr.mode);
}

static void remove_name(struct kobject *kobj, const char *name)
{
	if (sysfs_dir_of(kobj))
		tree_remove_name(sysfs_dir_of(kobj), name);
}

void sysfs_remove_file(struct kobject *kobj, const struct attribute *attr) { remove_name(kobj, attr->name); }
void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
{
	remove_name(kobj, attr->attr.name);
}


int sysfs_create_files(struct kobject *kobj, const struct attribute *const *attrs)
{
	int rc = 0, i;

	for (i = 0; attrs[i] && !rc; i++)
		rc = sysfs_create_file(kobj, attrs[i]);
	if (rc)
		for (i--; i-- > 0; )
			sysfs_remove_file(kobj, attrs[i]);
	return rc;
}

void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attrs)
{
	for (int i = 0; attrs[i]; i++)
		sysfs_remove_file(kobj, attrs[i]);
}

bool sysfs_remove_file_self(struct kobject *kobj, const struct attribute *attr)
{
	struct tree_node *node = sysfs_dir_of(kobj) ? tree_find(sysfs_dir_of(kobj), attr->name, strlen(attr->name)) : NULL;
	bool done = node && tree_remove_self(node);

	tree_put(node);
	return done;
}

int sysfs_chmod_file(struct kobject *kobj, const struct attribute *attr, umode_t mode)
{
	struct tree_node *node = sysfs_dir_of(kobj) ? tree_find(sysfs_dir_of(kobj), attr->name, strlen(attr->name)) : NULL;

	if (!node)
		return -ENOENT;
	WRITE_ONCE(node->inode.i_mode, (umode_t)(S_IFREG | (mode & 0777)));
	tree_put(node);
	return 0;
}

/* ---- what show() calls ------------------------------------------------------------------- */

void sysfs_notify(struct kobject *kobj, const char *dir, const char *attr)
{
}

int sysfs_emit_at(char *buf, int at, const char *fmt, ...)
{
	va_list args;
	int length;

	if (WARN(!buf || offset_in_page(buf) || at < 0 || at >= (int)PAGE_SIZE,
		 "invalid sysfs_emit_at: buf:%p at:%d", buf, at))
		return 0;
	va_start(args, fmt);
	length = vscnprintf(buf + at, PAGE_SIZE - (size_t)at, fmt, args);
	va_end(args);
	return length;
}

int sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list args;
	int length;

	if (WARN(!buf || offset_in_page(buf), "invalid sysfs_emit: buf:%p", buf))
		return 0;
	va_start(args, fmt);
	length = vscnprintf(buf, PAGE_SIZE, fmt, args);
	va_end(args);
	return length;
}
