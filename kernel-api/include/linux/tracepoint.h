/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TRACEPOINT_H
#define _LINUX_TRACEPOINT_H

/*
 * Differs from the kernel: tracepoints are empty functions, and trace_NAME_enabled() is false.
 */
#include <linux/tracepoint-defs.h>
#include <linux/types.h>

#define PARAMS(args...)			args
#define TP_PROTO(args...)		args
#define TP_ARGS(args...)		args
#define TP_CONDITION(args...)		args
#define TP_STRUCT__entry(args...)
#define TP_fast_assign(args...)
#define TP_printk(args...)
#define RING3_TRACE(name, proto)							\
	static inline void trace_##name(proto) { }					\
	static inline bool trace_##name##_enabled(void) { return false; }		\
	static inline int register_trace_##name(void *probe, void *data) { return -38; }	\
	static inline int unregister_trace_##name(void *probe, void *data) { return -38; }
#define tracepoint_string(text)	(text)
#define DECLARE_TRACE(name, proto, args)	RING3_TRACE(name, PARAMS(proto))
#define TRACE_EVENT(name, proto, args...)	RING3_TRACE(name, PARAMS(proto))
#define TRACE_EVENT_FN(name, proto, args...)	RING3_TRACE(name, PARAMS(proto))
#define TRACE_EVENT_CONDITION(name, proto, args...) RING3_TRACE(name, PARAMS(proto))
#define DECLARE_EVENT_CLASS(name, proto, args...)
#define DEFINE_EVENT(template, name, proto, args...) RING3_TRACE(name, PARAMS(proto))
#define DEFINE_EVENT_PRINT(template, name, proto, args...) RING3_TRACE(name, PARAMS(proto))
#define DEFINE_EVENT_CONDITION(template, name, proto, args...) RING3_TRACE(name, PARAMS(proto))
#define TRACE_EVENT_NOP(name, proto, args...)	RING3_TRACE(name, PARAMS(proto))
#define DECLARE_EVENT_CLASS_NOP(name, proto, args...)
#define DEFINE_EVENT_NOP(template, name, proto, args...) RING3_TRACE(name, PARAMS(proto))
#define EXPORT_TRACEPOINT_SYMBOL(name)		_Static_assert(1, "")
#define EXPORT_TRACEPOINT_SYMBOL_GPL(name)	_Static_assert(1, "")
#define DEFINE_TRACE(name, proto, args)		_Static_assert(1, "")
#define TRACE_DEFINE_ENUM(x)
#define TRACEPOINT_ENUM(x)

#endif /* _LINUX_TRACEPOINT_H */
