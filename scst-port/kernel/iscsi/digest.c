/* SPDX-License-Identifier: MIT */
/*
 * digest.c - CRC32C over headers and data segments (RFC 7143 13.1).
 *
 * A digest is built up piece by piece (digest_add) from ISCSI_CRC_SEED, so that
 * data may be anywhere. Pure functions, any thread.
 */
#include <linux/crc32c.h>
#include <asm/unaligned.h>

#include "iscsi.h"

u32 digest_add(u32 crc, const void *data, u32 len)
{
	return crc32c(crc, data, len);
}

void digest_store(u8 *where, u32 crc)
{
	put_unaligned_le32(~crc, where);
}

bool digest_matches(const u8 *where, u32 crc)
{
	return get_unaligned_le32(where) == ~crc;
}

/* Over the data segment of @out, with its padding; not finished (digest_store() does). */
u32 digest_of_out(const struct iscsi_out *out)
{
	u32 hdr_data = out->hdr_len > ISCSI_BHS_LEN ? (out->hdr_len & 3) : 0;
	u32 left = out->data_len, crc = ISCSI_CRC_SEED;
	u8 zeros[4] = {};

	/* SenseLength is data, though it is kept behind the header. */
	if (hdr_data)
		crc = digest_add(crc, out->hdr + out->hdr_len - hdr_data, hdr_data);
	if (out->data) {
		crc = digest_add(crc, out->data, left);
	} else {
		struct scatterlist *sg = out->sg;
		u32 off = out->sg_off;

		while (left) {
			u32 n = min(left, sg->length - off);

			crc = digest_add(crc, (u8 *)sg_virt(sg) + off, n);
			left -= n;
			off = 0;
			sg = sg_next(sg);
		}
	}
	return digest_add(crc, zeros, iscsi_pad(hdr_data + out->data_len));
}
