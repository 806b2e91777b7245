/* SPDX-License-Identifier: MIT */
/* Objects that are renamed and moved, links to them, and name spaces. */
#include <linux/kobject.h>
#include <linux/slab.h>

#include "tree_rig.h"

static ssize_t value_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", kobject_name(kobj));
}

static struct kobj_attribute value = __ATTR_RO(value);
static struct attribute *thing_attrs[] = { &value.attr, NULL };
ATTRIBUTE_GROUPS(thing);

static void release(struct kobject *kobj) { kfree(kobj); }
static const struct kobj_type type = {
	.release = release, .sysfs_ops = &kobj_sysfs_ops, .default_groups = thing_groups,
};

static struct kobject *make_of(const struct kobj_type *ktype, const char *name, struct kset *kset,
			       struct kobject *parent)
{
	struct kobject *kobj = kzalloc(sizeof(*kobj), GFP_KERNEL);

	kobj->kset = kset;
	if (kobject_init_and_add(kobj, ktype, parent, "%s", name)) {
		kobject_put(kobj);
		return NULL;
	}
	return kobj;
}

static struct kobject *make(const char *name, struct kset *kset, struct kobject *parent)
{
	return make_of(&type, name, kset, parent);
}

static void start(void)
{
	unsigned long long log;

	rig_start(1, 4);
	rig_quiet(&log);
}

/* What a list says of one. */
static bool lists(const char *path, const char *line)
{
	char buf[2048];
	long bytes = ring3_tree_list(path, buf, sizeof(buf) - 1);

	CHECK(bytes >= 0);
	buf[bytes] = 0;
	return strstr(buf, line) != NULL;
}

TEST(a_renamed_object_is_found_by_its_new_name)
{
	struct kobject *top, *kobj, *child, *other;
	struct ring3_tree_file *file;
	char buf[16];

	start();
	top = kobject_create_and_add("top", NULL);
	kobj = make("old", NULL, top);
	child = make("child", NULL, kobj);
	other = make("other", NULL, top);
	CHECK_EQ(ring3_tree_open("/sys/top/old/value", RING3_TREE_READ, &file), 0);
	CHECK_EQ(kobject_rename(kobj, "new"), 0);
	CHECK_STREQ(kobject_name(kobj), "new");
	CHECK_EQ(tree_opens("/sys/top/old"), -ENOENT);
	CHECK_CAT("/sys/top/new/value", "new\n");
	CHECK_CAT("/sys/top/new/child/value", "child\n");
	CHECK_EQ(ring3_tree_read(file, buf, sizeof(buf)), 4);	/* an open file stays so */
	ring3_tree_close(file);
	CHECK_EQ(kobject_rename(kobj, "new"), 0);
	CHECK_EQ(kobject_rename(kobj, "other"), -EEXIST);
	CHECK_EQ(kobject_rename(kobj, "a/b"), -EINVAL);
	CHECK_EQ(kobject_rename(top, "bottom"), -EINVAL);	/* it has no parent */
	CHECK_EQ(kobject_rename(NULL, "x"), -EINVAL);
	CHECK_STREQ(kobject_name(kobj), "new");
	kobject_del(kobj);
	CHECK_EQ(kobject_rename(kobj, "gone"), -EINVAL);
	kobject_put(child);
	kobject_put(kobj);
	kobject_put(other);
	kobject_put(top);
	rig_stop();
}

