/* SPDX-License-Identifier: MIT */
/* The module host: modules/fix_*.c, built beside this binary, and files that are no modules. */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "harness.h"
#include "host/elf.h"

int getpid(void);
int unlink(const char *path);
int symlink(const char *target, const char *path);

static char why[2048];
static char folder[512];

static void start(void)
{
	struct ring3_kernel_options options = { .nr_event_cpus = 1, .nr_other_cpus = 2 };

	test_beside(folder, sizeof(folder), "");
	ring3_console_loglevel(-1);
	CHECK_EQ(ring3_kernel_start(&options), 0);
}

static int load(const char *name, const char *params)
{
	char path[600];

	snprintf(path, sizeof(path), "%sfix_%s.ko.so", folder, name);
	return ring3_module_load(path, params, why, sizeof(why));
}

static int unload(const char *name)
{
	return ring3_module_unload(name, why, sizeof(why));
}

#define CHECK_SAID(part)									\
	do {											\
		if (!strstr(why, (part)))							\
			test_fail(__FILE__, __LINE__, "said \"%s\", should have \"%s\"", why, (part));	\
	} while (0)

static bool listed(const char *name)
{
	char list[8192];

	ring3_lsmod(list, sizeof(list));
	return strstr(list, name) != NULL;
}

static unsigned long long id_of(const char *name)
{
	char list[8192], *at;
	unsigned long long id = 0;

	ring3_modules(list, sizeof(list));
	at = strstr(list, name);
	CHECK(at);
	for (int field = 0; field < 4; field++)
		at = strchr(at, ' ') + 1;
	for (; *at >= '0' && *at <= '9'; at++)
		id = id * 10 + (unsigned long long)(*at - '0');
	return id;
}

/* ---- one that works ----------------------------------------------------------------------- */

TEST(module_is_loaded_and_unloaded)
{
	char list[1000];

	start();
	CHECK_EQ(load("demo", ""), 0);
	CHECK_STREQ(why, "");
	CHECK(listed("fix_demo 0"));
	ring3_modules(list, sizeof(list));
	CHECK(strstr(list, " 0 - "));
	CHECK(strstr(list, "/fix_demo.ko.so\n"));
	CHECK_EQ(unload("fix_demo"), 0);
	CHECK_STREQ(why, "");
	CHECK(!listed("fix_demo"));
	CHECK_EQ(ring3_kernel_stop(), 0);
}

TEST(module_has_fresh_data_each_time)
{
	long (*calls)(void);

	start();
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(load("demo", i == 1 ? "size=9" : ""), 0);
		calls = ring3_module_symbol(id_of("fix_demo"), "demo_calls");
		CHECK_EQ(calls(), 1);
		CHECK_EQ(calls(), 2);
		CHECK_EQ(ring3_param_read("fix_demo", "size", why, sizeof(why)), 2);
		CHECK_STREQ(why, i == 1 ? "9\n" : "7\n");
		CHECK_EQ(unload("fix_demo.ko.so"), 0);	/* by its file's name as well */
	}
}

TEST(module_name_is_taken_once)
{
	start();
	CHECK_EQ(load("demo", ""), 0);
	CHECK_EQ(load("demo", ""), -EEXIST);
	CHECK_SAID("a module of this name already, from ");
	CHECK_EQ(unload("fix_demo"), 0);
	CHECK_EQ(unload("fix_demo"), -ENOENT);
	CHECK_SAID("fix_demo: is not loaded");
	CHECK_EQ(unload("../fix_demo"), -ENOENT);
	CHECK_EQ(unload(""), -ENOENT);
}

TEST(module_needs_a_kernel_that_runs)
{
	CHECK_EQ(load("demo", ""), -ENODEV);
	CHECK_SAID("no kernel runs");
	CHECK_EQ(unload("fix_demo"), -ENOENT);
}

TEST(module_reference_keeps_it)
{
	unsigned long long id;

	start();
	CHECK_EQ(load("demo", ""), 0);
	id = id_of("fix_demo");
	CHECK_EQ(ring3_module_get(id), 0);
	CHECK_EQ(unload("fix_demo"), -EBUSY);
	CHECK_SAID("fix_demo: is in use: 1 references");
	ring3_module_put(id);
	CHECK_EQ(unload("fix_demo"), 0);
	CHECK_EQ(ring3_module_get(id), -ENODEV);
	CHECK(!ring3_module_symbol(id, "demo_sum"));
	CHECK_EQ(load("demo", ""), 0);
	CHECK_NE(id_of("fix_demo"), id);
	CHECK_EQ(ring3_module_get(id), -ENODEV);
}

