/* SPDX-License-Identifier: MIT */
/* Tables as files of /proc/sys: made, refused, removed while a handler runs; limits. */
#include <linux/completion.h>
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "tree_rig.h"

static int level = 5, other = 7;
static char label[8] = "old";
static struct completion in_handler, go_on;

static struct ctl_table plain[] = {
	{ .procname = "level", .data = &level, .maxlen = 4, .mode = 0644, .proc_handler = proc_dointvec_minmax,
	  .extra1 = SYSCTL_ZERO, .extra2 = SYSCTL_ONE_HUNDRED },
	{ .procname = "label", .data = label, .maxlen = sizeof(label), .mode = 0444, .proc_handler = proc_dostring },
	{ .procname = "secret", .data = &other, .maxlen = 4, .mode = 0200, .proc_handler = proc_dointvec },
	{ }
};
static struct ctl_table more[] = {
	{ .procname = "other", .data = &other, .maxlen = 4, .mode = 0644, .proc_handler = proc_dointvec },
	{ }
};

TEST(a_table_is_files)
{
	struct ctl_table_header *first, *second;

	rig_start(1, 2);
	first = register_sysctl("debug/test", plain);
	CHECK(first);
	CHECK(first->ctl_table_arg == plain);
	CHECK_CAT("/proc/sys/debug/test/level", "5\n");
	CHECK_EQ(tree_echo("/proc/sys/debug/test/level", "42\n"), 3);
	CHECK_EQ(level, 42);
	CHECK_EQ(tree_echo("/proc/sys/debug/test/level", "101"), -EINVAL);
	CHECK_EQ(tree_echo("/proc/sys/debug/test/label", "x"), -EACCES);
	CHECK_EQ(tree_opens("/proc/sys/debug/test/secret"), -EACCES);
	CHECK_EQ(tree_echo("/proc/sys/debug/test/secret", "9"), 1);
	CHECK_EQ(other, 9);
	second = register_sysctl("/debug//test/", more);
	CHECK(second);
	CHECK_CAT("/proc/sys/debug/test/other", "9\n");
	unregister_sysctl_table(first);
	CHECK_EQ(tree_opens("/proc/sys/debug/test/level"), -ENOENT);
	CHECK_CAT("/proc/sys/debug/test/other", "9\n");
	unregister_sysctl_table(second);
	CHECK_EQ(tree_opens("/proc/sys/debug"), -ENOENT);	/* with the last table in it */
	CHECK_EQ(tree_opens("/proc/sys"), -EISDIR);
	unregister_sysctl_table(NULL);
	rig_stop();
}

/* Its maker may change it, also for files that are open. */
TEST(a_mode_is_looked_at_by_each_call)
{
	struct ctl_table_header *header;
	struct ring3_tree_file *file;
	char buf[8];

	rig_start(1, 2);
	header = register_sysctl("debug", plain);
	CHECK_EQ(ring3_tree_open("/proc/sys/debug/level", RING3_TREE_READ | RING3_TREE_WRITE, &file), 0);
	plain[0].mode = 0444;
	CHECK_EQ(ring3_tree_write(file, "1", 1), -EPERM);
	CHECK_EQ(ring3_tree_read(file, buf, 8), 2);
	plain[0].mode = 0644;
	CHECK_EQ(ring3_tree_seek(file, 0, 0), 0);
	CHECK_EQ(ring3_tree_write(file, "1", 1), 1);
	CHECK_EQ(ring3_tree_write(file, "2", 1), 1);	/* behind the start: swallowed */
	CHECK_EQ(level, 1);
	unregister_sysctl_table(header);
	CHECK_EQ(ring3_tree_read(file, buf, 8), -ENOENT);
	ring3_tree_close(file);
	rig_stop();
}

TEST(tables_may_nest)
{
	static struct ctl_table deep[] = { { .procname = "label", .data = label, .maxlen = 8, .mode = 0644,
					     .proc_handler = proc_dostring }, { } };
	static struct ctl_table mixed[] = {
		{ .procname = "level", .data = &level, .maxlen = 4, .mode = 0644, .proc_handler = proc_dointvec },
		{ .procname = "deep", .mode = 0555, .child = deep },
		{ .procname = "deeper", .mode = 0555, .child = deep }, { }
	};
	static struct ctl_table top[] = { { .procname = "dev", .mode = 0555, .child = mixed }, { } };
	static const struct ctl_path path[] = { { .procname = "net" }, { .procname = "test" }, { } };
	struct ctl_table_header *one, *two, *mount;
	unsigned long long seq;

	rig_start(1, 2);
	rig_quiet(&seq);
	one = register_sysctl_table(top);
	two = register_sysctl_paths(path, mixed);
	mount = register_sysctl_mount_point("fs/nothing");
	CHECK(one && two && mount);
	CHECK_CAT("/proc/sys/dev/deep/label", "old\n");
	CHECK_EQ(tree_echo("/proc/sys/net/test/deeper/label", "new"), 3);
	CHECK_CAT("/proc/sys/dev/deeper/label", "new\n");
	CHECK_EQ(tree_opens("/proc/sys/fs/nothing"), -EISDIR);
	CHECK(!register_sysctl("net", mixed));	/* it takes no children */
	unregister_sysctl_table(one);
	CHECK_EQ(tree_opens("/proc/sys/dev"), -ENOENT);
	CHECK_CAT("/proc/sys/net/test/deep/label", "new\n");
	unregister_sysctl_table(two);
	unregister_sysctl_table(mount);
	CHECK_EQ(tree_opens("/proc/sys/net"), -ENOENT);
	CHECK_EQ(tree_opens("/proc/sys/fs"), -ENOENT);
	rig_stop();
}

