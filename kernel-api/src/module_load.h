/* SPDX-License-Identifier: MIT */
#ifndef RING3_MODULE_LOAD_H
#define RING3_MODULE_LOAD_H

/* module_load.h - private to src: loading and unloading for those who have a struct module_said open. */
struct loaded;

/* As ring3_module_load(). Without the lock. */
int module_load(const char *path, const char *params);
/* Under the lock, which is given back meanwhile: of one that is live. -EBUSY: it is in use, or has no exit. */
int module_unload(struct loaded *self);

#endif /* RING3_MODULE_LOAD_H */
