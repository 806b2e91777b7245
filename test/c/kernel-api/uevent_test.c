/* SPDX-License-Identifier: MIT */
/* Uevents: what is told, what keeps it back, the ring and its limits. */
#include <linux/kobject.h>
#include <linux/slab.h>

#include "tree_rig.h"

static bool filtered, unnamed;
static int uevent_rc;
static const char *extra;

static int filter(struct kobject *kobj) { return !filtered; }
static const char *name(struct kobject *kobj) { return unnamed ? NULL : "thing"; }
static int uevent(struct kobject *kobj, struct kobj_uevent_env *env)
{
	int rc = add_uevent_var(env, "NAME=%s", kobject_name(kobj));

	if (!rc && extra)
		rc = add_uevent_var(env, "%s", extra);
	return rc ? rc : uevent_rc;
}
static const struct kset_uevent_ops ops = { .filter = filter, .name = name, .uevent = uevent };

static void release(struct kobject *kobj) { kfree(kobj); }
static const struct kobj_type type = { .release = release, .sysfs_ops = &kobj_sysfs_ops };

static struct kobject *make(const char *name, struct kset *kset, struct kobject *parent)
{
	struct kobject *kobj = kzalloc(sizeof(*kobj), GFP_KERNEL);

	kobj->kset = kset;
	CHECK_EQ(kobject_init_and_add(kobj, &type, parent, "%s", name), 0);
	return kobj;
}

static u64 seq = 1;
static char told[4096];

/* The next event but for its time and number, a blank between its strings; "" for none. */
static const char *next(void)
{
	char buf[4096];
	size_t done = 0;
	u64 was = seq;

	told[0] = 0;
	for (seq = was; !done && ring3_uevents(&was, buf, sizeof(buf)); was++) {
		const char *at = strchr(buf, ' ') + 1;

		for (; *at; at += strlen(at) + 1)
			done += (size_t)scnprintf(told + done, sizeof(told) - done, "%s%s", done ? " " : "", at);
		strrchr(told, ' ')[0] = 0;	/* SEQNUM */
		seq++;
	}
	return told;
}

static void start(void)
{
	unsigned long long log;
	char buf[4096];

	rig_start(1, 2);
	rig_quiet(&log);
	while (ring3_uevents(&seq, buf, sizeof(buf)))
		;
}

TEST(an_event_tells_what_happened)
{
	char *env[] = { "WHY=because", "MODALIAS=x:y", NULL };
	struct kset *kset;
	struct kobject *kobj, *child;

	start();
	kset = kset_create_and_add("things", &ops, kernel_kobj);
	CHECK_STREQ(next(), "");	/* a kset in no kset tells nobody */
	kobj = make("one", kset, NULL);
	CHECK_EQ(kobject_uevent(kobj, KOBJ_ADD), 0);
	CHECK(kobj->state_add_uevent_sent);
	CHECK_STREQ(next(), "add@/kernel/things/one ACTION=add DEVPATH=/kernel/things/one SUBSYSTEM=thing NAME=one");
	CHECK_EQ(kobject_uevent_env(kobj, KOBJ_CHANGE, env), 0);
	CHECK_STREQ(next(), "change@/kernel/things/one ACTION=change DEVPATH=/kernel/things/one SUBSYSTEM=thing "
		    "WHY=because MODALIAS=x:y NAME=one");
	CHECK_EQ(kobject_uevent_env(kobj, KOBJ_UNBIND, env), 0);
	CHECK_STREQ(next(), "unbind@/kernel/things/one ACTION=unbind DEVPATH=/kernel/things/one SUBSYSTEM=thing "
		    "WHY=because NAME=one");
	child = make("two", NULL, kobj);	/* its parent's kset speaks for it */
	CHECK_EQ(kobject_uevent(child, KOBJ_ONLINE), 0);
	CHECK_STREQ(next(), "online@/kernel/things/one/two ACTION=online DEVPATH=/kernel/things/one/two "
		    "SUBSYSTEM=thing NAME=two");
	kobject_put(child);
	CHECK_STREQ(next(), "");	/* nobody was told of it */
	kobject_put(kobj);
	CHECK_STREQ(next(), "remove@/kernel/things/one ACTION=remove DEVPATH=/kernel/things/one SUBSYSTEM=thing NAME=one");
	CHECK_STREQ(next(), "");
	kset_unregister(kset);
	rig_stop();
}

TEST(who_told_of_a_removal_is_not_told_for)
{
	struct kset *kset;
	struct kobject *kobj;

	start();
	kset = kset_create_and_add("things", NULL, NULL);
	kobj = make("one", kset, NULL);
	CHECK_EQ(kobject_uevent(kobj, KOBJ_ADD), 0);
	CHECK_EQ(kobject_uevent(kobj, KOBJ_REMOVE), 0);
	CHECK(kobj->state_remove_uevent_sent);
	CHECK_STREQ(next(), "add@/things/one ACTION=add DEVPATH=/things/one SUBSYSTEM=things");
	CHECK_STREQ(next(), "remove@/things/one ACTION=remove DEVPATH=/things/one SUBSYSTEM=things");
	kobject_put(kobj);
	CHECK_STREQ(next(), "");
	kset_unregister(kset);
	rig_stop();
}

