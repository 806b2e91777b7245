/* SPDX-License-Identifier: MIT */
#ifndef RING3_MISC_H
#define RING3_MISC_H

/* misc.h - private to src: /sys/devices/virtual/misc, at a kernel's start and end. */
int misc_init(void);
void misc_exit(void);

#endif /* RING3_MISC_H */
