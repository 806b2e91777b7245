/* SPDX-License-Identifier: MIT */
/* Objects, their attributes and groups as files of /sys; debugfs; modules' parameters. */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "tree_rig.h"

struct thing {
	struct kobject	kobj;
	int		value;
};
static int things_released;
static struct completion in_show, go_on;

static ssize_t thing_show(struct kobject *kobj, struct attribute *attr, char *page)
{
	struct thing *thing = container_of(kobj, struct thing, kobj);

	if (!strcmp(attr->name, "slow")) {
		complete(&in_show);
		wait_for_completion(&go_on);
	}
	if (!strcmp(attr->name, "large")) {
		memset(page, 'x', PAGE_SIZE);
		return PAGE_SIZE;
	}
	if (!strcmp(attr->name, "suicide"))
		return sysfs_emit(page, "%d\n", sysfs_remove_file_self(kobj, attr));
	return sysfs_emit(page, "%d\n", thing->value);
}

static ssize_t thing_store(struct kobject *kobj, struct attribute *attr, const char *text, size_t length)
{
	struct thing *thing = container_of(kobj, struct thing, kobj);
	int rc = strlen(text) == length ? kstrtoint(text, 0, &thing->value) : -EILSEQ;

	return rc ? rc : (ssize_t)length;
}

static void thing_release(struct kobject *kobj)
{
	things_released++;
	kfree(container_of(kobj, struct thing, kobj));
}

static const struct sysfs_ops thing_ops = { .show = thing_show, .store = thing_store };
static struct attribute value_attr = { .name = "value", .mode = 0644 };
static struct attribute secret_attr = { .name = "secret", .mode = 0200 };
static struct attribute slow_attr = { .name = "slow", .mode = 0444 };
static struct attribute large_attr = { .name = "large", .mode = 0444 };
static struct attribute suicide_attr = { .name = "suicide", .mode = 0444 };
static struct attribute *thing_attrs[] = { &value_attr, &secret_attr, NULL };
ATTRIBUTE_GROUPS(thing);
static const struct kobj_type thing_type = {
	.release = thing_release, .sysfs_ops = &thing_ops, .default_groups = thing_groups,
};
static const struct kobj_type bare_type = { .release = thing_release, .sysfs_ops = &thing_ops };

static struct thing *make_thing(const char *name, struct kobject *parent, const struct kobj_type *type)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	CHECK_EQ(kobject_init_and_add(&thing->kobj, type, parent, "%s", name), 0);
	return thing;
}

TEST(an_objects_attributes_are_files)
{
	struct thing *thing;
	char buf[8], *long_text = kmalloc(5000, GFP_KERNEL);

	rig_start(1, 2);
	thing = make_thing("a/thing", NULL, &thing_type);
	CHECK_STREQ(kobject_name(&thing->kobj), "a!thing");
	CHECK_CAT("/sys/a!thing/value", "0\n");
	CHECK_EQ(tree_echo("/sys/a!thing/value", "42\n"), 3);
	CHECK_CAT("/sys/a!thing/value", "42\n");
	CHECK_EQ(tree_echo("/sys/a!thing/value", "x"), -EINVAL);
	CHECK_EQ(tree_echo("/sys/a!thing/value", ""), 0);
	CHECK_EQ(tree_opens("/sys/a!thing/secret"), -EACCES);
	CHECK_EQ(tree_echo("/sys/a!thing/secret", "7"), 1);
	CHECK_CAT("/sys/a!thing/value", "7\n");
	memset(long_text, ' ', 4999);
	long_text[4999] = 0;
	memcpy(long_text + 4095, "1", 1);
	CHECK_EQ(tree_echo("/sys/a!thing/value", long_text), -EINVAL);	/* kstrtoint knows no blanks */
	memset(long_text, '0', 4999);
	long_text[4095] = '5';
	CHECK_EQ(tree_echo("/sys/a!thing/value", long_text), 4096);	/* a page, and no more */
	CHECK_CAT("/sys/a!thing/value", "5\n");
	CHECK_EQ(sysfs_chmod_file(&thing->kobj, &value_attr, 0444), 0);
	CHECK_EQ(tree_echo("/sys/a!thing/value", "1"), -EACCES);
	CHECK_EQ(tree_cat("/sys/a!thing", buf, 8), -EISDIR);
	kobject_put(&thing->kobj);
	CHECK_EQ(things_released, 1);
	CHECK_EQ(tree_opens("/sys/a!thing/value"), -ENOENT);
	rig_stop();
	kfree(long_text);
}

