/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PERCPU_DEFS_H
#define _LINUX_PERCPU_DEFS_H

/*
 * Per-CPU data: the copy of virtual CPU n lies n units behind that of CPU 0, whose
 * address is the one that pointers and variables have. So a member's or an array
 * element's address works as well as the whole's.
 *
 * this_cpu_OP() own the virtual CPU for the operation; __this_cpu_OP() warn unless the
 * caller owns it; raw_cpu_OP() do neither. this_cpu_OP() wait when another thread
 * owns it.
 *
 * Differs from the kernel: an object with DEFINE_PER_CPU must be linked with
 * kernel-api/module.lds (`ring3 build` does); at most 64 KiB of it per object.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/preempt.h>
#include <linux/types.h>

#define RING3_PERCPU_UNIT		0x10000ul

/* One object's static data; registered as it is loaded, so that each CPU's copy gets the first values. */
struct ring3_percpu {
	char			*start, *end;
	struct ring3_percpu	*next;
	bool			registered;
};
__visible void ring3_percpu_register(struct ring3_percpu *area);

/* Set by module.lds; both NULL in an object linked without it. */
extern char ring3_percpu_start[] __weak __attribute__((__visibility__("hidden")));
extern char ring3_percpu_end[] __weak __attribute__((__visibility__("hidden")));
__weak struct ring3_percpu ring3_percpu_area __attribute__((__visibility__("hidden")));

__attribute__((__constructor__)) static void ring3_percpu_constructor(void)
{
	if (&ring3_percpu_start[0] == &ring3_percpu_end[0])
		return;
	ring3_percpu_area.start = ring3_percpu_start;
	ring3_percpu_area.end = ring3_percpu_end;
	ring3_percpu_register(&ring3_percpu_area);
}

#define DECLARE_PER_CPU_SECTION(type, name, sec) extern __typeof__(type) name
#define DEFINE_PER_CPU_SECTION(type, name, sec)	__section(".data..percpu" sec) __typeof__(type) name

#define DECLARE_PER_CPU(type, name)		DECLARE_PER_CPU_SECTION(type, name, "")
#define DEFINE_PER_CPU(type, name)		DEFINE_PER_CPU_SECTION(type, name, "")
#define DECLARE_PER_CPU_ALIGNED(type, name)	DECLARE_PER_CPU(type, name) __aligned(64)
#define DEFINE_PER_CPU_ALIGNED(type, name)	DEFINE_PER_CPU(type, name) __aligned(64)
#define DECLARE_PER_CPU_SHARED_ALIGNED		DECLARE_PER_CPU_ALIGNED
#define DEFINE_PER_CPU_SHARED_ALIGNED		DEFINE_PER_CPU_ALIGNED
#define DECLARE_PER_CPU_READ_MOSTLY		DECLARE_PER_CPU
#define DEFINE_PER_CPU_READ_MOSTLY		DEFINE_PER_CPU
#define DECLARE_PER_CPU_FIRST			DECLARE_PER_CPU
#define DEFINE_PER_CPU_FIRST			DEFINE_PER_CPU
#define EXPORT_PER_CPU_SYMBOL(var)		EXPORT_SYMBOL(var)
#define EXPORT_PER_CPU_SYMBOL_GPL(var)		EXPORT_SYMBOL(var)

#include <linux/sched.h>

__visible extern __thread unsigned int ring3_cpu_id RING3_TLS;	/* owned now, or the last one */
static inline unsigned int raw_smp_processor_id(void)
{
	(void)current;
	return ring3_cpu_id;
}
/* The same, with a warning (once) when the caller does not own its virtual CPU. */
__visible unsigned int ring3_unowned_processor_id(void);
static inline unsigned int debug_smp_processor_id(void)
{
	return likely(ring3_preempt_word) ? ring3_cpu_id : ring3_unowned_processor_id();
}

