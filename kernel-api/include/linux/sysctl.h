/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SYSCTL_H
#define _LINUX_SYSCTL_H

/*
 * Files below /proc/sys, of the in-process tree (ring3/tree.h), and what stands behind them: text to
 * numbers and back.
 *
 * Differs from the kernel: sysctl_writes_strict is 1 and stays so; no roots other than the process's
 * (sets, ownership), no poll(). Limits: the tree's 65536 files and folders, 4096 entries in a
 * table, 32 folders in a path of 4095 bytes.
 */
#include <linux/compiler.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

struct ctl_table;
typedef int proc_handler(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);

struct ctl_table {
	const char	*procname;		/* NULL ends a table */
	void		*data;
	int		maxlen;			/* bytes at data; bits, of proc_do_large_bitmap() */
	umode_t		mode;			/* looked at by each read and write */
	struct ctl_table *child;		/* of register_sysctl_table() and _paths() only */
	proc_handler	*proc_handler;
	void		*extra1, *extra2;	/* the limits of the _minmax handlers */
};

struct ctl_table_header {
	struct ctl_table *ctl_table, *ctl_table_arg;	/* as it was registered */
};

struct ctl_path {
	const char	*procname;		/* NULL ends a path */
};

__visible extern const int sysctl_vals[12];
#define SYSCTL_ZERO		((void *)&sysctl_vals[0])
#define SYSCTL_ONE		((void *)&sysctl_vals[1])
#define SYSCTL_TWO		((void *)&sysctl_vals[2])
#define SYSCTL_THREE		((void *)&sysctl_vals[3])
#define SYSCTL_FOUR		((void *)&sysctl_vals[4])
#define SYSCTL_ONE_HUNDRED	((void *)&sysctl_vals[5])
#define SYSCTL_TWO_HUNDRED	((void *)&sysctl_vals[6])
#define SYSCTL_ONE_THOUSAND	((void *)&sysctl_vals[7])
#define SYSCTL_THREE_THOUSAND	((void *)&sysctl_vals[8])
#define SYSCTL_INT_MAX		((void *)&sysctl_vals[9])
#define SYSCTL_MAXOLDUID	((void *)&sysctl_vals[10])
#define SYSCTL_NEG_ONE		((void *)&sysctl_vals[11])

__visible extern const unsigned long sysctl_long_vals[3];
#define SYSCTL_LONG_ZERO	((void *)&sysctl_long_vals[0])
#define SYSCTL_LONG_ONE		((void *)&sysctl_long_vals[1])
#define SYSCTL_LONG_MAX		((void *)&sysctl_long_vals[2])

/*
 * Read or write @table's numbers as text of *@lenp bytes, which becomes what was used; *@ppos
 * moves by it. 0, -EINVAL for what is no number or out of range, -ENOMEM. A write of numbers takes
 * a page at most, and counts from the start of the file only: what comes behind is swallowed.
 */
__visible int proc_dointvec(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_dointvec_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_dobool(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_doulongvec_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
/* One number only. */
__visible int proc_douintvec(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_douintvec_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_dou8vec_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
/* Jiffies here; seconds, 1/100 seconds or milliseconds in the text. */
__visible int proc_dointvec_jiffies(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_dointvec_userhz_jiffies(struct ctl_table *table, int write, void *buffer, size_t *lenp,
					   loff_t *ppos);
__visible int proc_dointvec_ms_jiffies(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_dointvec_ms_jiffies_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp,
					      loff_t *ppos);
__visible int proc_doulongvec_ms_jiffies_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp,
						loff_t *ppos);
/* Up to a newline; a write goes on where the last one of the same file ended. */
__visible int proc_dostring(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
/* Ranges "1,3-5" of a bitmap whose address is at data; a write not from the start adds to it. */
__visible int proc_do_large_bitmap(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
/* 0 or 1 of the struct static_key at data. */
__visible int proc_do_static_key(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);

/*
 * The files of @table in the folder @path ("net/core") below /proc/sys, which is made where it is not there,
 * and goes with the last table in it. @table is the caller's until it is unregistered.
 *
 * NULL, with a line in the log: an entry that cannot be one; a name that is taken; a file where
 * a folder is wanted; out of memory or of a limit. May sleep.
 */
__visible struct ctl_table_header *register_sysctl(const char *path, struct ctl_table *table);
__visible struct ctl_table_header *register_sysctl_table(struct ctl_table *table);
__visible struct ctl_table_header *register_sysctl_paths(const struct ctl_path *path, struct ctl_table *table);
/* A folder that stays empty. */
__visible struct ctl_table_header *register_sysctl_mount_point(const char *path);
/* For tables that stay: a module that does so leaves its files behind. */
__visible void __register_sysctl_init(const char *path, struct ctl_table *table, const char *table_name);
#define register_sysctl_init(path, table)	__register_sysctl_init(path, table, #table)
__visible int __register_sysctl_base(struct ctl_table *base_table);
#define DECLARE_SYSCTL_BASE(_name, _table)					\
	static struct ctl_table _name##_base_table[] = {			\
		{ .procname = #_name, .mode = 0555, .child = (_table) }, { }	\
	}
#define register_sysctl_base(_name)	__register_sysctl_base(_name##_base_table)
/* Waits for handlers that run, and so must not be called by one. NULL is nothing. */
__visible void unregister_sysctl_table(struct ctl_table_header *header);

#endif /* _LINUX_SYSCTL_H */
