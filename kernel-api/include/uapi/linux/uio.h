/* SPDX-License-Identifier: MIT */
#ifndef _UAPI_LINUX_UIO_H
#define _UAPI_LINUX_UIO_H

#include <linux/types.h>

struct iovec {
	void __user	*iov_base;
	size_t		iov_len;
};

#define UIO_FASTIOV	8	/* as many as callers of import_iovec() hold themselves */
#define UIO_MAXIOV	1024

#endif /* _UAPI_LINUX_UIO_H */
