/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KMOD_H
#define _LINUX_KMOD_H

/*
 * Modules on demand: by name, or by an alias of theirs (MODULE_ALIAS, with its patterns), from the folders the
 * host was told (ring3_module_path()), after those they use.
 *
 * Differs from the kernel: no modprobe is run, its work is done here, by the caller's thread, or for
 * request_module_nowait() by a worker, which is one of the 50 until the module is loaded. A module that
 * asks for itself in its init is answered 256 at once, where there modprobe would wait for ever.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/stddef.h>
#include <linux/sysctl.h>
#include <linux/workqueue.h>

#define KMOD_PATH_LEN	256

/*
 * 0: it is loaded, now or before; of a call that does not wait: it will be tried. 256, as status 1 of
 * modprobe: there is none of that name, or it cannot be loaded: the log says why. -ENOENT: the host was told
 * no folder; -ENAMETOOLONG: 56 characters or more; -ETIME: 50 requests are under way, for 5 s;
 * -ERESTARTSYS: a fatal signal came meanwhile; -ENOMEM. May sleep.
 */
__visible int __request_module(bool wait, const char *name, ...) __printf(2, 3);
#define request_module(mod...)			__request_module(true, mod)
#define request_module_nowait(mod...)		__request_module(false, mod)
#define try_then_request_module(x, mod...)	((x) ?: (__request_module(true, mod), (x)))

#endif /* _LINUX_KMOD_H */
