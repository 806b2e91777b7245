/* SPDX-License-Identifier: MIT */
/* A module that works: parameters of every kind, exports, things that rmmod gives back. */
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

static int size = 7;
module_param(size, int, 0644);
MODULE_PARM_DESC(size, "a number");
static bool fast;
module_param(fast, bool, 0444);
static char *label = "none";
module_param(label, charp, 0600);
static int list[4];
static unsigned int nr_list;
module_param_array(list, int, &nr_list, 0444);
static char word[8] = "abc";
module_param_string(word, word, sizeof(word), 0644);
static unsigned char hidden = 3;
module_param(hidden, byte, 0);

static struct kmem_cache *cache;
static struct workqueue_struct *wq;
static int calls;

int demo_sum(int a, int b);
int demo_sum(int a, int b)
{
	return a + b;
}
EXPORT_SYMBOL(demo_sum);

long demo_calls(void);
long demo_calls(void)
{
	return ++calls;
}
EXPORT_SYMBOL_GPL(demo_calls);

u64 demo_wide(u32 low, u64 high, bool negate);
u64 demo_wide(u32 low, u64 high, bool negate)
{
	return negate ? -(high + low) : high + low;
}
EXPORT_SYMBOL(demo_wide);

const char *demo_label(const char *suffix, char *buf, unsigned long bytes);
const char *demo_label(const char *suffix, char *buf, unsigned long bytes)
{
	scnprintf(buf, bytes, "%s%s", label, suffix);
	return label;
}
EXPORT_SYMBOL(demo_label);

void demo_complete(struct completion *done);
void demo_complete(struct completion *done)
{
	complete(done);
}
EXPORT_SYMBOL(demo_complete);

static DECLARE_COMPLETION(released);

int demo_wait(void);
int demo_wait(void)
{
	wait_for_completion(&released);
	return 7;
}
EXPORT_SYMBOL(demo_wait);

void demo_release(void);
void demo_release(void)
{
	complete(&released);
}
EXPORT_SYMBOL(demo_release);

int demo_counter = 42;
EXPORT_SYMBOL(demo_counter);

static int __init demo_init(void)
{
	cache = kmem_cache_create("demo", 64, 8, 0, NULL);
	wq = alloc_workqueue("demo", 0, 0);
	if (!cache || !wq)
		return -ENOMEM;
	pr_info("demo: size %d\n", size);
	return 0;
}
module_init(demo_init);

static void __exit demo_exit(void)
{
	destroy_workqueue(wq);
	kmem_cache_destroy(cache);
}
module_exit(demo_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION("1.2");