TEST(an_object_lives_by_its_references)
{
	struct thing *parent, *child, *second;
	struct kobject *held;
	char *path;

	rig_start(1, 2);
	parent = make_thing("parent", kernel_kobj, &bare_type);
	child = make_thing("child", &parent->kobj, &bare_type);
	path = kobject_get_path(&child->kobj, GFP_KERNEL);
	CHECK_STREQ(path, "/kernel/parent/child");
	kfree(path);
	kobject_put(&parent->kobj);	/* the child holds it */
	CHECK_EQ(things_released, 0);
	held = kobject_get(&child->kobj);
	kobject_del(&child->kobj);
	CHECK_EQ(things_released, 1);
	CHECK_EQ(tree_opens("/sys/kernel/parent"), -ENOENT);
	kobject_put(held);
	kobject_put(&child->kobj);
	CHECK_EQ(things_released, 2);

	second = kzalloc(sizeof(*second), GFP_KERNEL);
	kobject_init(&second->kobj, &thing_type);
	ring3_console_loglevel(-1);
	CHECK_EQ(kobject_add(&second->kobj, NULL, "%s", ""), -EINVAL);
	CHECK_EQ(kobject_add(&second->kobj, NULL, "kernel"), -EEXIST);
	CHECK_EQ(kobject_add(&second->kobj, kernel_kobj, "kernel"), 0);
	CHECK_CAT("/sys/kernel/kernel/value", "0\n");
	kobject_put(&second->kobj);
	CHECK_EQ(things_released, 3);
	rig_stop();
}

TEST(duplicates_are_refused_and_told)
{
	static struct attribute *twice[] = { &slow_attr, &value_attr, NULL };
	static const struct attribute_group group = { .attrs = twice };
	unsigned long long seq;
	struct thing *thing;

	rig_start(1, 2);
	rig_quiet(&seq);
	thing = make_thing("thing", NULL, &thing_type);
	CHECK_EQ(sysfs_create_file(&thing->kobj, &value_attr), -EEXIST);
	CHECK(rig_said(&seq, "sysfs: cannot create duplicate filename '/sys/thing/value'"));
	CHECK_EQ(sysfs_create_group(&thing->kobj, &group), -EEXIST);
	CHECK_EQ(tree_opens("/sys/thing/slow"), -ENOENT);	/* it was taken back */
	CHECK_CAT("/sys/thing/value", "0\n");			/* and this was not */
	CHECK(!kobject_create_and_add("thing", NULL));
	kobject_put(&thing->kobj);
	rig_stop();
}

static umode_t visible(struct kobject *kobj, struct attribute *attr, int n)
{
	return n == 0 ? attr->mode : container_of(kobj, struct thing, kobj)->value ? 0400 : 0;
}

TEST(groups_are_directories_whose_files_may_be_hidden)
{
	static struct attribute *attrs[] = { &value_attr, &large_attr, NULL };
	static const struct attribute_group group = { .name = "group", .is_visible = visible, .attrs = attrs };
	unsigned long long seq;
	struct thing *thing;
	char *buf = kmalloc(8192, GFP_KERNEL);

	rig_start(1, 2);
	rig_quiet(&seq);
	thing = make_thing("thing", NULL, &bare_type);
	CHECK_EQ(sysfs_create_group(&thing->kobj, &group), 0);
	CHECK_CAT("/sys/thing/group/value", "0\n");
	CHECK_EQ(tree_opens("/sys/thing/group/large"), -ENOENT);
	thing->value = 3;
	CHECK_EQ(sysfs_update_group(&thing->kobj, &group), 0);
	CHECK_EQ(tree_cat("/sys/thing/group/large", buf, 8192), 4095);
	CHECK(rig_said(&seq, "show() of large returned bad count"));
	CHECK_EQ(sysfs_add_file_to_group(&thing->kobj, &secret_attr, "group"), 0);
	CHECK_EQ(sysfs_add_file_to_group(&thing->kobj, &secret_attr, "nothing"), -ENOENT);
	CHECK_EQ(tree_echo("/sys/thing/group/secret", "9"), 1);
	sysfs_remove_file_from_group(&thing->kobj, &secret_attr, "group");
	CHECK_EQ(tree_echo("/sys/thing/group/secret", "9"), -ENOENT);
	sysfs_remove_group(&thing->kobj, &group);
	CHECK_EQ(tree_opens("/sys/thing/group"), -ENOENT);
	sysfs_remove_group(&thing->kobj, &group);
	CHECK(rig_said(&seq, "sysfs group 'group' not found for kobject 'thing'"));
	kobject_put(&thing->kobj);
	rig_stop();
	kfree(buf);
}

