/* SPDX-License-Identifier: MIT */
/*
 * tree.c - the nodes of the tree that /proc and /sys are: tree.h.
 *
 * Invariant: a node is in its parent's list and in the hash table, or it is removed. A
 * removed node takes no new operation, and tree_remove() returns after the last.
 *
 * Locking: tree_lock, a mutex, guards all lists, and names and parents of what may be renamed;
 * nothing of a module is called under it. An operation counts in node->active without it.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "owned.h"
#include "tree.h"

#define HASH_BITS	12

DEFINE_MUTEX(tree_lock);
static struct hlist_head hash[1 << HASH_BITS];
static unsigned int nr_nodes;			/* tree_lock: in the tree */
static const void *view;			/* whose names paths have */
static struct tree_node *places[TREE_PLACES];	/* set once per kernel */
static DECLARE_WAIT_QUEUE_HEAD(left);		/* a removed node's last operation ended */

struct tree_node *tree_at(enum tree_place place)
{
	return __atomic_load_n(&places[place], __ATOMIC_ACQUIRE);
}

/* ---- references ------------------------------------------------------------------------ */

struct tree_node *tree_get(struct tree_node *node)
{
	if (node)
		kref_get(&node->ref);
	return node;
}

static void node_free(struct kref *ref)
{
	struct tree_node *node = container_of(ref, struct tree_node, ref), *parent = node->parent;

	if (S_ISLNK(node->inode.i_mode))
		kfree(node->data);
	tree_put(node->target);
	if (node->name != node->first_name)
		kfree(node->name);
	kfree(node);
	tree_put(parent);	/* as deep as the tree is: names in a path bound that */
}

void tree_put(struct tree_node *node)
{
	if (node)
		kref_put(&node->ref, node_free);
}

bool tree_enter(struct tree_node *node)
{
	return atomic_inc_unless_negative(&node->active);
}

void tree_leave(struct tree_node *node)
{
	if (atomic_dec_return(&node->active) == TREE_GONE)
		wake_up_all(&left);
}

/* ---- finding --------------------------------------------------------------------------------- */

static struct hlist_head *bucket(const struct tree_node *parent, const char *name, size_t length)
{
	return &hash[full_name_hash(parent, name, (unsigned int)length) >> (32 - HASH_BITS)];
}

static struct tree_node *find(struct tree_node *parent, const char *name, size_t length, const void *ns)
{
	struct tree_node *node;

	hlist_for_each_entry(node, bucket(parent, name, length), hashed)
		if (node->parent == parent && node->ns == ns && !strncmp(node->name, name, length) &&
		    !node->name[length])
			return node;
	return NULL;
}

bool tree_is_seen(const struct tree_node *node)
{
	return !node->parent || node->ns == (node->parent->by_ns ? view : NULL);
}

struct tree_node *tree_find_locked(struct tree_node *parent, const char *name, size_t length)
{
	return find(parent, name, length, parent->by_ns ? view : NULL);
}

struct tree_node *tree_find(struct tree_node *parent, const char *name, size_t length)
{
	struct tree_node *node;

	mutex_lock(&tree_lock);
	node = tree_get(tree_find_locked(parent, name, length));
	mutex_unlock(&tree_lock);
	return node;
}

struct tree_node *tree_parent(struct tree_node *node)
{
	struct tree_node *parent;

	mutex_lock(&tree_lock);
	parent = tree_get(node->parent ? node->parent : node);
	mutex_unlock(&tree_lock);
	return parent;
}

