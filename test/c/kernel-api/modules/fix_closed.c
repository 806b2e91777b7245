/* SPDX-License-Identifier: MIT */
/* Under a licence that may not use what is exported for GPL only. */
#include <linux/errno.h>
#include <linux/module.h>

int demo_sum(int a, int b);
long demo_calls(void);

static int __init closed_init(void)
{
	return demo_sum(1, 1) + (int)demo_calls() > 0 ? 0 : -EINVAL;
}
module_init(closed_init);

MODULE_LICENSE("Proprietary");
