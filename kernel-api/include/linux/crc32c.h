/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CRC32C_H
#define _LINUX_CRC32C_H

#include <linux/types.h>

/* CRC32C (Castagnoli); the caller inverts before and after. By instruction where the CPU has it. */
__visible u32 crc32c(u32 crc, const void *address, unsigned int length);

#endif /* _LINUX_CRC32C_H */
