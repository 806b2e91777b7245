/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_EVENTFD_H
#define _LINUX_EVENTFD_H

#include <linux/types.h>

/* An eventfd of the process, for whoever polls outside: the fd, or -errno. */
__visible int ring3_eventfd_open(void);
__visible void ring3_eventfd_signal(int fd);
__visible void ring3_eventfd_close(int fd);

#endif /* _LINUX_EVENTFD_H */
