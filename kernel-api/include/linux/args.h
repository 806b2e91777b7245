/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_ARGS_H
#define _LINUX_ARGS_H

#define RING3_COUNT_ARGS(z, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, n, ...) n
#define COUNT_ARGS(x...)	RING3_COUNT_ARGS(, ##x, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define RING3_CONCATENATE(a, b)	a##b
#define CONCATENATE(a, b)	RING3_CONCATENATE(a, b)

#endif /* _LINUX_ARGS_H */
