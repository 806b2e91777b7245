/* SPDX-License-Identifier: MIT */
/*
 * scst_copy.c - the copy manager: EXTENDED COPY(LID1) and RECEIVE COPY RESULTS (SPC-4 6.4,
 * 6.24 to 6.26), between LUNs that the session sees. It knows one kind of segment, block
 * to block (02h), and one kind of descriptor, identification (E4h).
 *
 * All of a parameter list is checked before any of it is done. Then each segment is a row
 * of READ(16) and WRITE(16) commands of the core's own, which pass every check that an
 * initiator's would (reservations, write protection, atomic commands, the handler's), and
 * are aborted with their LUN. A WRITE takes its data from where the READ left it.
 *
 *	scst_copy_start()  parse, check
 *	    step()         one READ       -> scst_copy_io_done() -> one WRITE -> ... -> step() again
 *	    end()          the command's own end
 *
 * Overlapping ranges of one device are copied as if by way of a buffer: from the end that
 * is not overwritten yet, in pieces no longer than the distance.
 *
 * Locking: none; all of it on the session's home CPU. Step by step through a csd, so that
 * neither the stack nor the patience of others depends on the length.
 * Limits:  SCST_COPY_*, as RECEIVE COPY RESULTS and VPD page 8Fh tell.
 */
#include "scst_priv.h"

#define HEADER_LEN	16
#define CSCD_LEN	32	/* SPC-4 6.4.5.1 */
#define SEGMENT_LEN	28	/* SPC-4 6.4.6.3 */
#define CHUNK_BYTES	(512u << 10)

#define MAX_LIST_LEN	(SCST_COPY_MAX_CSCDS * CSCD_LEN + SCST_COPY_MAX_SEGMENTS * SEGMENT_LEN)

enum { LIST_ID_HOLD = 0, LIST_ID_DISCARD = 2, LIST_ID_NONE = 3 };	/* SPC-4 table 91 */

struct segment {
	struct scst_tgt_dev	*from, *to;
	u64			from_byte, to_byte, bytes;
};

struct scst_copy {
	struct scst_cmd		*cmd;
	struct scst_copy_result	*result;	/* NULL: without a list identifier */
	struct scst_cmd		*read;		/* holds the data that is being written */
	call_single_data_t	csd;
	struct scst_tgt_dev	*cscds[SCST_COPY_MAX_CSCDS];
	u32			nr_cscds, nr_segments;
	u32			at;		/* segment */
	u64			done;		/* bytes of it */
	u32			chunk;		/* bytes that are being moved */
	struct segment		segments[];
};

/* ---- results, kept for RECEIVE COPY RESULTS ------------------------------------------------- */

struct scst_copy_result {
	bool	used;
	u8	list_id, status;	/* SPC-4 table 172: 0 in progress, 1 without errors, 2 with errors */
	u16	segments;
	u64	bytes;
	u64	order;			/* the smallest is forgotten first */
};

static struct scst_copy_result *result_find(const struct scst_tgt_dev *tgt_dev, u8 list_id)
{
	struct scst_copy_result *results = tgt_dev->copy_results;

	for (u32 i = 0; results && i < SCST_COPY_MAX_CONCURRENT; i++)
		if (results[i].used && results[i].list_id == list_id)
			return &results[i];
	return NULL;
}

/* A place for @list_id: its own, a free one, or that of the oldest that is over. */
static struct scst_copy_result *result_place(struct scst_tgt_dev *tgt_dev, u8 list_id)
{
	struct scst_copy_result *results, *best = result_find(tgt_dev, list_id);

	if (best)
		return best;
	if (!tgt_dev->copy_results)
		tgt_dev->copy_results = kcalloc(SCST_COPY_MAX_CONCURRENT, sizeof(*results), GFP_ATOMIC);
	results = tgt_dev->copy_results;
	for (u32 i = 0; results && i < SCST_COPY_MAX_CONCURRENT; i++) {
		if (!results[i].used)
			return &results[i];
		if (results[i].status && (!best || results[i].order < best->order))
			best = &results[i];
	}
	return best;
}

/* ---- the parameter list ----------------------------------------------------------------------- */

static bool bad_list(struct scst_cmd *cmd, u32 at, int bit)
{
	scst_set_invalid_field_in_parm_list(cmd, (int)at, bit);
	return false;
}

