/* SPDX-License-Identifier: MIT */
/*
 * notifier.c - chains of callbacks: notifier.h.
 *
 * Locking: the chain's own lock for who changes it; callers of atomic and SRCU chains only
 * hold a grace period off. A raw chain's is its user's affair.
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
	WRITE_ONCE(nb->next, *at);
	rcu_assign_pointer(*at, nb);
	return 0;
}

static int chain_remove(struct notifier_block **at, struct notifier_block *nb)
{
	for (; *at; at = &(*at)->next) {
		if (*at == nb) {
			rcu_assign_pointer(*at, nb->next);
			return 0;
		}
	}
	return -ENOENT;
}

/* The last answer; a block may leave the chain in its own call. */
static int chain_call(struct notifier_block **head, unsigned long val, void *v)
{
	struct notifier_block *nb = rcu_dereference_raw(*head);
	int ret = NOTIFY_DONE;

	for (struct notifier_block *next; nb && !(ret & NOTIFY_STOP_MASK); nb = next) {
		next = rcu_dereference_raw(nb->next);
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
	return chain_call(&nh->head, val, v);
}

/* take, give: who changes the chain; enter, leave: who calls it; after: a block has left. */
#define CHAIN(name, take, give, enter, leave, after)				\
int name##_notifier_chain_register(struct name##_notifier_head *nh, struct notifier_block *nb)	\
{											\
	int rc;										\
											\
	take;										\
	rc = chain_add(&nh->head, nb);							\
	give;										\
	return rc;									\
}											\
											\
int name##_notifier_chain_unregister(struct name##_notifier_head *nh, struct notifier_block *nb)	\
{											\
	int rc;										\
											\
	take;										\
	rc = chain_remove(&nh->head, nb);						\
	give;										\
	after;										\
	return rc;									\
}											\
											\
int name##_notifier_call_chain(struct name##_notifier_head *nh, unsigned long val, void *v)	\
{											\
	int rc, idx __maybe_unused;							\
											\
	enter;										\
	rc = chain_call(&nh->head, val, v);						\
	leave;										\
	return rc;									\
}

CHAIN(blocking, down_write(&nh->rwsem), up_write(&nh->rwsem), down_read(&nh->rwsem), up_read(&nh->rwsem), (void)0)
CHAIN(atomic, spin_lock_bh(&nh->lock), spin_unlock_bh(&nh->lock), rcu_read_lock(), rcu_read_unlock(), synchronize_rcu())
CHAIN(srcu, mutex_lock(&nh->mutex), mutex_unlock(&nh->mutex), idx = srcu_read_lock(&nh->srcu),
      srcu_read_unlock(&nh->srcu, idx), synchronize_srcu(&nh->srcu))

void srcu_init_notifier_head(struct srcu_notifier_head *nh)
{
	*nh = (struct srcu_notifier_head)SRCU_NOTIFIER_INIT(*nh, 0);
}

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
