/* SPDX-License-Identifier: MIT */
/*
 * notifier.c - chains of callbacks: notifier.h.
 *
 * Locking: the chain's own lock; a raw chain's is its user's affair.
 */
#include <linux/notifier.h>
#include <linux/reboot.h>

static int chain_add(struct notifier_block **at, struct notifier_block *nb)
{
	struct notifier_block *other;

	for (other = *at; other; other = other->next)
		if (other == nb)
			return -EEXIST;
	while (*at && (*at)->priority >= nb->priority)
		at = &(*at)->next;
	nb->next = *at;
	*at = nb;
	return 0;
}

static int chain_remove(struct notifier_block **at, struct notifier_block *nb)
{
	for (; *at; at = &(*at)->next) {
		if (*at == nb) {
			*at = nb->next;
			return 0;
		}
	}
	return -ENOENT;
}

/* The last answer; a block may leave the chain in its own call. */
static int chain_call(struct notifier_block *nb, unsigned long val, void *v)
{
	int ret = NOTIFY_DONE;

	for (struct notifier_block *next; nb && !(ret & NOTIFY_STOP_MASK); nb = next) {
		next = nb->next;
		ret = nb->notifier_call(nb, val, v);
	}
	return ret;
}

int raw_notifier_chain_register(struct raw_notifier_head *nh, struct notifier_block *nb)
{
	return chain_add(&nh->head, nb);
}

int raw_notifier_chain_unregister(struct raw_notifier_head *nh, struct notifier_block *nb)
{
	return chain_remove(&nh->head, nb);
}

int raw_notifier_call_chain(struct raw_notifier_head *nh, unsigned long val, void *v)
{
	return chain_call(nh->head, val, v);
}

#define CHAIN(name, take, give)							\
int name##_notifier_chain_register(struct name##_notifier_head *nh, struct notifier_block *nb)	\
{											\
	int rc;										\
											\
	take(&nh->lock);								\
	rc = chain_add(&nh->head, nb);							\
	give(&nh->lock);								\
	return rc;									\
}											\
											\
int name##_notifier_chain_unregister(struct name##_notifier_head *nh, struct notifier_block *nb)	\
{											\
	int rc;										\
											\
	take(&nh->lock);								\
	rc = chain_remove(&nh->head, nb);						\
	give(&nh->lock);								\
	return rc;									\
}											\
											\
int name##_notifier_call_chain(struct name##_notifier_head *nh, unsigned long val, void *v)	\
{											\
	int rc;										\
											\
	take(&nh->lock);								\
	rc = chain_call(nh->head, val, v);						\
	give(&nh->lock);								\
	return rc;									\
}

CHAIN(blocking, mutex_lock, mutex_unlock)
CHAIN(atomic, spin_lock_bh, spin_unlock_bh)

static BLOCKING_NOTIFIER_HEAD(reboot_notifiers);

int register_reboot_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&reboot_notifiers, nb);
}

int unregister_reboot_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&reboot_notifiers, nb);
}

void ring3_reboot_notify(unsigned long what, void *cmd)
{
	blocking_notifier_call_chain(&reboot_notifiers, what, cmd);
}
