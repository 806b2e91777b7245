/* SPDX-License-Identifier: MIT */
/* scsi_pr.c - see scsi_pr.h. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_pr.h"

void pr_start(struct peer **a, struct peer **b, struct peer **c)
{
	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	*a = rig_nexus(0);
	*b = rig_nexus(1);
	*c = rig_nexus(2);
}

struct scsi_answer pr_out_list(struct peer *peer, u8 sa, u8 type, const u8 *list, u32 len)
{
	u8 cdb[16] = { PERSISTENT_RESERVE_OUT, sa, type };

	put_unaligned_be32(len, cdb + 5);
	return scsi_cmd(peer, 0, cdb, 0, list, len);
}

u8 pr_out(struct peer *peer, u8 sa, u8 type, u64 key, u64 sa_key)
{
	struct scsi_answer answer;
	u8 list[24] = { 0 };

	put_unaligned_be64(key, list);
	put_unaligned_be64(sa_key, list + 8);
	answer = pr_out_list(peer, sa, type, list, sizeof(list));
	if (answer.status == SAM_STAT_CHECK_CONDITION)
		test_fail(__FILE__, __LINE__, "service action %u, type %u: sense %06x", sa, type, answer.sense);
	return answer.status;
}

u32 pr_out_sense(struct peer *peer, u8 sa, u8 type, u64 key, u64 sa_key)
{
	u8 list[24] = { 0 };

	put_unaligned_be64(key, list);
	put_unaligned_be64(sa_key, list + 8);
	return pr_out_list(peer, sa, type, list, sizeof(list)).sense;
}

struct scsi_answer pr_in(struct peer *peer, u8 sa, u16 len)
{
	u8 cdb[16] = { PERSISTENT_RESERVE_IN, sa };

	put_unaligned_be16(len, cdb + 7);
	return scsi_good(peer, 0, cdb, len, NULL, 0);
}

u32 pr_generation(struct peer *peer)
{
	return get_unaligned_be32(pr_in(peer, PRIN_READ_KEYS, 8).data);
}

u32 pr_nr_keys(struct peer *peer)
{
	return get_unaligned_be32(pr_in(peer, PRIN_READ_KEYS, 8).data + 4) / 8;
}

u8 pr_reserved_type(struct peer *peer, u64 *key)
{
	struct scsi_answer answer = pr_in(peer, PRIN_READ_RESERVATION, 64);

	CHECK_EQ(get_unaligned_be32(answer.data + 4), answer.len - 8);
	if (answer.len == 8)
		return 0;
	CHECK_EQ(answer.len, 24);
	if (key)
		*key = get_unaligned_be64(answer.data + 8);
	return answer.data[21];
}

void pr_register_three(struct peer *a, struct peer *b, struct peer *c)
{
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
}

bool pr_is_ar(u8 type)
{
	return type == WE_AR || type == EA_AR;
}

bool pr_is_ro(u8 type)
{
	return type == WE_RO || type == EA_RO;
}