static bool sense(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq)
{
	scst_set_cmd_error(cmd, key, asc, ascq);
	return false;
}

/* Segment @nr cannot be done; nothing of it was, nor of those behind it. */
static bool aborted(struct scst_cmd *cmd, u32 nr, u8 asc, u8 ascq)
{
	scst_set_cmd_error_and_inf(cmd, COPY_ABORTED, asc, ascq, nr);
	return false;
}

/* The LUN of this session whose device has the designator at @cscd (SPC-4 6.4.5.2). */
static struct scst_tgt_dev *find_cscd(const struct scst_session *sess, const u8 *cscd)
{
	u8 type = cscd[5] & 0x3f, len = cscd[7];	/* association 00b: the logical unit */

	for (u32 lun = 0; lun < sess->nr_luns; lun++) {
		const struct scst_device *dev = sess->luns[lun] ? sess->luns[lun]->dev : NULL;
		u32 usn_len = dev ? (u32)strlen(dev->usn) : 0;

		if (!dev)
			continue;
		if (type == 3 && len == 8 && get_unaligned_be64(cscd + 8) == scst_dev_naa(dev))
			return sess->luns[lun];
		if (type == 1 && len == 8 + usn_len && len <= 20 && !memcmp(cscd + 8, SCST_VENDOR, 8) &&
		    !memcmp(cscd + 16, dev->usn, usn_len))
			return sess->luns[lun];
	}
	return NULL;
}

static bool parse_cscds(struct scst_copy *copy, const u8 *list, u32 len)
{
	struct scst_cmd *cmd = copy->cmd;

	/* LU ID TYPE counts only in descriptors with a LUN in them (SPC-4 6.4.5.1). */
	for (u32 at = HEADER_LEN; at < HEADER_LEN + len; at += CSCD_LEN) {
		const u8 *cscd = list + at;

		if (cscd[0] != 0xe4)
			return sense(cmd, scst_sense_unsupported_cscd_type);
		if (HEADER_LEN + len - at < CSCD_LEN)
			return sense(cmd, scst_sense_parameter_list_length_invalid);
		if (cscd[1] & 0x20)	/* NUL: there is no device behind it */
			return sense(cmd, scst_sense_copy_target_not_reachable);
		if ((cscd[1] & 0x1f) != TYPE_DISK)
			return sense(cmd, scst_sense_copy_target_wrong_type);
		if (cscd[7] > 20)
			return bad_list(cmd, at + 7, -1);
		copy->cscds[copy->nr_cscds] = find_cscd(cmd->sess, cscd);
		if (copy->cscds[copy->nr_cscds] &&
		    get_unaligned_be24(cscd + 29) != copy->cscds[copy->nr_cscds]->dev->block_size)
			return bad_list(cmd, at + 29, -1);
		copy->nr_cscds++;
	}
	return true;
}

static bool in_range(const struct scst_tgt_dev *tgt_dev, u64 lba, u64 bytes)
{
	struct scst_device *dev = tgt_dev->dev;
	u64 blocks = bytes >> dev->block_shift, all = dev->handler->nr_blocks ? dev->handler->nr_blocks(dev) : 0;

	return lba <= all && blocks <= all - lba;
}

