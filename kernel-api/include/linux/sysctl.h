/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SYSCTL_H
#define _LINUX_SYSCTL_H

/*
 * What stands behind files of /proc/sys: text to numbers and back.
 *
 * Differs from the kernel: handlers only; there is no tree to register a table in. Numbers
 * are parsed strictly from the start of a write.
 */
#include <linux/types.h>

struct ctl_table;
typedef int proc_handler(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);

struct ctl_table {
	const char	*procname;
	void		*data;
	int		maxlen;			/* bytes at data */
	umode_t		mode;
	struct ctl_table *child;
	proc_handler	*proc_handler;
	void		*extra1, *extra2;	/* the limits of the _minmax handlers */
};

__visible extern const int ring3_sysctl_vals[12];
#define SYSCTL_ZERO		((void *)&ring3_sysctl_vals[0])
#define SYSCTL_ONE		((void *)&ring3_sysctl_vals[1])
#define SYSCTL_TWO		((void *)&ring3_sysctl_vals[2])
#define SYSCTL_THREE		((void *)&ring3_sysctl_vals[3])
#define SYSCTL_FOUR		((void *)&ring3_sysctl_vals[4])
#define SYSCTL_ONE_HUNDRED	((void *)&ring3_sysctl_vals[5])
#define SYSCTL_TWO_HUNDRED	((void *)&ring3_sysctl_vals[6])
#define SYSCTL_ONE_THOUSAND	((void *)&ring3_sysctl_vals[7])
#define SYSCTL_THREE_THOUSAND	((void *)&ring3_sysctl_vals[8])
#define SYSCTL_INT_MAX		((void *)&ring3_sysctl_vals[9])
#define SYSCTL_MAXOLDUID	((void *)&ring3_sysctl_vals[10])
#define SYSCTL_NEG_ONE		((void *)&ring3_sysctl_vals[11])

/*
 * Read or write @table's ints as text of *@lenp bytes, which becomes what was used; *@ppos
 * moves by it. 0, -EINVAL for what is no number or out of range, -ENOMEM.
 */
__visible int proc_dointvec(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_douintvec(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_dointvec_minmax(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);
__visible int proc_dostring(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos);

#endif /* _LINUX_SYSCTL_H */
