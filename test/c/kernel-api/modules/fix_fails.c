/* SPDX-License-Identifier: MIT */
/* Init fails as its parameters say, and leaves behind what they say. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static int error = -ENODEV;
module_param(error, int, 0);
static bool leave;
module_param(leave, bool, 0);

static bool late;
module_param(late, bool, 0);

static bool leak;
module_param(leak, bool, 0);

static void never(struct timer_list *timer)
{
}

static void later(struct work_struct *work)
{
}

static DEFINE_TIMER(timer, never);
static DECLARE_DELAYED_WORK(work, later);

static int idle(void *data)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(10);
	return 0;
}

static int __init fails_init(void)
{
	if (leave) {
		struct task_struct *task = kthread_create(idle, NULL, "fails-idle");

		if (IS_ERR(task) || !alloc_workqueue("fails-wq", 0, 0) ||
		    !kmem_cache_create("fails-cache", 32, 8, 0, NULL))
			return -ENOMEM;
		wake_up_process(task);
	}
	if (late) {
		mod_timer(&timer, jiffies + 3600 * HZ);
		schedule_delayed_work(&work, 3600 * HZ);
	}
	if (leak) {
		for (int i = 0; i < 2; i++)
			kzalloc(100, GFP_KERNEL);
		kstrdup("eleven here", GFP_KERNEL);
		kasprintf(GFP_KERNEL, "%s", "five");
		kfree(kmalloc(50, GFP_KERNEL));
	}
	return error;
}
module_init(fails_init);

static void __exit fails_exit(void)
{
}
module_exit(fails_exit);

MODULE_LICENSE("GPL");