TEST(links_are_relative)
{
	struct thing *a, *b, *c;
	char buf[128];

	rig_start(1, 2);
	a = make_thing("a", NULL, &thing_type);
	b = make_thing("b", &a->kobj, &thing_type);
	c = make_thing("c", kernel_kobj, &thing_type);
	c->value = 8;
	CHECK_EQ(sysfs_create_link(&b->kobj, &c->kobj, "far"), 0);
	CHECK_EQ(sysfs_create_link(&a->kobj, &b->kobj, "near"), 0);
	CHECK_EQ(sysfs_create_link(&b->kobj, &a->kobj, "up"), 0);
	CHECK_CAT("/sys/a/b/far/value", "8\n");
	CHECK_CAT("/sys/a/near/far/value", "8\n");
	CHECK_CAT("/sys/a/near/up/near/up/value", "0\n");
	buf[ring3_tree_list("/sys/a/b", buf, sizeof(buf))] = 0;
	CHECK(strstr(buf, "far\t../../kernel/c\n"));
	CHECK(strstr(buf, "up\t../../a\n"));
	sysfs_remove_link(&a->kobj, "near");
	CHECK_EQ(tree_opens("/sys/a/near/value"), -ENOENT);
	kobject_put(&b->kobj);
	kobject_put(&a->kobj);
	kobject_put(&c->kobj);
	rig_stop();
}

/* ---- removal -------------------------------------------------------------------------------- */

static int put_it(long number)
{
	kobject_put((struct kobject *)number);
	return 0;
}

static long slow_read;

static int read_slow(long number)
{
	char buf[16];

	slow_read = tree_cat("/sys/thing/slow", buf, sizeof(buf));
	return 0;
}

TEST(the_last_put_waits_for_readers)
{
	struct rig_thread reader, putter;
	struct ring3_tree_file *idle;
	struct thing *thing;
	char buf[8];

	rig_start(1, 4);
	init_completion(&in_show);
	init_completion(&go_on);
	thing = make_thing("thing", NULL, &thing_type);
	CHECK_EQ(sysfs_create_file(&thing->kobj, &slow_attr), 0);
	CHECK_EQ(ring3_tree_open("/sys/thing/value", RING3_TREE_READ | RING3_TREE_WRITE, &idle), 0);
	CHECK_EQ(ring3_tree_read(idle, buf, 8), 2);
	rig_threads(&reader, 1, read_slow);
	wait_for_completion(&in_show);
	putter = (struct rig_thread){ .fn = put_it, .number = (long)&thing->kobj };
	putter.task = kthread_run(rig_thread_main, &putter, "test/put");
	while (tree_opens("/sys/thing/slow") != -ENOENT)
		usleep_range(50, 100);
	CHECK_EQ(ring3_tree_read(idle, buf, 8), -ENODEV);
	CHECK_EQ(ring3_tree_write(idle, "1", 1), -ENODEV);
	CHECK_EQ(__atomic_load_n(&things_released, __ATOMIC_RELAXED), 0);
	complete(&go_on);
	rig_join(&reader, 1);
	CHECK_EQ(kthread_stop(putter.task), 0);
	CHECK(slow_read == 2 || slow_read == -ENODEV);	/* its second read finds the end, or nothing */
	CHECK_EQ(things_released, 1);
	ring3_tree_close(idle);
	rig_stop();
}

TEST(an_attribute_may_remove_itself)
{
	struct thing *thing;

	rig_start(1, 2);
	thing = make_thing("thing", NULL, &bare_type);
	for (int i = 0; i < 3; i++) {
		struct ring3_tree_file *file, *other;
		char buf[8];

		CHECK_EQ(sysfs_create_file(&thing->kobj, &suicide_attr), 0);
		CHECK_EQ(ring3_tree_open("/sys/thing/suicide", RING3_TREE_READ, &file), 0);
		CHECK_EQ(ring3_tree_open("/sys/thing/suicide", RING3_TREE_READ, &other), 0);
		CHECK_EQ(ring3_tree_read(file, buf, 8), 2);
		CHECK_EQ(buf[0], '1');
		CHECK_EQ(ring3_tree_read(file, buf, 8), -ENODEV);
		CHECK_EQ(ring3_tree_read(other, buf, 8), -ENODEV);
		CHECK_EQ(tree_opens("/sys/thing/suicide"), -ENOENT);
		ring3_tree_close(file);
		ring3_tree_close(other);
	}
	kobject_put(&thing->kobj);
	rig_stop();
}

