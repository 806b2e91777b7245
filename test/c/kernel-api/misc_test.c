/* SPDX-License-Identifier: MIT */
/* Misc devices, types of file systems, and functions that are called later. */
#include <linux/async.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/slab.h>

#include "tree_rig.h"

static int level;

static ssize_t level_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct miscdevice *misc = dev_get_drvdata(dev);

	return sysfs_emit(page, "%s %s %d\n", dev_name(dev), misc->name, level);
}

static ssize_t level_store(struct device *dev, struct device_attribute *attr, const char *text, size_t length)
{
	int rc = kstrtoint(text, 0, &level);

	return rc ? rc : (ssize_t)length;
}

static DEVICE_ATTR_RW(level);
static struct attribute *misc_attrs[] = { &dev_attr_level.attr, NULL };
ATTRIBUTE_GROUPS(misc);

TEST(misc_devices_have_attributes_and_minors)
{
	struct miscdevice one = { .minor = MISC_DYNAMIC_MINOR, .name = "one", .groups = misc_groups };
	struct miscdevice two = { .minor = 144, .name = "two" }, same = { .minor = 144, .name = "same" };
	struct miscdevice twin = { .minor = MISC_DYNAMIC_MINOR, .name = "one" };
	unsigned long long seq = 1, log;
	char buf[1024];
	int minor, bytes;

	CHECK_EQ(misc_register(&one), -ENODEV);
	rig_start(1, 2);
	rig_quiet(&log);
	CHECK_EQ(misc_register(&one), 0);
	minor = one.minor;
	CHECK(minor >= 256);
	CHECK_CAT("/sys/devices/virtual/misc/one/level", "one one 0\n");
	CHECK_EQ(tree_echo("/sys/devices/virtual/misc/one/level", "5"), 1);
	CHECK_EQ(level, 5);
	CHECK_EQ(misc_register(&two), 0);
	CHECK_EQ(two.minor, 144);
	CHECK_EQ(misc_register(&same), -EBUSY);
	CHECK_EQ(misc_register(&twin), -EEXIST);
	CHECK(!twin.this_device);
	bytes = ring3_uevents(&seq, buf, sizeof(buf));
	for (int i = 0; i < bytes - 1; i++)
		buf[i] = buf[i] ?: ' ';
	CHECK(strstr(buf, " DEVPATH=/devices/virtual/misc/two SUBSYSTEM=misc MAJOR=10 MINOR=144 DEVNAME=two "));
	misc_deregister(&one);
	CHECK_EQ(one.minor, MISC_DYNAMIC_MINOR);
	CHECK_EQ(tree_opens("/sys/devices/virtual/misc/one"), -ENOENT);
	misc_deregister(&one);
	CHECK(rig_said(&log, "misc_deregister: one is not registered"));
	CHECK_EQ(misc_register(&twin), 0);
	CHECK_EQ(twin.minor, minor);	/* it is free again */
	misc_deregister(&twin);
	misc_deregister(&two);
	rig_stop();
}

TEST(misc_dynamic_minors_are_128)
{
	static struct miscdevice many[129];
	static char names[129][8];
	unsigned long long log;

	rig_start(1, 2);
	rig_quiet(&log);
	for (int i = 0; i < 129; i++) {
		scnprintf(names[i], sizeof(names[i]), "m%d", i);
		many[i] = (struct miscdevice){ .minor = MISC_DYNAMIC_MINOR, .name = names[i] };
		CHECK_EQ(misc_register(&many[i]), i < 128 ? 0 : -EBUSY);
	}
	for (int i = 0; i < 128; i++)
		misc_deregister(&many[i]);
	rig_stop();
}

TEST(filesystems_are_found_by_name)
{
	struct file_system_type one = { .name = "onefs" }, twin = { .name = "onefs" }, dotted = { .name = "a.b" };
	unsigned long long log;

	rig_start(1, 2);
	rig_quiet(&log);
	CHECK_EQ(register_filesystem(&one), 0);
	CHECK_EQ(register_filesystem(&one), -EBUSY);
	CHECK_EQ(register_filesystem(&twin), -EBUSY);
	CHECK_EQ(register_filesystem(&dotted), -EINVAL);
	CHECK(get_fs_type("onefs") == &one);
	CHECK(get_fs_type("onefs.sub") == &one);
	CHECK(!get_fs_type("onef"));
	CHECK(!get_fs_type("onefss"));
	CHECK_EQ(unregister_filesystem(&twin), -EINVAL);
	CHECK_EQ(unregister_filesystem(&one), 0);
	CHECK(!get_fs_type("onefs"));
	rig_stop();
}

static struct completion gate;
static atomic_t ran;
static bool was_async;

static void wait_and_count(void *data, async_cookie_t cookie)
{
	wait_for_completion(&gate);
	was_async = current_is_async();
	atomic_inc(&ran);
}

static void count(void *data, async_cookie_t cookie)
{
	atomic_inc(data);
}

TEST(async_functions_are_waited_for)
{
	ASYNC_DOMAIN_EXCLUSIVE(own);
	atomic_t others = ATOMIC_INIT(0);
	async_cookie_t first, second;

	rig_start(1, 2);
	init_completion(&gate);
	atomic_set(&ran, 0);
	CHECK(!current_is_async());
	first = async_schedule_domain(wait_and_count, NULL, &own);
	second = async_schedule(count, &others);
	CHECK(second > first);
	async_synchronize_full();	/* not the exclusive one, which is stuck */
	CHECK_EQ(atomic_read(&others), 1);
	async_synchronize_cookie(second + 1);
	CHECK_EQ(atomic_read(&ran), 0);
	async_synchronize_cookie_domain(first, &own);	/* what was before it */
	complete(&gate);
	async_synchronize_full_domain(&own);
	CHECK_EQ(atomic_read(&ran), 1);
	CHECK(was_async);
	for (int i = 0; i < 200; i++)
		async_schedule(count, &others);
	async_synchronize_full();
	CHECK_EQ(atomic_read(&others), 201);
	rig_stop();
}
