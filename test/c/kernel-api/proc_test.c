/* SPDX-License-Identifier: MIT */
/* /proc: files made of records, single records and operations; names, paths, limits, removal. */
#include <linux/completion.h>
#include <linux/proc_fs.h>
#include <linux/vmalloc.h>

#include "tree_rig.h"

static int show_text(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", (const char *)m->private);
	return 0;
}

TEST(a_single_record_is_read_whole_and_in_pieces)
{
	char buf[64];

	rig_start(1, 2);
	CHECK(proc_create_single_data("text", 0, NULL, show_text, "0123456789"));
	CHECK_CAT("/proc/text", "0123456789\n");
	CHECK_EQ(tree_cat_by("/proc/text", buf, sizeof(buf), 3), 11);
	CHECK_STREQ(buf, "0123456789\n");
	CHECK_EQ(tree_echo("/proc/text", "x"), -EACCES);
	remove_proc_entry("text", NULL);
	CHECK_EQ(tree_opens("/proc/text"), -ENOENT);
	rig_stop();
}

/* ---- records ------------------------------------------------------------------------------ */

#define NUMBERS	3000
static int shown[NUMBERS];

static void *numbers_start(struct seq_file *m, loff_t *pos)
{
	return *pos < NUMBERS ? (void *)(unsigned long)(*pos + 1) : NULL;
}

static void *numbers_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return numbers_start(m, pos);
}

static void numbers_stop(struct seq_file *m, void *v) { }

/* Every hundredth is left out; the 7th is larger than a page. */
static int numbers_show(struct seq_file *m, void *v)
{
	long number = (long)(unsigned long)v - 1;

	shown[number]++;
	seq_printf(m, "%ld", number);
	if (number == 7)
		for (int i = 0; i < 9000; i++)
			seq_putc(m, '.');
	seq_putc(m, '\n');
	return number % 100 == 99 ? SEQ_SKIP : 0;
}

static const struct seq_operations numbers_ops = { numbers_start, numbers_stop, numbers_next, numbers_show };

static unsigned long expected_numbers(char *buf)
{
	unsigned long length = 0;

	for (int i = 0; i < NUMBERS; i++) {
		if (i % 100 == 99)
			continue;
		length += (unsigned long)scnprintf(buf + length, 12, "%d", i);
		if (i == 7) {
			memset(buf + length, '.', 9000);
			length += 9000;
		}
		buf[length++] = '\n';
	}
	buf[length] = 0;
	return length;
}

TEST(many_records_come_whole_and_once)
{
	static const unsigned long steps[] = { 1 << 20, 4096, 1000, 17 };
	char *wanted = vmalloc(65536), *got = vmalloc(65536);
	unsigned long length = expected_numbers(wanted);

	rig_start(1, 2);
	CHECK(proc_create_seq("numbers", 0444, NULL, &numbers_ops));
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
		memset(shown, 0, sizeof(shown));
		CHECK_EQ(tree_cat_by("/proc/numbers", got, 65536, steps[i]), (long)length);
		CHECK_STREQ(got, wanted);
		for (int n = 8; n < NUMBERS; n++)
			CHECK(shown[n] && shown[n] < 4);	/* not one more for each read */
	}
	proc_remove(NULL);
	CHECK_EQ(remove_proc_subtree("numbers", NULL), 0);
	CHECK_EQ(remove_proc_subtree("numbers", NULL), -ENOENT);
	rig_stop();
	vfree(wanted);
	vfree(got);
}

TEST(a_seek_finds_its_place)
{
	char *wanted = vmalloc(65536), got[33];
	struct ring3_tree_file *file;
	long length = (long)expected_numbers(wanted);

	rig_start(1, 2);
	CHECK(proc_create_seq("numbers", 0444, NULL, &numbers_ops));
	CHECK_EQ(ring3_tree_open("/proc/numbers", RING3_TREE_READ, &file), 0);
	for (long at = length - 40; at >= 0; at -= 3001) {
		CHECK_EQ(ring3_tree_seek(file, at, SEEK_SET), at);
		CHECK(ring3_tree_read(file, got, 32) > 0);
		CHECK(got[0] == wanted[at] && got[1] == wanted[at + 1]);
	}
	CHECK_EQ(ring3_tree_seek(file, 10, SEEK_SET), 10);
	CHECK_EQ(ring3_tree_seek(file, 5, SEEK_CUR), 15);
	CHECK_EQ(ring3_tree_seek(file, -1, SEEK_SET), -EINVAL);
	CHECK_EQ(ring3_tree_seek(file, 0, SEEK_END), -EINVAL);
	CHECK_EQ(ring3_tree_seek(file, length + 1000, SEEK_SET), length + 1000);
	CHECK_EQ(ring3_tree_read(file, got, 32), 0);
	ring3_tree_close(file);
	remove_proc_entry("numbers", NULL);
	rig_stop();
	vfree(wanted);
}

