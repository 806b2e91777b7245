/* SPDX-License-Identifier: MIT */
/*
 * proc_fs.c - files below /proc: proc_fs.h, on the tree of tree.h.
 *
 * A struct proc_dir_entry is a tree_node. Its fops are a struct proc_ops, struct
 * seq_operations, or a function, as its tree_ops know; its data is the maker's.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/proc_fs.h>
#include <linux/string.h>
#include <linux/uidgid.h>

#include "tree.h"

static struct tree_node *node_of(struct proc_dir_entry *entry) { return (struct tree_node *)entry; }
static struct proc_dir_entry *entry_of(struct tree_node *node) { return (struct proc_dir_entry *)node; }

/* ---- operations of struct proc_ops ------------------------------------------------------------ */

static int ops_open(struct tree_node *node, struct file *file)
{
	const struct proc_ops *ops = node->fops;

	if (!ops->proc_lseek)
		file->f_mode &= ~FMODE_LSEEK;
	return ops->proc_open ? ops->proc_open(&node->inode, file) : 0;
}

static ssize_t ops_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos)
{
	const struct proc_ops *ops = node->fops;

	return ops->proc_read ? ops->proc_read(file, (char __user *)buf, bytes, pos) : -EIO;
}

static ssize_t ops_write(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos)
{
	const struct proc_ops *ops = node->fops;

	return ops->proc_write ? ops->proc_write(file, (const char __user *)buf, bytes, pos) : -EIO;
}

static loff_t ops_llseek(struct tree_node *node, struct file *file, loff_t offset, int whence)
{
	return ((const struct proc_ops *)node->fops)->proc_lseek(file, offset, whence);
}

static void ops_release(struct tree_node *node, struct file *file)
{
	const struct proc_ops *ops = node->fops;

	if (ops->proc_release)
		ops->proc_release(&node->inode, file);
}

static const struct tree_ops proc_ops_ops = {
	.open = ops_open, .read = ops_read, .write = ops_write, .llseek = ops_llseek, .release = ops_release,
	.gone = -EIO, .shut = true,
};

/* ---- operations of sequences and single records ------------------------------------------------- */

static int seq_node_open(struct tree_node *node, struct file *file)
{
	struct seq_file *m;
	int rc;

	if (node->state_size)
		return seq_open_private(file, node->fops, (int)node->state_size);
	rc = seq_open(file, node->fops);
	m = file->private_data;
	if (!rc)
		m->private = NULL;
	return rc;
}

static int single_node_open(struct tree_node *node, struct file *file)
{
	return single_open(file, (int (*)(struct seq_file *, void *))(unsigned long)node->fops, node->data);
}

static ssize_t seq_node_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos)
{
	return seq_read(file, (char __user *)buf, bytes, pos);
}

static ssize_t no_write(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos)
{
	return -EIO;
}

static loff_t seq_node_llseek(struct tree_node *node, struct file *file, loff_t offset, int whence)
{
	return seq_lseek(file, offset, whence);
}

static void seq_node_release(struct tree_node *node, struct file *file)
{
	if (node->state_size)
		seq_release_private(&node->inode, file);
	else
		seq_release(&node->inode, file);
}

static void single_node_release(struct tree_node *node, struct file *file)
{
	single_release(&node->inode, file);
}

static const struct tree_ops proc_seq_ops = {
	.open = seq_node_open, .read = seq_node_read, .write = no_write, .llseek = seq_node_llseek,
	.release = seq_node_release, .gone = -EIO, .shut = true,
};
static const struct tree_ops proc_single_ops = {
	.open = single_node_open, .read = seq_node_read, .write = no_write, .llseek = seq_node_llseek,
	.release = single_node_release, .gone = -EIO, .shut = true,
};

/* ---- making ---------------------------------------------------------------------------------------- */

/* Where the last name of a path begins, and its directory with a reference; NULL: there is none. */
static struct tree_node *parent_of(const char **name, struct proc_dir_entry *parent)
{
	struct tree_node *from = parent ? node_of(parent) : tree_at(TREE_PROC);
	const char *slash = strrchr(*name, '/');
	struct tree_node *dir;

	if (WARN(!from, "proc entry '%s' without a kernel that runs", *name))
		return NULL;
	dir = slash ? tree_walk(from, *name, (size_t)(slash - *name)) : tree_get(from);
	WARN(!dir, "name '%s'", *name);
	if (slash)
		*name = slash + 1;
	return dir;
}