TEST(module_symbols_are_what_it_exports)
{
	char names[1000];
	int (*sum)(int a, int b);

	start();
	CHECK_EQ(load("demo", ""), 0);
	sum = ring3_module_symbol(id_of("fix_demo"), "demo_sum");
	CHECK_EQ(sum(2, 3), 5);
	CHECK(!ring3_module_symbol(id_of("fix_demo"), "demo_init"));
	CHECK(!ring3_module_symbol(id_of("fix_demo"), "kfree"));	/* the host's, not the module's */
	CHECK(ring3_module_exports(id_of("fix_demo"), names, sizeof(names)) > 0);
	CHECK(strstr(names, "demo_sum\n"));
	CHECK(!strstr(names, "demo_init"));
}

static int states[8], nr_states;

static int note(struct notifier_block *nb, unsigned long state, void *module)
{
	CHECK(nr_states < 8);
	states[nr_states++] = (int)state;
	return 0;
}

TEST(module_notifiers_are_told)
{
	struct notifier_block nb = { .notifier_call = note };

	start();
	CHECK_EQ(register_module_notifier(&nb), 0);
	CHECK_EQ(load("demo", ""), 0);
	CHECK_EQ(load("fails", ""), -ENODEV);
	CHECK_EQ(unload("fix_demo"), 0);
	CHECK_EQ(unregister_module_notifier(&nb), 0);
	CHECK_EQ(nr_states, 5);
	CHECK_EQ(states[0], MODULE_STATE_COMING);
	CHECK_EQ(states[1], MODULE_STATE_LIVE);
	CHECK_EQ(states[2], MODULE_STATE_COMING);
	CHECK_EQ(states[3], MODULE_STATE_GOING);
	CHECK_EQ(states[4], MODULE_STATE_GOING);
}

/* ---- modules that use each other ------------------------------------------------------------ */

TEST(module_order_of_dependencies)
{
	start();
	CHECK_EQ(load("user", ""), -ENOENT);
	CHECK_SAID("fix_user: no such kernel symbol: ");
	CHECK_SAID("demo_sum");
	CHECK_SAID("demo_calls");
	CHECK_EQ(load("demo", ""), 0);
	CHECK_EQ(load("user", ""), 0);
	CHECK(listed("fix_demo 1"));
	ring3_modules(why, sizeof(why));
	CHECK(strstr(why, " 1 fix_user "));
	CHECK_EQ(unload("fix_demo"), -EBUSY);
	CHECK_SAID("fix_demo: is in use by: fix_user (1 references)");
	CHECK_EQ(unload("fix_user"), 0);
	CHECK(listed("fix_demo 0"));
	CHECK_EQ(unload("fix_demo"), 0);
}

TEST(module_stop_unloads_in_reverse)
{
	start();
	CHECK_EQ(load("demo", ""), 0);
	CHECK_EQ(load("user", ""), 0);
	CHECK_EQ(ring3_kernel_stop(), 0);
	CHECK(!listed("fix_"));
}

TEST(module_gpl_only_symbols)
{
	start();
	CHECK_EQ(load("demo", ""), 0);
	CHECK_EQ(load("closed", ""), -ENOENT);
	CHECK_SAID("fix_closed: exported for GPL only, and its licence is another: demo_calls (of fix_demo)");
	CHECK(!strstr(why, "demo_sum"));
	CHECK(listed("fix_demo 0"));
}

TEST(module_exports_what_is_there)
{
	start();
	CHECK_EQ(load("demo", ""), 0);
	CHECK_EQ(load("twice", ""), -ENOEXEC);
	CHECK_SAID("fix_twice: exports what is there already: ");
	CHECK_SAID("demo_sum (of fix_demo)");
	CHECK_SAID("module_refcount (of the host)");
}

TEST(module_missing_symbols_are_all_told)
{
	start();
	CHECK_EQ(load("missing", ""), -ENOENT);
	CHECK_SAID("fix_missing: no such kernel symbol: ");
	CHECK_SAID("crypto_register_shash (<crypto/internal/hash.h>)");
	CHECK_SAID("no_such_function");
	CHECK_SAID("malloc");	/* libc's does not count */
}

/* ---- files that are no modules of this host ---------------------------------------------------- */