#define per_cpu_offset(cpu)		((unsigned long)(cpu) * RING3_PERCPU_UNIT)
#define SHIFT_PERCPU_PTR(ptr, offset)	((__typeof__(*(ptr)) *)((unsigned long)(ptr) + (offset)))
#define per_cpu_ptr(ptr, cpu)		SHIFT_PERCPU_PTR((ptr), per_cpu_offset(cpu))
#define raw_cpu_ptr(ptr)		per_cpu_ptr(ptr, raw_smp_processor_id())
#define this_cpu_ptr(ptr)		per_cpu_ptr(ptr, debug_smp_processor_id())
#define per_cpu(var, cpu)		(*per_cpu_ptr(&(var), cpu))

#define get_cpu_var(var)		(*({ preempt_disable(); this_cpu_ptr(&(var)); }))
#define put_cpu_var(var)		do { (void)&(var); preempt_enable(); } while (0)
#define get_cpu_ptr(var)		({ preempt_disable(); this_cpu_ptr(var); })
#define put_cpu_ptr(var)		do { (void)(var); preempt_enable(); } while (0)

/* Plain accesses to the copy that @ptr_of finds. */
#define RING3_PCPU_READ(ptr_of, pcp)		READ_ONCE(*ptr_of(&(pcp)))
#define RING3_PCPU_WRITE(ptr_of, pcp, val)	WRITE_ONCE(*ptr_of(&(pcp)), (__typeof__(pcp))(val))
#define RING3_PCPU_ADD_RETURN(ptr_of, pcp, val) ({					\
	__typeof__(pcp) *__pcp = ptr_of(&(pcp));					\
	__typeof__(pcp) __new = (__typeof__(pcp))(*__pcp + (val));			\
	WRITE_ONCE(*__pcp, __new);							\
	__new;										\
})
#define RING3_PCPU_OP(ptr_of, pcp, op, val) do {					\
	__typeof__(pcp) *__pcp = ptr_of(&(pcp));					\
	WRITE_ONCE(*__pcp, (__typeof__(pcp))(*__pcp op (val)));				\
} while (0)
#define RING3_PCPU_XCHG(ptr_of, pcp, val) ({						\
	__typeof__(pcp) *__pcp = ptr_of(&(pcp));					\
	__typeof__(pcp) __was = *__pcp;							\
	WRITE_ONCE(*__pcp, (__typeof__(pcp))(val));					\
	__was;										\
})
#define RING3_PCPU_CMPXCHG(ptr_of, pcp, oval, nval) ({					\
	__typeof__(pcp) *__pcp = ptr_of(&(pcp));					\
	__typeof__(pcp) __was = *__pcp;							\
	if (__was == (__typeof__(pcp))(oval))						\
		WRITE_ONCE(*__pcp, (__typeof__(pcp))(nval));				\
	__was;										\
})

#define raw_cpu_read(pcp)			RING3_PCPU_READ(raw_cpu_ptr, pcp)
#define raw_cpu_write(pcp, val)			RING3_PCPU_WRITE(raw_cpu_ptr, pcp, val)
#define raw_cpu_add(pcp, val)			RING3_PCPU_OP(raw_cpu_ptr, pcp, +, val)
#define raw_cpu_and(pcp, val)			RING3_PCPU_OP(raw_cpu_ptr, pcp, &, val)
#define raw_cpu_or(pcp, val)			RING3_PCPU_OP(raw_cpu_ptr, pcp, |, val)
#define raw_cpu_add_return(pcp, val)		RING3_PCPU_ADD_RETURN(raw_cpu_ptr, pcp, val)
#define raw_cpu_xchg(pcp, val)			RING3_PCPU_XCHG(raw_cpu_ptr, pcp, val)
#define raw_cpu_cmpxchg(pcp, oval, nval)	RING3_PCPU_CMPXCHG(raw_cpu_ptr, pcp, oval, nval)