bool tree_empty(struct tree_node *node)
{
	bool empty;

	mutex_lock(&tree_lock);
	empty = list_empty(&node->children);
	mutex_unlock(&tree_lock);
	return empty;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static int check_name(const char *name, size_t length)
{
	if (!length || !strcmp(name, ".") || !strcmp(name, "..") || strpbrk(name, "/\n"))
		return -EINVAL;
	return length > TREE_NAME_MAX ? -ENAMETOOLONG : 0;
}

static void name_dentry(struct tree_node *node, size_t length)
{
	node->dentry.d_name = (struct qstr)QSTR_INIT(node->name, (u32)length);
	strscpy((char *)node->dentry.d_iname, node->name, sizeof(node->dentry.d_iname));
}

static struct tree_node *make_node(const struct tree_new *new, size_t length)
{
	struct tree_node *node = kzalloc(sizeof(*node) + length + 1, GFP_KERNEL);

	if (!node)
		return NULL;
	node->name = memcpy(node->first_name, new->name, length + 1);
	kref_init(&node->ref);
	INIT_LIST_HEAD(&node->sibling);
	INIT_LIST_HEAD(&node->children);
	INIT_LIST_HEAD(&node->files);
	node->ops = new->ops;
	node->fops = new->fops;
	node->data = new->data;
	node->state_size = new->state_size;
	node->ns = new->ns;
	node->target = tree_get(new->target);
	node->inode.i_mode = new->mode;
	node->inode.i_uid = new->uid;
	node->inode.i_gid = new->gid;
	node->inode.i_size = new->size;
	node->inode.i_private = new->data;
	spin_lock_init(&node->dentry.d_lock);
	node->dentry.d_inode = &node->inode;
	node->dentry.d_parent = &node->dentry;
	name_dentry(node, length);
	return node;
}

/* May one of this name be below @parent? */
static int may_add(struct tree_node *parent, const char *name, size_t length, const void *ns)
{
	if (!tree_is_dir(parent))
		return -ENOTDIR;
	if (parent->removed)
		return -ENOENT;
	if (parent->by_ns != (ns != NULL))
		return -EINVAL;
	return find(parent, name, length, ns) ? -EEXIST : 0;
}

static void link_to(struct tree_node *parent, struct tree_node *node, size_t length)
{
	node->parent = tree_get(parent);
	node->dentry.d_parent = &parent->dentry;
	list_add_tail(&node->sibling, &parent->children);
	hlist_add_head(&node->hashed, bucket(parent, node->name, length));
}

static int insert(struct tree_node *parent, struct tree_node *node, size_t length)
{
	int rc = nr_nodes >= TREE_NODES_MAX ? -ENOSPC : 0;

	if (!rc && parent)
		rc = may_add(parent, node->name, length, node->ns);
	if (rc)
		return rc;
	if (parent)
		link_to(parent, node, length);
	nr_nodes++;
	return 0;
}

struct tree_node *tree_add(struct tree_node *parent, const struct tree_new *new)
{
	size_t length = strlen(new->name);
	int rc = parent ? check_name(new->name, length) : 0;
	struct tree_node *node;

	if (rc)
		return ERR_PTR(rc);
	node = make_node(new, length);
	if (!node)
		return ERR_PTR(-ENOMEM);
	if (new->kind)
		owned_add(new->kind, node, new->name, new->owner);
	mutex_lock(&tree_lock);
	rc = insert(parent, node, length);
	mutex_unlock(&tree_lock);
	if (!rc)
		return node;
	if (new->kind)
		owned_del(node);
	tree_put(node->target);
	kfree(node);
	return ERR_PTR(rc);
}

struct tree_node *tree_add_dir(struct tree_node *parent, const char *name, umode_t mode)
{
	const struct tree_new new = { .name = name, .mode = S_IFDIR | mode };

	return tree_add(parent, &new);
}

struct tree_node *tree_add_link(struct tree_node *parent, const char *name, const char *target, const void *owner)
{
	const struct tree_new new = {
		.name = name, .mode = S_IFLNK | 0777, .data = kstrdup(target, GFP_KERNEL), .owner = owner,
	};
	struct tree_node *node = new.data ? tree_add(parent, &new) : ERR_PTR(-ENOMEM);

	if (IS_ERR(node))
		kfree(new.data);
	return node;
}

/* ---- renaming ------------------------------------------------------------------------------------ */

static bool is_below(const struct tree_node *node, const struct tree_node *above)
{
	while (node && node != above)
		node = node->parent;
	return node;
}

int tree_rename(struct tree_node *node, struct tree_node *parent, const char *name, const void *ns)
{
	size_t length = strlen(name);
	char *copy = kstrdup(name, GFP_KERNEL), *old = copy;
	struct tree_node *from = NULL;
	int rc = copy ? check_name(name, length) : -ENOMEM;

	mutex_lock(&tree_lock);
	if (!rc && (node->removed || !node->parent))
		rc = -ENOENT;
	if (!rc && node->parent == parent && node->ns == ns && !strcmp(node->name, name))
		goto unlock;	/* as it is */
	if (!rc)
		rc = is_below(parent, node) ? -EINVAL : may_add(parent, name, length, ns);
	if (rc)
		goto unlock;
	from = node->parent;
	old = node->name;
	hlist_del_init(&node->hashed);
	list_del_init(&node->sibling);
	node->name = copy;
	node->ns = ns;
	name_dentry(node, length);
	link_to(parent, node, length);
unlock:
	mutex_unlock(&tree_lock);
	if (old != node->first_name)
		kfree(old);
	tree_put(from);
	return rc;
}

bool tree_enable_ns(struct tree_node *node)
{
	bool may;

	mutex_lock(&tree_lock);
	may = tree_is_dir(node) && list_empty(&node->children);
	if (may)
		node->by_ns = true;
	mutex_unlock(&tree_lock);
	return may;
}

void tree_set_view(const void *ns)
{
	mutex_lock(&tree_lock);
	view = ns;
	mutex_unlock(&tree_lock);
}

/* ---- removing ---------------------------------------------------------------------------------- */

/* To @gone, parents before their children: no operation begins any more. */
static void unlink_all(struct tree_node *node, bool below, struct list_head *gone)
{
	struct tree_node *child;

	list_move_tail(&node->sibling, gone);
	for (struct list_head *at = &node->sibling; at != gone; at = at->next) {
		node = list_entry(at, struct tree_node, sibling);
		node->removed = true;
		if (node->parent)
			hlist_del_init(&node->hashed);
		atomic_add(TREE_GONE, &node->active);
		nr_nodes--;
		while (below && (child = list_first_entry_or_null(&node->children, struct tree_node, sibling)))
			list_move_tail(&child->sibling, gone);
	}
}

static void finish(struct tree_node *node)
{
	wait_event(left, atomic_read(&node->active) == TREE_GONE);
	if (node->ops && node->ops->shut)
		tree_shut_files(node);
	owned_del(node);
	tree_put(node);
}

static bool remove(struct tree_node *node, bool below)
{
	struct tree_node *one;
	LIST_HEAD(gone);

	might_sleep();
	mutex_lock(&tree_lock);
	if (node->removed) {
		mutex_unlock(&tree_lock);
		return false;
	}
	unlink_all(node, below, &gone);
	mutex_unlock(&tree_lock);
	while (!list_empty(&gone)) {	/* children first */
		one = list_last_entry(&gone, struct tree_node, sibling);
		list_del_init(&one->sibling);
		finish(one);
	}
	return true;
}

bool tree_remove(struct tree_node *node)
{
	return remove(node, true);
}

bool tree_remove_one(struct tree_node *node)
{
	return remove(node, false);
}

int tree_remove_name(struct tree_node *parent, const char *name)
{
	struct tree_node *node = tree_find(parent, name, strlen(name));
	bool done = node && tree_remove(node);

	tree_put(node);
	return done ? 0 : -ENOENT;
}

bool tree_remove_self(struct tree_node *node)
{
	bool done;

	tree_get(node);		/* the operation's own hold is the file's */
	tree_leave(node);
	done = tree_remove(node);
	atomic_inc(&node->active);	/* for the leave that comes */
	tree_put(node);
	return done;
}

/* ---- the places that are always there ------------------------------------------------------------- */

static const struct {
	enum tree_place	parent;
	const char	*name;
	umode_t		mode;
} fixed[TREE_PLACES] = {
	[TREE_ROOT] = { TREE_ROOT, "", 0755 },
	[TREE_PROC] = { TREE_ROOT, "proc", 0555 },
	[TREE_SYSCTL] = { TREE_PROC, "sys", 0555 },
	[TREE_SYS] = { TREE_ROOT, "sys", 0555 },
};

static void set_place(enum tree_place place, struct tree_node *node)
{
	__atomic_store_n(&places[place], node, __ATOMIC_RELEASE);
}

/* /sys/kernel and /sys/module are sysfs.c's objects. */
int tree_init(void)
{
	int rc;

	for (enum tree_place place = TREE_ROOT; place <= TREE_SYS; place++) {
		struct tree_node *parent = place == TREE_ROOT ? NULL : tree_at(fixed[place].parent);
		struct tree_node *node = tree_add_dir(parent, fixed[place].name, fixed[place].mode);

		if (IS_ERR(node)) {
			tree_exit();
			return (int)PTR_ERR(node);
		}
		set_place(place, node);
	}
	rc = kobject_init_places();
	if (!rc) {
		struct tree_node *kernel = tree_walk(tree_at(TREE_SYS), "kernel", 6);
		struct tree_node *debug = tree_add_dir(kernel, "debug", 0700);

		tree_put(kernel);
		rc = (int)PTR_ERR_OR_ZERO(debug);
		if (!rc)
			set_place(TREE_DEBUG, debug);
		set_place(TREE_MODULE, tree_find(tree_at(TREE_SYS), "module", 6));
	}
	if (rc)
		tree_exit();
	return rc;
}

/* Also what modules left behind. */
void tree_exit(void)
{
	struct tree_node *root = tree_at(TREE_ROOT);

	tree_put(tree_at(TREE_MODULE));
	for (enum tree_place place = TREE_ROOT; place < TREE_PLACES; place++)
		set_place(place, NULL);
	kobject_exit_places();
	if (root)
		tree_remove(root);
}
