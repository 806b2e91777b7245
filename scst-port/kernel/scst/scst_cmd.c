/* SPDX-License-Identifier: MIT */
/*
 * scst_cmd.c - the life of a command: received, checked, given a buffer, executed,
 * answered, freed. All on the session's home CPU; only scst_cmd_done() may come
 * from elsewhere, and hops home.
 *
 * An ORDERED command waits until all before it have ended, and all behind it wait
 * for it; the task set is the nexus' own (TST = 001b).
 */
#include "scst_wait.h"

static struct kmem_cache *cmd_cache;

int scst_cmd_init(void);
void scst_cmd_exit(void);

int scst_cmd_init(void)
{
	cmd_cache = KMEM_CACHE(scst_cmd, SLAB_HWCACHE_ALIGN);
	return cmd_cache ? 0 : -ENOMEM;
}

void scst_cmd_exit(void)
{
	kmem_cache_destroy(cmd_cache);
}

struct scst_cmd *scst_rx_cmd(struct scst_session *sess, const u8 *lun, const u8 *cdb, unsigned int cdb_len)
{
	struct scst_cmd *cmd = kmem_cache_alloc(cmd_cache, GFP_ATOMIC);

	if (!cmd)
		return NULL;
	/* CDB and sense are large, and written before they are read. */
	memset(cmd, 0, offsetof(struct scst_cmd, cdb));
	cmd->sess = sess;
	cmd->seq = ++sess->cmd_seq;
	cmd->queue_type = SCST_CMD_QUEUE_SIMPLE;
	cmd->cdb_len = (u16)min_t(unsigned int, cdb_len, SCST_MAX_CDB_SIZE);
	memcpy(cmd->cdb, cdb, cmd->cdb_len);
	if (cmd->cdb_len < 16)
		memset(cmd->cdb + cmd->cdb_len, 0, 16u - cmd->cdb_len);
	cmd->unpacked_lun = scst_unpack_lun(lun);
	if (cmd->unpacked_lun < sess->nr_luns)
		cmd->tgt_dev = sess->luns[cmd->unpacked_lun];
	if (cmd->tgt_dev)
		cmd->dev = cmd->tgt_dev->dev;
	list_add_tail(&cmd->sess_cmd_list_entry, &sess->cmd_list);
	sess->nr_cmds++;
	return cmd;
}
EXPORT_SYMBOL(scst_rx_cmd);

static struct scst_tgt_template *tgtt_of(const struct scst_cmd *cmd)
{
	return cmd->sess->tgt->tgtt->tgtt;
}

/* ---- the buffer ---------------------------------------------------------------------- */

int scst_alloc_space(struct scst_cmd *cmd)
{
	void *buf = kmalloc(cmd->bufflen, GFP_ATOMIC);

	if (!buf)
		return -ENOMEM;
	sg_init_one(cmd->sg_inline, buf, cmd->bufflen);
	cmd->sg = cmd->sg_inline;
	cmd->sg_cnt = 1;
	cmd->own_sg = 0;
	return 0;
}
EXPORT_SYMBOL(scst_alloc_space);

/* The buffer is the handler's matter, at once or when it executes, or ours. */
static int alloc_space(struct scst_cmd *cmd)
{
	struct scst_dev_type *devt = cmd->dev ? cmd->dev->handler : NULL;

	if (!cmd->bufflen || cmd->sg)
		return 0;
	if (devt && devt->dev_alloc_data_buf && !(cmd->op_flags & SCST_LOCAL) &&
	    devt->dev_alloc_data_buf(cmd) == SCST_EXEC_COMPLETED)
		return 0;
	return scst_alloc_space(cmd);
}

static void free_space(struct scst_cmd *cmd)
{
	if (cmd->sg && !cmd->own_sg)
		kfree(sg_virt(cmd->sg));
}

/* ---- checks ----------------------------------------------------------------------------- */

