/* SPDX-License-Identifier: MIT */
/* A module that asks for others in its init: for whom, its own name says. Copies of it have other names. */
#include <linux/completion.h>
#include <linux/kmod.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string.h>

static int answer = -1;
module_param(answer, int, 0444);
static DECLARE_COMPLETION(asked);

static int ask(void *data)
{
	answer = request_module("plain_%d", 1);
	complete(&asked);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int ask_in_a_thread(void)
{
	struct task_struct *task = kthread_run(ask, NULL, "asks");

	if (IS_ERR(task))
		return (int)PTR_ERR(task);
	wait_for_completion(&asked);
	return kthread_stop(task);
}

static int __init kmod_test_init(void)
{
	const char *name = THIS_MODULE->name;
	int number;

	if (!kstrtoint(name + strcspn(name, "0123456789"), 10, &number) && strstarts(name, "chain_"))
		answer = request_module("chain_%d", number + 1);
	else if (strstarts(name, "own"))
		answer = request_module("%s", name);
	else if (strstarts(name, "thread"))
		return ask_in_a_thread();
	else if (strstarts(name, "fails"))
		return -ENODEV;
	return 0;
}
module_init(kmod_test_init);

static void __exit kmod_test_exit(void)
{
}
module_exit(kmod_test_exit);
MODULE_ALIAS("fix-alias");
MODULE_ALIAS("char-major-7-*");
MODULE_ALIAS("fs-[ab-]x");
MODULE_LICENSE("GPL");
