/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPLICE_H
#define _LINUX_SPLICE_H

/*
 * Differs from the kernel: no files to splice; only what an iov_iter puts into a pipe.
 */
#include <linux/pipe_fs_i.h>

__visible extern const struct pipe_buf_operations default_pipe_buf_ops;		/* a page of the pipe's own */
__visible extern const struct pipe_buf_operations page_cache_pipe_buf_ops;	/* somebody else's page */

#endif /* _LINUX_SPLICE_H */
