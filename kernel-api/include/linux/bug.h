/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

/*
 * Checks that stand in every build.
 */
#include <linux/build_bug.h>
#include <linux/instruction_pointer.h>
#include <linux/types.h>

/* src/bug.c: prints the place and a backtrace; ring3_bug() then ends the process by SIGABRT. */
__visible void ring3_bug(const char *file, int line, const char *what) __noreturn __cold;
__visible void ring3_warn(const char *file, int line, const char *format, ...) __printf(3, 4) __cold;

#define BUG()			ring3_bug(__FILE__, __LINE__, "BUG()")
#define BUG_ON(condition)							\
	do {									\
		if (unlikely(condition))					\
			ring3_bug(__FILE__, __LINE__, "BUG_ON(" #condition ")");\
	} while (0)

#define WARN(condition, format...) ({						\
	bool __warn = !!(condition);						\
	if (unlikely(__warn))							\
		ring3_warn(__FILE__, __LINE__, format);				\
	unlikely(__warn);							\
})
#define WARN_ON(condition)	WARN(condition, "WARN_ON(%s)", #condition)
#define WARN_ONCE(condition, format...) ({					\
	static bool __warned;							\
	bool __once = !!(condition);						\
	if (unlikely(__once) && !READ_ONCE(__warned)) {				\
		WRITE_ONCE(__warned, true);					\
		ring3_warn(__FILE__, __LINE__, format);				\
	}									\
	unlikely(__once);							\
})
#define WARN_ON_ONCE(condition)	WARN_ONCE(condition, "WARN_ON_ONCE(%s)", #condition)
#define WARN_TAINT(condition, taint, format...)	WARN(condition, format)
#define CHECK_DATA_CORRUPTION(condition, format...)	WARN(condition, format)

#endif /* _LINUX_BUG_H */
