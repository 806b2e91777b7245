/* SPDX-License-Identifier: MIT */
/*
 * debugfs.c - files below /sys/kernel/debug: debugfs.h, on the tree of tree.h.
 *
 * A dentry is its tree_node's. A file's fops are its struct file_operations, whose owner is
 * in use while it is open.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "tree.h"

static struct tree_node *node_of(struct dentry *dentry) { return container_of(dentry, struct tree_node, dentry); }

/* ---- operations ------------------------------------------------------------------------------ */

static int debug_open(struct tree_node *node, struct file *file)
{
	const struct file_operations *fops = node->fops;
	int rc;

	if (!try_module_get(fops->owner))
		return -ENXIO;
	file->f_op = fops;
	rc = fops->open ? fops->open(&node->inode, file) : 0;
	if (rc)
		module_put(fops->owner);
	return rc;
}

static ssize_t debug_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos)
{
	return file->f_op->read ? file->f_op->read(file, (char __user *)buf, bytes, pos) : -EINVAL;
}

static ssize_t debug_write(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos)
{
	return file->f_op->write ? file->f_op->write(file, (const char __user *)buf, bytes, pos) : -EINVAL;
}

static loff_t debug_llseek(struct tree_node *node, struct file *file, loff_t offset, int whence)
{
	return file->f_op->llseek ? file->f_op->llseek(file, offset, whence) : -ESPIPE;
}

static void debug_release(struct tree_node *node, struct file *file)
{
	const struct file_operations *fops = file->f_op;

	if (fops->release)
		fops->release(&node->inode, file);
	module_put(fops->owner);
}

static const struct tree_ops debug_ops = {
	.open = debug_open, .read = debug_read, .write = debug_write, .llseek = debug_llseek,
	.release = debug_release, .gone = -EIO,
};

/* ---- making and removing -------------------------------------------------------------------------- */

static struct tree_node *parent_of(struct dentry *parent)
{
	struct tree_node *root = tree_at(TREE_DEBUG);

	if (IS_ERR(parent))
		return ERR_CAST(parent);
	return parent ? node_of(parent) : root ? root : ERR_PTR(-ENODEV);
}

static struct dentry *made(struct tree_node *parent, struct tree_node *node, const char *name)
{
	if (!IS_ERR(node))
		return &node->dentry;
	if (PTR_ERR(node) == -EEXIST)
		pr_err("debugfs: '%s' with parent '%s' already present!\n", name, parent->name);
	return ERR_CAST(node);
}

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
	struct tree_node *dir = parent_of(parent);

	return IS_ERR(dir) ? ERR_CAST(dir) : made(dir, tree_add_dir(dir, name, 0755), name);
}

/* @owner: an address of its maker's, where the operations are not. */
static struct dentry *create(const char *name, umode_t mode, struct dentry *parent, void *data,
			     const struct file_operations *fops, loff_t size, const void *owner)
{
	struct tree_node *dir = parent_of(parent);
	const struct tree_new new = {
		.name = name, .mode = mode & S_IFMT ? mode : S_IFREG | mode, .ops = &debug_ops, .fops = fops,
		.data = data, .size = size, .owner = owner, .kind = "a file of debugfs",
	};

	if (IS_ERR(dir))
		return ERR_CAST(dir);
	return made(dir, S_ISREG(new.mode) ? tree_add(dir, &new) : ERR_PTR(-EINVAL), name);
}

struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent, void *data,
				   const struct file_operations *fops)
{
	return create(name, mode, parent, data, fops, 0, fops);
}

void debugfs_create_file_size(const char *name, umode_t mode, struct dentry *parent, void *data,
			      const struct file_operations *fops, loff_t size)
{
	create(name, mode, parent, data, fops, size, fops);
}

struct dentry *debugfs_create_symlink(const char *name, struct dentry *parent, const char *target)
{
	struct tree_node *dir = parent_of(parent);

	return IS_ERR(dir) ? ERR_CAST(dir) : made(dir, tree_add_link(dir, name, target, NULL), name);
}

void debugfs_remove(struct dentry *dentry)
{
	if (!IS_ERR_OR_NULL(dentry))
		tree_remove(node_of(dentry));
}

