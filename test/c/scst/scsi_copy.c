/* SPDX-License-Identifier: MIT */
/* scsi_copy.c - see scsi_copy.h. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_copy.h"

struct copy_list copy_list;

void copy_start(struct peer **a, struct peer **b)
{
	rig_start();
	rig_file_disk(0, "vdisk_fileio", 16 << 20, "");
	rig_disk(1, "vdisk_ram", "size=16M");
	rig_file_disk(2, "vdisk_fileio", 16 << 20, "blocksize=4096");
	rig_disk(3, "vdisk_ram", "size=16M; read_only=1");
	*a = rig_nexus(0);
	*b = rig_nexus(1);
}

void copy_begin(u8 list_id, u8 usage)
{
	memset(&copy_list, 0, sizeof(copy_list));
	copy_list.bytes[0] = list_id;
	copy_list.bytes[1] = (u8)(usage << 3);
	copy_list.len = 16;
}

/* By the NAA designator of its page 83h. */
void copy_add_lun(struct peer *peer, u32 lun, u32 block_size)
{
	u8 cdb[16] = { INQUIRY, 1, 0x83, 1, 0 }, *at = copy_list.bytes + copy_list.len;
	struct scsi_answer answer = scsi_good(peer, lun, cdb, 256, NULL, 0);
	u32 i;

	for (i = 4; i < answer.len && (answer.data[i + 1] & 0xf) != 3; i += 4 + answer.data[i + 3])
		;
	CHECK_LT(i, answer.len);
	at[0] = 0xe4;
	at[4] = answer.data[i] & 0xf;
	at[5] = answer.data[i + 1] & 0x3f;
	at[7] = answer.data[i + 3];
	memcpy(at + 8, answer.data + i + 4, at[7]);
	put_unaligned_be24(block_size, at + 29);
	copy_list.nr_cscds++;
	copy_list.len += CSCD;
	put_unaligned_be16(copy_list.nr_cscds * CSCD, copy_list.bytes + 2);
}

u8 *copy_add_segment(u16 from, u16 to, u64 from_lba, u64 to_lba, u16 blocks)
{
	u8 *at = copy_list.bytes + copy_list.len;

	at[0] = 0x02;
	put_unaligned_be16(SEGMENT - 4, at + 2);
	put_unaligned_be16(from, at + 4);
	put_unaligned_be16(to, at + 6);
	put_unaligned_be16(blocks, at + 10);
	put_unaligned_be64(from_lba, at + 12);
	put_unaligned_be64(to_lba, at + 20);
	copy_list.nr_segments++;
	copy_list.len += SEGMENT;
	put_unaligned_be32(copy_list.nr_segments * SEGMENT, copy_list.bytes + 8);
	return at;
}

void copy_begin_good(struct peer *peer)
{
	copy_begin(1, 0);
	copy_add_lun(peer, 0, 512);
	copy_add_lun(peer, 1, 512);
	copy_add_segment(0, 1, 0, 0, 8);
}

u32 copy_send(struct peer *peer, u32 lun)
{
	u8 cdb[16] = { EXTENDED_COPY };

	put_unaligned_be32(copy_list.len, cdb + 10);
	return scsi_send(peer, lun, cdb, 0, copy_list.bytes, copy_list.len);
}

u32 copy_sense(struct peer *peer, u32 lun)
{
	struct scsi_answer answer;

	copy_send(peer, lun);
	scsi_answer(peer, &answer);
	CHECK_EQ(answer.status, answer.sense ? SAM_STAT_CHECK_CONDITION : SAM_STAT_GOOD);
	return answer.sense;
}

struct scsi_answer copy_results(struct peer *peer, u8 sa, u8 list_id)
{
	u8 cdb[16] = { RECEIVE_COPY_RESULTS, sa, list_id, [13] = 255 };

	return scsi_cmd(peer, 0, cdb, 255, NULL, 0);
}