TEST(a_moved_object_takes_all_along)
{
	struct kobject *one, *two, *kobj, *child;

	start();
	one = make("one", NULL, NULL);
	two = make("two", NULL, NULL);
	kobj = make("thing", NULL, one);
	child = make("child", NULL, kobj);
	CHECK_EQ(sysfs_create_link(two, child, "link"), 0);
	CHECK(lists("/sys/two", "l 0777 0 link\t../one/thing/child\n"));
	CHECK_CAT("/sys/two/link/value", "child\n");
	CHECK_EQ(kobject_move(kobj, two), 0);
	CHECK(kobj->parent == two);
	CHECK_CAT("/sys/two/thing/child/value", "child\n");
	CHECK_EQ(tree_opens("/sys/one/thing"), -ENOENT);
	CHECK(lists("/sys/two", "l 0777 0 link\tthing/child\n"));
	CHECK_CAT("/sys/two/link/value", "child\n");
	CHECK_CAT("/sys/two/link/../value", "thing\n");
	CHECK_EQ(kobject_move(two, child), -EINVAL);	/* below itself */
	CHECK_EQ(kobject_move(kobj, kobj), -EINVAL);
	kobject_put(one);	/* nothing holds it any more */
	CHECK_EQ(tree_opens("/sys/one"), -ENOENT);
	CHECK_EQ(kobject_move(kobj, NULL), 0);
	CHECK_CAT("/sys/thing/child/value", "child\n");
	CHECK(lists("/sys/two", "l 0777 0 link\t../thing/child\n"));
	kobject_put(child);
	CHECK_EQ(tree_opens("/sys/two/link"), -ENOENT);	/* it leads nowhere */
	CHECK(lists("/sys/two", "l 0777 0 link\t../thing/child\n"));
	sysfs_remove_link(two, "link");
	kobject_put(kobj);
	kobject_put(two);
	rig_stop();
}

/* To the kset's object where there is no other; and it is told. */
TEST(a_move_is_told)
{
	struct kset *kset;
	struct kobject *top, *kobj;
	unsigned long long seq = 1;
	char buf[2048], text[2048];
	size_t bytes;

	start();
	kset = kset_create_and_add("set", NULL, NULL);
	top = make("top", NULL, NULL);
	kobj = make("thing", kset, top);
	CHECK_EQ(kobject_rename(kobj, "other"), 0);
	CHECK_EQ(kobject_move(kobj, NULL), 0);
	CHECK_CAT("/sys/set/other/value", "other\n");
	bytes = (size_t)ring3_uevents(&seq, buf, sizeof(buf));
	for (size_t i = 0; i < bytes; i++)
		text[i] = buf[i] ?: ' ';
	text[bytes] = 0;
	CHECK(strstr(text, " move@/top/other ACTION=move DEVPATH=/top/other SUBSYSTEM=set DEVPATH_OLD=/top/thing "));
	CHECK(strstr(text, " move@/set/other ACTION=move DEVPATH=/set/other SUBSYSTEM=set DEVPATH_OLD=/top/other "));
	kobject_put(kobj);
	kobject_put(top);
	kset_unregister(kset);
	rig_stop();
}

static struct kobject *mover, *halves[2];
static int stop_moving;	/* atomic */

static int look_main(long number)
{
	char buf[64];

	while (!__atomic_load_n(&stop_moving, __ATOMIC_RELAXED)) {
		long rc = tree_cat(number ? "/sys/right/a/child/value" : "/sys/link/value", buf, sizeof(buf));

		CHECK(rc == 6 || rc == -ENOENT);
		CHECK(lists("/sys", "link\t"));
	}
	return 0;
}

TEST(who_looks_meanwhile_finds_it_or_not)
{
	struct rig_thread threads[2];
	struct kobject *child;

	start();
	halves[0] = make("left", NULL, NULL);
	halves[1] = make("right", NULL, NULL);
	mover = make("a", NULL, halves[0]);
	child = make("child", NULL, mover);
	CHECK_EQ(sysfs_create_link(NULL, child, "link"), 0);
	rig_threads(threads, 2, look_main);
	for (int i = 0; i < 300; i++) {
		CHECK_EQ(kobject_move(mover, halves[(i + 1) % 2]), 0);
		CHECK_EQ(kobject_rename(mover, i % 3 ? "a" : "b"), 0);
	}
	__atomic_store_n(&stop_moving, 1, __ATOMIC_RELAXED);
	rig_join(threads, 2);
	sysfs_remove_link(NULL, "link");
	kobject_put(child);
	kobject_put(mover);
	kobject_put(halves[0]);
	kobject_put(halves[1]);
	rig_stop();
}

/* ---- name spaces -------------------------------------------------------------------------------- */

static char initial, second;
static const void *tag;
static int dropped;

static bool may_mount(void) { return false; }
static void *grab(void) { return &second; }
static const void *netlink(struct sock *sk) { return sk; }
static const void *initial_ns(void) { return &initial; }
static void drop(void *ns) { dropped++; }
static const struct kobj_ns_type_operations net = {
	.type = KOBJ_NS_TYPE_NET, .current_may_mount = may_mount, .grab_current_ns = grab, .netlink_ns = netlink,
	.initial_ns = initial_ns, .drop_ns = drop,
};

