/* SPDX-License-Identifier: MIT */
/* request_module(): copies of modules/fix_kmod.c in a folder of their own, under names that tell them what to do. */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include <ring3/tree.h>

#include "rig.h"

int getpid(void);
int mkdir(const char *path, unsigned int mode);
int rmdir(const char *path);
int unlink(const char *path);

#define FILES_MAX	64

static char folder[512];
static struct {
	char	path[600];
} files[FILES_MAX];
static int nr_files;
static char *image;
static ssize_t image_bytes;

static void add(const char *name)
{
	struct file *file;
	loff_t at = 0;

	CHECK(nr_files < FILES_MAX);
	snprintf(files[nr_files].path, sizeof(files[0].path), "%s/%s.ko.so", folder, name);
	file = filp_open(files[nr_files].path, O_CREAT | O_RDWR, 0700);
	CHECK(!IS_ERR(file));
	CHECK_EQ(kernel_write(file, image, (size_t)image_bytes, &at), image_bytes);
	filp_close(file, NULL);
	nr_files++;
}

static void start(void)
{
	unsigned long long seq;
	char path[600];
	struct file *file;
	loff_t at = 0;

	rig_start(1, 4);
	rig_quiet(&seq);
	test_beside(path, sizeof(path), "fix_kmod.ko.so");
	image = kvmalloc(4 << 20, GFP_KERNEL);
	file = filp_open(path, O_RDONLY, 0);
	CHECK(!IS_ERR(file));
	image_bytes = kernel_read(file, image, 4 << 20, &at);
	CHECK(image_bytes > 4096 && image_bytes < 4 << 20);
	filp_close(file, NULL);
	test_beside(folder, sizeof(folder), "kmod-");
	scnprintf(folder + strlen(folder), sizeof(folder) - strlen(folder), "%d", getpid());
	CHECK_EQ(mkdir(folder, 0700), 0);
	CHECK_EQ(ring3_module_path(folder), 0);
}

static void stop(void)
{
	rig_stop();
	for (int i = 0; i < nr_files; i++)
		unlink(files[i].path);
	CHECK_EQ(rmdir(folder), 0);
	kvfree(image);
}

static bool is_loaded(const char *name)
{
	char list[8192], line[80];

	ring3_lsmod(list, sizeof(list));
	snprintf(line, sizeof(line), "%s ", name);
	return strstr(list, line) != NULL;
}

static int answer_of(const char *name)
{
	char text[16];
	int answer = -12345;

	CHECK(ring3_param_read(name, "answer", text, sizeof(text)) > 0);
	CHECK_EQ(kstrtoint(text, 10, &answer), 0);
	return answer;
}

TEST(kmod_loads_by_name)
{
	start();
	add("plain-1");
	CHECK_EQ(request_module("plain_%d", 1), 0);
	CHECK(is_loaded("plain_1"));
	CHECK_EQ(request_module("plain-1"), 0);	/* once more does no harm */
	CHECK_EQ(ring3_rmmod("plain_1"), 0);
	CHECK_EQ(try_then_request_module((int)is_loaded("plain_1"), "plain_1"), 1);
	CHECK_EQ(request_module("nobody"), 256);
	CHECK_EQ(request_module("%s", ""), 256);
	CHECK_EQ(request_module("../plain_1"), 256);
	CHECK_EQ(request_module("%0*d", MODULE_NAME_LEN, 1), -ENAMETOOLONG);
	CHECK_EQ(request_module("%0*d", MODULE_NAME_LEN - 1, 1), 256);
	stop();
}

