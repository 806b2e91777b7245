/* SPDX-License-Identifier: MIT */
/*
 * sysctl_table.c - tables as files and folders of /proc/sys: sysctl.h, on the tree of tree.h.
 *
 * A file's fops are its entry. A folder is made for the first table below it, counts them in
 * state_size, and goes with the last; its fops tell it from folders of proc_fs.h.
 *
 * Invariant: a registration holds its files and folders, and counts once in each folder of
 * each of its parts.
 *
 * Locking: folders_lock over the folders and their counts. Files are removed without it, since that
 * waits for handlers, which may register tables themselves.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>

#include "tree.h"

#define PATH_MAX	4096
#define ENTRIES_MAX	4096	/* of a table */
#define FOLDERS_MAX	32	/* in a path */

static DEFINE_MUTEX(folders_lock);
static const char folder_mark;

/* Entries of one folder. */
struct part {
	struct list_head	entry;		/* of registration.parts */
	struct tree_node	*folder;
	unsigned int		nr;
	struct tree_node	*files[];
};

struct registration {
	struct ctl_table_header	header;		/* first: what the caller has */
	struct list_head	parts;
};

/* ---- what a file does --------------------------------------------------------------------------- */

static ssize_t call_handler(struct tree_node *node, bool write, char *buf, size_t bytes, loff_t *pos)
{
	struct ctl_table *table = (struct ctl_table *)node->fops;
	size_t most = bytes;
	char *copy;
	int rc;

	if (!(table->mode & (write ? S_IWUGO : S_IRUGO)))
		return -EPERM;
	if (bytes >= KMALLOC_MAX_SIZE)
		return -ENOMEM;
	copy = kvzalloc(bytes + 1, GFP_KERNEL);	/* text ends with a 0 */
	if (!copy)
		return -ENOMEM;
	if (write)
		memcpy(copy, buf, bytes);
	rc = table->proc_handler(table, write, copy, &bytes, pos);
	if (!rc && bytes > most)	/* a handler of a module's that miscounts */
		rc = -EFAULT;
	if (!rc && !write)
		memcpy(buf, copy, bytes);
	kvfree(copy);
	return rc ? rc : (ssize_t)bytes;
}

static int table_open(struct tree_node *node, struct file *file)
{
	return 0;
}

static ssize_t table_read(struct tree_node *node, struct file *file, char *buf, size_t bytes, loff_t *pos)
{
	return call_handler(node, false, buf, min_t(size_t, bytes, KMALLOC_MAX_SIZE - 1), pos);
}

static ssize_t table_write(struct tree_node *node, struct file *file, const char *buf, size_t bytes, loff_t *pos)
{
	return call_handler(node, true, (char *)buf, bytes, pos);
}

static loff_t table_llseek(struct tree_node *node, struct file *file, loff_t offset, int whence)
{
	return default_llseek(file, offset, whence);
}

static void table_release(struct tree_node *node, struct file *file)
{
}

static const struct tree_ops table_ops = {
	.open = table_open, .read = table_read, .write = table_write, .llseek = table_llseek, .release = table_release,
	.gone = -ENOENT,
};

/* ---- may it be one? ------------------------------------------------------------------------------- */

static bool is_bad(const char *path, const struct ctl_table *entry, const char *fmt, ...) __printf(3, 4);
static bool is_bad(const char *path, const struct ctl_table *entry, const char *fmt, ...)
{
	char why[64];
	va_list args;

	va_start(args, fmt);
	vscnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	pr_err("sysctl table check failed: %s/%s %s\n", path, entry->procname, why);
	return true;
}

static bool has(proc_handler *const *handlers, unsigned int nr, proc_handler *handler)
{
	while (nr && handlers[nr - 1] != handler)
		nr--;
	return nr;
}

