/* SPDX-License-Identifier: MIT */
/*
 * tree_file.c - open files of the tree, and lists: ring3/tree.h, tree.h.
 *
 * Invariant: release() of what a file's open() made is called once: by its close, or, where the
 * kind says so, by the removal of its node, for which the close then waits.
 *
 * Locking: tree_lock; a file's own mutex over its operations.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/tree.h>

#include "module_impl.h"
#include "tree.h"

static unsigned int nr_files;	/* tree_lock */

/* ---- opening and closing -------------------------------------------------------------------- */

static int may_open(const struct tree_node *node, int how)
{
	umode_t mode = node->inode.i_mode;

	if (tree_is_dir(node))
		return -EISDIR;
	if (how & RING3_TREE_READ && !(mode & S_IRUGO))
		return -EACCES;
	if (how & RING3_TREE_WRITE && !(mode & S_IWUGO))
		return -EACCES;
	return 0;
}

static struct tree_file *make_file(struct tree_node *node, int how)
{
	struct tree_file *tf = kzalloc(sizeof(*tf), GFP_KERNEL);

	if (!tf)
		return NULL;
	tf->node = node;
	INIT_LIST_HEAD(&tf->entry);
	mutex_init(&tf->lock);
	init_completion(&tf->released);
	tf->file.f_path.dentry = &node->dentry;
	tf->file.f_inode = &node->inode;
	tf->file.f_flags = how == RING3_TREE_READ ? O_RDONLY : how == RING3_TREE_WRITE ? O_WRONLY : O_RDWR;
	tf->file.f_mode = FMODE_LSEEK | (how & RING3_TREE_READ ? FMODE_READ : 0) |
			  (how & RING3_TREE_WRITE ? FMODE_WRITE : 0);
	return tf;
}

static int count_file(int nr)
{
	int rc = 0;

	mutex_lock(&tree_lock);
	if (nr > 0 && nr_files >= TREE_FILES_MAX)
		rc = -ENFILE;
	else
		nr_files += (unsigned int)nr;
	mutex_unlock(&tree_lock);
	return rc;
}

/* In the tree, and so not to be removed meanwhile: the node's removal will see the file. */
static int open_active(struct tree_node *node, struct tree_file *tf)
{
	int rc = node->ops->open(node, &tf->file);

	if (rc)
		return rc;
	mutex_lock(&tree_lock);
	list_add(&tf->entry, &node->files);
	mutex_unlock(&tree_lock);
	return 0;
}

int ring3_tree_open(const char *path, int how, struct ring3_tree_file **file)
{
	struct tree_node *node = tree_lookup(path);
	struct tree_file *tf = NULL;
	int rc;

	if (IS_ERR(node))
		return (int)PTR_ERR(node);
	rc = how & ~3 || !how ? -EINVAL : may_open(node, how);
	if (!rc)
		rc = count_file(1);
	if (rc) {
		tree_put(node);
		return rc;
	}
	tf = make_file(node, how);
	rc = tf ? 0 : -ENOMEM;
	if (!rc && !tree_enter(node)) {
		rc = -ENOENT;
	} else if (!rc) {
		rc = open_active(node, tf);
		tree_leave(node);
	}
	if (rc) {
		count_file(-1);
		kfree(tf);
		tree_put(node);
		return rc;
	}
	*file = (struct ring3_tree_file *)tf;
	return 0;
}

void tree_shut_files(struct tree_node *node)
{
	struct tree_file *tf;

	for (;;) {
		mutex_lock(&tree_lock);
		tf = list_first_entry_or_null(&node->files, struct tree_file, entry);
		if (tf)
			list_del_init(&tf->entry);
		mutex_unlock(&tree_lock);
		if (!tf)
			return;
		node->ops->release(node, &tf->file);
		complete(&tf->released);
	}
}