/* ---- binary attributes, sets --------------------------------------------------------------------- */

static char blob[6000];

static ssize_t blob_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t off,
			 size_t count)
{
	memcpy(buf, blob + off, count);
	return (ssize_t)count;
}

static ssize_t blob_write(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t off,
			  size_t count)
{
	memcpy(blob + off, buf, count);
	return (ssize_t)count;
}
static BIN_ATTR_RW(blob, sizeof(blob));

TEST(a_binary_attribute_has_a_size)
{
	struct ring3_tree_file *file;
	struct kobject *kobj;
	char *buf = kmalloc(8192, GFP_KERNEL);

	rig_start(1, 2);
	kobj = kobject_create_and_add("binary", NULL);
	CHECK_EQ(sysfs_create_bin_file(kobj, &bin_attr_blob), 0);
	for (unsigned int i = 0; i < sizeof(blob); i++)
		blob[i] = (char)(i * 7);
	CHECK_EQ(tree_cat("/sys/binary/blob", buf, 8192), 6000);
	CHECK(!memcmp(buf, blob, 6000));
	CHECK_EQ(ring3_tree_open("/sys/binary/blob", RING3_TREE_WRITE, &file), 0);
	CHECK_EQ(ring3_tree_seek(file, -3, SEEK_END), 5997);
	CHECK_EQ(ring3_tree_write(file, "abcdef", 6), 3);
	CHECK_EQ(ring3_tree_write(file, "def", 3), -EFBIG);
	CHECK(!memcmp(blob + 5997, "abc", 3));
	ring3_tree_close(file);
	sysfs_remove_bin_file(kobj, &bin_attr_blob);
	kobject_put(kobj);
	rig_stop();
	kfree(buf);
}

static ssize_t kobj_value_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	int length = sysfs_emit(page, "%s", kobject_name(kobj));

	return length + sysfs_emit_at(page, length, ".%s\n", attr->attr.name);
}

TEST(a_set_knows_its_objects)
{
	static struct kobj_attribute named = __ATTR(named, 0444, kobj_value_show, NULL);
	static struct kobj_attribute hollow = __ATTR(hollow, 0644, NULL, NULL);
	struct kset *set;
	struct thing *thing;
	struct kobject *found;
	char buf[8];

	rig_start(1, 2);
	set = kset_create_and_add("set", NULL, fs_kobj);
	CHECK(set);
	thing = kzalloc(sizeof(*thing), GFP_KERNEL);
	thing->kobj.kset = set;
	CHECK_EQ(kobject_init_and_add(&thing->kobj, &thing_type, NULL, "member"), 0);
	CHECK_CAT("/sys/fs/set/member/value", "0\n");
	CHECK_EQ(kobject_uevent(&thing->kobj, KOBJ_ADD), 0);
	CHECK_EQ(kobject_uevent(fs_kobj, KOBJ_CHANGE), -EINVAL);
	found = kset_find_obj(set, "member");
	CHECK(found == &thing->kobj);
	kobject_put(found);
	CHECK(!kset_find_obj(set, "stranger"));
	CHECK_EQ(sysfs_create_file(&set->kobj, &named.attr), 0);
	CHECK_EQ(sysfs_create_file(&set->kobj, &hollow.attr), 0);
	CHECK_CAT("/sys/fs/set/named", "set.named\n");
	CHECK_EQ(tree_cat("/sys/fs/set/hollow", buf, 8), -EIO);
	CHECK_EQ(tree_echo("/sys/fs/set/hollow", "x"), -EIO);
	kobject_put(&thing->kobj);
	CHECK(list_empty(&set->list));
	kset_unregister(set);
	CHECK_EQ(tree_opens("/sys/fs/set"), -ENOENT);
	rig_stop();
}

/* ---- debugfs ------------------------------------------------------------------------------------------ */

