/* SPDX-License-Identifier: MIT */
/*
 * tree_path.c - from paths to nodes and back: tree.h.
 *
 * A link to a node leads there wherever that is, and says where as it is asked; one that is text is followed as text.
 *
 * Locking: tree_lock; names and parents are read under it, since nodes may be renamed and moved.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "module_impl.h"
#include "tree.h"

#define PATH_MAX	4096

/* ---- from nodes ---------------------------------------------------------------------------------- */

/* Under the lock. */
static int path_of(const struct tree_node *node, char *buf, size_t bytes)
{
	char *at = buf + bytes;
	size_t length;

	*--at = 0;
	for (; node->parent; node = node->parent) {
		length = strlen(node->name);
		if (at < buf + length + 1)
			return -ENAMETOOLONG;
		at -= length;
		memcpy(at, node->name, length);
		*--at = '/';
	}
	if (!*at && at > buf)
		*--at = '/';
	length = (size_t)(buf + bytes - at);
	memmove(buf, at, length);
	return (int)length - 1;
}

int tree_path(struct tree_node *node, char *buf, size_t bytes)
{
	int rc;

	mutex_lock(&tree_lock);
	rc = path_of(node, buf, bytes);
	mutex_unlock(&tree_lock);
	return rc;
}

/* "../../b/c": from the directory @from, whose path is "/a/d", to @to. */
static int relative(char *buf, size_t bytes, const char *from, const char *to)
{
	size_t same = 0, done = 0;

	for (size_t i = 0; from[i] == to[i]; i++) {
		if (!from[i])
			break;
		if (from[i] == '/')
			same = i;
	}
	if (!strncmp(from, to, strlen(from)) && to[strlen(from)] == '/')
		same = strlen(from);
	for (const char *at = from + same; *at; at++)
		if (*at == '/')
			done += (size_t)scnprintf(buf + done, bytes - done, "../");
	done += (size_t)scnprintf(buf + done, bytes - done, "%s", to + same + 1);
	return done + 1 < bytes ? 0 : -ENAMETOOLONG;
}

const char *tree_link_text(struct tree_node *link)
{
	static char text[PATH_MAX], from[PATH_MAX], to[PATH_MAX];	/* tree_lock */

	if (!link->target)
		return link->data;
	if (path_of(link->parent, from, PATH_MAX) < 0 || path_of(link->target, to, PATH_MAX) < 0 ||
	    relative(text, PATH_MAX, from, to))
		return "";
	return text;
}

/* ---- to nodes ---------------------------------------------------------------------------------- */

/* One name of a path below @node, whose reference is taken and given. */
static struct tree_node *step(struct tree_node *node, const char *name, size_t length)
{
	struct tree_node *next;

	if (!tree_is_dir(node))
		next = ERR_PTR(-ENOTDIR);
	else if (length == 1 && name[0] == '.')
		return node;
	else if (length == 2 && name[0] == '.' && name[1] == '.')
		next = tree_parent(node);
	else if (length > TREE_NAME_MAX)
		next = ERR_PTR(-ENAMETOOLONG);
	else
		next = tree_find(node, name, length) ?: ERR_PTR(-ENOENT);
	tree_put(node);
	return next;
}

/* @at becomes the link's target and what stood behind the link. */
static int splice_link(char *at, const char *rest, const struct tree_node *link)
{
	size_t target = strlen(link->data), behind = strlen(rest);

	if (target + behind + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	memmove(at + target + 1, rest, behind + 1);
	memcpy(at, link->data, target);
	at[target] = '/';
	if (!behind)
		at[target] = 0;
	return 0;
}

/* To where a link to a node leads, whose reference is taken and given; ERR_PTR. */
static struct tree_node *follow(struct tree_node *link, int links)
{
	struct tree_node *target = ERR_PTR(-ELOOP);

	if (links <= TREE_LINKS_MAX) {
		mutex_lock(&tree_lock);
		target = link->target->removed ? ERR_PTR(-ENOENT) : tree_get(link->target);
		mutex_unlock(&tree_lock);
	}
	tree_put(link);
	return target;
}

static struct tree_node *lookup(char *path)
{
	struct tree_node *node = tree_get(tree_at(TREE_ROOT));
	const char *at = path;
	int links = 0;

	for (;;) {
		size_t length;

		at += strspn(at, "/");
		length = strcspn(at, "/");
		if (!length)
			return node;
		node = step(node, at, length);
		if (IS_ERR(node))
			return node;
		at += length;
		if (node->target) {
			node = follow(node, ++links);
			if (IS_ERR(node))
				return node;
		} else if (S_ISLNK(node->inode.i_mode)) {
			bool absolute = *(const char *)node->data == '/';
			int rc = ++links > TREE_LINKS_MAX ? -ELOOP : splice_link(path, at, node);
			struct tree_node *from = absolute ? tree_get(tree_at(TREE_ROOT)) : tree_parent(node);

			tree_put(node);
			node = from;
			if (rc) {
				tree_put(node);
				return ERR_PTR(rc);
			}
			at = path;
		} else if (*at == '/' && !tree_is_dir(node)) {
			tree_put(node);
			return ERR_PTR(-ENOTDIR);
		}
	}
}

struct tree_node *tree_lookup(const char *path)
{
	struct tree_node *node;
	char *copy;

	if (!kernel_is_started())
		return ERR_PTR(-ENODEV);
	if (path[0] != '/')
		return ERR_PTR(-EINVAL);
	if (strnlen(path, PATH_MAX) == PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	copy = kmalloc(2 * PATH_MAX, GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	strscpy(copy, path, PATH_MAX);
	node = lookup(copy);
	kfree(copy);
	return node;
}

struct tree_node *tree_walk(struct tree_node *parent, const char *path, size_t length)
{
	struct tree_node *node = parent;

	mutex_lock(&tree_lock);
	while (node && length) {
		const char *slash = memchr(path, '/', length);
		size_t part = slash ? (size_t)(slash - path) : length;

		if (part)
			node = tree_find_locked(node, path, part);
		part += slash != NULL;
		path += part;
		length -= part;
	}
	tree_get(node);
	mutex_unlock(&tree_lock);
	return node;
}