#define __this_cpu_read(pcp)			RING3_PCPU_READ(this_cpu_ptr, pcp)
#define __this_cpu_write(pcp, val)		RING3_PCPU_WRITE(this_cpu_ptr, pcp, val)
#define __this_cpu_add(pcp, val)		RING3_PCPU_OP(this_cpu_ptr, pcp, +, val)
#define __this_cpu_and(pcp, val)		RING3_PCPU_OP(this_cpu_ptr, pcp, &, val)
#define __this_cpu_or(pcp, val)			RING3_PCPU_OP(this_cpu_ptr, pcp, |, val)
#define __this_cpu_add_return(pcp, val)		RING3_PCPU_ADD_RETURN(this_cpu_ptr, pcp, val)
#define __this_cpu_xchg(pcp, val)		RING3_PCPU_XCHG(this_cpu_ptr, pcp, val)
#define __this_cpu_cmpxchg(pcp, oval, nval)	RING3_PCPU_CMPXCHG(this_cpu_ptr, pcp, oval, nval)

#define RING3_PCPU_OWNED(expr) ({							\
	__typeof__((void)0, (expr)) __value;						\
	preempt_disable();								\
	__value = (expr);								\
	preempt_enable();								\
	__value;									\
})
#define this_cpu_read(pcp)			RING3_PCPU_OWNED(raw_cpu_read(pcp))
#define this_cpu_write(pcp, val)	do { preempt_disable(); raw_cpu_write(pcp, val); preempt_enable(); } while (0)
#define this_cpu_add(pcp, val)		do { preempt_disable(); raw_cpu_add(pcp, val); preempt_enable(); } while (0)
#define this_cpu_and(pcp, val)		do { preempt_disable(); raw_cpu_and(pcp, val); preempt_enable(); } while (0)
#define this_cpu_or(pcp, val)		do { preempt_disable(); raw_cpu_or(pcp, val); preempt_enable(); } while (0)
#define this_cpu_add_return(pcp, val)		RING3_PCPU_OWNED(raw_cpu_add_return(pcp, val))
#define this_cpu_xchg(pcp, val)			RING3_PCPU_OWNED(raw_cpu_xchg(pcp, val))
#define this_cpu_cmpxchg(pcp, oval, nval)	RING3_PCPU_OWNED(raw_cpu_cmpxchg(pcp, oval, nval))

/* The rest is the same thing three times. */
#define raw_cpu_sub(pcp, val)			raw_cpu_add(pcp, -(__typeof__(pcp))(val))
#define raw_cpu_inc(pcp)			raw_cpu_add(pcp, 1)
#define raw_cpu_dec(pcp)			raw_cpu_sub(pcp, 1)
#define raw_cpu_sub_return(pcp, val)		raw_cpu_add_return(pcp, -(__typeof__(pcp))(val))
#define raw_cpu_inc_return(pcp)			raw_cpu_add_return(pcp, 1)
#define raw_cpu_dec_return(pcp)			raw_cpu_add_return(pcp, -1)
#define __this_cpu_sub(pcp, val)		__this_cpu_add(pcp, -(__typeof__(pcp))(val))
#define __this_cpu_inc(pcp)			__this_cpu_add(pcp, 1)
#define __this_cpu_dec(pcp)			__this_cpu_sub(pcp, 1)
#define __this_cpu_sub_return(pcp, val)		__this_cpu_add_return(pcp, -(__typeof__(pcp))(val))
#define __this_cpu_inc_return(pcp)		__this_cpu_add_return(pcp, 1)
#define __this_cpu_dec_return(pcp)		__this_cpu_add_return(pcp, -1)
#define this_cpu_sub(pcp, val)			this_cpu_add(pcp, -(__typeof__(pcp))(val))
#define this_cpu_inc(pcp)			this_cpu_add(pcp, 1)
#define this_cpu_dec(pcp)			this_cpu_sub(pcp, 1)
#define this_cpu_sub_return(pcp, val)		this_cpu_add_return(pcp, -(__typeof__(pcp))(val))
#define this_cpu_inc_return(pcp)		this_cpu_add_return(pcp, 1)
#define this_cpu_dec_return(pcp)		this_cpu_add_return(pcp, -1)

#endif /* _LINUX_PERCPU_DEFS_H */