/* All that is wrong is told. */
static bool check_entry(const char *path, const struct ctl_table *entry)
{
	static proc_handler *const numbers[] = {
		proc_dostring, proc_dointvec, proc_dointvec_minmax, proc_dointvec_jiffies,
		proc_dointvec_userhz_jiffies, proc_dointvec_ms_jiffies, proc_doulongvec_minmax,
		proc_doulongvec_ms_jiffies_minmax, proc_douintvec, proc_douintvec_minmax, proc_dou8vec_minmax,
	};
	static proc_handler *const uints[] = { proc_douintvec, proc_douintvec_minmax };
	bool bad = false;

	if (has(numbers, ARRAY_SIZE(numbers), entry->proc_handler)) {
		if (!entry->data)
			bad |= is_bad(path, entry, "No data");
		if (!entry->maxlen)
			bad |= is_bad(path, entry, "No maxlen");
		else if ((has(uints, ARRAY_SIZE(uints), entry->proc_handler) && entry->maxlen != sizeof(int)) ||
			 (entry->proc_handler == proc_dou8vec_minmax && entry->maxlen != sizeof(u8)))
			bad |= is_bad(path, entry, "array not allowed");
	}
	if (!entry->proc_handler)
		bad |= is_bad(path, entry, "No proc_handler");
	if (entry->mode & ~(S_IRUGO | S_IWUGO))
		bad |= is_bad(path, entry, "bogus .mode 0%o", entry->mode);
	return !bad;
}

static int check_table(const char *path, const struct ctl_table *table, bool may_nest, unsigned int *files)
{
	unsigned int nr = 0;
	bool bad = false;

	for (*files = 0; table->procname; table++) {
		if (++nr > ENTRIES_MAX) {
			pr_err("sysctl table check failed: %s has more than %d entries\n", path, ENTRIES_MAX);
			return -E2BIG;
		}
		if (table->child && may_nest)
			continue;
		if (table->child)
			bad |= is_bad(path, table, "Not a file");
		bad |= !check_entry(path, table);
		++*files;
	}
	return bad ? -EINVAL : 0;
}

/* ---- folders -------------------------------------------------------------------------------------------- */

static void tell_path(const char *what, struct tree_node *folder, const char *name, int length, const char *why)
{
	char path[256];

	if (tree_path(folder, path, sizeof(path)) < 0)
		strscpy(path, "/proc/sys/...", sizeof(path));
	pr_err("%s%s/%.*s%s\n", what, path + strlen("/proc/sys"), length, name, why);
}

/* Counts go, and folders without one; from the inside out. @folder is a reference. */
static void put_folder(struct tree_node *folder)
{
	while (folder->fops == &folder_mark) {
		struct tree_node *parent = tree_parent(folder);

		if (!--folder->state_size)
			tree_remove(folder);
		tree_put(folder);
		folder = parent;
	}
	tree_put(folder);
}

/* One name below @folder; its count is the caller's. ERR_PTR. */
static struct tree_node *get_child(struct tree_node *folder, const char *name, size_t length)
{
	char copy[TREE_NAME_MAX + 1];
	const struct tree_new new = { .name = copy, .mode = S_IFDIR | 0555, .fops = &folder_mark };
	struct tree_node *node = tree_find(folder, name, length);

	if (node && node->fops == &folder_mark)
		return node;
	tree_put(node);
	if (node)
		return ERR_PTR(-ENOTDIR);
	if (length > TREE_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	memcpy(copy, name, length);
	copy[length] = 0;
	node = tree_add(folder, &new);
	return IS_ERR(node) ? node : tree_get(node);
}

/* The folder of a path below /proc/sys, made where it is not there, counted in all; ERR_PTR. */
static struct tree_node *get_folder(const char *path)
{
	struct tree_node *folder = tree_get(tree_at(TREE_SYSCTL)), *node;
	unsigned int depth = 0;

