/* SPDX-License-Identifier: MIT */
/* Asks for modules in its init, as its own name says, which copies have others of; and where a parameter is set. */
#include <linux/completion.h>
#include <linux/kmod.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string.h>

static int answer = -1;
module_param(answer, int, 0444);
static DECLARE_COMPLETION(asked);

static char wanted[32] = "plain_1";

static int ask(void *data)
{
	answer = request_module("%s", wanted);
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

/* "NAME", or "+NAME": in a thread that is waited for. */
static int set_ask(const char *val, const struct kernel_param *kp)
{
	scnprintf(wanted, sizeof(wanted), "%.*s", (int)strcspn(val, "\n"), val + (*val == '+'));
	if (*val == '+')
		return ask_in_a_thread();
	answer = request_module("%s", wanted);
	return 0;
}

static const struct kernel_param_ops ask_ops = { .set = set_ask };
module_param_cb(ask, &ask_ops, NULL, 0200);

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
