/* SPDX-License-Identifier: MIT */
#ifndef RING3_MODULE_IMPL_H
#define RING3_MODULE_IMPL_H

/*
 * module_impl.h - private to src: what the parts of the module host share.
 * Everything here runs under the host's lock, unless said.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct host_elf;
struct task_struct;
struct tree_node;

#define MODULES_MAX	128	/* loaded at once */
#define DEPS_WORDS	(MODULES_MAX / 64)
#define MODULE_WAIT_S	30	/* for another load or unload to end */

/* What the host knows of a module, outside the module's own memory. */
struct loaded {
	struct module	*module;	/* NULL: not mapped yet */
	struct host_elf	*elf;
	void		*handle;	/* dlopen's */
	unsigned long	begin, end;	/* of its code and data */
	u64		id;		/* never used twice */
	unsigned int	slot;
	enum module_state state;	/* LIVE only between init and exit; slots_lock too */
	struct mutex	param_lock;	/* kernel_param_lock(); taken without the host's lock */
	const struct task_struct *busy;	/* who loads or unloads it; NULL: nobody */
	struct tree_node *sysfs;	/* /sys/module/NAME; NULL: it is not there */
	u64		deps[DEPS_WORDS];	/* slots of those whose symbols it uses */
	char		name[MODULE_NAME_LEN];
	char		path[1];	/* to its length */
};

/* ---- module.c ----------------------------------------------------------------------------- */

/* "/a/b/my-scst.ko.so" -> "my_scst"; false: nothing is left, or it is too long. Without the lock. */
bool module_name_of(char *name, size_t bytes, const char *path);

/* In any state; NULL for an empty slot, or where there is none. */
struct loaded *module_slot(unsigned int slot);
struct loaded *module_find(const char *name);
/* Those that are live; in the order of loading; of NULL: the first. */
struct loaded *module_live(const char *name);
struct loaded *module_next(const struct loaded *self);
struct loaded *module_last(void);
/* Into a free slot, with an id of its own; false: there is none. */
bool module_take_slot(struct loaded *self);
void module_give_slot(struct loaded *self);
void module_set_live(struct loaded *self);	/* and in the list */
void module_settle(struct loaded *self);	/* nobody is busy with it any more; so also where its slot is given */
void module_set_going(struct loaded *self);	/* out of it */
/* Module and notifiers; without the lock. */
void module_set_state(struct module *module, enum module_state state);

void modules_take(void);
void modules_give(void);
/*
 * Gives the lock back until a load or unload has ended, and takes it again; false: none did for
 * MODULE_WAIT_S seconds. With @ever it waits longer.
 */
bool modules_wait(bool ever);

/*
 * What is said from here to the end on this thread goes to the log and, at the end, to @why, a
 * sentence per line. They may nest. Without the lock, or with it.
 */
struct module_said {
	struct module_said	*outer;
	char			text[2048];
};
void module_said_begin(struct module_said *said);
void module_said_end(struct module_said *said, char *why, unsigned long bytes);
void module_say(const char *fmt, ...) __printf(1, 2);


/* ---- module_link.c ------------------------------------------------------------------------------ */

/*
 * May it be loaded, and which does it use? Fills @self->deps; 0, -errno, or -EAGAIN: it uses one whose init
 * has not returned.
 */
int module_check_info(const struct loaded *self);
int module_resolve(struct loaded *self);
void module_link_exit(void);

/* Names of those that use @self, with commas between: module_show.c. */
void module_users(const struct loaded *self, char *buf, size_t bytes);

/* module_sysfs.c: from before its init to after its exit; the second waits for readers. Without the lock. */
int module_sysfs_add(struct loaded *self);
void module_sysfs_del(struct loaded *self);
void module_sysfs_tell(const struct loaded *self, const char *action);	/* a uevent: "add", "remove" */

/* kmod.c, at a kernel's start and end: the second waits for what request_module_nowait() began. */
int kmod_init(void);
void kmod_exit(void);

/* start.c: between ring3_kernel_start() and ring3_kernel_stop(). Any thread, without the lock. */
bool kernel_is_started(void);
/* Under the lock: may modules be loaded? */
bool kernel_takes_modules(void);

/*
 * owned.c: who told its module that it is done may still have to return; such threads are waited for, a second. Where
 * leaks are looked for, what RCU frees is too. Without the lock.
 */
void owned_let_end(const struct loaded *self);
/* RING3_MEM=leaks: says what its code allocated and did not free. Nothing of that calls its code. */
void owned_report_memory(struct loaded *self);
/* Reports what its code made and did not give back; how many things that are. */
unsigned int owned_report(const struct loaded *self);

#endif /* RING3_MODULE_IMPL_H */
