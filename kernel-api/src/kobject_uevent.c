/* SPDX-License-Identifier: MIT */
/*
 * kobject_uevent.c - what happens to objects, told to who listens: kobject.h, and the ring of ring3/kernel.h.
 *
 * Invariant: the ring holds the events next_seq - UEVENTS_MAX .. next_seq - 1, or all since the kernel
 * started; event n has SEQNUM=n and lies at n % UEVENTS_MAX. Numbers go on over kernels.
 *
 * Locking: ring_lock, a mutex, a leaf: nothing of a module is called under it.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "followers.h"
#include "host/host.h"
#include "tree.h"
#include "uevent.h"

struct event {
	size_t	bytes;
	char	text[];		/* as ring3_uevents() gives it */
};

static DEFINE_MUTEX(ring_lock);
static struct event *ring[UEVENTS_MAX];		/* NULL: of an earlier kernel, or none yet */
static u64 next_seq = 1;
static struct followers readers;

static const char *const actions[] = {
	[KOBJ_ADD] = "add", [KOBJ_REMOVE] = "remove", [KOBJ_CHANGE] = "change", [KOBJ_MOVE] = "move",
	[KOBJ_ONLINE] = "online", [KOBJ_OFFLINE] = "offline", [KOBJ_BIND] = "bind", [KOBJ_UNBIND] = "unbind",
};

/* ---- what it is told with ------------------------------------------------------------------------ */

int add_uevent_var(struct kobj_uevent_env *env, const char *format, ...)
{
	size_t room = sizeof(env->buf) - (size_t)env->buflen;
	va_list args;
	int length;

	if (WARN(env->envp_idx >= UEVENT_NUM_ENVP, "add_uevent_var: too many keys"))
		return -ENOMEM;
	va_start(args, format);
	length = vsnprintf(env->buf + env->buflen, room, format, args);
	va_end(args);
	if (WARN(length >= (int)room, "add_uevent_var: buffer size too small"))
		return -ENOMEM;
	if (!length)	/* an empty one would end the event */
		return 0;
	env->envp[env->envp_idx++] = env->buf + env->buflen;
	env->buflen += length + 1;
	return 0;
}

/* Whoever is unbound has no driver to be found by that. */
static void drop_modalias(struct kobj_uevent_env *env)
{
	char *end = env->buf + env->buflen;
	int kept = 0;

	env->buflen = 0;
	for (char *at = env->buf, *next; at < end; at = next) {
		size_t bytes = strlen(at) + 1;

		next = at + bytes;
		if (!strncmp(at, "MODALIAS=", 9))
			continue;
		env->envp[kept++] = memmove(env->buf + env->buflen, at, bytes);
		env->buflen += (int)bytes;
	}
	env->envp_idx = kept;
}

/* ---- the ring ------------------------------------------------------------------------------------------ */

/* Under the lock. The oldest goes. */
static int keep(const char *action, const char *devpath, const struct kobj_uevent_env *env)
{
	u64 now = host_now_ns();
	char head[48];
	size_t length = (size_t)scnprintf(head, sizeof(head), "%llu.%06llu %s@", now / NSEC_PER_SEC,
					  now % NSEC_PER_SEC / 1000, action), path = strlen(devpath) + 1;
	size_t bytes = length + path + (size_t)env->buflen + 1;
	struct event *event = kmalloc(sizeof(*event) + bytes, GFP_KERNEL), **place = &ring[next_seq % UEVENTS_MAX];

	if (!event)
		return -ENOMEM;
	event->bytes = bytes;
	memcpy(event->text, head, length);
	memcpy(event->text + length, devpath, path);
	memcpy(event->text + length + path, env->buf, (size_t)env->buflen);
	event->text[bytes - 1] = 0;
	kfree(*place);
	*place = event;
	next_seq++;
	followers_signal(&readers);
	return 0;
}

static int publish(const char *action, const char *devpath, struct kobj_uevent_env *env)
{
	int rc;

	mutex_lock(&ring_lock);
	rc = add_uevent_var(env, "SEQNUM=%llu", next_seq);
	if (!rc)
		rc = keep(action, devpath, env);
	mutex_unlock(&ring_lock);
	return rc;
}

int ring3_uevents(unsigned long long *seq, char *buf, unsigned long bytes)
{
	unsigned long done = 0;

	mutex_lock(&ring_lock);
	if (next_seq > UEVENTS_MAX && *seq < next_seq - UEVENTS_MAX)
		*seq = next_seq - UEVENTS_MAX;
	for (; *seq < next_seq; ++*seq) {
		const struct event *event = ring[*seq % UEVENTS_MAX];

		if (!event)
			continue;
		if (event->bytes > bytes - done)
			break;
		memcpy(buf + done, event->text, event->bytes);
		done += event->bytes;
	}
	mutex_unlock(&ring_lock);
	return (int)done;
}