TEST(an_event_is_kept_back)
{
	struct kset *kset;
	struct kobject *kobj, *lone;

	start();
	kset = kset_create_and_add("things", &ops, NULL);
	kobj = make("one", kset, NULL);
	lone = make("lone", NULL, NULL);
	CHECK_EQ(kobject_uevent(lone, KOBJ_ADD), -EINVAL);
	filtered = true;
	CHECK_EQ(kobject_uevent(kobj, KOBJ_ADD), 0);
	CHECK(!kobj->state_add_uevent_sent);
	filtered = false;
	unnamed = true;
	CHECK_EQ(kobject_uevent(kobj, KOBJ_ADD), 0);
	unnamed = false;
	kobj->uevent_suppress = 1;
	CHECK_EQ(kobject_uevent(kobj, KOBJ_ADD), 0);
	kobj->uevent_suppress = 0;
	uevent_rc = -EILSEQ;
	CHECK_EQ(kobject_uevent(kobj, KOBJ_ADD), -EILSEQ);
	uevent_rc = 0;
	CHECK_STREQ(next(), "");
	kobject_put(kobj);
	kobject_put(lone);
	kset_unregister(kset);
	CHECK_STREQ(next(), "");
	rig_stop();
}

TEST(an_event_has_so_much_room)
{
	char *many[80], *long_text = kzalloc(3000, GFP_KERNEL);
	struct kset *kset;
	struct kobject *kobj;
	unsigned long long log = 0;

	start();
	kset = kset_create_and_add("things", &ops, NULL);
	kobj = make("one", kset, NULL);
	for (int i = 0; i < 80; i++)
		many[i] = i < 59 ? "A=b" : NULL;
	CHECK_EQ(kobject_uevent_env(kobj, KOBJ_CHANGE, many), 0);	/* with the three, NAME and SEQNUM 64 */
	many[59] = "A=b";
	CHECK_EQ(kobject_uevent_env(kobj, KOBJ_CHANGE, many), -ENOMEM);
	CHECK(rig_said(&log, "add_uevent_var: too many keys"));
	memset(long_text, 'x', 2048);
	extra = long_text;
	CHECK_EQ(kobject_uevent(kobj, KOBJ_CHANGE), -ENOMEM);
	CHECK(rig_said(&log, "add_uevent_var: buffer size too small"));
	long_text[1900] = 0;
	CHECK_EQ(kobject_uevent(kobj, KOBJ_CHANGE), 0);
	extra = "";
	CHECK_EQ(kobject_uevent(kobj, KOBJ_CHANGE), 0);		/* nothing is no string */
	next();
	CHECK(strlen(next()) > 1900);
	CHECK_STREQ(next(), "change@/things/one ACTION=change DEVPATH=/things/one SUBSYSTEM=thing NAME=one");
	CHECK_STREQ(next(), "");
	kobject_put(kobj);
	kset_unregister(kset);
	kfree(long_text);
	rig_stop();
}

TEST(the_ring_keeps_the_last_512)
{
	struct kset *kset;
	struct kobject *kobj;
	char buf[4096], text[24];
	unsigned long long from;
	u64 first;
	int nr = 0, bytes;

	start();
	kset = kset_create_and_add("things", NULL, NULL);
	kobj = make("one", kset, NULL);
	from = first = seq;
	for (int i = 0; i < 600; i++)
		CHECK_EQ(kobject_uevent(kobj, KOBJ_CHANGE), 0);
	scnprintf(text, sizeof(text), "%llu\n", first + 599);
	CHECK_CAT("/sys/kernel/uevent_seqnum", text);
	while ((bytes = ring3_uevents(&from, buf, sizeof(buf))) > 0) {
		CHECK_EQ(buf[bytes - 1], 0);
		CHECK_EQ(buf[bytes - 2], 0);
		for (int i = 0; i + 1 < bytes; i++)
			nr += !buf[i] && !buf[i + 1];
	}
	CHECK_EQ(nr, 512);
	CHECK_EQ(from, first + 600);
	CHECK_EQ(ring3_uevents(&from, buf, 10), 0);
	kobject_put(kobj);
	kset_unregister(kset);
	rig_stop();
	from = 1;
	CHECK_EQ(ring3_uevents(&from, buf, sizeof(buf)), 0);	/* they went with the kernel */
}

TEST(sixteen_may_follow)
{
	int fds[16];

	rig_start(1, 2);
	for (int i = 0; i < 16; i++) {
		fds[i] = ring3_uevent_fd();
		CHECK(fds[i] >= 0);
	}
	CHECK_EQ(ring3_uevent_fd(), -EMFILE);
	for (int i = 0; i < 16; i++)
		ring3_uevent_fd_close(fds[i]);
	fds[0] = ring3_uevent_fd();
	CHECK(fds[0] >= 0);
	ring3_uevent_fd_close(fds[0]);
	ring3_uevent_fd_close(fds[0]);	/* it is nobody's */
	rig_stop();
}

static struct kobject *shared;

static int tell_main(long number)
{
	for (int i = 0; i < 300; i++)
		CHECK_EQ(kobject_uevent(shared, KOBJ_CHANGE), 0);
	return 0;
}

TEST(numbers_have_no_gap)
{
	struct rig_thread threads[4];
	struct kset *kset;
	u64 first;
	char text[24];

	start();
	kset = kset_create_and_add("things", NULL, NULL);
	shared = make("one", kset, NULL);
	first = seq;
	rig_threads(threads, 4, tell_main);
	rig_join(threads, 4);
	scnprintf(text, sizeof(text), "%llu\n", first + 1199);
	CHECK_CAT("/sys/kernel/uevent_seqnum", text);
	kobject_put(shared);
	kset_unregister(kset);
	rig_stop();
}