static void *failing_start(struct seq_file *m, loff_t *pos)
{
	return *pos < 2 ? (void *)1 : ERR_PTR(-EUCLEAN);
}

static void *failing_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return failing_start(m, pos);
}

static int failing_show(struct seq_file *m, void *v)
{
	seq_puts(m, "ok ");
	return 0;
}

static const struct seq_operations failing_ops = { failing_start, numbers_stop, failing_next, failing_show };

TEST(what_was_made_before_an_error_is_read_before_it)
{
	struct ring3_tree_file *file;
	char buf[16];

	rig_start(1, 2);
	CHECK(proc_create_seq("failing", 0444, NULL, &failing_ops));
	CHECK_EQ(ring3_tree_open("/proc/failing", RING3_TREE_READ, &file), 0);
	CHECK_EQ(ring3_tree_read(file, buf, sizeof(buf)), 6);
	CHECK_EQ(ring3_tree_read(file, buf, sizeof(buf)), -EUCLEAN);
	ring3_tree_close(file);
	remove_proc_entry("failing", NULL);
	rig_stop();
}

static int private_show(struct seq_file *m, void *v)
{
	long *count = m->private;

	seq_printf(m, "%ld%s", ++*count, (const char *)pde_data(file_inode(m->file)));
	return 0;
}

TEST(a_sequence_has_memory_of_its_own)
{
	static struct seq_operations ops = { .stop = numbers_stop };

	ops = (struct seq_operations){ failing_start, numbers_stop, failing_next, private_show };
	ops.next = numbers_next;
	rig_start(1, 2);
	CHECK(proc_create_seq_private("private", 0444, NULL, &ops, sizeof(long), "!"));
	for (int i = 0; i < 2; i++) {
		char buf[8];
		struct ring3_tree_file *file;

		CHECK_EQ(ring3_tree_open("/proc/private", RING3_TREE_READ, &file), 0);
		CHECK_EQ(ring3_tree_read(file, buf, 2), 2);
		CHECK(!memcmp(buf, "1!", 2));
		ring3_tree_close(file);
	}
	remove_proc_entry("private", NULL);
	rig_stop();
}

/* ---- operations, and removal ------------------------------------------------------------------ */

static int opened, released;
static char stored[32];
static struct completion in_read, go_on;

static int ops_open(struct inode *inode, struct file *file)
{
	__atomic_add_fetch(&opened, 1, __ATOMIC_RELAXED);
	file->private_data = PDE_DATA(inode);
	return 0;
}

static int ops_release(struct inode *inode, struct file *file)
{
	__atomic_add_fetch(&released, 1, __ATOMIC_RELAXED);
	return 0;
}

static ssize_t ops_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	if (file->private_data) {
		complete(&in_read);
		wait_for_completion(&go_on);
	}
	return simple_read_from_buffer(buf, count, pos, stored, strlen(stored));
}

static ssize_t ops_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	return simple_write_to_buffer(stored, sizeof(stored) - 1, pos, buf, count);
}

static const struct proc_ops ops = {
	.proc_open = ops_open, .proc_read = ops_read, .proc_write = ops_write, .proc_lseek = default_llseek,
	.proc_release = ops_release,
};
static const struct proc_ops no_ops = { };

TEST(operations_are_called)
{
	struct ring3_tree_file *file;
	char buf[8];

	rig_start(1, 2);
	CHECK(proc_create("file", 0644, NULL, &ops));
	CHECK_EQ(tree_echo("/proc/file", "hello"), 5);
	CHECK_CAT("/proc/file", "hello");
	CHECK_EQ(opened, 2);
	CHECK_EQ(released, 2);
	CHECK_EQ(ring3_tree_open("/proc/file", RING3_TREE_WRITE, &file), 0);
	CHECK_EQ(ring3_tree_read(file, buf, 8), -EBADF);
	ring3_tree_close(file);
	remove_proc_entry("file", NULL);

	CHECK(proc_create("none", 0666, NULL, &no_ops));
	CHECK_EQ(tree_cat("/proc/none", buf, 8), -EIO);
	CHECK_EQ(tree_echo("/proc/none", "x"), -EIO);
	CHECK_EQ(ring3_tree_open("/proc/none", RING3_TREE_READ, &file), 0);
	CHECK_EQ(ring3_tree_seek(file, 0, SEEK_SET), -ESPIPE);
	ring3_tree_close(file);
	remove_proc_entry("none", NULL);
	rig_stop();
}

