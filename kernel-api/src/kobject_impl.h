/* SPDX-License-Identifier: MIT */
#ifndef RING3_KOBJECT_IMPL_H
#define RING3_KOBJECT_IMPL_H

/* kobject_impl.h - private to src: what the parts of kobject.h share. */
#include <linux/kobject.h>

/* root, or what its type says. */
void kobject_get_ownership(struct kobject *kobj, kuid_t *uid, kgid_t *gid);
/* At a kernel's end. */
void kobj_ns_exit(void);

#endif /* RING3_KOBJECT_IMPL_H */