/* SPC-4 6.4.6.3 */
static bool parse_segment(struct scst_copy *copy, const u8 *descr, u32 at, u32 left)
{
	u32 nr = copy->nr_segments, from, to;
	struct segment *segment = &copy->segments[nr];
	struct scst_cmd *cmd = copy->cmd;
	u64 from_lba, to_lba;

	if (descr[0] != 0x02)
		return sense(cmd, scst_sense_unsupported_segment_type);
	if (left < SEGMENT_LEN)
		return sense(cmd, scst_sense_parameter_list_length_invalid);
	from = get_unaligned_be16(descr + 4);
	to = get_unaligned_be16(descr + 6);
	from_lba = get_unaligned_be64(descr + 12);
	to_lba = get_unaligned_be64(descr + 20);
	if (get_unaligned_be16(descr + 2) != SEGMENT_LEN - 4)
		return bad_list(cmd, at + 2, -1);
	segment->from = from < copy->nr_cscds ? copy->cscds[from] : NULL;
	segment->to = to < copy->nr_cscds ? copy->cscds[to] : NULL;
	if (!segment->from || !segment->to)
		return aborted(cmd, nr, 0x0d, 0x02);	/* COPY TARGET DEVICE NOT REACHABLE */
	/* DC: the count is of the destination's blocks. */
	segment->bytes = (u64)get_unaligned_be16(descr + 10) <<
			 (descr[1] & 2 ? segment->to : segment->from)->dev->block_shift;
	if (segment->bytes > SCST_COPY_MAX_SEGMENT_BYTES)
		return bad_list(cmd, at + 10, -1);
	if (segment->bytes & (segment->from->dev->block_size - 1) || segment->bytes & (segment->to->dev->block_size - 1))
		return aborted(cmd, nr, 0x26, 0x0a);	/* UNEXPECTED INEXACT SEGMENT */
	if (!in_range(segment->from, from_lba, segment->bytes) || !in_range(segment->to, to_lba, segment->bytes))
		return aborted(cmd, nr, 0x00, 0x00);
	segment->from_byte = from_lba << segment->from->dev->block_shift;
	segment->to_byte = to_lba << segment->to->dev->block_shift;
	copy->nr_segments++;
	return true;
}

/* SPC-4 6.4.1 to 6.4.3. False: sense is set. */
static bool parse(struct scst_copy *copy, const u8 *list, u32 len)
{
	struct scst_cmd *cmd = copy->cmd;
	u32 cscd_len = get_unaligned_be16(list + 2), segment_len = get_unaligned_be32(list + 8);
	u32 at = HEADER_LEN + cscd_len, all = at + segment_len;
	u8 usage = list[1] >> 3 & 3;

	if (cscd_len + (u64)segment_len > MAX_LIST_LEN)
		return sense(cmd, scst_sense_parameter_list_length_invalid);
	if (get_unaligned_be32(list + 12))	/* inline data: no segment here has a use for it */
		return sense(cmd, scst_sense_inline_data_too_long);
	if (all > len)
		return sense(cmd, scst_sense_parameter_list_length_invalid);
	if (cscd_len / CSCD_LEN > SCST_COPY_MAX_CSCDS)
		return sense(cmd, scst_sense_too_many_cscds);
	if (segment_len / SEGMENT_LEN > SCST_COPY_MAX_SEGMENTS)
		return sense(cmd, scst_sense_too_many_segments);
	if (usage == 1)
		return bad_list(cmd, 1, 4);
	if (usage == LIST_ID_NONE && list[0])
		return bad_list(cmd, 0, -1);
	if (!parse_cscds(copy, list, cscd_len))
		return false;
	for (; at < all; at += SEGMENT_LEN)
		if (!parse_segment(copy, list + at, at, all - at))
			return false;
	if (usage == LIST_ID_NONE)
		return true;
	copy->result = result_find(cmd->tgt_dev, list[0]);
	if (copy->result && !copy->result->status)
		return sense(cmd, scst_sense_operation_in_progress);
	copy->result = result_place(cmd->tgt_dev, list[0]);
	if (!copy->result)
		return sense(cmd, scst_sense_insufficient_resources);
	*copy->result = (struct scst_copy_result){ .used = true, .list_id = list[0], .order = cmd->seq };
	return true;
}

/* ---- the work ------------------------------------------------------------------------------------ */

/* Until put, no LUN of @copy leaves the session. */
static void hold_luns(struct scst_copy *copy, bool hold)
{
	u32 one = hold ? 1 : -1u;

	copy->cmd->tgt_dev->nr_copies += one;
	for (u32 i = 0; i < copy->nr_segments; i++) {
		copy->segments[i].from->copy_refs += one;
		copy->segments[i].to->copy_refs += one;
	}
}

static void end(struct scst_copy *copy)
{
	struct scst_cmd *cmd = copy->cmd;

	hold_luns(copy, false);
	if (copy->result)
		copy->result->status = cmd->status == SAM_STAT_GOOD && !cmd->aborted ? 1 : 2;
	kfree(copy);
	scst_cmd_done(cmd);
}

