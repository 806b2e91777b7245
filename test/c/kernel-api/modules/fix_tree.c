/* SPDX-License-Identifier: MIT */
/* A module with files in /proc, debugfs and sysfs, one of which blocks its readers. */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static int level = 3;
module_param(level, int, 0644);
static char *label = "none";
module_param(label, charp, 0444);
static int secret;
module_param(secret, int, 0200);

static struct proc_dir_entry *dir;
static struct dentry *debug;
static struct kobject *kobj;
static u32 reading;
static bool leave_behind;
module_param(leave_behind, bool, 0);

/* A completion of the test's: readers of "slow" wait for it. */
static struct completion *gate;
void tree_gate(void *completion);
void tree_gate(void *completion)
{
	gate = completion;
}
EXPORT_SYMBOL(tree_gate);

static int hello_show(struct seq_file *m, void *v)
{
	seq_puts(m, "hello\n");
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(hello);

static int slow_show(struct seq_file *m, void *v)
{
	WRITE_ONCE(reading, reading + 1);
	wait_for_completion(gate);
	seq_puts(m, "at last\n");
	return 0;
}

static void *lines_start(struct seq_file *m, loff_t *pos)
{
	return *pos < 20000 ? pos : NULL;
}

static void *lines_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return lines_start(m, pos);
}

static void lines_stop(struct seq_file *m, void *v) { }

static int lines_show(struct seq_file *m, void *v)
{
	seq_printf(m, "line %lld\n", *(loff_t *)v);
	return 0;
}

static const struct seq_operations lines_ops = { lines_start, lines_stop, lines_next, lines_show };

static ssize_t bytes_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	return count > 10 ? 10 : count == 7 ? -EILSEQ : (ssize_t)count;
}

static ssize_t bytes_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return simple_read_from_buffer(buf, count, pos, "\0\377\200x", 4);
}

static const struct proc_ops bytes_ops = { .proc_read = bytes_read, .proc_write = bytes_write };

static ssize_t level_show(struct kobject *self, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n", level);
}

static ssize_t level_store(struct kobject *self, struct kobj_attribute *attr, const char *text, size_t length)
{
	int rc = kstrtoint(text, 0, &level);

	return rc ? rc : (ssize_t)length;
}
static struct kobj_attribute level_attr = __ATTR_RW(level);

static int __init tree_init(void)
{
	dir = proc_mkdir("fix_tree", NULL);
	if (!dir)
		return -ENOMEM;
	proc_create_single("hello", 0, dir, hello_show);
	proc_create_single("slow", 0, dir, slow_show);
	proc_create_seq("lines", 0, dir, &lines_ops);
	proc_create("bytes", 0644, dir, &bytes_ops);
	proc_symlink("link", dir, "hello");
	debug = debugfs_create_dir("fix_tree", NULL);
	debugfs_create_u32("reading", 0644, debug, &reading);
	debugfs_create_file("hello", 0444, debug, NULL, &hello_fops);
	kobj = kobject_create_and_add("fix_tree", kernel_kobj);
	return kobj ? sysfs_create_file(kobj, &level_attr.attr) : -ENOMEM;
}
module_init(tree_init);

static void __exit tree_exit(void)
{
	if (!leave_behind)
		proc_remove(dir);
	debugfs_remove(debug);
	kobject_put(kobj);
}
module_exit(tree_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION("7");
