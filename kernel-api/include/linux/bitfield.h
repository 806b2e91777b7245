/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BITFIELD_H
#define _LINUX_BITFIELD_H

/*
 * Fields of registers, named by constant masks of consecutive bits. A value that does
 * not fit, or a mask that is none, does not compile where the compiler knows.
 */
#include <asm/byteorder.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#define __bf_shf(x)	(__builtin_ffsll(x) - 1)

#define RING3_BF_CHECK(mask, val, what) do {						\
	BUILD_BUG_ON_MSG(!__builtin_constant_p(mask), what "the mask is not constant");	\
	BUILD_BUG_ON_MSG((mask) == 0, what "the mask is 0");				\
	BUILD_BUG_ON_MSG(__builtin_constant_p(val) &&					\
			 (~((unsigned long long)(mask) >> __bf_shf(mask)) & (unsigned long long)(val)),	\
			 what "the value is too large for the field");			\
	BUILD_BUG_ON_MSG((((unsigned long long)(mask) + (1ull << __bf_shf(mask))) &	\
			  (unsigned long long)(mask)) != 0, what "the mask has holes");	\
} while (0)

#define FIELD_MAX(mask)		({ RING3_BF_CHECK(mask, 0ull, "FIELD_MAX: "); (__typeof__(mask))((mask) >> __bf_shf(mask)); })
#define FIELD_FIT(mask, val) ({								\
	RING3_BF_CHECK(mask, 0ull, "FIELD_FIT: ");					\
	!((((__typeof__(mask))(val)) << __bf_shf(mask)) & ~(mask));			\
})
#define FIELD_PREP(mask, val) ({							\
	RING3_BF_CHECK(mask, val, "FIELD_PREP: ");					\
	((__typeof__(mask))(val) << __bf_shf(mask)) & (mask);				\
})
#define FIELD_PREP_CONST(mask, val) ((((__typeof__(mask))(val)) << __bf_shf(mask)) & (mask))
#define FIELD_GET(mask, reg) ({								\
	RING3_BF_CHECK(mask, 0ull, "FIELD_GET: ");					\
	(__typeof__(mask))(((reg) & (mask)) >> __bf_shf(mask));				\
})

extern void __attribute__((__error__("value doesn't fit into mask"))) __field_overflow(void);
extern void __attribute__((__error__("bad bitfield mask"))) __bad_mask(void);
static inline u64 field_multiplier(u64 field)
{
	u64 lowest = 1ull << __bf_shf(field);

	if (field & (field + lowest))	/* a carry stops in a hole */
		__bad_mask();
	return lowest;
}
static inline u64 field_mask(u64 field) { return field >> __bf_shf(field); }
#define field_max(field)	((__typeof__(field))field_mask(field))

/* u32_encode_bits() and its family, for host, little and big endian words. */
#define RING3_BF_OPS(type, name, base, to, from)					\
static inline type name##_encode_bits(base v, base field)				\
{											\
	if (__builtin_constant_p(v) && (v & ~field_mask(field)))			\
		__field_overflow();							\
	return to((v & field_mask(field)) * field_multiplier(field));			\
}											\
static inline type name##_replace_bits(type old, base val, base field)			\
{											\
	return (old & ~to(field)) | name##_encode_bits(val, field);			\
}											\
static inline void name##p_replace_bits(type *p, base val, base field)			\
{											\
	*p = (*p & ~to(field)) | name##_encode_bits(val, field);			\
}											\
static inline base name##_get_bits(type v, base field)					\
{											\
	return (from(v) & field) / field_multiplier(field);				\
}
#define RING3_BF_SAME(x)	(x)
RING3_BF_OPS(u8, u8, u8, RING3_BF_SAME, RING3_BF_SAME)
RING3_BF_OPS(u16, u16, u16, RING3_BF_SAME, RING3_BF_SAME)
RING3_BF_OPS(u32, u32, u32, RING3_BF_SAME, RING3_BF_SAME)
RING3_BF_OPS(u64, u64, u64, RING3_BF_SAME, RING3_BF_SAME)
RING3_BF_OPS(__le16, le16, u16, cpu_to_le16, le16_to_cpu)
RING3_BF_OPS(__le32, le32, u32, cpu_to_le32, le32_to_cpu)
RING3_BF_OPS(__le64, le64, u64, cpu_to_le64, le64_to_cpu)
RING3_BF_OPS(__be16, be16, u16, cpu_to_be16, be16_to_cpu)
RING3_BF_OPS(__be32, be32, u32, cpu_to_be32, be32_to_cpu)
RING3_BF_OPS(__be64, be64, u64, cpu_to_be64, be64_to_cpu)

#endif /* _LINUX_BITFIELD_H */