/* False: status is set, and the command ends. */
static bool check_and_parse(struct scst_cmd *cmd)
{
	bool other_sa;
	const struct scst_opcode *op = scst_find_opcode(cmd->cdb, &other_sa);

	if (cmd->sess->nr_cmds > SCST_MAX_SESS_CMDS) {
		cmd->status = SAM_STAT_TASK_SET_FULL;
		return false;
	}
	if (!cmd->tgt_dev) {
		if (!op || !(op->flags & SCST_NO_LUN_OK)) {
			scst_set_cmd_error(cmd, scst_sense_lun_not_supported);
			return false;
		}
		scst_parse_cdb(cmd, op);
		cmd->op_flags |= SCST_LOCAL;
		return true;
	}
	if (READ_ONCE(cmd->tgt_dev->ua_pending) && !cmd->internal && !(op && op->flags & SCST_SKIP_UA) && scst_ua_take(cmd))
		return false;
	if (!op && other_sa) {
		scst_set_invalid_field_in_cdb(cmd, 1, 4);
		return false;
	}
	if (!op || unlikely(!scst_opcode_supported(cmd->dev, op))) {
		scst_set_cmd_error(cmd, scst_sense_invalid_opcode);
		return false;
	}
	if (unlikely(READ_ONCE(cmd->dev->dev_reserved)) && !scst_reservation_allows(cmd, op))
		return false;
	/* NACA: no ACA here (SAM-5 5.2). */
	if (cmd->cdb[op->cdb_len - 1] & 4) {
		scst_set_invalid_field_in_cdb(cmd, op->cdb_len - 1, 2);
		return false;
	}
	scst_parse_cdb(cmd, op);
	if (!(op->flags & SCST_MEDIUM)) {
		/* What is not the medium is small, whatever length the CDB allows for it. */
		if (cmd->data_direction == SCST_DATA_WRITE && cmd->bufflen > SCST_MAX_PARAM_LIST) {
			scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
			return false;
		}
		cmd->bufflen = min_t(u32, cmd->bufflen, SCST_MAX_PARAM_DATA);
	}
	if (op->flags & SCST_WRITES && (cmd->dev->rd_only || READ_ONCE(cmd->dev->swp) || cmd->tgt_dev->acg_rd_only)) {
		scst_set_cmd_error(cmd, scst_sense_data_protect);
		return false;
	}
	return op->flags & SCST_LOCAL || !cmd->dev->handler->parse(cmd);
}

/* What the initiator has room for, or brings, bounds what is moved; the rest is residual. */
static bool clip(struct scst_cmd *cmd)
{
	if (!cmd->expected_values_set)
		return true;
	if (cmd->expected_data_direction == SCST_DATA_BIDI ||
	    (cmd->data_direction == SCST_DATA_WRITE && cmd->bufflen &&
	     cmd->expected_data_direction == SCST_DATA_READ)) {
		scst_set_cmd_error(cmd, scst_sense_invalid_field_in_cdb);
		return false;
	}
	/* A read whose initiator meant to write has room for nothing; what it sends is dropped. */
	if (cmd->data_direction == SCST_DATA_READ && cmd->expected_data_direction == SCST_DATA_WRITE)
		cmd->bufflen = 0;
	else if (cmd->bufflen > cmd->expected_transfer_len)
		cmd->bufflen = cmd->expected_transfer_len;
	return true;
}

/* ---- executing ---------------------------------------------------------------------------- */

void scst_exec_cmd(struct scst_cmd *cmd)
{
	if (cmd->aborted) {
		scst_finish_cmd(cmd);
		return;
	}
	if (unlikely(cmd->op_flags & SCST_ATOMIC || (cmd->dev && READ_ONCE(cmd->dev->nr_atomic))) &&
	    !cmd->atomic_held && scst_atomic_gate(cmd))
		return;
	cmd->sent_for_exec = 1;
	if (cmd->op_flags & SCST_LOCAL) {
		scst_exec_local(cmd);
		return;
	}
	if (cmd->dev->handler->exec(cmd) == SCST_EXEC_NOT_COMPLETED) {
		scst_set_cmd_error(cmd, scst_sense_invalid_opcode);
		scst_cmd_done(cmd);
	}
}

/* From here until it is freed an ORDERED command holds up those behind it. */
static void exec_in_order(struct scst_cmd *cmd)
{
	if (cmd->tgt_dev && cmd->queue_type == SCST_CMD_QUEUE_ORDERED) {
		cmd->in_order = 1;
		cmd->tgt_dev->nr_ordered++;
	}
	scst_exec_cmd(cmd);
}

static bool must_wait(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *tgt_dev = cmd->tgt_dev;

	if (!tgt_dev || cmd->queue_type == SCST_CMD_QUEUE_HEAD_OF_QUEUE)
		return false;
	if (!list_empty(&tgt_dev->deferred_cmd_list) || tgt_dev->nr_ordered)
		return true;
	return cmd->queue_type == SCST_CMD_QUEUE_ORDERED && tgt_dev->nr_cmds > 1;
}

void scst_undefer(struct scst_cmd *cmd)
{
	list_del(&cmd->work.entry);
	cmd->deferred = 0;
}

static void exec_or_defer(struct scst_cmd *cmd)
{
	if (must_wait(cmd)) {
		list_add_tail(&cmd->work.entry, &cmd->tgt_dev->deferred_cmd_list);
		cmd->deferred = 1;
		return;
	}
	exec_in_order(cmd);
}