TEST(numbers_of_debugfs)
{
	static u8 small = 255;
	static u32 hex = 0xbeef;
	static u64 wide = ~0ull;
	static bool flag;
	static atomic_t atomic = ATOMIC_INIT(-5);
	static u32 values[3] = { 1, 2, 3 };
	static struct debugfs_u32_array array = { values, 3 };
	static struct debugfs_blob_wrapper wrapper = { "bl\0b", 4 };
	struct dentry *dir;
	char buf[8];

	rig_start(1, 2);
	dir = debugfs_create_dir("numbers", NULL);
	debugfs_create_u8("u8", 0644, dir, &small);
	debugfs_create_x32("x32", 0644, dir, &hex);
	debugfs_create_u64("u64", 0444, dir, &wide);
	debugfs_create_bool("bool", 0600, dir, &flag);
	debugfs_create_atomic_t("atomic", 0600, dir, &atomic);
	debugfs_create_u32_array("array", 0444, dir, &array);
	debugfs_create_blob("blob", 0444, dir, &wrapper);
	CHECK_CAT("/sys/kernel/debug/numbers/u8", "255\n");
	CHECK_CAT("/sys/kernel/debug/numbers/x32", "0x0000beef\n");
	CHECK_CAT("/sys/kernel/debug/numbers/u64", "18446744073709551615\n");
	CHECK_CAT("/sys/kernel/debug/numbers/bool", "N\n");
	CHECK_CAT("/sys/kernel/debug/numbers/atomic", "-5\n");
	CHECK_CAT("/sys/kernel/debug/numbers/array", "1 2 3\n");
	CHECK_EQ(tree_cat("/sys/kernel/debug/numbers/blob", buf, 8), 4);
	CHECK(!memcmp(buf, "bl\0b", 4));
	CHECK_EQ(tree_echo("/sys/kernel/debug/numbers/u8", "0x10\n"), 5);
	CHECK_EQ(small, 16);
	CHECK_EQ(tree_echo("/sys/kernel/debug/numbers/u8", "ten"), -EINVAL);
	CHECK_EQ(tree_echo("/sys/kernel/debug/numbers/u8", "99999999999999999999999999"), -ERANGE);
	CHECK_EQ(tree_echo("/sys/kernel/debug/numbers/u64", "1"), -EACCES);
	CHECK_EQ(tree_echo("/sys/kernel/debug/numbers/bool", "y\n"), 2);
	CHECK(flag);
	CHECK_EQ(tree_echo("/sys/kernel/debug/numbers/bool", "?"), -EINVAL);
	CHECK_EQ(tree_echo("/sys/kernel/debug/numbers/atomic", "-77"), 3);
	CHECK_EQ(atomic_read(&atomic), -77);
	debugfs_remove_recursive(dir);
	CHECK_EQ(tree_opens("/sys/kernel/debug/numbers"), -ENOENT);
	rig_stop();
}

static int fops_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", (const char *)m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fops);
static const struct file_operations none_fops = { };

TEST(files_of_debugfs)
{
	unsigned long long seq;
	struct ring3_tree_file *file;
	struct dentry *dir, *entry;
	char buf[8], path[64];

	rig_start(1, 2);
	rig_quiet(&seq);
	dir = debugfs_create_dir("dir", NULL);
	entry = debugfs_create_file("file", 0444, dir, "text", &fops_fops);
	CHECK(!IS_ERR(entry));
	CHECK_STREQ(d_path(&(struct path){ .dentry = entry }, path, sizeof(path)), "/sys/kernel/debug/dir/file");
	CHECK_CAT("/sys/kernel/debug/dir/file", "text\n");
	CHECK_EQ(PTR_ERR(debugfs_create_file("file", 0444, dir, NULL, &fops_fops)), -EEXIST);
	CHECK(rig_said(&seq, "debugfs: 'file' with parent 'dir' already present!"));
	CHECK_EQ(PTR_ERR(debugfs_create_dir("below", ERR_PTR(-EEXIST))), -EEXIST);
	CHECK_EQ(PTR_ERR(debugfs_create_dir("a/b", NULL)), -EINVAL);
	debugfs_create_file("none", 0666, dir, NULL, &none_fops);
	CHECK_EQ(tree_cat("/sys/kernel/debug/dir/none", buf, 8), -EINVAL);
	CHECK_EQ(tree_echo("/sys/kernel/debug/dir/none", "x"), -EINVAL);
	debugfs_create_symlink("link", NULL, "dir/file");
	CHECK_CAT("/sys/kernel/debug/link", "text\n");
	CHECK_EQ(ring3_tree_open("/sys/kernel/debug/dir/file", RING3_TREE_READ, &file), 0);
	CHECK_EQ(debugfs_file_get(entry), 0);
	debugfs_file_put(entry);
	dput(debugfs_lookup("file", dir));
	CHECK(!debugfs_lookup("nothing", dir));
	debugfs_lookup_and_remove("file", dir);
	CHECK_EQ(ring3_tree_read(file, buf, 8), -EIO);
	ring3_tree_close(file);
	debugfs_remove(dir);
	debugfs_remove(NULL);
	debugfs_remove(ERR_PTR(-ENOMEM));
	debugfs_lookup_and_remove("link", NULL);
	rig_stop();
}