struct dentry *debugfs_lookup(const char *name, struct dentry *parent)
{
	struct tree_node *dir = parent_of(parent), *node = IS_ERR(dir) ? NULL : tree_find(dir, name, strlen(name));

	return node ? &node->dentry : NULL;
}

void dput(struct dentry *dentry)
{
	if (dentry)
		tree_put(node_of(dentry));
}

void debugfs_lookup_and_remove(const char *name, struct dentry *parent)
{
	struct dentry *dentry = debugfs_lookup(name, parent);

	debugfs_remove(dentry);
	dput(dentry);
}

int debugfs_file_get(struct dentry *dentry)
{
	return tree_enter(node_of(dentry)) ? 0 : -EIO;
}

void debugfs_file_put(struct dentry *dentry)
{
	tree_leave(node_of(dentry));
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

#define NUMBER(name, type, format)							\
static int name##_get(void *data, u64 *value)						\
{											\
	*value = (u64)READ_ONCE(*(type *)data);						\
	return 0;									\
}											\
static int name##_set(void *data, u64 value)						\
{											\
	WRITE_ONCE(*(type *)data, (type)value);						\
	return 0;									\
}											\
DEFINE_DEBUGFS_ATTRIBUTE(name##_fops, name##_get, name##_set, format);			\
void debugfs_create_##name(const char *file, umode_t mode, struct dentry *parent, type *value) \
{											\
	create(file, mode, parent, value, &name##_fops, 0, value);			\
}

NUMBER(u8, u8, "%llu\n")
NUMBER(u16, u16, "%llu\n")
NUMBER(u32, u32, "%llu\n")
NUMBER(u64, u64, "%llu\n")
NUMBER(ulong, unsigned long, "%llu\n")
NUMBER(x8, u8, "0x%02llx\n")
NUMBER(x16, u16, "0x%04llx\n")
NUMBER(x32, u32, "0x%08llx\n")
NUMBER(x64, u64, "0x%016llx\n")
NUMBER(size_t, size_t, "%llu\n")

static int atomic_get(void *data, u64 *value)
{
	*value = (u64)(s64)atomic_read((atomic_t *)data);
	return 0;
}

static int atomic_store(void *data, u64 value)
{
	atomic_set((atomic_t *)data, (int)value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(atomic_fops, atomic_get, atomic_store, "%lld\n");

void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value)
{
	create(name, mode, parent, value, &atomic_fops, 0, value);
}

/* ---- bool, blob, array ------------------------------------------------------------------------------------ */

static ssize_t bool_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	const char *text = READ_ONCE(*(bool *)file->f_inode->i_private) ? "Y\n" : "N\n";

	return simple_read_from_buffer(buf, count, pos, text, 2);
}

static ssize_t bool_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[5] = "";
	bool value;
	int rc;

	memcpy(text, (const char *)buf, min(count, sizeof(text) - 1));
	rc = kstrtobool(text, &value);
	if (rc)
		return rc;
	WRITE_ONCE(*(bool *)file->f_inode->i_private, value);
	return (ssize_t)count;
}

static const struct file_operations bool_fops = { .read = bool_read, .write = bool_write, .llseek = default_llseek };

void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, bool *value)
{
	create(name, mode, parent, value, &bool_fops, 0, value);
}

static ssize_t blob_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	const struct debugfs_blob_wrapper *blob = file->f_inode->i_private;

	return simple_read_from_buffer(buf, count, pos, blob->data, blob->size);
}

static const struct file_operations blob_fops = { .read = blob_read, .llseek = default_llseek };

struct dentry *debugfs_create_blob(const char *name, umode_t mode, struct dentry *parent,
				   struct debugfs_blob_wrapper *blob)
{
	return create(name, mode & 0444, parent, blob, &blob_fops, 0, blob);
}

static int array_show(struct seq_file *m, void *v)
{
	const struct debugfs_u32_array *array = m->private;

	for (u32 i = 0; i < array->n_elements; i++)
		seq_printf(m, "%u%c", READ_ONCE(array->array[i]), i + 1 < array->n_elements ? ' ' : '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(array);

void debugfs_create_u32_array(const char *name, umode_t mode, struct dentry *parent, struct debugfs_u32_array *array)
{
	create(name, mode & 0444, parent, array, &array_fops, 0, array);
}