/* A command left the task set: those behind it may go. */
static void run_deferred(struct scst_tgt_dev *tgt_dev)
{
	while (!list_empty(&tgt_dev->deferred_cmd_list) && !tgt_dev->nr_ordered) {
		struct scst_cmd *cmd = list_first_entry(&tgt_dev->deferred_cmd_list, struct scst_cmd, work.entry);
		u32 deferred = 0;
		struct scst_cmd *other;

		list_for_each_entry(other, &tgt_dev->deferred_cmd_list, work.entry)
			deferred++;
		if (!cmd->aborted && cmd->queue_type == SCST_CMD_QUEUE_ORDERED && tgt_dev->nr_cmds > deferred)
			return;
		scst_undefer(cmd);
		exec_in_order(cmd);
	}
}

void scst_cmd_init_done(struct scst_cmd *cmd)
{
	if (cmd->tgt_dev)
		cmd->tgt_dev->nr_cmds++;
	if (!check_and_parse(cmd) || !clip(cmd)) {
		cmd->bufflen = 0;
		scst_finish_cmd(cmd);
		return;
	}
	if (alloc_space(cmd)) {
		cmd->bufflen = 0;
		scst_set_busy(cmd);
		scst_finish_cmd(cmd);
		return;
	}
	if (cmd->data_direction == SCST_DATA_WRITE && cmd->bufflen && !cmd->internal) {
		cmd->tgt_needs_data = 1;
		tgtt_of(cmd)->rdy_to_xfer(cmd);
		return;
	}
	exec_or_defer(cmd);
}
EXPORT_SYMBOL(scst_cmd_init_done);

void scst_rx_data(struct scst_cmd *cmd, enum scst_rx_data_status status)
{
	cmd->tgt_needs_data = 0;
	if (status == SCST_RX_DATA_OK && !cmd->aborted) {
		exec_or_defer(cmd);
		return;
	}
	if (status == SCST_RX_DATA_ERROR && !cmd->status)
		scst_set_cmd_error(cmd, scst_sense_aborted_command);
	scst_finish_cmd(cmd);
}
EXPORT_SYMBOL(scst_rx_data);

/* ---- ending ------------------------------------------------------------------------------ */

static void count(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;

	if (cmd->op_flags & SCST_MEDIUM && cmd->data_direction == SCST_DATA_READ) {
		sess->read_cmds++;
		sess->read_bytes += cmd->resp_data_len;
	} else if (cmd->op_flags & SCST_MEDIUM && cmd->data_direction == SCST_DATA_WRITE) {
		sess->write_cmds++;
		sess->write_bytes += cmd->bufflen;
	} else {
		sess->other_cmds++;
	}
	sess->errors += cmd->status != SAM_STAT_GOOD;
}

void scst_finish_cmd(struct scst_cmd *cmd)
{
	if (cmd->data_direction != SCST_DATA_READ || cmd->status != SAM_STAT_GOOD)
		cmd->resp_data_len = 0;
	cmd->completed = 1;
	if (unlikely(cmd->internal)) {
		scst_copy_io_done(cmd);
		return;
	}
	count(cmd);
	tgtt_of(cmd)->xmit_response(cmd);
}

void scst_read_lost(struct scst_cmd *cmd)
{
	if (cmd->dev && cmd->dev->handler->read_lost)
		cmd->dev->handler->read_lost(cmd);
}
EXPORT_SYMBOL(scst_read_lost);

static void done_at_home(void *info)
{
	scst_finish_cmd(info);
}

void scst_cmd_done(struct scst_cmd *cmd)
{
	if (in_serving_softirq() && (int)smp_processor_id() == cmd->sess->cpu) {
		scst_finish_cmd(cmd);
		return;
	}
	INIT_CSD(&cmd->csd, done_at_home, cmd);
	smp_call_function_single_async(cmd->sess->cpu, &cmd->csd);
}
EXPORT_SYMBOL(scst_cmd_done);

void scst_tgt_cmd_done(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *tgt_dev = cmd->tgt_dev;
	struct scst_session *sess = cmd->sess;

	if (cmd->dev && cmd->dev->handler->on_free_cmd)
		cmd->dev->handler->on_free_cmd(cmd);
	if (likely(!cmd->internal))
		tgtt_of(cmd)->on_free_cmd(cmd);
	free_space(cmd);
	list_del(&cmd->sess_cmd_list_entry);
	if (unlikely(cmd->atomic_held))
		scst_atomic_end(cmd);
	if (unlikely(!list_empty(&sess->waits)))
		scst_wait_cmd_gone(cmd);
	sess->nr_cmds--;
	if (tgt_dev) {
		tgt_dev->nr_cmds--;
		if (cmd->queue_type == SCST_CMD_QUEUE_ORDERED && cmd->in_order)
			tgt_dev->nr_ordered--;
	}
	kmem_cache_free(cmd_cache, cmd);
	if (tgt_dev && unlikely(!list_empty(&tgt_dev->deferred_cmd_list)))
		run_deferred(tgt_dev);
	scst_session_end_cmds(sess);
}
EXPORT_SYMBOL(scst_tgt_cmd_done);
