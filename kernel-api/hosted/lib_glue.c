/* SPDX-License-Identifier: MIT */
/*
 * lib_glue.c - of linux_lib.ko.so, the hosted library: what the kernel's start does for
 * lib/ before its initcalls, and the hand-over of formatting.
 */
#include <linux/init.h>
#include <linux/maple_tree.h>
#include <linux/module.h>
#include <linux/radix-tree.h>
#include <linux/sprintf.h>

static int __init before_initcalls(void)
{
	radix_tree_init();
	maple_tree_init();
	return 0;
}
pure_initcall(before_initcalls);

static int __init hosted_formatting(void)
{
	ring3_set_vsnprintf(vsnprintf);
	return 0;
}
core_initcall(hosted_formatting);

static void __exit hosted_formatting_ends(void)
{
	ring3_set_vsnprintf(NULL);
}
__exitcall(hosted_formatting_ends);