TEST(module_licence_and_version)
{
	start();
	CHECK_EQ(load("unlicensed", ""), -ENOEXEC);
	CHECK_SAID("fix_unlicensed: has no MODULE_LICENSE()");
	CHECK_EQ(load("old", ""), -ENOEXEC);
	CHECK_SAID("fix_old: built for 'ring3-1', this host is 'ring3-");
	CHECK_EQ(load("sanitized", ""), -ENOEXEC);
	CHECK_SAID("Sanitizer, this host was not");
	CHECK_EQ(load("plain", ""), -ENOEXEC);
	CHECK_SAID("is no module: nothing in it includes linux/module.h");
}

static char scratch[600];

static void put_file(const char *name, const void *data, size_t bytes)
{
	struct file *file;
	loff_t at = 0;

	snprintf(scratch, sizeof(scratch), "%s%s-%d.ko.so", folder, name, getpid());
	file = filp_open(scratch, O_CREAT | O_RDWR, 0600);
	CHECK(!IS_ERR(file));
	CHECK_EQ(kernel_write(file, data, bytes, &at), bytes);
	filp_close(file, NULL);
}

/* A copy of fix_demo, with @bytes of it, and one byte changed. */
static void put_damaged(size_t bytes, size_t at, unsigned char value)
{
	static char data[1 << 20];
	char path[600];
	struct file *file;
	loff_t from = 0;
	ssize_t have;

	snprintf(path, sizeof(path), "%sfix_demo.ko.so", folder);
	file = filp_open(path, O_RDONLY, 0);
	CHECK(!IS_ERR(file));
	have = kernel_read(file, data, sizeof(data), &from);
	filp_close(file, NULL);
	CHECK(have > 4096);
	if (at < (size_t)have)
		data[at] = (char)value;
	put_file("damaged", data, min_t(size_t, bytes, (size_t)have));
}

static int load_scratch(void)
{
	int rc = ring3_module_load(scratch, "", why, sizeof(why));

	unlink(scratch);
	return rc;
}

TEST(module_files_of_other_kinds)
{
	start();
	put_file("text", "hello, I am text, and no module at all, whatever my name\n", 57);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("is no ELF file: it begins with 68 65 6c 6c");
	put_file("empty", "", 0);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("is no ELF file: it has 0 bytes only");
	put_file("tiny", "\177ELF\002", 5);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	put_damaged(1 << 20, 4, 1);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("is a 32-bit object; this host is 64-bit");
	put_damaged(1 << 20, 5, 2);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("big-endian");
	put_damaged(1 << 20, 18, 99);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("is for machine 99");
	put_damaged(1 << 20, 16, 1);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("is an object file, such as a kernel's .ko");
	put_damaged(1 << 20, 16, 2);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("is no shared object");
	put_damaged(3000, 0, 0x7f);
	CHECK_EQ(load_scratch(), -ENOEXEC);
	CHECK_SAID("is cut short");
	CHECK_EQ(load("there_is_none", ""), -ENOENT);
	CHECK_SAID("cannot be opened: No such file or directory");
	CHECK_EQ(ring3_module_load("/dev/", "", why, sizeof(why)), -EINVAL);
	CHECK_EQ(ring3_module_load("", "", why, sizeof(why)), -EINVAL);
	CHECK_EQ(ring3_module_load("/dev/zero", "", why, sizeof(why)), -ENOEXEC);
	CHECK_SAID("is no regular file");
	CHECK_EQ(ring3_module_load("/usr", "", why, sizeof(why)), -EISDIR);
	CHECK(!listed("damaged"));
}

/* Whatever one byte of the headers is, it is refused or loaded, and nothing else. */
TEST(module_damaged_headers)
{
	start();
	for (size_t at = 16; at < 64; at++) {
		put_damaged(1 << 20, at, 0xfe);
		if (!load_scratch())
			CHECK_EQ(ring3_rmmod(strrchr(scratch, '/') + 1), 0);
	}
}