TEST(kmod_without_a_folder_has_nothing)
{
	char *text = kzalloc(5000, GFP_KERNEL);

	rig_start(1, 2);
	CHECK_EQ(request_module("plain_1"), -ENOENT);
	CHECK_EQ(request_module_nowait("plain_1"), -ENOENT);
	memset(text, 'x', 4096);
	CHECK_EQ(ring3_module_path(text), -ENAMETOOLONG);
	CHECK_EQ(request_module("plain_1"), -ENOENT);
	text[4095] = 0;
	CHECK_EQ(ring3_module_path(text), 0);
	CHECK_EQ(request_module("plain_1"), 256);	/* none that is there */
	CHECK_EQ(ring3_module_path("::/dev/null:/nowhere"), 0);
	CHECK_EQ(request_module("plain_1"), 256);
	CHECK_EQ(ring3_module_path(NULL), 0);
	CHECK_EQ(request_module("plain_1"), -ENOENT);
	rig_stop();
	kfree(text);
}

TEST(kmod_loads_by_alias)
{
	static const char *const names[] = { "fix_alias", "fix-alias", "char-major-7-12", "fs-ax" };
	static const char *const others[] = { "fix_alia", "char-major-8-12", "fs-cx", "fix_kmod*" };

	start();
	add("one");
	add("two");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_EQ(request_module("%s", names[i]), 0);
		CHECK(is_loaded("one") && is_loaded("two"));	/* all that have it */
		CHECK_EQ(ring3_rmmod("one"), 0);
		CHECK_EQ(ring3_rmmod("two"), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
		CHECK_EQ(request_module("%s", others[i]), 256);
	CHECK(!is_loaded("one"));
	stop();
}

TEST(kmod_init_may_ask)
{
	start();
	for (int i = 1; i <= 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "chain_%d", i);
		add(name);
	}
	add("thread_1");
	add("plain_1");
	CHECK_EQ(request_module("chain_1"), 0);
	CHECK_EQ(answer_of("chain_1"), 0);
	CHECK_EQ(answer_of("chain_2"), 0);
	CHECK_EQ(answer_of("chain_3"), 256);	/* there is no fourth */
	CHECK_EQ(ring3_insmod(files[3].path, ""), 0);	/* a thread asks, and init waits for it */
	CHECK_EQ(answer_of("thread_1"), 0);
	CHECK(is_loaded("plain_1"));
	stop();
}

static long write_file(const char *path, const char *text)
{
	struct ring3_tree_file *file;
	long rc = ring3_tree_open(path, RING3_TREE_WRITE, &file);

	if (rc)
		return rc;
	rc = ring3_tree_write(file, text, strlen(text));
	ring3_tree_close(file);
	return rc;
}

/* A set() may load modules, itself or through a thread it waits for: of insmod, of ring3/kernel.h, of the file. */
TEST(kmod_parameter_may_ask)
{
	static const char *const ways[] = { "plain_1", "+plain_1" };
	char why[400];

	start();
	add("asker");
	add("plain_1");
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		char params[32];

		snprintf(params, sizeof(params), "ask=%s", ways[i]);
		CHECK_EQ(ring3_insmod(files[0].path, params), 0);
		CHECK_EQ(answer_of("asker"), 0);
		CHECK_EQ(ring3_rmmod("plain_1"), 0);
		CHECK_EQ(ring3_param_write("asker", "ask", ways[i], why, sizeof(why)), 0);
		CHECK(is_loaded("plain_1"));
		CHECK_EQ(ring3_rmmod("plain_1"), 0);
		CHECK(write_file("/sys/module/asker/parameters/ask", ways[i]) > 0);
		CHECK(is_loaded("plain_1"));
		CHECK_EQ(ring3_rmmod("plain_1"), 0);
		CHECK_EQ(ring3_param_write("asker", "ask", "nobody", why, sizeof(why)), 0);
		CHECK_EQ(answer_of("asker"), 256);
		CHECK_EQ(ring3_param_write("asker", "ask", "asker", why, sizeof(why)), 0);	/* it is there */
		CHECK_EQ(ring3_rmmod("asker"), 0);
	}
	CHECK_EQ(ring3_param_write("asker", "ask", "plain_1", why, sizeof(why)), -ENOENT);
	stop();
}

TEST(kmod_own_name_is_no_deadlock)
{
	unsigned long long seq = 0;

	start();
	add("own");
	CHECK_EQ(request_module("own"), 0);
	CHECK_EQ(answer_of("own"), 256);
	CHECK(rig_said(&seq, "own: its own init asks for it"));
	stop();
}