void ring3_tree_close(struct ring3_tree_file *file)
{
	struct tree_file *tf = (struct tree_file *)file;
	struct tree_node *node = tf ? tf->node : NULL;
	bool active;

	if (!tf)
		return;
	active = tree_enter(node);
	if (!active && node->ops->shut) {
		wait_for_completion(&tf->released);
	} else {
		mutex_lock(&tree_lock);
		list_del_init(&tf->entry);
		mutex_unlock(&tree_lock);
		node->ops->release(node, &tf->file);
	}
	if (active)
		tree_leave(node);
	count_file(-1);
	kfree(tf);
	tree_put(node);
}

/* ---- operations -------------------------------------------------------------------------------- */

long ring3_tree_read(struct ring3_tree_file *file, char *buf, unsigned long bytes)
{
	struct tree_file *tf = (struct tree_file *)file;
	struct tree_node *node = tf->node;
	long rc;

	if (!(tf->file.f_mode & FMODE_READ))
		return -EBADF;
	if (!tree_enter(node))
		return node->ops->gone;
	mutex_lock(&tf->lock);
	rc = node->ops->read(node, &tf->file, buf, min_t(unsigned long, bytes, INT_MAX & PAGE_MASK), &tf->file.f_pos);
	mutex_unlock(&tf->lock);
	tree_leave(node);
	return rc;
}

long ring3_tree_write(struct ring3_tree_file *file, const char *buf, unsigned long bytes)
{
	struct tree_file *tf = (struct tree_file *)file;
	struct tree_node *node = tf->node;
	long rc;

	if (!(tf->file.f_mode & FMODE_WRITE))
		return -EBADF;
	if (!tree_enter(node))
		return node->ops->gone;
	mutex_lock(&tf->lock);
	rc = node->ops->write(node, &tf->file, buf, min_t(unsigned long, bytes, INT_MAX & PAGE_MASK), &tf->file.f_pos);
	mutex_unlock(&tf->lock);
	tree_leave(node);
	return rc;
}

long long ring3_tree_seek(struct ring3_tree_file *file, long long offset, int whence)
{
	struct tree_file *tf = (struct tree_file *)file;
	struct tree_node *node = tf->node;
	long long rc;

	if (!tree_enter(node))
		return node->ops->gone;
	mutex_lock(&tf->lock);
	rc = tf->file.f_mode & FMODE_LSEEK ? node->ops->llseek(node, &tf->file, offset, whence) : -ESPIPE;
	mutex_unlock(&tf->lock);
	tree_leave(node);
	return rc;
}

/* ---- looking ------------------------------------------------------------------------------------ */

/* A line, or nothing where it does not fit. Under tree_lock. */
static size_t line_of(struct tree_node *node, char *buf, size_t bytes)
{
	umode_t mode = node->inode.i_mode;
	bool link = S_ISLNK(mode);
	int length = snprintf(buf, bytes, "%s %04o %lld %s%s%s\n", link ? "l" : S_ISDIR(mode) ? "d" : "-",
			      mode & 07777u, node->inode.i_size, node->name, link ? "\t" : "",
			      link ? tree_link_text(node) : "");

	return (size_t)length < bytes ? (size_t)length : 0;
}

long ring3_tree_list(const char *path, char *buf, unsigned long bytes)
{
	struct tree_node *node = tree_lookup(path), *child;
	size_t done = 0;

	if (IS_ERR(node))
		return PTR_ERR(node);
	if (!tree_is_dir(node)) {
		tree_put(node);
		return -ENOTDIR;
	}
	mutex_lock(&tree_lock);
	list_for_each_entry(child, &node->children, sibling) {
		size_t length;

		if (!tree_is_seen(child))
			continue;
		length = line_of(child, buf + done, bytes - done);
		if (!length) {	/* full to the end: there is more */
			memset(buf + done, 0, bytes - done);
			done = bytes;
			break;
		}
		done += length;
	}
	mutex_unlock(&tree_lock);
	tree_put(node);
	return (long)done;
}

long ring3_tree_info(const char *path, char *buf, unsigned long bytes)
{
	struct tree_node *node = tree_lookup(path);
	size_t length;

	if (IS_ERR(node))
		return PTR_ERR(node);
	mutex_lock(&tree_lock);
	length = line_of(node, buf, bytes);
	mutex_unlock(&tree_lock);
	tree_put(node);
	return length ? (long)length : -ENAMETOOLONG;
}