int ring3_uevent_fd(void)
{
	int fd = host_eventfd();
	bool added;

	if (fd < 0)
		return fd;
	mutex_lock(&ring_lock);
	added = followers_add(&readers, fd);
	mutex_unlock(&ring_lock);
	if (!added)
		host_close(fd);
	return added ? fd : -EMFILE;
}

void ring3_uevent_fd_close(int fd)
{
	bool found;

	mutex_lock(&ring_lock);
	found = followers_del(&readers, fd);
	mutex_unlock(&ring_lock);
	if (found)
		host_close(fd);
}

static ssize_t seqnum_show(void *data, char *page)
{
	u64 last;

	mutex_lock(&ring_lock);
	last = next_seq - 1;
	mutex_unlock(&ring_lock);
	return sysfs_emit(page, "%llu\n", last);
}

int uevent_init(struct kobject *kernel)
{
	static const struct tree_show show = { .show = seqnum_show };
	const struct tree_new new = {
		.name = "uevent_seqnum", .mode = S_IFREG | 0444, .ops = &tree_show_ops, .fops = &show, .size = PAGE_SIZE,
	};

	return (int)PTR_ERR_OR_ZERO(tree_add((struct tree_node *)kernel->sd, &new));
}

void uevent_exit(void)
{
	mutex_lock(&ring_lock);
	for (unsigned int i = 0; i < UEVENTS_MAX; i++) {
		kfree(ring[i]);
		ring[i] = NULL;
	}
	mutex_unlock(&ring_lock);
}

/* ---- telling -------------------------------------------------------------------------------------------- */

static int fill(struct kobj_uevent_env *env, const char *action, const char *devpath, const char *subsystem,
		char *const *more)
{
	int rc = add_uevent_var(env, "ACTION=%s", action);

	if (!rc)
		rc = add_uevent_var(env, "DEVPATH=%s", devpath);
	if (!rc)
		rc = add_uevent_var(env, "SUBSYSTEM=%s", subsystem);
	for (; !rc && more && *more; more++)
		rc = add_uevent_var(env, "%s", *more);
	return rc;
}

void uevent_tell(const char *action, const char *devpath, const char *subsystem)
{
	struct kobj_uevent_env *env = kzalloc(sizeof(*env), GFP_KERNEL);

	if (env && !fill(env, action, devpath, subsystem, NULL))
		publish(action, devpath, env);
	kfree(env);
}

static int tell(struct kobject *kobj, enum kobject_action action, const char *devpath, const char *subsystem,
		const struct kset_uevent_ops *ops, char *const *more)
{
	struct kobj_uevent_env *env = kzalloc(sizeof(*env), GFP_KERNEL);
	int rc = env ? fill(env, actions[action], devpath, subsystem, more) : -ENOMEM;

	if (!rc && ops && ops->uevent)
		rc = ops->uevent(kobj, env);
	if (!rc && action == KOBJ_ADD)
		kobj->state_add_uevent_sent = 1;
	if (!rc && action == KOBJ_UNBIND)
		drop_modalias(env);
	if (!rc)
		rc = publish(actions[action], devpath, env);
	kfree(env);
	return rc;
}

int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *envp[])
{
	const struct kset_uevent_ops *ops;
	struct kobject *top = kobj;
	const char *subsystem;
	char *devpath;
	int rc;

	if (action == KOBJ_REMOVE)	/* whatever comes of it: who told that once is not to be told for */
		kobj->state_remove_uevent_sent = 1;
	while (!top->kset && top->parent)
		top = top->parent;
	if (!top->kset)
		return -EINVAL;
	ops = top->kset->uevent_ops;
	if (kobj->uevent_suppress || (ops && ops->filter && !ops->filter(kobj)))
		return 0;
	subsystem = ops && ops->name ? ops->name(kobj) : kobject_name(&top->kset->kobj);
	if (!subsystem)
		return 0;
	devpath = kobject_get_path(kobj, GFP_KERNEL);
	if (!devpath)
		return -ENOENT;
	rc = tell(kobj, action, devpath, subsystem, ops, envp);
	kfree(devpath);
	return rc;
}

int kobject_uevent(struct kobject *kobj, enum kobject_action action)
{
	return kobject_uevent_env(kobj, action, NULL);
}
