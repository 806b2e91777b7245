/* SPDX-License-Identifier: MIT */
#ifndef RING3_TREE_IMPL_H
#define RING3_TREE_IMPL_H

/*
 * tree.h - private to src: the one tree behind proc_fs.h, sysctl.h, sysfs.h and debugfs.h.
 *
 * A node is in the tree from tree_add() to tree_remove(), which takes all below it too, waits for
 * calls of operations that are under way, and drops the tree's reference. Whoever holds
 * another keeps the node's memory, and no more. Each node holds its parent.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/stat.h>
#include <linux/types.h>

#define TREE_NODES_MAX	65536
#define TREE_FILES_MAX	1024
#define TREE_NAME_MAX	255
#define TREE_LINKS_MAX	40	/* followed in one lookup */

struct tree_node;

/* What a kind of file does. Operations run while the node is in the tree; release() may run after it. */
struct tree_ops {
	int	(*open)(struct tree_node *node, struct file *file);
	ssize_t	(*read)(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos);
	ssize_t	(*write)(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos);
	loff_t	(*llseek)(struct tree_node *node, struct file *file, loff_t offset, int whence);
	void	(*release)(struct tree_node *node, struct file *file);
	int	gone;		/* what operations of an open file return after it was removed */
	bool	shut;		/* removal releases open files itself: nothing of the maker's runs after it */
};

struct tree_node {
	struct tree_node	*parent;	/* a reference; NULL: the root. tree_lock, where it may be moved */
	struct list_head	sibling, children;	/* tree_lock */
	struct hlist_node	hashed;		/* tree_lock */
	struct list_head	files;		/* tree_lock: open ones */
	struct kref		ref;
	atomic_t		active;		/* operations under way; TREE_GONE less once it is removed */
	bool			removed;	/* tree_lock */
	const struct tree_ops	*ops;		/* NULL: a directory or a link */
	const void		*fops;		/* the maker's operations, as its kind has them */
	void			*data;		/* the maker's; a link's target, a copy of its text */
	struct tree_node	*target;	/* of a link to a node: a reference */
	const void		*ns;		/* the name space it is in, below a node that is by_ns */
	bool			by_ns;
	unsigned int		state_size;	/* proc_fs.c; of a folder of /proc/sys, its tables: sysctl_table.c */
	struct inode		inode;		/* i_mode with its type */
	struct dentry		dentry;
	char			*name;		/* tree_lock, where it may be renamed */
	char			first_name[];
};
#define TREE_GONE	(-(1 << 30))

struct tree_file {
	struct file		file;
	struct tree_node	*node;		/* a reference */
	struct list_head	entry;		/* of node->files; tree_lock */
	struct mutex		lock;		/* one operation at a time, for f_pos */
	struct completion	released;	/* by a removal */
};

/* A node to be made. */
struct tree_new {
	const char		*name;
	umode_t			mode;		/* S_IFDIR, S_IFREG or S_IFLNK, and permissions */
	const struct tree_ops	*ops;
	const void		*fops;
	void			*data;
	loff_t			size;
	unsigned int		state_size;
	struct tree_node	*target;	/* of a link, or data */
	const void		*ns;
	kuid_t			uid;
	kgid_t			gid;
	const void		*owner;		/* an address in the module that will remove it */
	const char		*kind;		/* for reports of what a module left behind */
};

static inline bool tree_is_dir(const struct tree_node *node) { return S_ISDIR(node->inode.i_mode); }

/*
 * ERR_PTR: -EEXIST; -EINVAL a bad name; -ENAMETOOLONG; -ENOENT @parent was removed; -ENOTDIR;
 * -ENOSPC; -ENOMEM. The reference is the tree's.
 */
struct tree_node *tree_add(struct tree_node *parent, const struct tree_new *new);
struct tree_node *tree_add_dir(struct tree_node *parent, const char *name, umode_t mode);
/* A link to @target, whose text is copied. */
struct tree_node *tree_add_link(struct tree_node *parent, const char *name, const char *target, const void *owner);
/*
 * Below another directory, under another name, in another name space: as tree_add(). All below it comes along, and
 * links to it find it there.
 */
int tree_rename(struct tree_node *node, struct tree_node *parent, const char *name, const void *ns);
/* Its children have name spaces from now on; false: it has children already. */
bool tree_enable_ns(struct tree_node *node);
/* The name space that paths are looked up in. Once. */
void tree_set_view(const void *ns);
/* The node and all below it; false: another was faster, who may still wait. May sleep. */
bool tree_remove(struct tree_node *node);
/* Only the node: what is below it is still there for who has its address, and for no path. */
bool tree_remove_one(struct tree_node *node);
/* By name, with a reference; NULL. */
struct tree_node *tree_find(struct tree_node *parent, const char *name, size_t length);
/* The same removed; -ENOENT. */
int tree_remove_name(struct tree_node *parent, const char *name);
struct tree_node *tree_get(struct tree_node *node);
void tree_put(struct tree_node *node);
bool tree_empty(struct tree_node *node);
/* Above it, with a reference; the root is above itself. */
struct tree_node *tree_parent(struct tree_node *node);
/* Is a child to be seen in the name space that paths are looked up in? Under tree_lock. */
bool tree_is_seen(const struct tree_node *node);
/* By name, without a reference; NULL. Under tree_lock. */
struct tree_node *tree_find_locked(struct tree_node *parent, const char *name, size_t length);

/* tree_path.c */
/* One below the other: "a/b"; links are not followed. With a reference; NULL. */
struct tree_node *tree_walk(struct tree_node *parent, const char *path, size_t length);
/* "/sys/a/b" of a node, into @buf; its length, or -ENAMETOOLONG. */
int tree_path(struct tree_node *node, char *buf, size_t bytes);
/* What a link says, "../a/b"; until the next call. Under tree_lock. */
const char *tree_link_text(struct tree_node *link);

/* Around what must not outlive the node's removal; false: it was removed. */
bool tree_enter(struct tree_node *node);
void tree_leave(struct tree_node *node);
/*
 * Of an operation of @node that removes it: true, when this call was the one. The operation
 * goes on as one that removal no longer waits for.
 */
bool tree_remove_self(struct tree_node *node);

/* Follows links; ERR_PTR. */
struct tree_node *tree_lookup(const char *path);

/* Of the nodes that are there while a kernel runs. */
enum tree_place { TREE_ROOT, TREE_PROC, TREE_SYSCTL, TREE_SYS, TREE_DEBUG, TREE_MODULE, TREE_PLACES };
struct tree_node *tree_at(enum tree_place place);	/* NULL: no kernel runs */

/* At a kernel's start and end; sysfs.c makes its objects in between. */
int tree_init(void);
void tree_exit(void);
int kobject_init_places(void);
void kobject_exit_places(void);

/* For tree_remove(), tree_file.c: what is open of a node that nobody is in any more. */
void tree_shut_files(struct tree_node *node);
extern struct mutex tree_lock;

/* operations of single numbers and params: sysfs.c */
extern const struct tree_ops tree_show_ops;
/* A file of sysfs's manners with functions of the host's own: @show fills a page, @store is given text that ends. */
struct tree_show {
	ssize_t	(*show)(void *data, char *page);
	ssize_t	(*store)(void *data, const char *text, size_t length);
};

#endif /* RING3_TREE_IMPL_H */
