/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_NOTIFIER_H
#define _LINUX_NOTIFIER_H

/*
 * Chains of callbacks, the highest priority first. Which callbacks may sleep: of blocking
 * and SRCU chains; of an atomic one none, it is called under rcu_read_lock(); of a raw
 * one that is its user's affair, as is all locking.
 */
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

struct notifier_block;
typedef int (*notifier_fn_t)(struct notifier_block *nb, unsigned long action, void *data);

struct notifier_block {
	notifier_fn_t		notifier_call;
	struct notifier_block	*next;
	int			priority;
};
struct raw_notifier_head {
	struct notifier_block	*head;
};
struct blocking_notifier_head {
	struct rw_semaphore	rwsem;
	struct notifier_block	*head;
};
struct atomic_notifier_head {
	spinlock_t		lock;
	struct notifier_block	*head;
};

struct srcu_notifier_head {
	struct mutex		mutex;
	struct srcu_struct	srcu;
	struct notifier_block	*head;
};

#define NOTIFY_DONE		0x0000
#define NOTIFY_OK		0x0001
#define NOTIFY_STOP_MASK	0x8000
#define NOTIFY_BAD		(NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP		(NOTIFY_OK | NOTIFY_STOP_MASK)
static inline int notifier_from_errno(int err) { return err ? NOTIFY_STOP_MASK | (NOTIFY_OK - err) : NOTIFY_OK; }
static inline int notifier_to_errno(int ret)
{
	ret &= ~NOTIFY_STOP_MASK;
	return ret > NOTIFY_OK ? NOTIFY_OK - ret : 0;
}

#define RAW_NOTIFIER_INIT(name)		{ .head = NULL }
#define BLOCKING_NOTIFIER_INIT(name)	{ .rwsem = __RWSEM_INITIALIZER((name).rwsem) }
#define ATOMIC_NOTIFIER_INIT(name)	{ .lock = __SPIN_LOCK_UNLOCKED((name).lock) }
#define SRCU_NOTIFIER_INIT(name, pcpu)	{ .mutex = __MUTEX_INITIALIZER((name).mutex),	\
	.srcu = __SRCU_STRUCT_INIT((name).srcu) }
#define SRCU_NOTIFIER_HEAD(name)	struct srcu_notifier_head name = SRCU_NOTIFIER_INIT(name, 0)
#define SRCU_NOTIFIER_HEAD_STATIC(name)	static struct srcu_notifier_head name = SRCU_NOTIFIER_INIT(name, 0)
#define RAW_NOTIFIER_HEAD(name)		struct raw_notifier_head name = RAW_NOTIFIER_INIT(name)
#define BLOCKING_NOTIFIER_HEAD(name)	struct blocking_notifier_head name = BLOCKING_NOTIFIER_INIT(name)
#define ATOMIC_NOTIFIER_HEAD(name)	struct atomic_notifier_head name = ATOMIC_NOTIFIER_INIT(name)
#define RAW_INIT_NOTIFIER_HEAD(nh)	((nh)->head = NULL)
#define BLOCKING_INIT_NOTIFIER_HEAD(nh)	do { init_rwsem(&(nh)->rwsem); (nh)->head = NULL; } while (0)
#define ATOMIC_INIT_NOTIFIER_HEAD(nh)	do { spin_lock_init(&(nh)->lock); (nh)->head = NULL; } while (0)

/* 0; -EEXIST for a block that is in the chain already, -ENOENT for one that is not. */
__visible int raw_notifier_chain_register(struct raw_notifier_head *nh, struct notifier_block *nb);
__visible int raw_notifier_chain_unregister(struct raw_notifier_head *nh, struct notifier_block *nb);
__visible int raw_notifier_call_chain(struct raw_notifier_head *nh, unsigned long val, void *v);
__visible int blocking_notifier_chain_register(struct blocking_notifier_head *nh, struct notifier_block *nb);
__visible int blocking_notifier_chain_unregister(struct blocking_notifier_head *nh, struct notifier_block *nb);
__visible int blocking_notifier_call_chain(struct blocking_notifier_head *nh, unsigned long val, void *v);
__visible int atomic_notifier_chain_register(struct atomic_notifier_head *nh, struct notifier_block *nb);
__visible int atomic_notifier_chain_unregister(struct atomic_notifier_head *nh, struct notifier_block *nb);
__visible void srcu_init_notifier_head(struct srcu_notifier_head *nh);
#define srcu_cleanup_notifier_head(nh)	cleanup_srcu_struct(&(nh)->srcu)
__visible int srcu_notifier_chain_register(struct srcu_notifier_head *nh, struct notifier_block *nb);
__visible int srcu_notifier_chain_unregister(struct srcu_notifier_head *nh, struct notifier_block *nb);
__visible int srcu_notifier_call_chain(struct srcu_notifier_head *nh, unsigned long val, void *v);
__visible int atomic_notifier_call_chain(struct atomic_notifier_head *nh, unsigned long val, void *v);

#endif /* _LINUX_NOTIFIER_H */
