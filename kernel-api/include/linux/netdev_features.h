/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_NETDEV_FEATURES_H
#define _LINUX_NETDEV_FEATURES_H

#include <linux/types.h>

typedef u64 netdev_features_t;

#endif /* _LINUX_NETDEV_FEATURES_H */