/* The reader alone, on files with random damage: under a sanitizer it must stay silent. */
TEST(module_random_damage)
{
	static char good[1 << 18], bad[1 << 18];
	unsigned int seed = 12345, opened = 0;
	enum host_elf_kind kind;
	struct file *file;
	loff_t from = 0;
	ssize_t have;
	int err;

	snprintf(scratch, sizeof(scratch), "%sfix_demo.ko.so", (start(), folder));
	file = filp_open(scratch, O_RDONLY, 0);
	CHECK(!IS_ERR(file));
	have = kernel_read(file, good, sizeof(good), &from);
	filp_close(file, NULL);
	for (int round = 0; round < 1500; round++) {
		/* The header, or the section headers at the end, or anywhere. */
		size_t base = round % 3 == 1 ? (size_t)have - min_t(size_t, (size_t)have, 2400) : 0;
		size_t span = round % 3 == 0 ? 64 : (size_t)have - base;
		struct host_elf *elf;

		memcpy(bad, good, (size_t)have);
		for (int change = 0; change <= round % 5; change++) {
			seed = seed * 1103515245 + 12345;
			bad[base + (seed >> 8) % span] = (char)(seed >> 3);
		}
		put_file("random", bad, round % 7 ? (size_t)have : (seed >> 4) % (size_t)have);
		elf = host_elf_open(scratch, &err, why, sizeof(why));
		if (!elf) {
			CHECK_LT(err, 0);
			unlink(scratch);
			continue;
		}
		opened++;
		for (unsigned int i = 0; host_elf_symbol(elf, i, &kind); i++)
			CHECK_LE(strlen(host_elf_symbol(elf, i, &kind)), sizeof(good));
		for (unsigned int i = 0; host_elf_needed(elf, i); i++)
			CHECK_LE(strlen(host_elf_needed(elf, i)), sizeof(good));
		for (unsigned int i = 0; host_elf_modinfo(elf, "parm", i); i++)
			CHECK_LE(strlen(host_elf_modinfo(elf, "parm", i)), sizeof(good));
		host_elf_exports(elf, "demo_sum");
		host_elf_function(scratch, 0x1234, why, sizeof(why));
		host_elf_close(elf);
		unlink(scratch);
	}
	CHECK_GT(opened, 100);
	CHECK_LT(opened, 1500);
}

TEST(module_long_name)
{
	char path[200];

	start();
	snprintf(path, sizeof(path), "/%0100d.ko.so", 1);
	CHECK_EQ(ring3_module_load(path, "", why, sizeof(why)), -EINVAL);
	CHECK_SAID("NAME has 1 to 55 characters");
}

TEST(module_limit)
{
	char target[600], path[700];
	int rc = 0, nr = 0;

	start();
	for (; nr < 200; nr++) {
		static char data[1 << 20];
		struct file *file;
		loff_t from = 0;
		ssize_t have;

		if (!nr) {
			snprintf(target, sizeof(target), "%sfix_stays.ko.so", folder);
			file = filp_open(target, O_RDONLY, 0);
			CHECK(!IS_ERR(file));
			have = kernel_read(file, data, sizeof(data), &from);
			filp_close(file, NULL);
		}
		snprintf(path, sizeof(path), "many_%d", nr);
		put_file(path, data, (size_t)have);
		rc = load_scratch();
		if (rc)
			break;
	}
	CHECK_EQ(nr, 128);
	CHECK_EQ(rc, -ENOSPC);
	CHECK_SAID("there are 128 modules, which is the limit");
}

/* ---- parameters ------------------------------------------------------------------------------ */

static void check_refused(const char *params, int rc, const char *said)
{
	CHECK_EQ(load("demo", params), rc);
	CHECK_SAID(said);
	CHECK(!listed("fix_demo"));
}

TEST(module_parameters_that_cannot_be)
{
	start();
	check_refused("sise=3", -ENOENT, "fix_demo: unknown parameter 'sise'; it has: ");
	CHECK_SAID("size");
	check_refused("size=many", -EINVAL, "fix_demo: parameter size is 'many' (not valid); expected a whole number from -2");
	check_refused("size=5000000000", -ERANGE, "is '5000000000' (out of range)");
	check_refused("size", -EINVAL, "parameter size has no value: size=VALUE, a whole number");
	check_refused("fast=perhaps", -EINVAL, "expected y or n");
	check_refused("list=1,2,3,4,5", -EINVAL, "parameter list takes 4 values at most");
	check_refused("list=1,x", -EINVAL, "expected up to 4 values with commas between, each a whole number");
	check_refused("word=12345678", -ENOSPC, "(too long); expected text, at most 7 bytes");
	check_refused("hidden=256", -ERANGE, "expected a whole number from 0 to 255");
	check_refused("size=1 nothing=2", -ENOENT, "unknown parameter 'nothing'");
	CHECK_EQ(load("user", "a=1"), -ENOENT);
	CHECK_EQ(load("demo", ""), 0);
	CHECK_EQ(load("user", "a=1"), -ENOENT);
	CHECK_SAID("unknown parameter 'a'; it has none");
	CHECK(listed("fix_demo 0"));
}

