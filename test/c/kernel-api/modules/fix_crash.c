/* SPDX-License-Identifier: MIT */
/* Init crashes in the way that `how` says. */
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/string.h>

static char *how = "null";
module_param(how, charp, 0444);

static int *volatile nowhere = (int *)16;	/* not NULL: UBSan would say so and exit */

static noinline void touch(int *where)
{
	WRITE_ONCE(*where, 1);
}

static int __init crash_init(void)
{
	if (!strcmp(how, "bug"))
		BUG();
	if (!strcmp(how, "null"))
		touch(nowhere);
	return 0;
}
module_init(crash_init);

static void __exit crash_exit(void)
{
}
module_exit(crash_exit);

MODULE_LICENSE("GPL");
