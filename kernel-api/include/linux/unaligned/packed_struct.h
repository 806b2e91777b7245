/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_UNALIGNED_PACKED_STRUCT_H
#define _LINUX_UNALIGNED_PACKED_STRUCT_H

#include <asm/unaligned.h>

static inline u16 __get_unaligned_cpu16(const void *p) { return get_unaligned_le16(p); }
static inline u32 __get_unaligned_cpu32(const void *p) { return get_unaligned_le32(p); }
static inline u64 __get_unaligned_cpu64(const void *p) { return get_unaligned_le64(p); }

#endif /* _LINUX_UNALIGNED_PACKED_STRUCT_H */