/* The next piece: where it begins in its segment, and copy->chunk. */
static u64 next_piece(struct scst_copy *copy)
{
	const struct segment *segment = &copy->segments[copy->at];
	u64 left = segment->bytes - copy->done, distance;
	bool forward = segment->to_byte <= segment->from_byte;

	copy->chunk = (u32)min_t(u64, left, CHUNK_BYTES);
	if (segment->from->dev != segment->to->dev || segment->from_byte == segment->to_byte)
		return copy->done;
	distance = forward ? segment->from_byte - segment->to_byte : segment->to_byte - segment->from_byte;
	if (distance >= segment->bytes)
		return copy->done;
	copy->chunk = (u32)min_t(u64, copy->chunk, distance);
	return forward ? copy->done : left - copy->chunk;
}

/* A command of our own on @tgt_dev, one piece long. False: no memory. */
static bool submit(struct scst_copy *copy, u8 op, const struct scst_tgt_dev *tgt_dev, u64 byte)
{
	u32 shift = tgt_dev->dev->block_shift;
	u8 cdb[16] = { op }, lun[8];
	struct scst_cmd *io;

	scst_pack_lun(tgt_dev->lun, lun);
	put_unaligned_be64(byte >> shift, cdb + 2);
	put_unaligned_be32(copy->chunk >> shift, cdb + 10);
	io = scst_rx_cmd(copy->cmd->sess, lun, cdb, sizeof(cdb));
	if (!io)
		return false;
	io->internal = 1;
	io->tag = U64_MAX;	/* nobody's task tag */
	io->tgt_priv = copy;
	io->queue_type = SCST_CMD_QUEUE_HEAD_OF_QUEUE;	/* the order is that of the command it belongs to */
	if (op == WRITE_16) {
		io->sg = copy->read->sg;
		io->sg_cnt = copy->read->sg_cnt;
		io->own_sg = 1;
	}
	scst_cmd_init_done(io);
	return true;
}

static void step(void *info)
{
	struct scst_copy *copy = info;

	while (copy->at < copy->nr_segments && copy->done == copy->segments[copy->at].bytes) {
		copy->at++;
		copy->done = 0;
		if (copy->result)
			copy->result->segments++;
	}
	if (copy->cmd->aborted || copy->at == copy->nr_segments) {
		end(copy);
		return;
	}
	{
		const struct segment *segment = &copy->segments[copy->at];

		if (submit(copy, READ_16, segment->from, segment->from_byte + next_piece(copy)))
			return;
	}
	scst_set_busy(copy->cmd);
	end(copy);
}

static bool write_what_was_read(struct scst_copy *copy)
{
	const struct segment *segment = &copy->segments[copy->at];

	return submit(copy, WRITE_16, segment->to, segment->to_byte + next_piece(copy));
}

/* A command of ours has ended; it is freed here, or with its other half. */
void scst_copy_io_done(struct scst_cmd *io)
{
	struct scst_copy *copy = io->tgt_priv;
	bool good = io->status == SAM_STAT_GOOD && !io->aborted && !copy->cmd->aborted;

	if (good && io->cdb[0] == READ_16) {
		copy->read = io;
		if (write_what_was_read(copy))
			return;
		scst_set_busy(copy->cmd);
		good = false;
	} else if (good) {
		copy->done += copy->chunk;
		if (copy->result)
			copy->result->bytes += copy->chunk;
	} else if (!copy->cmd->aborted) {
		aborted(copy->cmd, copy->at, 0x0d, 0x01);	/* THIRD PARTY DEVICE FAILURE */
	}
	if (io->cdb[0] == WRITE_16)
		scst_tgt_cmd_done(copy->read);
	copy->read = NULL;
	scst_tgt_cmd_done(io);
	if (!good)
		copy->at = copy->nr_segments;
	/* Not from here: the stack below may be as deep as the list is long. */
	INIT_CSD(&copy->csd, step, copy);
	smp_call_function_single_async(copy->cmd->sess->cpu, &copy->csd);
}

bool scst_copy_start(struct scst_cmd *cmd)
{
	u32 len = cmd->bufflen, max_segments;
	struct scst_copy *copy;
	const u8 *list;

	if (!cmd->cdb_bufflen)
		return false;		/* an empty list is no error, and no work */
	if (len != cmd->cdb_bufflen || len < HEADER_LEN)
		return sense(cmd, scst_sense_parameter_list_length_invalid);
	if (cmd->tgt_dev->nr_copies >= SCST_COPY_MAX_CONCURRENT)
		return sense(cmd, scst_sense_insufficient_resources);
	list = sg_virt(cmd->sg);
	max_segments = min_t(u32, get_unaligned_be32(list + 8) / SEGMENT_LEN, SCST_COPY_MAX_SEGMENTS) + 1;
	copy = kzalloc(sizeof(*copy) + max_segments * sizeof(copy->segments[0]), GFP_ATOMIC);
	if (!copy) {
		scst_set_busy(cmd);
		return false;
	}
	copy->cmd = cmd;
	if (!parse(copy, list, len)) {
		kfree(copy);
		return false;
	}
	hold_luns(copy, true);
	step(copy);
	return true;
}

