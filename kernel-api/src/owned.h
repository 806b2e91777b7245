/* SPDX-License-Identifier: MIT */
#ifndef RING3_OWNED_H
#define RING3_OWNED_H

/* owned.h - private to src: what makes something for a module says so here; owned.c. Any context. */

/* @kind is a literal; @address lies in the code of whom it belongs to. */
void owned_add(const char *kind, const void *thing, const char *name, const void *address);
void owned_del(const void *thing);

/* A module's code, while it is there. */
void owned_range_add(unsigned long begin, unsigned long end);
void owned_range_del(unsigned long begin);

#endif /* RING3_OWNED_H */