static struct ring3_tree_file *reader_file;
static int removed;

static int read_slowly(long number)
{
	char buf[32];

	CHECK_EQ(ring3_tree_read(reader_file, buf, sizeof(buf)), (long)strlen(stored));
	return 0;
}

static int remove_it(long number)
{
	remove_proc_entry("slow", NULL);
	__atomic_store_n(&removed, 1, __ATOMIC_RELEASE);
	return 0;
}

TEST(removal_waits_for_readers_and_shuts_what_is_open)
{
	struct rig_thread reader, remover;
	struct ring3_tree_file *idle;
	char buf[8];

	rig_start(1, 4);
	init_completion(&in_read);
	init_completion(&go_on);
	strscpy(stored, "slowly", sizeof(stored));
	CHECK(proc_create_data("slow", 0444, NULL, &ops, stored));
	CHECK_EQ(ring3_tree_open("/proc/slow", RING3_TREE_READ, &reader_file), 0);
	CHECK_EQ(ring3_tree_open("/proc/slow", RING3_TREE_READ, &idle), 0);
	rig_threads(&reader, 1, read_slowly);
	wait_for_completion(&in_read);
	rig_threads(&remover, 1, remove_it);
	while (tree_opens("/proc/slow") != -ENOENT)	/* it takes nobody new */
		usleep_range(50, 100);
	CHECK_EQ(ring3_tree_read(idle, buf, 8), -EIO);
	CHECK_EQ(released, opened - 2);
	CHECK(!__atomic_load_n(&removed, __ATOMIC_ACQUIRE));
	complete(&go_on);
	rig_join(&reader, 1);
	rig_join(&remover, 1);
	CHECK(__atomic_load_n(&removed, __ATOMIC_ACQUIRE));
	CHECK_EQ(released, opened);	/* though both are open */
	CHECK_EQ(ring3_tree_read(idle, buf, 8), -EIO);
	CHECK_EQ(ring3_tree_seek(idle, 0, SEEK_SET), -EIO);
	ring3_tree_close(reader_file);
	ring3_tree_close(idle);
	CHECK_EQ(released, opened);
	rig_stop();
}

static int churn(long number)
{
	char path[32], name[16];

	scnprintf(name, sizeof(name), "churn%ld", number & 1);
	scnprintf(path, sizeof(path), "/proc/%s", name);
	for (int i = 0; i < 200; i++) {
		if (number < 2) {	/* its maker */
			CHECK(proc_create(name, 0444, NULL, &ops));
			usleep_range(10, 20);
			remove_proc_entry(name, NULL);
		} else {
			char buf[32];
			long rc = tree_cat(path, buf, sizeof(buf));

			CHECK(rc == (long)strlen(stored) || rc == -ENOENT || rc == -EIO);
		}
	}
	return 0;
}

TEST(makers_removers_and_readers_at_once)
{
	struct rig_thread threads[6];

	rig_start(1, 4);
	strscpy(stored, "churn", sizeof(stored));
	rig_threads(threads, 6, churn);
	rig_join(threads, 6);
	CHECK_EQ(opened, released);
	rig_stop();
}

/* ---- names and paths ------------------------------------------------------------------------------ */

