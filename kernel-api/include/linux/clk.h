/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CLK_H
#define _LINUX_CLK_H

/*
 * Differs from the kernel: clocks have no functions; a name for code that prints them.
 */
struct clk;

#endif /* _LINUX_CLK_H */
