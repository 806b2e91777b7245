/* SPDX-License-Identifier: MIT */
#ifndef RING3_OWNED_H
#define RING3_OWNED_H

/* owned.h - private to src: what makes something for a module says so here; owned.c. Any context. */

/* @kind is a literal; @address lies in the code of whom it belongs to. */
void owned_add(const char *kind, const void *thing, const char *name, const void *address);
void owned_del(const void *thing);
extern const char OWNED_THREAD[];	/* the kind of kthreads */

/* Functions between two addresses that are still to be called: of timers that are armed, works that are queued. */
struct owned_functions {
	unsigned long	begin, end;
	unsigned int	nr;		/* found; the first of them are in list */
	const void	*list[10];
};

static inline void owned_collect(struct owned_functions *functions, const void *function)
{
	if ((unsigned long)function < functions->begin || (unsigned long)function >= functions->end)
		return;
	if (functions->nr < sizeof(functions->list) / sizeof(functions->list[0]))
		functions->list[functions->nr] = function;
	functions->nr++;
}

void timers_collect(struct owned_functions *functions);		/* timer.c; delayed works too */
void works_collect(struct owned_functions *functions);		/* workqueue.c: on the system's queues */

/* A module's code, while it is there. */
void owned_range_add(unsigned long begin, unsigned long end);
void owned_range_del(unsigned long begin);

#endif /* RING3_OWNED_H */
