/* SPDX-License-Identifier: MIT */
/* Init crashes in the way that `how` says, or later, or never returns. */
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timer.h>

static char *how = "null";
module_param(how, charp, 0444);

static int *volatile nowhere = (int *)16;	/* not NULL: UBSan would say so and exit */

static noinline void touch(int *where)
{
	WRITE_ONCE(*where, 1);
}

static void (*volatile nothing)(void);

static void touch_later(struct timer_list *timer)
{
	touch(nowhere);
}
static DEFINE_TIMER(timer, touch_later);

static int __init crash_init(void)
{
	if (!strcmp(how, "bug"))
		BUG();
	if (!strcmp(how, "call"))
		nothing();
	if (!strcmp(how, "later"))
		mod_timer(&timer, jiffies + HZ / 20);
	if (!strcmp(how, "never"))
		pr_info("fix_crash: never returns\n");
	while (!strcmp(how, "never"))
		schedule_timeout_uninterruptible(HZ);
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