static struct proc_dir_entry *create(struct tree_new *new, struct proc_dir_entry *parent)
{
	struct tree_node *dir = parent_of(&new->name, parent), *node;

	if (!dir)
		return NULL;
	if (S_ISLNK(new->mode)) {
		node = tree_add_link(dir, new->name, new->data, new->owner);
	} else {
		new->kind = S_ISDIR(new->mode) ? NULL : "a file of /proc";
		node = tree_add(dir, new);
	}
	if (IS_ERR(node)) {
		WARN(PTR_ERR(node) == -EEXIST, "proc_dir_entry '%s/%s' already registered", dir->name, new->name);
		WARN(PTR_ERR(node) != -EEXIST && PTR_ERR(node) != -ENOMEM, "proc entry '%s': %ld", new->name,
		     PTR_ERR(node));
		node = NULL;
	}
	tree_put(dir);
	return entry_of(node);
}

static umode_t file_mode(umode_t mode)
{
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	return mode & 07777 ? mode : mode | S_IRUGO;
}

struct proc_dir_entry *proc_create_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
					const struct proc_ops *ops, void *data)
{
	struct tree_new new = {
		.name = name, .mode = file_mode(mode), .ops = &proc_ops_ops, .fops = ops, .data = data, .owner = ops,
	};

	return create(&new, parent);
}

struct proc_dir_entry *proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent,
				   const struct proc_ops *ops)
{
	return proc_create_data(name, mode, parent, ops, NULL);
}

struct proc_dir_entry *proc_create_seq_private(const char *name, umode_t mode, struct proc_dir_entry *parent,
					       const struct seq_operations *ops, unsigned int state_size, void *data)
{
	struct tree_new new = {
		.name = name, .mode = file_mode(mode), .ops = &proc_seq_ops, .fops = ops, .data = data,
		.state_size = state_size, .owner = ops,
	};

	return create(&new, parent);
}

struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
					       int (*show)(struct seq_file *m, void *v), void *data)
{
	const void *function = (const void *)(unsigned long)show;
	struct tree_new new = {
		.name = name, .mode = file_mode(mode), .ops = &proc_single_ops, .fops = function, .data = data,
		.owner = function,
	};

	return create(&new, parent);
}

struct proc_dir_entry *proc_mkdir_data(const char *name, umode_t mode, struct proc_dir_entry *parent, void *data)
{
	struct tree_new new = { .name = name, .mode = S_IFDIR | (mode ? mode & 07777 : 0555), .data = data };

	return create(&new, parent);
}

struct proc_dir_entry *proc_mkdir_mode(const char *name, umode_t mode, struct proc_dir_entry *parent)
{
	return proc_mkdir_data(name, mode, parent, NULL);
}

struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent)
{
	return proc_mkdir_data(name, 0, parent, NULL);
}

struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent, const char *target)
{
	struct tree_new new = { .name = name, .mode = S_IFLNK | 0777, .data = (void *)target };

	return create(&new, parent);
}

void proc_set_size(struct proc_dir_entry *entry, loff_t size)
{
	node_of(entry)->inode.i_size = size;
}

void proc_set_user(struct proc_dir_entry *entry, kuid_t uid, kgid_t gid)
{
}

void *pde_data(const struct inode *inode)
{
	return container_of(inode, struct tree_node, inode)->data;
}

void *proc_get_parent_data(const struct inode *inode)
{
	return container_of(inode, struct tree_node, inode)->parent->data;
}

/* ---- removing --------------------------------------------------------------------------------------- */

void proc_remove(struct proc_dir_entry *entry)
{
	if (entry)
		tree_remove(node_of(entry));
}

int remove_proc_subtree(const char *name, struct proc_dir_entry *parent)
{
	struct tree_node *dir = parent_of(&name, parent);
	int rc = dir ? tree_remove_name(dir, name) : -ENOENT;

	tree_put(dir);
	return rc;
}

void remove_proc_entry(const char *name, struct proc_dir_entry *parent)
{
	struct tree_node *dir = parent_of(&name, parent), *node;

	if (!dir)
		return;
	node = tree_find(dir, name, strlen(name));
	tree_put(dir);
	if (WARN(!node, "name '%s'", name))
		return;
	WARN(!tree_empty(node), "removing non-empty directory '%s'", name);
	tree_remove_one(node);	/* the owner of what is in it may still name that */
	tree_put(node);
}