	if (!folder)
		return ERR_PTR(-ENODEV);
	for (;;) {
		size_t length;
		char why[16];

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (!length)
			return folder;
		node = ++depth > FOLDERS_MAX ? ERR_PTR(-ENAMETOOLONG) : get_child(folder, path, length);
		if (IS_ERR(node)) {
			scnprintf(why, sizeof(why), " %ld", PTR_ERR(node));
			tell_path("sysctl could not get directory: ", folder, path, (int)min_t(size_t, length, 80), why);
			put_folder(folder);
			return node;
		}
		node->state_size++;
		tree_put(folder);	/* its child holds it */
		folder = node;
		path += length;
	}
}

/* ---- registering ------------------------------------------------------------------------------------------ */

static void drop_part(struct part *part)
{
	for (unsigned int i = 0; i < part->nr; i++) {
		tree_remove(part->files[i]);
		tree_put(part->files[i]);
	}
	mutex_lock(&folders_lock);
	put_folder(part->folder);
	mutex_unlock(&folders_lock);
	list_del(&part->entry);
	kfree(part);
}

static int add_files(struct part *part, struct ctl_table *table)
{
	for (; table->procname; table++) {
		const struct tree_new new = {
			.name = table->procname, .mode = S_IFREG | table->mode, .ops = &table_ops, .fops = table,
			.owner = table, .kind = "a file of /proc/sys",
		};
		struct tree_node *node;

		if (table->child)
			continue;
		node = tree_add(part->folder, &new);
		if (PTR_ERR(node) == -EEXIST)
			tell_path("sysctl duplicate entry: ", part->folder, table->procname, TREE_NAME_MAX, "");
		if (IS_ERR(node))
			return (int)PTR_ERR(node);
		part->files[part->nr++] = tree_get(node);
	}
	return 0;
}

static int add_part(struct registration *self, const char *path, struct ctl_table *table, bool may_nest)
{
	unsigned int files;
	int rc = check_table(path, table, may_nest, &files);
	struct part *part;

	if (rc)
		return rc;
	part = kzalloc(struct_size(part, files, files), GFP_KERNEL);
	if (!part)
		return -ENOMEM;
	mutex_lock(&folders_lock);
	part->folder = get_folder(path);
	mutex_unlock(&folders_lock);
	if (IS_ERR(part->folder)) {
		rc = (int)PTR_ERR(part->folder);
		kfree(part);
		return rc;
	}
	list_add(&part->entry, &self->parts);
	return add_files(part, table);
}

/* @path has room for PATH_MAX bytes, and is as before when this returns. */
static int add_tables(struct registration *self, char *path, struct ctl_table *table, unsigned int depth)
{
	size_t length = strlen(path);
	int rc = depth > FOLDERS_MAX ? -ENAMETOOLONG : add_part(self, path, table, true);

	for (; !rc && table->procname; table++) {
		if (!table->child)
			continue;
		if (scnprintf(path + length, PATH_MAX - length, "/%s", table->procname) <= (int)strlen(table->procname))
			rc = -ENAMETOOLONG;
		else
			rc = add_tables(self, path, table->child, depth + 1);
		path[length] = 0;
	}
	return rc;
}

static struct registration *new_registration(struct ctl_table *table)
{
	struct registration *self = kzalloc(sizeof(*self), GFP_KERNEL);

	if (self) {
		self->header = (struct ctl_table_header){ .ctl_table = table, .ctl_table_arg = table };
		INIT_LIST_HEAD(&self->parts);
	}
	return self;
}

/* The header, or NULL and nothing left. */
static struct ctl_table_header *registered(struct registration *self, int rc)
{
	if (!rc)
		return &self->header;
	unregister_sysctl_table(&self->header);
	dump_stack();
	return NULL;
}

struct ctl_table_header *register_sysctl(const char *path, struct ctl_table *table)
{
	struct registration *self = new_registration(table);

	return self ? registered(self, add_part(self, path, table, false)) : NULL;
}

struct ctl_table_header *register_sysctl_paths(const struct ctl_path *path, struct ctl_table *table)
{
	struct registration *self = new_registration(table);
	char *text = kzalloc(PATH_MAX, GFP_KERNEL);
	int done = 0;

	if (!self || !text) {
		kfree(self);
		kfree(text);
		return NULL;
	}
	for (; path->procname && done < PATH_MAX - 1; path++)
		done += scnprintf(text + done, (size_t)(PATH_MAX - done), "%s%s", done ? "/" : "", path->procname);
	done = done < PATH_MAX - 1 ? add_tables(self, text, table, 0) : -ENAMETOOLONG;
	kfree(text);
	return registered(self, done);
}

struct ctl_table_header *register_sysctl_table(struct ctl_table *table)
{
	static const struct ctl_path top[] = { { } };

	return register_sysctl_paths(top, table);
}

struct ctl_table_header *register_sysctl_mount_point(const char *path)
{
	static struct ctl_table nothing[] = { { } };

	return register_sysctl(path, nothing);
}

void __register_sysctl_init(const char *path, struct ctl_table *table, const char *table_name)
{
	if (!register_sysctl(path, table))
		pr_err("failed when register_sysctl %s to %s\n", table_name, path);
}

int __register_sysctl_base(struct ctl_table *base_table)
{
	register_sysctl_table(base_table);
	return 0;
}

void unregister_sysctl_table(struct ctl_table_header *header)
{
	struct registration *self = container_of(header, struct registration, header);
	struct part *part, *next;

	might_sleep();
	if (!header)
		return;
	list_for_each_entry_safe(part, next, &self->parts, entry)
		drop_part(part);
	kfree(self);
}
