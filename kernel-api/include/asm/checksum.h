/* SPDX-License-Identifier: MIT */
#ifndef _ASM_CHECKSUM_H
#define _ASM_CHECKSUM_H

/* The Internet checksum (RFC 1071), of one's complement; lib/checksum.c of the hosted library. */
#include <linux/types.h>

/* @sum and the 16-bit words of @buff, not folded. */
__wsum csum_partial(const void *buff, int len, __wsum sum);
/* As it stands in a header: folded and inverted. */
__sum16 ip_fast_csum(const void *iph, unsigned int ihl);	/* @ihl: 32-bit words */
__sum16 ip_compute_csum(const void *buff, int len);
/* @sum and the pseudo-header of TCP and UDP. */
__wsum csum_tcpudp_nofold(__be32 saddr, __be32 daddr, __u32 len, __u8 proto, __wsum sum);

static inline __sum16 csum_fold(__wsum csum)
{
	u32 sum = (csum & 0xffff) + (csum >> 16);

	return (__sum16)~(sum + (sum >> 16));
}
static inline __sum16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, __u32 len, __u8 proto, __wsum sum)
{
	return csum_fold(csum_tcpudp_nofold(saddr, daddr, len, proto, sum));
}

#endif /* _ASM_CHECKSUM_H */
