/* SPDX-License-Identifier: MIT */
/*
 * printk.c - the log: a ring of fixed records, an eventfd per reader, and stderr.
 * Also what ends in the log: bug.h, panic().
 *
 * Locking: log_lock, a bare futex word that disables nothing, since printk is
 * called from everywhere, also under any other lock. It is a leaf.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sched/debug.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "diag_notes.h"
#include "followers.h"
#include "host/host.h"

#define NR_RECORDS	2048
#define RECORD_BYTES	240
#define TEXT_BYTES	1024	/* of one call */

struct record {
	u64	time_ns;
	u8	level;
	char	text[RECORD_BYTES];
};

static struct record records[NR_RECORDS];
static u64 next_seq;
static struct followers readers;
static int console_level = 4;
static u32 log_lock;

static void lock(void)
{
	u32 was = 0;

	if (__atomic_compare_exchange_n(&log_lock, &was, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&log_lock, 2, __ATOMIC_ACQUIRE))
		host_futex_wait(&log_lock, 2, 0);
}

static void unlock(void)
{
	if (__atomic_exchange_n(&log_lock, 0, __ATOMIC_RELEASE) == 2)
		host_futex_wake(&log_lock, 1);
}

static int format_record(const struct record *record, char *buf, size_t bytes)
{
	return scnprintf(buf, bytes, "<%u>[%5llu.%06llu] %s\n", record->level, record->time_ns / NSEC_PER_SEC,
			 record->time_ns % NSEC_PER_SEC / 1000, record->text);
}

static void log_text(int level, const char *text)
{
	char line[RECORD_BYTES + 32];
	struct record *record;
	int len;

	lock();
	record = &records[next_seq % NR_RECORDS];
	record->time_ns = host_now_ns();
	record->level = (u8)level;
	strscpy(record->text, text, sizeof(record->text));
	next_seq++;
	len = format_record(record, line, sizeof(line));
	followers_signal(&readers);
	if (level <= __atomic_load_n(&console_level, __ATOMIC_RELAXED))
		host_write_stderr(line + 3, (size_t)len - 3);
	unlock();
}

/* A record per line; what is too long for one is cut. */
int vprintk(const char *fmt, va_list args)
{
	char text[TEXT_BYTES];
	char *from = text, *end;
	int level = 4, len = vscnprintf(text, sizeof(text), fmt, args);

	while (from[0] == KERN_SOH_ASCII && from[1]) {
		if (from[1] >= '0' && from[1] <= '7')
			level = from[1] - '0';
		from += 2;
	}
	while ((end = strchr(from, '\n')) && end[1]) {
		*end = 0;
		log_text(level, from);
		from = end + 1;
	}
	if (end)
		*end = 0;
	log_text(level, from);
	return len;
}

int _printk(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vprintk(fmt, args);
	va_end(args);
	return len;
}

int ring3_dmesg(unsigned long long *seq, char *buf, unsigned long bytes)
{
	int done = 0;

	lock();
	if (next_seq > NR_RECORDS && *seq < next_seq - NR_RECORDS)
		*seq = next_seq - NR_RECORDS;
	for (; *seq < next_seq; (*seq)++) {
		char line[RECORD_BYTES + 32];
		int len = format_record(&records[*seq % NR_RECORDS], line, sizeof(line));

		if ((unsigned long)(done + len) > bytes)
			break;
		memcpy(buf + done, line, (size_t)len);
		done += len;
	}
	unlock();
	return done;
}

int ring3_dmesg_fd(void)
{
	int fd = host_eventfd();
	bool added;

	if (fd < 0)
		return fd;
	lock();
	added = followers_add(&readers, fd);
	unlock();
	if (!added)
		host_close(fd);
	return added ? fd : -EMFILE;
}

void ring3_dmesg_fd_close(int fd)
{
	bool found;

	lock();
	found = followers_del(&readers, fd);
	unlock();
	if (found)
		host_close(fd);
}

void ring3_log(int level, const char *text)
{
	_printk("%c%c%s\n", KERN_SOH_ASCII, '0' + clamp(level, 0, 7), text);
}

void ring3_console_loglevel(int level)
{
	__atomic_store_n(&console_level, level, __ATOMIC_RELAXED);
}

/* ---- bug.h ------------------------------------------------------------------------ */

void ring3_bug(const char *file, int line, const char *what)
{
	char text[RECORD_BYTES];

	scnprintf(text, sizeof(text), "kernel BUG at %s:%d: %s", file, line, what);
	diag_panic_reason(text);
	pr_emerg("%s\n", text);
	host_backtrace();
	host_abort();
}

void ring3_warn(const char *file, int line, const char *format, ...)
{
	char text[RECORD_BYTES];
	va_list args;

	va_start(args, format);
	vscnprintf(text, sizeof(text), format, args);
	va_end(args);
	pr_warn("WARNING at %s:%d: %s\n", file, line, text);
	host_backtrace();
}

void panic(const char *format, ...)
{
	char text[RECORD_BYTES];
	va_list args;

	va_start(args, format);
	vscnprintf(text, sizeof(text), format, args);
	va_end(args);
	diag_panic_reason(text);
	pr_emerg("Kernel panic: %s\n", text);
	host_backtrace();
	host_abort();
}

void dump_stack(void)
{
	host_backtrace();
}

static unsigned long taints;	/* atomic */

void add_taint(unsigned int flag, enum lockdep_ok lockdep_ok)
{
	__atomic_fetch_or(&taints, 1ul << flag, __ATOMIC_RELAXED);
}

int test_taint(unsigned int flag)
{
	return __atomic_load_n(&taints, __ATOMIC_RELAXED) >> flag & 1;
}

unsigned long get_taint(void)
{
	return __atomic_load_n(&taints, __ATOMIC_RELAXED);
}

/* ---- reboot.h ----------------------------------------------------------------------- */

void kernel_power_off(void)
{
	ring3_reboot_notify(SYS_POWER_OFF, NULL);
	pr_emerg("power off: the process ends\n");
	host_exit(0);
}

void kernel_halt(void)
{
	ring3_reboot_notify(SYS_HALT, NULL);
	pr_emerg("halt: the process ends\n");
	host_exit(0);
}

void kernel_restart(char *cmd)
{
	ring3_reboot_notify(SYS_RESTART, cmd);
	pr_emerg("restart%s%s: the process ends\n", cmd ? ": " : "", cmd ? cmd : "");
	host_exit(0);
}