/* Each is refused with the kernel's words, and leaves nothing. */
TEST(what_cannot_be_a_table_is_refused)
{
	static struct ctl_table twice[] = {
		{ .procname = "one", .data = &other, .maxlen = 4, .mode = 0644, .proc_handler = proc_dointvec },
		{ .procname = "level", .data = &level, .maxlen = 4, .mode = 0644, .proc_handler = proc_dointvec }, { }
	};
	static const struct {
		struct ctl_table	entry;
		const char		*said;
	} bad[] = {
		{ { .procname = "x", .mode = 0644, .maxlen = 4, .proc_handler = proc_dointvec }, "debug/x No data" },
		{ { .procname = "x", .mode = 0644, .data = &other, .proc_handler = proc_dostring }, "debug/x No maxlen" },
		{ { .procname = "x", .mode = 0644, .data = &other, .maxlen = 4 }, "debug/x No proc_handler" },
		{ { .procname = "x", .mode = 0755, .data = &other, .maxlen = 4, .proc_handler = proc_dointvec },
		  "debug/x bogus .mode 0755" },
		{ { .procname = "x", .mode = 0644, .data = &other, .maxlen = 8, .proc_handler = proc_douintvec },
		  "debug/x array not allowed" },
		{ { .procname = "x", .mode = 0644, .data = &other, .maxlen = 2, .proc_handler = proc_dou8vec_minmax },
		  "debug/x array not allowed" },
		{ { .procname = "x", .child = more }, "debug/x Not a file" },
	};
	struct ctl_table table[2] = { };
	struct ctl_table_header *header;
	unsigned long long seq;

	rig_start(1, 2);
	rig_quiet(&seq);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		table[0] = bad[i].entry;
		CHECK(!register_sysctl("debug", table));
		CHECK(rig_said(&seq, bad[i].said));
		CHECK_EQ(tree_opens("/proc/sys/debug"), -ENOENT);
	}
	table[0] = more[0];
	table[0].procname = "a/b";
	CHECK(!register_sysctl("debug", table));
	header = register_sysctl("debug/test", plain);
	CHECK(header);
	CHECK(!register_sysctl("debug/test", twice));
	CHECK(rig_said(&seq, "sysctl duplicate entry: /debug/test/level"));
	CHECK_EQ(tree_opens("/proc/sys/debug/test/one"), -ENOENT);
	CHECK_EQ(tree_opens("/proc/sys/debug/test/label"), 0);
	CHECK(!register_sysctl("debug/test/level", more));
	CHECK(rig_said(&seq, "sysctl could not get directory: /debug/test/level -20"));
	register_sysctl_init("debug/test", twice);
	CHECK(rig_said(&seq, "failed when register_sysctl twice to debug/test"));
	unregister_sysctl_table(header);
	CHECK_EQ(tree_opens("/proc/sys/debug"), -ENOENT);
	rig_stop();
}

static int long_handler(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	*lenp += 1000;
	return 0;
}

TEST(a_handler_that_miscounts_is_not_believed)
{
	static struct ctl_table table[] = {
		{ .procname = "long", .mode = 0644, .proc_handler = long_handler }, { }
	};
	struct ctl_table_header *header;
	struct ring3_tree_file *file;
	char text[16] = "";

	rig_start(1, 1);
	header = register_sysctl("ring3", table);
	CHECK(header);
	CHECK_EQ(ring3_tree_open("/proc/sys/ring3/long", RING3_TREE_READ | RING3_TREE_WRITE, &file), 0);
	CHECK_EQ(ring3_tree_read(file, text, sizeof(text)), -EFAULT);
	CHECK_EQ(ring3_tree_write(file, "1", 1), -EFAULT);
	ring3_tree_close(file);
	unregister_sysctl_table(header);
	rig_stop();
}

