/* SPDX-License-Identifier: MIT */
#ifndef _ASM_UNALIGNED_H
#define _ASM_UNALIGNED_H

#include <asm/byteorder.h>

static inline u16 get_unaligned_be16(const void *p)
{
	u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return be16_to_cpu(v);
}
static inline void put_unaligned_be16(u16 val, void *p)
{
	u16 v = cpu_to_be16(val);

	__builtin_memcpy(p, &v, sizeof(v));
}
static inline u32 get_unaligned_be32(const void *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return be32_to_cpu(v);
}
static inline void put_unaligned_be32(u32 val, void *p)
{
	u32 v = cpu_to_be32(val);

	__builtin_memcpy(p, &v, sizeof(v));
}
static inline u64 get_unaligned_be64(const void *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return be64_to_cpu(v);
}
static inline void put_unaligned_be64(u64 val, void *p)
{
	u64 v = cpu_to_be64(val);

	__builtin_memcpy(p, &v, sizeof(v));
}
static inline u16 get_unaligned_le16(const void *p)
{
	u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return le16_to_cpu(v);
}
static inline void put_unaligned_le16(u16 val, void *p)
{
	u16 v = cpu_to_le16(val);

	__builtin_memcpy(p, &v, sizeof(v));
}
static inline u32 get_unaligned_le32(const void *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return le32_to_cpu(v);
}
static inline void put_unaligned_le32(u32 val, void *p)
{
	u32 v = cpu_to_le32(val);

	__builtin_memcpy(p, &v, sizeof(v));
}
static inline u64 get_unaligned_le64(const void *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return le64_to_cpu(v);
}
static inline void put_unaligned_le64(u64 val, void *p)
{
	u64 v = cpu_to_le64(val);

	__builtin_memcpy(p, &v, sizeof(v));
}
static inline u32 get_unaligned_be24(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 16 | (u32)b[1] << 8 | b[2];
}
static inline void put_unaligned_be24(u32 val, void *p)
{
	u8 *b = p;

	b[0] = (u8)(val >> 16);
	b[1] = (u8)(val >> 8);
	b[2] = (u8)val;
}
#define get_unaligned(ptr)	\
	({ struct { __typeof__(*(ptr)) v; } __packed const *__up = (const void *)(ptr); __up->v; })
#define put_unaligned(val, ptr)	\
	({ __typeof__(*(ptr)) __v = (val); __builtin_memcpy((void *)(ptr), &__v, sizeof(__v)); })

#endif /* _ASM_UNALIGNED_H */
