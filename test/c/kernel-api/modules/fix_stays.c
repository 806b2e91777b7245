/* SPDX-License-Identifier: MIT */
/* Has an init and no exit: it stays. */
#include <linux/module.h>

static int __init stays_init(void)
{
	return 0;
}
module_init(stays_init);

MODULE_LICENSE("GPL");
