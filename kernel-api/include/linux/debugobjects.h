/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_DEBUGOBJECTS_H
#define _LINUX_DEBUGOBJECTS_H

/*
 * Differs from the kernel: CONFIG_DEBUG_OBJECTS is off: no object is watched.
 */
enum debug_obj_state { ODEBUG_STATE_NONE };
struct debug_obj_descr { const char *name; };
#define debug_object_init(addr, descr)		do { } while (0)
#define debug_object_activate(addr, descr)	0
#define debug_object_deactivate(addr, descr)	do { } while (0)
#define debug_object_destroy(addr, descr)	do { } while (0)
#define debug_object_free(addr, descr)		do { } while (0)

#endif /* _LINUX_DEBUGOBJECTS_H */
