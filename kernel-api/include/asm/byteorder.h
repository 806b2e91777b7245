/* SPDX-License-Identifier: MIT */
#ifndef _ASM_BYTEORDER_H
#define _ASM_BYTEORDER_H

/*
 * Differs from the kernel: little-endian machines only.
 */
#include <linux/types.h>

#define __swab16(x)		__builtin_bswap16(x)
#define __swab32(x)		__builtin_bswap32(x)
#define __swab64(x)		__builtin_bswap64(x)
#define cpu_to_be16(x)		((__be16)__builtin_bswap16((u16)(x)))
#define cpu_to_be32(x)		((__be32)__builtin_bswap32((u32)(x)))
#define cpu_to_be64(x)		((__be64)__builtin_bswap64((u64)(x)))
#define be16_to_cpu(x)		((u16)__builtin_bswap16((u16)(x)))
#define be32_to_cpu(x)		((u32)__builtin_bswap32((u32)(x)))
#define be64_to_cpu(x)		((u64)__builtin_bswap64((u64)(x)))
#define cpu_to_le16(x)		((__le16)(u16)(x))
#define cpu_to_le32(x)		((__le32)(u32)(x))
#define cpu_to_le64(x)		((__le64)(u64)(x))
#define le16_to_cpu(x)		((u16)(x))
#define le32_to_cpu(x)		((u32)(x))
#define le64_to_cpu(x)		((u64)(x))
#define htons(x)		cpu_to_be16(x)
#define htonl(x)		cpu_to_be32(x)
#define ntohs(x)		be16_to_cpu(x)
#define ntohl(x)		be32_to_cpu(x)
static inline void be32_add_cpu(__be32 *var, u32 val) { *var = cpu_to_be32(be32_to_cpu(*var) + val); }
static inline u16 be16_to_cpup(const __be16 *p) { return be16_to_cpu(*p); }
static inline u32 be32_to_cpup(const __be32 *p) { return be32_to_cpu(*p); }
static inline u16 le16_to_cpup(const __le16 *p) { return le16_to_cpu(*p); }
static inline u32 le32_to_cpup(const __le32 *p) { return le32_to_cpu(*p); }
static inline u64 le64_to_cpup(const __le64 *p) { return le64_to_cpu(*p); }
static inline void le16_add_cpu(__le16 *var, u16 val) { *var = cpu_to_le16(le16_to_cpu(*var) + val); }
static inline void le32_add_cpu(__le32 *var, u32 val) { *var = cpu_to_le32(le32_to_cpu(*var) + val); }
static inline void le64_add_cpu(__le64 *var, u64 val) { *var = cpu_to_le64(le64_to_cpu(*var) + val); }
static inline void be16_add_cpu(__be16 *var, u16 val) { *var = cpu_to_be16(be16_to_cpu(*var) + val); }
static inline void cpu_to_le32s(u32 *p) { }
static inline void cpu_to_be32s(u32 *p) { *p = __builtin_bswap32(*p); }
#define le32_to_cpus(p)		cpu_to_le32s((u32 *)(p))
#define be32_to_cpus(p)		cpu_to_be32s((u32 *)(p))
#define __constant_cpu_to_le32(x) cpu_to_le32(x)
#define __constant_cpu_to_be32(x) cpu_to_be32(x)
#define __constant_htons(x)	cpu_to_be16(x)
#define __constant_htonl(x)	cpu_to_be32(x)
#define __cpu_to_le32(x)	cpu_to_le32(x)
#define __cpu_to_le64(x)	cpu_to_le64(x)
#define __cpu_to_be32(x)	cpu_to_be32(x)
#define __le32_to_cpu(x)	le32_to_cpu(x)
#define __le64_to_cpu(x)	le64_to_cpu(x)
#define __be32_to_cpu(x)	be32_to_cpu(x)
static inline u64 be64_to_cpup(const __be64 *p) { return be64_to_cpu(*p); }

#include <linux/swab.h>

#endif /* _ASM_BYTEORDER_H */