static const struct kobj_ns_type_operations *child_ns(struct kobject *kobj) { return &net; }
static const void *namespace(struct kobject *kobj) { return tag; }
static void own(struct kobject *kobj, kuid_t *uid, kgid_t *gid)
{
	*uid = KUIDT_INIT(7);
	*gid = KGIDT_INIT(8);
}
static const struct kobj_type class_type = {
	.release = release, .sysfs_ops = &kobj_sysfs_ops, .child_ns_type = child_ns,
};
static const struct kobj_type member_type = {
	.release = release, .sysfs_ops = &kobj_sysfs_ops, .default_groups = thing_groups, .namespace = namespace,
	.get_ownership = own,
};

TEST(a_type_of_name_spaces_is_registered_once)
{
	static const struct kobj_ns_type_operations none = { .type = KOBJ_NS_TYPE_NONE };
	static const struct kobj_ns_type_operations wrong = { .type = KOBJ_NS_TYPES };

	start();
	CHECK_EQ(kobj_ns_type_register(&none), -EINVAL);
	CHECK_EQ(kobj_ns_type_register(&wrong), -EINVAL);
	CHECK(!kobj_ns_type_registered(KOBJ_NS_TYPE_NET));
	CHECK(kobj_ns_current_may_mount(KOBJ_NS_TYPE_NET));
	CHECK(!kobj_ns_grab_current(KOBJ_NS_TYPE_NET));
	CHECK_EQ(kobj_ns_type_register(&net), 0);
	CHECK_EQ(kobj_ns_type_register(&net), -EBUSY);
	CHECK(kobj_ns_type_registered(KOBJ_NS_TYPE_NET));
	CHECK(!kobj_ns_type_registered(KOBJ_NS_TYPES));
	CHECK(!kobj_ns_current_may_mount(KOBJ_NS_TYPE_NET));
	CHECK(kobj_ns_grab_current(KOBJ_NS_TYPE_NET) == &second);
	CHECK(kobj_ns_initial(KOBJ_NS_TYPE_NET) == &initial);
	CHECK(kobj_ns_netlink(KOBJ_NS_TYPE_NET, (struct sock *)&tag) == &tag);
	kobj_ns_drop(KOBJ_NS_TYPE_NET, &second);
	CHECK_EQ(dropped, 1);
	rig_stop();
	start();
	CHECK(!kobj_ns_type_registered(KOBJ_NS_TYPE_NET));
	rig_stop();
}

TEST(two_name_spaces_may_have_one_name)
{
	struct kobject *class, *ours, *theirs, *plain;

	start();
	CHECK_EQ(kobj_ns_type_register(&net), 0);
	class = make_of(&class_type, "net", NULL, NULL);
	tag = &second;
	theirs = make_of(&member_type, "eth0", NULL, class);
	CHECK(theirs);
	CHECK_EQ(tree_opens("/sys/net/eth0"), -ENOENT);	/* not in ours */
	CHECK(!lists("/sys/net", "eth0"));
	tag = &initial;
	ours = make_of(&member_type, "eth0", NULL, class);
	CHECK(ours);
	CHECK(kobject_namespace(ours) == &initial);
	CHECK_CAT("/sys/net/eth0/value", "eth0\n");
	CHECK(lists("/sys/net", "eth0"));
	CHECK(!make_of(&member_type, "eth0", NULL, class));
	CHECK(!make("lo", NULL, class));	/* it has no tag, and needs one */
	tag = &second;
	CHECK_EQ(kobject_rename(theirs, "eth1"), 0);
	CHECK_EQ(tree_opens("/sys/net/eth1"), -ENOENT);
	tag = &initial;
	CHECK_EQ(kobject_rename(theirs, "eth1"), 0);	/* into our name space */
	CHECK_CAT("/sys/net/eth1/value", "eth1\n");
	plain = make("plain", NULL, NULL);
	CHECK_EQ(kobject_move(plain, class), -EINVAL);
	kobject_put(plain);
	kobject_put(ours);
	kobject_put(theirs);
	kobject_put(class);
	rig_stop();
}
