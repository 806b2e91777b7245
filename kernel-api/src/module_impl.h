/* SPDX-License-Identifier: MIT */
#ifndef RING3_MODULE_IMPL_H
#define RING3_MODULE_IMPL_H

/*
 * module_impl.h - private to src: what the parts of the module host share.
 * Everything here runs under the host's lock, unless said.
 */
#include <linux/module.h>
#include <linux/types.h>

struct host_elf;
struct tree_node;

#define MODULES_MAX	128	/* loaded at once */
#define DEPS_WORDS	(MODULES_MAX / 64)

/* What the host knows of a loaded module, outside the module's own memory. */
struct loaded {
	struct module	*module;
	struct host_elf	*elf;
	void		*handle;	/* dlopen's */
	unsigned long	begin, end;	/* of its code and data */
	u64		id;		/* never used twice */
	unsigned int	slot;
	struct tree_node *sysfs;	/* /sys/module/NAME; NULL: it is not there */
	u64		deps[DEPS_WORDS];	/* slots of those whose symbols it uses */
	char		name[MODULE_NAME_LEN];
	char		path[1];	/* to its length */
};

/* "/a/b/my-scst.ko.so" -> "my_scst"; false: nothing is left, or it is too long. */
bool module_name_of(char *name, size_t bytes, const char *path);

/* NULL for an empty slot. */
struct loaded *module_slot(unsigned int slot);

struct loaded *module_find(const char *name);
struct loaded *module_next(const struct loaded *self);	/* in the order of loading; of NULL: the first */
/* Names of those that use @self, with commas between. */
void module_users(const struct loaded *self, char *buf, size_t bytes);

/* The host's lock; what was said since it was taken goes to @why. Not under it. */
void modules_take(void);
void modules_give(char *why, unsigned long bytes);

/* A sentence for the log and for whoever asked; several are joined. */
void module_say(const char *fmt, ...) __printf(1, 2);

/* module_link.c: may it be loaded, and which does it use? Fills @self->deps; 0 or -errno. */
int module_check_info(const struct loaded *self);
int module_resolve(struct loaded *self);
void module_link_exit(void);

/* module_sysfs.c: from before its init to after its exit; the second waits for readers. */
int module_sysfs_add(struct loaded *self);
void module_sysfs_del(struct loaded *self);
void module_sysfs_tell(const struct loaded *self, const char *action);	/* a uevent: "add", "remove" */

/* Between ring3_kernel_start() and ring3_kernel_stop(). Any thread, without the lock. */
bool kernel_is_started(void);

/* owned.c: reports what its code made and did not give back; how many things that are. */
unsigned int owned_report(const struct loaded *self);

#endif /* RING3_MODULE_IMPL_H */
