/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <asm/byteorder.h>
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/instruction_pointer.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/types.h>
#include <stdarg.h>

#define READ			0
#define WRITE			1
#define upper_32_bits(n)	((u32)((u64)(n) >> 32))
#define lower_32_bits(n)	((u32)(n))
#ifndef REPEAT_BYTE
#define REPEAT_BYTE(x)		((~0ul / 0xff) * (x))
#endif
#define PTR_IF(cond, ptr)	((cond) ? (ptr) : NULL)
#define u64_to_user_ptr(x)	((void __user *)(uintptr_t)(x))
#define typecheck(type, x)	({ __typeof__(type) *__dummy = &(__typeof__(x)){ 0 }; (void)__dummy; 1; })
#define typecheck_fn(type, fn)	({ __typeof__(type) *__dummy = (fn); (void)__dummy; })

__visible void might_sleep(void);	/* BUG when the context is atomic */
#define might_sleep_if(cond)	do { if (cond) might_sleep(); } while (0)
#define might_resched()		do { } while (0)
#define might_fault()		do { } while (0)
#define cant_sleep()		do { } while (0)
#define non_block_start()	do { } while (0)
#define non_block_end()		do { } while (0)
#define trace_printk(fmt, ...)	no_printk(fmt, ##__VA_ARGS__)
#define bust_spinlocks(yes)	((void)(yes))

enum system_states {
	SYSTEM_BOOTING, SYSTEM_SCHEDULING, SYSTEM_FREEING_INITMEM, SYSTEM_RUNNING, SYSTEM_HALT, SYSTEM_POWER_OFF,
	SYSTEM_RESTART, SYSTEM_SUSPEND,
};
#define system_state		SYSTEM_RUNNING	/* no module runs before that */
#define oops_in_progress	0

/* lib/hexdump.c of the hosted library. */
extern const char hex_asc[], hex_asc_upper[];
#define hex_asc_lo(x)		hex_asc[(x) & 0x0f]
#define hex_asc_hi(x)		hex_asc[((x) & 0xf0) >> 4]
#define hex_asc_upper_lo(x)	hex_asc_upper[(x) & 0x0f]
#define hex_asc_upper_hi(x)	hex_asc_upper[((x) & 0xf0) >> 4]
static inline char *hex_byte_pack(char *buf, u8 byte)
{
	*buf++ = hex_asc_hi(byte);
	*buf++ = hex_asc_lo(byte);
	return buf;
}
static inline char *hex_byte_pack_upper(char *buf, u8 byte)
{
	*buf++ = hex_asc_upper_hi(byte);
	*buf++ = hex_asc_upper_lo(byte);
	return buf;
}
int hex_to_bin(unsigned char ch);
int __must_check hex2bin(u8 *dst, const char *src, size_t count);
char *bin2hex(char *dst, const void *src, size_t count);

/* No tracing, as without CONFIG_TRACING. */
enum ftrace_dump_mode { DUMP_NONE, DUMP_ALL, DUMP_ORIG };
static inline void tracing_on(void) { }
static inline void tracing_off(void) { }
static inline int tracing_is_on(void) { return 0; }
static inline void ftrace_dump(enum ftrace_dump_mode mode) { }

/* lib/cmdline.c of the hosted library. */
int get_option(char **str, int *pint);
char *get_options(const char *str, int nints, int *ints);
bool parse_option_str(const char *str, const char *option);
char *next_arg(char *args, char **param, char **val);


#endif /* _LINUX_KERNEL_H */