TEST(paths_are_followed)
{
	struct proc_dir_entry *dir, *below;
	char buf[256], *path = kmalloc(8192, GFP_KERNEL);

	rig_start(1, 2);
	dir = proc_mkdir("dir", NULL);
	below = proc_mkdir_mode("dir/below", 0700, NULL);
	CHECK(dir && below);
	CHECK(proc_create_single_data("file", 0, below, show_text, "a"));
	CHECK(proc_create_single_data("dir/file", 0600, NULL, show_text, "b"));
	CHECK(proc_symlink("link", dir, "below/file"));
	CHECK(proc_symlink("absolute", NULL, "/proc/dir"));
	CHECK(proc_symlink("loop", dir, "loop"));
	CHECK_CAT("/proc/dir/below/file", "a\n");
	CHECK_CAT("//proc/./dir/below/..//file", "b\n");
	CHECK_CAT("/proc/dir/link", "a\n");
	CHECK_CAT("/proc/absolute/link", "a\n");
	CHECK_EQ(tree_opens("/proc/dir/loop"), -ELOOP);
	CHECK_EQ(tree_opens("/proc/dir"), -EISDIR);
	CHECK_EQ(tree_opens("/proc/dir/file/x"), -ENOTDIR);
	CHECK_EQ(tree_opens("/proc/dir/file/"), -ENOTDIR);
	CHECK_EQ(tree_opens("/proc/dir/nothing"), -ENOENT);
	CHECK_EQ(tree_opens("/nothing"), -ENOENT);
	CHECK_EQ(tree_opens("proc/dir/file"), -EINVAL);
	CHECK_EQ(tree_opens(""), -EINVAL);
	memset(path, 'x', 8191);
	path[8191] = 0;
	path[0] = '/';
	CHECK_EQ(tree_opens(path), -ENAMETOOLONG);
	path[300] = 0;
	CHECK_EQ(tree_opens(path), -ENAMETOOLONG);
	CHECK(ring3_tree_list("/proc/dir", buf, sizeof(buf)) > 0);
	buf[ring3_tree_list("/proc/dir", buf, sizeof(buf))] = 0;
	CHECK_STREQ(buf, "d 0700 0 below\n- 0600 0 file\nl 0777 0 link\tbelow/file\nl 0777 0 loop\tloop\n");
	CHECK_EQ(ring3_tree_list("/proc/dir", buf, 20), 20);	/* there is more */
	CHECK_EQ(ring3_tree_list("/proc/dir/file", buf, 20), -ENOTDIR);
	CHECK_EQ(ring3_tree_info("/proc/dir/link", buf, 4), -ENAMETOOLONG);
	buf[ring3_tree_info("/proc/dir/link", buf, sizeof(buf))] = 0;
	CHECK_STREQ(buf, "- 0444 0 file\n");
	proc_remove(dir);
	CHECK_EQ(tree_opens("/proc/absolute/link"), -ENOENT);
	rig_stop();
	CHECK_EQ(tree_opens("/proc"), -ENODEV);
	kfree(path);
}

TEST(bad_names_are_warned_of)
{
	unsigned long long seq;
	struct proc_dir_entry *dir, *entry;
	char name[258];

	rig_start(1, 2);
	rig_quiet(&seq);
	entry = proc_create("same", 0444, NULL, &ops);
	CHECK(entry);
	CHECK(!proc_create("same", 0444, NULL, &ops));
	CHECK(rig_said(&seq, "proc_dir_entry 'proc/same' already registered"));
	CHECK(!proc_mkdir("same", NULL));
	CHECK(!proc_create("", 0444, NULL, &ops));
	CHECK(!proc_create("..", 0444, NULL, &ops));
	CHECK(!proc_create("a\nb", 0444, NULL, &ops));
	CHECK(!proc_create("same/x", 0444, NULL, &ops));
	CHECK(!proc_create("none/x", 0444, NULL, &ops));
	CHECK(rig_said(&seq, "name 'none/x'"));
	memset(name, 'n', 256);
	name[256] = 0;
	CHECK(!proc_create(name, 0444, NULL, &ops));
	name[255] = 0;
	CHECK(proc_create(name, 0444, NULL, &ops));
	remove_proc_entry(name, NULL);
	remove_proc_entry("none", NULL);
	CHECK(rig_said(&seq, "name 'none'"));

	dir = proc_mkdir("full", NULL);
	entry = proc_create("file", 0444, dir, &ops);
	remove_proc_entry("full", NULL);
	CHECK(rig_said(&seq, "removing non-empty directory 'full'"));
	CHECK_EQ(tree_opens("/proc/full/file"), -ENOENT);
	CHECK(!proc_create("late", 0444, dir, &ops));
	proc_remove(entry);	/* its owner still can */
	rig_stop();
}

TEST(limits_of_the_tree)
{
	static struct ring3_tree_file *files[1025];
	unsigned long long seq;
	struct proc_dir_entry *dir;
	int nr = 0;

	rig_start(1, 2);
	rig_quiet(&seq);
	dir = proc_mkdir("many", NULL);
	CHECK(proc_create("file", 0444, NULL, &ops));
	for (int i = 0; i < 1024; i++)
		CHECK_EQ(ring3_tree_open("/proc/file", RING3_TREE_READ, &files[i]), 0);
	CHECK_EQ(ring3_tree_open("/proc/file", RING3_TREE_READ, &files[1024]), -ENFILE);
	ring3_tree_close(files[7]);
	CHECK_EQ(ring3_tree_open("/proc/file", RING3_TREE_READ, &files[7]), 0);
	for (int i = 0; i < 1024; i++)
		ring3_tree_close(files[i]);
	for (; nr < 70000; nr++) {
		char name[16];

		scnprintf(name, sizeof(name), "%d", nr);
		if (!proc_create(name, 0444, dir, &ops))
			break;
	}
	CHECK(nr > 65000 && nr <= 65536);
	CHECK_EQ(tree_opens("/proc/many/64999"), 0);
	proc_remove(dir);
	CHECK(proc_create("again", 0444, NULL, &ops));
	rig_stop();	/* takes what is left */
}
