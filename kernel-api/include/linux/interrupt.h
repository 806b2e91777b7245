/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_INTERRUPT_H
#define _LINUX_INTERRUPT_H

#include <linux/types.h>

struct tasklet_struct {
	void		(*callback)(struct tasklet_struct *t);
	unsigned long	data;
	unsigned int	cpu;		/* where it was scheduled last */
	u64		host[5];	/* struct etask_callback */
};

#define from_tasklet(var, callback_tasklet, field) container_of(callback_tasklet, __typeof__(*(var)), field)

__visible void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *));
/* Runs once, soon, on this event task; from elsewhere on event CPU 0. */
__visible void tasklet_schedule(struct tasklet_struct *t);
__visible void tasklet_kill(struct tasklet_struct *t);	/* not queued and not running when it returns */

#endif /* _LINUX_INTERRUPT_H */
