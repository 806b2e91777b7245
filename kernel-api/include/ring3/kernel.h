/* SPDX-License-Identifier: MIT */
#ifndef RING3_KERNEL_H
#define RING3_KERNEL_H

/*
 * ring3/kernel.h - the kernel as its host process sees it: started, stopped,
 * given modules. Plain C types only, so that both libc code and kernel code may
 * include it. Names here are ours; everything else in include/ is the kernel's.
 *
 * Threads: any that is not an event task; each call may block. Errors are
 * -errno; the printk ring holds the sentence.
 */

#pragma GCC visibility push(default)

struct ring3_kernel_options {
	unsigned int		nr_event_cpus;	/* event tasks with a virtual CPU each; 0 = online CPUs */
	unsigned int		nr_other_cpus;	/* virtual CPUs shared by all other threads; 0 = 2 */
	unsigned long long	spin_ns;	/* how long an event task may spin before it sleeps */
	int			pin;		/* != 0: one real CPU each, of those we may use */
};

/* Once per process at a time. nr_cpu_ids is fixed from here on. */
int ring3_kernel_start(const struct ring3_kernel_options *options);

int ring3_kernel_started(void);	/* 1: it runs */

/* Unload all modules, end all kthreads and event tasks. -EBUSY: a module or something of ring3/bridge.h is in use. */
int ring3_kernel_stop(void);
/* The same, with the reason of a refusal in @why. */
int ring3_kernel_shutdown(char *why, unsigned long bytes);

/*
 * Load a module: a shared object built by us or by `ring3 build`. @params is
 * "name=value name=value" or NULL. Returns 0 once its init returned 0.
 */
int ring3_insmod(const char *path, const char *params);
int ring3_rmmod(const char *name);

/*
 * The same two with the reasons of a refusal in @why, a sentence per line ("" without one).
 *
 * Load: -ENODEV no kernel runs; -EINVAL bad file name or parameter value; -EEXIST the name is
 * loaded; -ENOSPC 128 modules are; -ENOEXEC it is no module for this host; -ENOENT a symbol,
 * a module or a parameter is missing; -EBUSY it left something behind in its last life, or another load or
 * unload was waited for, for 30 s; -EDEADLK its own init asks; or what open(2) said, or what its init
 * returned. Nothing of it is left then, or @why says what.
 * Unload: -ENOENT it is not loaded; -EBUSY it is in use, has an init and no exit, or is not done with its
 * init, which is waited for, for 30 s.
 */
int ring3_module_load(const char *path, const char *params, char *why, unsigned long bytes);
int ring3_module_unload(const char *name, char *why, unsigned long bytes);

/*
 * Where request_module() (linux/kmod.h) looks for modules: folders with ':' between. NULL or "", as it is
 * at first, is nowhere: it answers -ENOENT. -ENAMETOOLONG: more than 4095 bytes. Any time.
 */
int ring3_module_path(const char *folders);

/*
 * A line per module, in the order of loading: name, bytes, references, users with commas
 * between (or "-"), id, path. An id is never used twice. Returns bytes written.
 */
int ring3_modules(char *buf, unsigned long bytes);

/* Keep it from being unloaded: 0, or -ENODEV where it is gone or going. Does not wait for loads. */
int ring3_module_get(unsigned long long id);
void ring3_module_put(unsigned long long id);

/* A symbol that it exports, while a reference is held; NULL: there is none. */
void *ring3_module_symbol(unsigned long long id, const char *name);
/* Names it exports, a line each. */
int ring3_module_exports(unsigned long long id, char *buf, unsigned long bytes);

/*
 * /sys/module/MODULE/parameters/PARAM: bytes or -errno, 0 or -errno. -ENOENT: there is no such
 * file, as for a parameter with permissions 0; -EACCES: its permissions do not allow it to
 * anyone; else what its type says to the value.
 */
int ring3_param_read(const char *module, const char *param, char *buf, unsigned long bytes);
int ring3_param_write(const char *module, const char *param, const char *value, char *why, unsigned long bytes);
/* A line per parameter, also of those without a file: "name 0644 type". Bytes or -ENOENT. */
int ring3_params(const char *module, char *buf, unsigned long bytes);

/* One line per module, "name refcount"; returns bytes written. */
int ring3_lsmod(char *buf, unsigned long bytes);

/*
 * Work queues as a JSON array, for dumps: what waits, how many work, and on what
 * ("pc 0x...", an address in the function). Returns its length.
 */
long ring3_workqueues(char *buf, unsigned long bytes);

/*
 * Read the printk ring from record @seq on. Returns bytes copied (whole records,
 * "<level>[seconds] text\n") and moves *@seq; 0 = nothing new.
 */
int ring3_dmesg(unsigned long long *seq, char *buf, unsigned long bytes);

/*
 * An fd that is readable when there is something new in the ring; what is read of it is an
 * eventfd's 8 bytes. -EMFILE: 16 are open. To be closed with the second and nothing else.
 */
int ring3_dmesg_fd(void);
void ring3_dmesg_fd_close(int fd);

/*
 * Read the uevents kept from number @seq on, oldest first: the ring has the last 512. Each is strings
 * with a 0 behind, and an empty one at its end: "12.345678 add@/kernel/x", the time on
 * CLOCK_MONOTONIC, then "KEY=VALUE"s, SEQNUM the last. Returns bytes copied (whole events; 4 KiB
 * hold any) and moves *@seq behind the last; 0 = nothing new.
 */
int ring3_uevents(unsigned long long *seq, char *buf, unsigned long bytes);
/* As ring3_dmesg_fd() and its end: 16 of their own. */
int ring3_uevent_fd(void);
void ring3_uevent_fd_close(int fd);

/* printk() of one text, a record per line; level 0 (emergency) to 7 (debug). */
void ring3_log(int level, const char *text);

/* Lines at this level or more urgent (0..7) also go to stderr; -1 = none. Default 4, as quiet. */
void ring3_console_loglevel(int level);

/*
 * Give whole pages inside one vmalloc() range back to the system; they read as zeros
 * from then on. @addr and @bytes are multiples of the page size. Any context.
 */
void ring3_vmalloc_release(void *addr, unsigned long bytes);

/* Which of a kernel's virtual CPUs run events: 0 .. nr-1. */
unsigned int ring3_nr_event_cpus(void);

#pragma GCC visibility pop

#endif /* RING3_KERNEL_H */
