/* SPDX-License-Identifier: MIT */
/*
 * show_cmnds.c - the commands of a connection that are in flight: the oldest
 * SHOW_CMNDS of them, each with what it waits for.
 *
 * Threads: cmnds_snapshot() on the connection's home CPU, where nothing of a command
 *          changes meanwhile; what a handler writes elsewhere is not looked at.
 */
#include "show.h"

static const char *cmnd_state(const struct iscsi_cmnd *cmnd)
{
	const struct scst_cmd *cmd = cmnd->scst;

	if (cmnd->out.cmnd)
		return "sending";
	if (cmd && cmd->aborted)
		return "aborted";
	if (cmnd->answer_waits)
		return "answered";
	if (cmnd->needs_data)
		return "data-out";
	if (cmd && (cmd->deferred || cmd->atomic_held))
		return "deferred";
	if (cmd && cmd->sent_for_exec)
		return "executing";
	return cmnd->imm_open ? "data-out" : "starting";
}

/* Into its place by age; the youngest falls out. */
static void keep_oldest(struct cmnds_snapshot *to, const struct cmnd_snapshot *cmnd)
{
	u32 at = to->nr;

	to->nr_all++;
	while (at && time_before(cmnd->begun, to->cmnds[at - 1].begun))
		at--;
	if (at == SHOW_CMNDS)
		return;
	if (to->nr < SHOW_CMNDS)
		to->nr++;
	memmove(&to->cmnds[at + 1], &to->cmnds[at], (to->nr - 1 - at) * sizeof(*cmnd));
	to->cmnds[at] = *cmnd;
}

static void snapshot_held(struct cmnds_snapshot *to, struct iscsi_conn *conn)
{
	struct iscsi_held *held;

	list_for_each_entry(held, &conn->held, entry) {
		const struct iscsi_scsi_cmd_hdr *hdr = (void *)held->bytes;

		if (held->is_data_out || held->is_gone || (hdr->opcode & ISCSI_OPCODE_MASK) != ISCSI_OP_SCSI_CMD)
			continue;
		keep_oldest(to, &(struct cmnd_snapshot){
			.begun = held->begun,
			.lun = U64_MAX,
			.name = scst_cdb_name(hdr->cdb),
			.state = "held",
			.itt = be32_to_cpu(hdr->itt),
			.cmd_sn = held->cmd_sn,
			.expected_len = be32_to_cpu(hdr->expected_len),
			.opcode = hdr->cdb[0],
		});
	}
}

void cmnds_snapshot(struct cmnds_snapshot *to, struct iscsi_conn *conn)
{
	struct iscsi_cmnd *cmnd;

	to->now = jiffies;
	for (u32 i = 0; i < ISCSI_ITT_BUCKETS; i++) {
		hlist_for_each_entry(cmnd, &conn->itt_hash[i], hash) {
			keep_oldest(to, &(struct cmnd_snapshot){
				.begun = cmnd->begun,
				.lun = cmnd->scst ? cmnd->scst->unpacked_lun : U64_MAX,
				.name = cmnd->scst ? scst_cdb_name(cmnd->scst->cdb) : NULL,
				.state = cmnd_state(cmnd),
				.itt = cmnd->itt,
				.cmd_sn = cmnd->cmd_sn,
				.expected_len = cmnd->expected_len,
				.opcode = cmnd->opcode,
			});
		}
	}
	snapshot_held(to, conn);
}

void show_cmnds(struct show *show, const struct cmnds_snapshot *cmnds)
{
	u32 nr = show->len < SHOW_DETAIL_BYTES ? cmnds->nr : 0;

	show_add(show, "\"inFlight\":[");
	for (u32 i = 0; i < nr; i++) {
		const struct cmnd_snapshot *c = &cmnds->cmnds[i];

		show_add(show, "%s{\"itt\":%u,\"cmdSn\":%u,\"opcode\":%u,", i ? "," : "", c->itt, c->cmd_sn, c->opcode);
		show_string(show, "name", c->name ?: "");
		if (c->lun == U64_MAX)
			show_add(show, "\"lun\":null,");
		else
			show_add(show, "\"lun\":%llu,", c->lun);
		show_string(show, "state", c->state);
		show_add(show, "\"ageMs\":%lu,\"expectedBytes\":%u}", cmnds->now - c->begun, c->expected_len);
	}
	show_add(show, "],\"inFlightOmitted\":%u,", cmnds->nr_all - nr);
}