static const char *read_param(const char *name)
{
	static char text[5000];
	int rc = ring3_param_read("fix_demo", name, text, sizeof(text));

	if (rc < 0)
		snprintf(text, sizeof(text), "error %d", rc);
	return text;
}

static int write_param(const char *name, const char *value)
{
	return ring3_param_write("fix_demo", name, value, why, sizeof(why));
}

TEST(module_parameters_as_sysfs_shows_them)
{
	char list[600];

	start();
	CHECK_EQ(load("demo", "size=0x10 fast list=1,2,3 label=\"a b\" word=xyz"), 0);
	CHECK_STREQ(read_param("size"), "16\n");
	CHECK_STREQ(read_param("fast"), "Y\n");
	CHECK_STREQ(read_param("list"), "1,2,3\n");
	CHECK_STREQ(read_param("label"), "a b\n");
	CHECK_STREQ(read_param("hidden"), "error -2");
	CHECK_STREQ(read_param("none"), "error -2");
	CHECK_EQ(ring3_param_read("no_module", "size", list, sizeof(list)), -ENOENT);
	CHECK_EQ(write_param("size", "-5\n"), 0);
	CHECK_STREQ(read_param("size"), "-5\n");
	CHECK_EQ(write_param("size", "five"), -EINVAL);
	CHECK_SAID("expected a whole number");
	CHECK_STREQ(read_param("size"), "-5\n");
	CHECK_EQ(write_param("fast", "n"), -EACCES);
	CHECK_SAID("has permissions 0444: it cannot be written");
	CHECK_EQ(write_param("hidden", "1"), -ENOENT);
	CHECK_SAID("it is set when the module is loaded");
	CHECK_EQ(write_param("none", "1"), -ENOENT);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(write_param("label", i & 1 ? "odd" : "even"), 0);
	CHECK_STREQ(read_param("label"), "odd\n");
	CHECK(ring3_params("fix_demo", list, sizeof(list)) > 0);
	CHECK(strstr(list, "size 0644 int\n"));
	CHECK(strstr(list, "list 0444 array of int\n"));
	CHECK(strstr(list, "hidden 0000 byte\n"));
	CHECK_EQ(unload("fix_demo"), 0);
	CHECK_EQ(write_param("size", "1"), -ENOENT);
}

/* ---- init that fails, exits that are not there --------------------------------------------------- */

TEST(module_init_fails)
{
	start();
	CHECK_EQ(load("fails", ""), -ENODEV);
	CHECK_STREQ(why, "fix_fails: init failed: -19 (ENODEV)");
	CHECK_EQ(load("fails", "error=-12"), -ENOMEM);
	CHECK_EQ(load("fails", "error=0"), 0);
	CHECK_EQ(unload("fix_fails"), 0);
}

TEST(module_init_fails_and_leaves_things)
{
	start();
	CHECK_EQ(load("fails", "leave"), -ENODEV);
	CHECK_SAID("fix_fails: init failed: -19 (ENODEV)");
	CHECK_SAID("left behind: thread 'fails-idle'");
	CHECK_SAID("left behind: work queue 'fails-wq'");
	CHECK_SAID("left behind: slab cache 'fails-cache'");
	CHECK_SAID("its code stays until the process ends");
	CHECK(!listed("fix_fails"));
	CHECK_EQ(load("fails", ""), -EBUSY);
	CHECK_SAID("was never unmapped since it was loaded");
}

TEST(module_exit_leaves_things)
{
	start();
	CHECK_EQ(load("fails", "leave error=0"), 0);
	CHECK_EQ(unload("fix_fails"), 0);
	CHECK_SAID("left behind: thread 'fails-idle'");
}

TEST(module_leaves_timers_and_works)
{
	start();
	CHECK_EQ(load("fails", "late error=0"), 0);
	CHECK_EQ(unload("fix_fails"), 0);
	CHECK_SAID("left behind: a timer that calls never");
	CHECK_SAID("left behind: a timer that calls later");	/* a delayed work's */
	CHECK_SAID("its code stays until the process ends");
}

TEST(module_without_exit_stays)
{
	start();
	CHECK_EQ(load("stays", ""), 0);
	CHECK_EQ(unload("fix_stays"), -EBUSY);
	CHECK_SAID("cannot be unloaded: it has an init and no exit");
	CHECK(listed("fix_stays 0"));
}

TEST_DIES(module_init_that_is_a_bug)
{
	start();
	load("crash", "how=bug");
}

TEST_DIES(module_init_that_writes_to_null)
{
	start();
	load("crash", "how=null");
}
