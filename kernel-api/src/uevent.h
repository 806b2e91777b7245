/* SPDX-License-Identifier: MIT */
#ifndef RING3_UEVENT_H
#define RING3_UEVENT_H

/* uevent.h - private to src: the ring of uevents (kobject_uevent.c). */
struct kobject;

#define UEVENTS_MAX	512	/* kept */

/* At a kernel's start and end; @kernel is /sys/kernel, and gets uevent_seqnum. */
int uevent_init(struct kobject *kernel);
void uevent_exit(void);

/* Of what is no kobject: "add", "/module/brd", "module". May sleep. */
void uevent_tell(const char *action, const char *devpath, const char *subsystem);

#endif /* RING3_UEVENT_H */