/* ---- RECEIVE COPY RESULTS, VPD page 8Fh ------------------------------------------------------------ */

static void copy_status(struct scst_cmd *cmd)
{
	const struct scst_copy_result *result = result_find(cmd->tgt_dev, cmd->cdb[2]);
	u8 buf[12] = { 0, 0, 0, 8 };

	if (!result) {
		scst_set_invalid_field_in_cdb(cmd, 2, -1);
		return;
	}
	buf[4] = result->status;
	put_unaligned_be16(result->segments, buf + 5);
	/* In bytes, or in KiB when that would not fit. */
	buf[7] = result->bytes > U32_MAX;
	put_unaligned_be32((u32)(buf[7] ? result->bytes >> 10 : result->bytes), buf + 8);
	scst_copy_to_cmd(cmd, buf, sizeof(buf));
}

static void operating_parameters(struct scst_cmd *cmd)
{
	u8 buf[46] = { 0 };

	put_unaligned_be32(sizeof(buf) - 4, buf);
	buf[4] = 1;			/* SNLID: list identifiers are not required */
	put_unaligned_be16(SCST_COPY_MAX_CSCDS, buf + 8);
	put_unaligned_be16(SCST_COPY_MAX_SEGMENTS, buf + 10);
	put_unaligned_be32(MAX_LIST_LEN, buf + 12);
	put_unaligned_be32(SCST_COPY_MAX_SEGMENT_BYTES, buf + 16);
	put_unaligned_be16(SCST_COPY_MAX_CONCURRENT, buf + 34);
	buf[36] = SCST_COPY_MAX_CONCURRENT;
	buf[37] = 9;			/* data segment granularity: 512 bytes */
	buf[43] = 2;
	buf[44] = 0x02;
	buf[45] = 0xe4;
	scst_copy_to_cmd(cmd, buf, sizeof(buf));
}

void scst_copy_results(struct scst_cmd *cmd)
{
	if ((cmd->cdb[1] & 0x1f) == RCR_COPY_STATUS)
		copy_status(cmd);
	else
		operating_parameters(cmd);
}

/* SPC-4 7.8.17: third-party copy descriptors. */
u32 scst_copy_vpd_page(u8 *buf)
{
	static const u8 commands[] = {
		0x00, 0x01, 0x00, 0x0c,		/* supported commands */
		8, EXTENDED_COPY, 1, 0x00, RECEIVE_COPY_RESULTS, 2, RCR_COPY_STATUS, RCR_OPERATING_PARAMETERS, 0, 0, 0, 0,
	};
	static const u8 descriptors[] = { 0x00, 0x08, 0x00, 0x04, 2, 0x02, 0xe4, 0 };
	u8 *at = buf;

	memcpy(at, commands, sizeof(commands));
	at += sizeof(commands);
	at[1] = 0x04;				/* parameter data */
	at[3] = 28;
	put_unaligned_be16(SCST_COPY_MAX_CSCDS, at + 8);
	put_unaligned_be16(SCST_COPY_MAX_SEGMENTS, at + 10);
	put_unaligned_be32(MAX_LIST_LEN, at + 12);
	at += 32;
	memcpy(at, descriptors, sizeof(descriptors));
	at += sizeof(descriptors);
	put_unaligned_be16(0x8001, at);		/* general copy operations */
	at[3] = 32;
	put_unaligned_be32(SCST_COPY_MAX_CONCURRENT, at + 4);
	put_unaligned_be32(SCST_COPY_MAX_CONCURRENT, at + 8);
	put_unaligned_be32(SCST_COPY_MAX_SEGMENT_BYTES, at + 12);
	at[16] = 9;
	return (u32)(at + 36 - buf);
}
EXPORT_SYMBOL(scst_copy_vpd_page);
