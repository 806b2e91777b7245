/* SPDX-License-Identifier: MIT */
/* scst_lun.c - logical unit numbers on the wire (SAM-5 4.7.6, 4.7.7). */
#include "scst_priv.h"

u64 scst_unpack_lun(const u8 *lun)
{
	/* A single level: the other three must be empty. */
	if (memchr_inv(lun + 2, 0, 6))
		return U64_MAX;
	switch (lun[0] >> 6) {
	case 0:		/* peripheral device: bus 0 only */
		return lun[0] ? U64_MAX : lun[1];
	case 1:		/* flat space */
		return (u64)(lun[0] & 0x3f) << 8 | lun[1];
	default:
		return U64_MAX;
	}
}

void scst_pack_lun(u64 lun, u8 *packed)
{
	memset(packed, 0, 8);
	if (lun > 255)
		packed[0] = (u8)(0x40 | lun >> 8);
	packed[1] = (u8)lun;
}
