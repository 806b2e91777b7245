/* SPDX-License-Identifier: MIT */
/* Uses fix_demo's symbols. */
#include <linux/init.h>
#include <linux/errno.h>
#include <linux/module.h>

int demo_sum(int a, int b);
long demo_calls(void);

static int __init user_init(void)
{
	return demo_sum(2, 3) == 5 && demo_calls() > 0 ? 0 : -EINVAL;
}
module_init(user_init);

static void __exit user_exit(void)
{
}
module_exit(user_exit);

MODULE_LICENSE("GPL v2");
