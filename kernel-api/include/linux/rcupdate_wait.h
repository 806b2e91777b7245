/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RCUPDATE_WAIT_H
#define _LINUX_RCUPDATE_WAIT_H

/* Waiting for several flavours of call_rcu() at once. */
#include <linux/completion.h>
#include <linux/rcupdate.h>

struct rcu_synchronize {
	struct rcu_head		head;
	struct completion	completion;
};
__visible void wakeme_after_rcu(struct rcu_head *head);
__visible void __wait_rcu_gp(int n, call_rcu_func_t *funcs, struct rcu_synchronize *waits);
#define synchronize_rcu_mult(funcs...) do {						\
	call_rcu_func_t __funcs[] = { funcs };						\
	struct rcu_synchronize __waits[sizeof(__funcs) / sizeof(__funcs[0])];		\
	__wait_rcu_gp(sizeof(__funcs) / sizeof(__funcs[0]), __funcs, __waits);		\
} while (0)

#endif /* _LINUX_RCUPDATE_WAIT_H */
