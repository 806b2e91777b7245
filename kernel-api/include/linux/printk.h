/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PRINTK_H
#define _LINUX_PRINTK_H

/*
 * The log; read with ring3_dmesg() (ring3/kernel.h).
 *
 * Differs from the kernel: no consoles but stderr, pr_debug() is compiled out.
 */
#include <linux/compiler.h>
#include <linux/types.h>

#define KERN_SOH		"\001"
#define KERN_EMERG		KERN_SOH "0"
#define KERN_ALERT		KERN_SOH "1"
#define KERN_CRIT		KERN_SOH "2"
#define KERN_ERR		KERN_SOH "3"
#define KERN_WARNING		KERN_SOH "4"
#define KERN_NOTICE		KERN_SOH "5"
#define KERN_INFO		KERN_SOH "6"
#define KERN_DEBUG		KERN_SOH "7"
#define KERN_CONT		KERN_SOH "c"

#ifndef pr_fmt
#define pr_fmt(fmt)		fmt
#endif

__visible int _printk(const char *fmt, ...) __printf(1, 2);

#define printk(fmt, ...)	_printk(fmt, ##__VA_ARGS__)
#define pr_emerg(fmt, ...)	printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...)	printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...)	printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)	printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...)	printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)	printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...)	do { if (0) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__); } while (0)

/* At most 10 messages in 5 seconds from one place. */
struct ratelimit_state {
	u64		begin_ns;
	int		printed, missed;
};
__visible int ___ratelimit(struct ratelimit_state *rs, const char *func);
#define printk_ratelimited(fmt, ...) do {						\
	static struct ratelimit_state __rs;						\
	if (___ratelimit(&__rs, __func__))						\
		printk(fmt, ##__VA_ARGS__);						\
} while (0)
#define pr_err_ratelimited(fmt, ...)	printk_ratelimited(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_ratelimited(fmt, ...)	printk_ratelimited(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice_ratelimited(fmt, ...)	printk_ratelimited(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_ratelimited(fmt, ...)	printk_ratelimited(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define printk_once(fmt, ...) do {							\
	static bool __printed;								\
	if (!READ_ONCE(__printed)) {							\
		WRITE_ONCE(__printed, true);						\
		printk(fmt, ##__VA_ARGS__);						\
	}										\
} while (0)
#define pr_warn_once(fmt, ...)	printk_once(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)

#endif /* _LINUX_PRINTK_H */
