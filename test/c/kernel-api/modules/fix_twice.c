/* SPDX-License-Identifier: MIT */
/* Exports what fix_demo exports, and what the host does. */
#include <linux/module.h>

int demo_sum(int a, int b);
int demo_sum(int a, int b)
{
	return a - b;
}
EXPORT_SYMBOL(demo_sum);

int module_refcount(struct module *module)
{
	return 0;
}

MODULE_LICENSE("GPL");
