/* SPDX-License-Identifier: MIT */
/*
 * data_in.c - read data (RFC 7143 11.7): PDUs of at most
 * MaxRecvDataSegmentLength (the initiator's), an F bit at the end of each
 * MaxBurstLength, and the status in the last one where it may be there.
 *
 * The data is never copied: each PDU points into the command's scatterlist.
 *
 * Threads: home CPU, softirq context.
 */
#include "iscsi.h"

/* A position in the command's buffer that only moves on. */
struct sg_place {
	struct scatterlist *sg;
	u32 off;
};

static void sg_place_skip(struct sg_place *place, u32 bytes)
{
	while (bytes) {
		u32 n = min(bytes, place->sg->length - place->off);

		place->off += n;
		bytes -= n;
		if (place->off == place->sg->length && bytes) {
			place->sg = sg_next(place->sg);
			place->off = 0;
		}
	}
}

bool data_in_send(struct iscsi_cmnd *cmnd, u32 len, bool status)
{
	struct iscsi_conn *conn = cmnd->conn;
	struct sg_place place = { cmnd->scst->sg, 0 };
	u32 off = 0, burst_left = conn->max_burst;

	while (off < len) {
		u32 n = min3(len - off, conn->max_xmit, burst_left);
		bool last = off + n == len;
		struct iscsi_data_in_hdr *hdr;
		struct iscsi_out *out;

		if (last && status) {
			out = &cmnd->out;
			out_init(out);
			out->cmnd = cmnd;
		} else {
			out = out_alloc(conn);
			if (!out)
				return false;
		}
		if (place.off == place.sg->length) {
			place.sg = sg_next(place.sg);
			place.off = 0;
		}
		out->sg = place.sg;
		out->sg_off = place.off;
		out->data_len = n;

		burst_left -= n;
		hdr = (struct iscsi_data_in_hdr *)out->hdr;
		hdr->opcode = ISCSI_OP_DATA_IN;
		hdr->flags = last || !burst_left ? ISCSI_FLAG_FINAL : 0;
		iscsi_put_be24(hdr->data_len, n);
		hdr->itt = cpu_to_be32(cmnd->itt);
		hdr->ttt = cpu_to_be32(ISCSI_RESERVED_TAG);
		hdr->data_sn = cpu_to_be32(cmnd->nr_data_in++);
		hdr->offset = cpu_to_be32(off);
		if (last && status) {
			u32 residual;

			hdr->flags |= ISCSI_DATA_IN_STATUS | scsi_residual(cmnd, &residual);
			hdr->status = cmnd->scst->status;
			hdr->residual = cpu_to_be32(residual);
			sn_stamp(conn, hdr, SN_STAT_ADVANCE);
		} else {
			sn_stamp(conn, hdr, SN_STAT_NONE);
		}
		tx_queue(conn, out);
		sg_place_skip(&place, n);
		off += n;
		if (!burst_left)
			burst_left = conn->max_burst;
	}
	return true;
}