static int slow_handler(struct ctl_table *table, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	complete(&in_handler);
	wait_for_completion(&go_on);
	return proc_dointvec(table, write, buffer, lenp, ppos);
}

static struct ctl_table slow[] = {
	{ .procname = "slow", .data = &other, .maxlen = 4, .mode = 0644, .proc_handler = slow_handler }, { }
};
static struct ctl_table_header *slow_header;
static int unregistered;	/* atomic */

static int unregister_main(long number)
{
	unregister_sysctl_table(slow_header);
	__atomic_store_n(&unregistered, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int read_main(long number)
{
	char buf[8];

	CHECK_EQ(tree_cat_by("/proc/sys/debug/slow", buf, 8, 7), -ENOENT);	/* what its second read finds */
	CHECK_STREQ(buf, "3\n");
	return 0;
}

TEST(unregister_waits_for_a_handler)
{
	struct rig_thread reader, remover;

	rig_start(1, 4);
	other = 3;
	init_completion(&in_handler);
	init_completion(&go_on);
	slow_header = register_sysctl("debug", slow);
	rig_threads(&reader, 1, read_main);
	wait_for_completion(&in_handler);
	rig_threads(&remover, 1, unregister_main);
	while (tree_opens("/proc/sys/debug/slow") != -ENOENT)
		usleep_range(50, 100);
	CHECK(!__atomic_load_n(&unregistered, __ATOMIC_SEQ_CST));
	slow_header = register_sysctl("debug", slow);	/* the name is free at once */
	CHECK(slow_header);
	unregister_sysctl_table(slow_header);
	complete(&go_on);
	rig_join(&remover, 1);
	rig_join(&reader, 1);
	CHECK(__atomic_load_n(&unregistered, __ATOMIC_SEQ_CST));
	rig_stop();
}

static int in_and_out(long number)
{
	static struct ctl_table tables[4][2];
	struct ctl_table *table = tables[number];
	char name[2] = { (char)('a' + number), 0 };

	table[0] = more[0];
	table[0].procname = name;
	for (int i = 0; i < 200; i++) {
		struct ctl_table_header *header = register_sysctl("net/shared/deep", table);

		CHECK(header);
		unregister_sysctl_table(header);
	}
	return 0;
}

TEST(many_register_in_one_folder)
{
	struct rig_thread threads[4];

	rig_start(1, 4);
	rig_threads(threads, 4, in_and_out);
	rig_join(threads, 4);
	CHECK_EQ(tree_opens("/proc/sys/net"), -ENOENT);
	rig_stop();
}

TEST(depth_and_counts_are_limited)
{
	static struct ctl_table self[2] = { { .procname = "x", .child = self } };
	struct ctl_table *table = kvzalloc(5000 * sizeof(*table), GFP_KERNEL);
	char *names = kvzalloc(5000 * 8, GFP_KERNEL), *path = kzalloc(8192, GFP_KERNEL), buf[32];
	struct ctl_table_header *header;
	unsigned long long seq;

	rig_start(1, 2);
	rig_quiet(&seq);
	for (int i = 0; i < 32; i++)
		memcpy(path + 2 * i, "d/", 2);
	header = register_sysctl(path, more);
	CHECK(header);
	path[64] = 'd';
	CHECK(!register_sysctl(path, more));
	CHECK(rig_said(&seq, " -36"));
	unregister_sysctl_table(header);
	CHECK(!register_sysctl_table(self));	/* a circle */
	memset(path, 'n', 300);
	CHECK(!register_sysctl(path, more));
	for (int i = 0; i < 4097; i++) {
		table[i] = more[0];
		table[i].procname = names + i * 8;
		scnprintf(names + i * 8, 8, "n%d", i);
	}
	CHECK(!register_sysctl("net", table));
	CHECK(rig_said(&seq, "net has more than 4096 entries"));
	table[4096].procname = NULL;
	header = register_sysctl("net", table);
	CHECK(header);
	CHECK(tree_cat("/proc/sys/net/n4095", buf, 32) > 0);
	unregister_sysctl_table(header);
	CHECK_EQ(tree_opens("/proc/sys/net"), -ENOENT);
	rig_stop();
	kvfree(table);
	kvfree(names);
	kfree(path);
}

TEST(a_table_outlives_its_kernel)
{
	struct ctl_table_header *header;

	rig_start(1, 2);
	header = register_sysctl("debug/test", more);
	CHECK(header);
	rig_stop();
	rig_start(1, 2);
	CHECK_EQ(tree_opens("/proc/sys/debug"), -ENOENT);
	unregister_sysctl_table(header);
	CHECK_EQ(tree_opens("/proc/sys"), -EISDIR);
	rig_stop();
}
