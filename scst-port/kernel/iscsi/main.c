/* SPDX-License-Identifier: MIT */
/*
 * main.c - the module: targets, what the core may call, beginning and end.
 *
 * Locking: iscsi_mutex guards the list of targets and the table of sessions. It is
 *          not held over calls that register or end sessions, for those wait for
 *          session_unregistered(), which takes it.
 * Threads: process context.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <asm/unaligned.h>

#include "iscsi.h"

DEFINE_MUTEX(iscsi_mutex);
DECLARE_WAIT_QUEUE_HEAD(iscsi_changed);

unsigned int reinstate_wait_ms = 30000;
module_param(reinstate_wait_ms, uint, 0444);
MODULE_PARM_DESC(reinstate_wait_ms, "a login waits so long for the session it reinstates to end");
unsigned int tx_stall_ms = 30000;
module_param(tx_stall_ms, uint, 0444);
MODULE_PARM_DESC(tx_stall_ms, "a connection ends when its initiator reads nothing for so long");
unsigned int data_out_ms = 30000;
module_param(data_out_ms, uint, 0444);
MODULE_PARM_DESC(data_out_ms, "a connection ends when a command waits so long for its data");

static LIST_HEAD(targets);

/* ---- targets ------------------------------------------------------------------------ */

static struct iscsi_target *target_find(const char *name)
{
	struct iscsi_target *target;

	list_for_each_entry(target, &targets, entry)
		if (!strcmp(target->name, name))
			return target;
	return NULL;
}

struct iscsi_target *target_get(const char *name)
{
	struct iscsi_target *target = target_find(name);

	if (!target || target->going || !target->scst)
		return NULL;
	target->nr_users++;
	return target;
}

void target_put(struct iscsi_target *target)
{
	if (!--target->nr_users)
		wake_up_all(&iscsi_changed);
}

static int target_add(const char *name, char *why, size_t why_bytes)
{
	struct iscsi_target *target;
	struct scst_tgt *scst;

	if (!*name || strlen(name) >= ISCSI_NAME_LEN) {
		snprintf(why, why_bytes, "the target's name is %zu bytes long, expected 1 to %u", strlen(name),
			 ISCSI_NAME_LEN - 1);
		return -EINVAL;
	}
	target = kzalloc(sizeof(*target), GFP_KERNEL);
	if (!target)
		return -ENOMEM;
	strscpy(target->name, name, sizeof(target->name));
	mutex_lock(&iscsi_mutex);
	if (target_find(name)) {
		mutex_unlock(&iscsi_mutex);
		kfree(target);
		snprintf(why, why_bytes, "target %s exists already", name);
		return -EEXIST;
	}
	list_add_tail(&target->entry, &targets);	/* the name is taken from here on */
	mutex_unlock(&iscsi_mutex);

	scst = scst_register_target(&iscsi_template, name);
	mutex_lock(&iscsi_mutex);
	if (IS_ERR_OR_NULL(scst))
		list_del(&target->entry);
	else
		target->scst = scst;
	mutex_unlock(&iscsi_mutex);
	if (IS_ERR_OR_NULL(scst)) {
		kfree(target);
		snprintf(why, why_bytes, "the core refused target %s", name);
		return scst ? PTR_ERR(scst) : -EINVAL;
	}
	return 0;
}

static bool target_is_unused(struct iscsi_target *target)
{
	bool unused;

	mutex_lock(&iscsi_mutex);
	unused = !target->nr_users;
	mutex_unlock(&iscsi_mutex);
	return unused;
}

/* @target is going already: nobody else will take it. Ends its sessions. */
static void target_free(struct iscsi_target *target)
{
	wait_event(iscsi_changed, target_is_unused(target));
	scst_unregister_target(target->scst);
	mutex_lock(&iscsi_mutex);
	list_del(&target->entry);
	mutex_unlock(&iscsi_mutex);
	kfree(target);
}

static int target_del(const char *name, char *why, size_t why_bytes)
{
	struct iscsi_target *target;

	mutex_lock(&iscsi_mutex);
	target = target_find(name);
	if (target && (target->going || !target->scst))
		target = NULL;
	if (target)
		target->going = true;
	mutex_unlock(&iscsi_mutex);
	if (!target) {
		snprintf(why, why_bytes, "there is no target %s", name);
		return -ENOENT;
	}
	target_free(target);
	return 0;
}

/* targets/iscsi/mgmt: add_target NAME | del_target NAME */
static int iscsi_mgmt(const char *command, char *why, size_t why_bytes)
{
	static const struct {
		const char *verb;
		int (*fn)(const char *name, char *why, size_t why_bytes);
	} verbs[] = {
		{ "add_target ", target_add },
		{ "del_target ", target_del },
	};

	for (u32 i = 0; i < ARRAY_SIZE(verbs); i++) {
		size_t len = strlen(verbs[i].verb);

		if (!strncmp(command, verbs[i].verb, len))
			return verbs[i].fn(command + len, why, why_bytes);
	}
	snprintf(why, why_bytes, "\"%s\", expected \"add_target NAME\" or \"del_target NAME\"", command);
	return -EINVAL;
}

/* ---- what else the core calls --------------------------------------------------------- */

/* SPC-4 7.6.4.6: format 01b, protocol iSCSI; "name,i,0xISID" with its 0, padded to four bytes. */
static int transport_id(struct scst_session *scst, u8 *buf, int bytes)
{
	int len = strlen(scst->initiator_name) + 1;
	int padded = max(ALIGN(len, 4), 20);

	if (4 + padded > bytes)
		return -EINVAL;
	memset(buf, 0, 4 + padded);
	buf[0] = 0x45;
	put_unaligned_be16(padded, buf + 2);
	memcpy(buf + 4, scst->initiator_name, len);
	return 4 + padded;
}

struct scst_tgt_template iscsi_template = {
	.name				= "iscsi",
	.owner				= THIS_MODULE,
	.rdy_to_xfer			= cmnd_rdy_to_xfer,
	.xmit_response			= cmnd_xmit_response,
	.on_free_cmd			= cmnd_on_free,
	.on_abort_cmd			= cmnd_on_abort,
	.task_mgmt_fn_done		= tmf_done,
	.report_aen			= async_report_aen,
	.close_session			= session_close_scst,
	.get_initiator_port_transport_id = transport_id,
	.mgmt				= iscsi_mgmt,
};

/* ---- module ------------------------------------------------------------------------------ */

static int __init iscsi_init(void)
{
	int err = cmnd_cache_init();

	if (err)
		return err;
	err = tx_cache_init();
	if (err)
		goto out_cmnd;
	err = session_table_init();
	if (err)
		goto out_tx;
	err = event_init();
	if (err)
		goto out_table;
	err = scst_register_target_template(&iscsi_template);
	if (err)
		goto out_event;
	return 0;
out_event:
	event_exit();
out_table:
	session_table_exit();
out_tx:
	tx_cache_exit();
out_cmnd:
	cmnd_cache_exit();
	return err;
}

static void __exit iscsi_exit(void)
{
	iscsi_shutdown(0);
	for (;;) {
		struct iscsi_target *target;

		mutex_lock(&iscsi_mutex);
		target = list_first_entry_or_null(&targets, struct iscsi_target, entry);
		if (target)
			target->going = true;
		mutex_unlock(&iscsi_mutex);
		if (!target)
			break;
		target_free(target);
	}
	scst_unregister_target_template(&iscsi_template);
	event_exit();
	session_table_exit();
	tx_cache_exit();
	cmnd_cache_exit();
}

module_init(iscsi_init);
module_exit(iscsi_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("iSCSI target: full-feature phase (RFC 7143)");
