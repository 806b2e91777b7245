/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CLK_H
#define _LINUX_CLK_H

struct clk;

#endif /* _LINUX_CLK_H */