TEST(kmod_of_a_module_that_fails)
{
	unsigned long long seq = 0;

	start();
	add("fails");
	CHECK_EQ(request_module("fails"), 256);
	CHECK(rig_said(&seq, "fails: init failed: -19 (ENODEV)"));
	CHECK_EQ(request_module_nowait("fails"), 0);
	stop();	/* waits for that */
}

/* Each init asks for the next: the 51st request finds 50 under way, and gives up after 5 s. */
TEST(kmod_recursion_is_limited)
{
	unsigned long long seq = 0;
	char name[16];

	start();
	for (int i = 1; i <= 52; i++) {
		snprintf(name, sizeof(name), "chain_%d", i);
		add(name);
	}
	CHECK_EQ(request_module("chain_1"), 0);
	CHECK_EQ(answer_of("chain_49"), 0);
	CHECK_EQ(answer_of("chain_50"), -ETIME);
	CHECK(!is_loaded("chain_51"));
	CHECK(rig_said(&seq, "request_module: chain_51 cannot be processed: 50 requests for more than 5 s"));
	CHECK_EQ(request_module("chain_52"), 0);	/* they ended */
	stop();
}

static struct completion come, go;
static int nr_come;	/* atomic */

/* Holds a load before its init. */
static int hold(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *module = data;

	if (state == MODULE_STATE_COMING && strstarts(module->name, "plain")) {
		__atomic_add_fetch(&nr_come, 1, __ATOMIC_SEQ_CST);
		complete(&come);
		wait_for_completion(&go);
	}
	return 0;
}

static struct notifier_block holder = { .notifier_call = hold };

static int request_main(long number)
{
	CHECK_EQ(request_module("plain_1"), 0);
	return 0;
}

TEST(kmod_many_ask_for_one)
{
	struct rig_thread threads[8];

	start();
	add("plain_1");
	add("other");
	init_completion(&come);
	init_completion(&go);
	CHECK_EQ(register_module_notifier(&holder), 0);
	rig_threads(threads, 8, request_main);
	wait_for_completion(&come);
	CHECK(!is_loaded("plain_1"));
	CHECK_EQ(request_module("other"), 0);	/* it is not in the way of others */
	complete_all(&go);
	rig_join(threads, 8);
	CHECK(is_loaded("plain_1"));
	CHECK_EQ(__atomic_load_n(&nr_come, __ATOMIC_SEQ_CST), 1);
	CHECK_EQ(unregister_module_notifier(&holder), 0);
	stop();
}

TEST(kmod_nowait_loads_later)
{
	start();
	add("plain_1");
	init_completion(&come);
	init_completion(&go);
	CHECK_EQ(register_module_notifier(&holder), 0);
	CHECK_EQ(request_module_nowait("plain_1"), 0);
	wait_for_completion(&come);
	CHECK(!is_loaded("plain_1"));
	complete(&go);
	while (!is_loaded("plain_1"))
		usleep_range(50, 100);
	CHECK_EQ(unregister_module_notifier(&holder), 0);
	stop();
}

static int rmmod_main(long number)
{
	CHECK_EQ(ring3_rmmod("plain_1"), 0);
	return 0;
}

/* rmmod waits for an init that is under way; so does the end of the kernel. */
TEST(kmod_rmmod_waits_for_init)
{
	struct rig_thread asker, remover;

	start();
	add("plain_1");
	init_completion(&come);
	init_completion(&go);
	CHECK_EQ(register_module_notifier(&holder), 0);
	rig_threads(&asker, 1, request_main);
	wait_for_completion(&come);
	rig_threads(&remover, 1, rmmod_main);
	complete_all(&go);
	rig_join(&asker, 1);
	rig_join(&remover, 1);
	CHECK(!is_loaded("plain_1"));
	CHECK_EQ(unregister_module_notifier(&holder), 0);
	stop();
}
