/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CLK_PROVIDER_H
#define _LINUX_CLK_PROVIDER_H

#include <linux/clk.h>

#endif /* _LINUX_CLK_PROVIDER_H */
