/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CRED_H
#define _LINUX_CRED_H

/*
 * Differs from the kernel: all threads have one and the same, of user 0.
 */
#include <linux/capability.h>
#include <linux/uidgid.h>

struct cred {
	kuid_t	uid, euid;
	kgid_t	gid, egid;
};
static inline const struct cred *current_cred(void)
{
	static const struct cred root;

	return &root;
}
#define current_uid()	(current_cred()->uid)
#define current_gid()	(current_cred()->gid)

#endif /* _LINUX_CRED_H */
