/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RESTART_BLOCK_H
#define _LINUX_RESTART_BLOCK_H

/* Nothing restarts a system call here; code that only names the header needs no more. */

#endif /* _LINUX_RESTART_BLOCK_H */
