/* SPDX-License-Identifier: MIT */
/* vdisk_main.c - the four handlers: making disks, choosing who executes. */
#include <linux/ctype.h>

#include "vdisk.h"

/* ---- exec -------------------------------------------------------------------------------- */

/* What makes no sense with a part of its data is refused with less. */
static void exec_whole(struct scst_cmd *cmd)
{
	if (cmd->bufflen != cmd->cdb_bufflen ||
	    (cmd->expected_values_set && cmd->expected_transfer_len != cmd->cdb_bufflen)) {
		scst_set_cmd_error(cmd, scst_sense_invalid_field_in_cdb);
		scst_cmd_done(cmd);
	} else if (!cmd->data_len) {
		scst_cmd_done(cmd);
	} else {
		vdisk_exec_sleeping(cmd);
	}
}

/* SBC-3 5.17, 5.18: lists without entries, in the format asked for. */
static void exec_read_defect_data(struct scst_cmd *cmd)
{
	bool ten = cmd->cdb[0] == READ_DEFECT_DATA;
	u8 buf[8] = { 0, ten ? cmd->cdb[2] & 0x1f : cmd->cdb[1] & 0x1f };

	scst_copy_to_cmd(cmd, buf, ten ? 4 : 8);
	scst_cmd_done(cmd);
}

static enum scst_exec_res exec(struct scst_cmd *cmd)
{
	switch (cmd->cdb[0]) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
	case WRITE_ATOMIC_16:
		vdisk_exec_rw(cmd);
		break;
	case INQUIRY:
		vdisk_exec_inquiry(cmd);
		break;
	case MODE_SENSE:
	case MODE_SENSE_10:
		vdisk_exec_mode_sense(cmd);
		break;
	case MODE_SELECT:
	case MODE_SELECT_10:
		vdisk_exec_mode_select(cmd);
		break;
	case START_STOP:
		vdisk_exec_start_stop(cmd);
		break;
	case ALLOW_MEDIUM_REMOVAL:
		vdisk_exec_prevent_allow(cmd);
		break;
	case SANITIZE:
		vdisk_exec_sanitize(cmd);
		break;
	case READ_DEFECT_DATA:
	case READ_DEFECT_DATA_12:
		exec_read_defect_data(cmd);
		break;
	case SERVICE_ACTION_IN_16:
		if (vdisk_sa(cmd) == SAI_GET_LBA_STATUS)
			vdisk_exec_sleeping(cmd);
		else
			vdisk_exec_read_capacity(cmd);
		break;
	case READ_CAPACITY:
		vdisk_exec_read_capacity(cmd);
		break;
	case VERIFY:
	case VERIFY_12:
	case VERIFY_16:
		/* Without data to compare: can it be read? Of memory, it can. */
		if (cmd->bufflen || (cmd->data_len && !(cmd->cdb[1] & 6) && vdisk_of(cmd)->file))
			vdisk_exec_sleeping(cmd);
		else
			scst_cmd_done(cmd);
		break;
	case WRITE_VERIFY:
	case WRITE_VERIFY_12:
	case WRITE_VERIFY_16:
	case ORWRITE_16:
	case UNMAP:
		if (cmd->bufflen)
			vdisk_exec_sleeping(cmd);
		else
			scst_cmd_done(cmd);
		break;
	case COMPARE_AND_WRITE:
	case WRITE_SAME:
	case WRITE_SAME_16:
		exec_whole(cmd);
		break;
	case SYNCHRONIZE_CACHE:
	case SYNCHRONIZE_CACHE_16:
		vdisk_exec_sleeping(cmd);
		break;
	case TEST_UNIT_READY:
	case PRE_FETCH:
	case PRE_FETCH_16:
		scst_cmd_done(cmd);
		break;
	default:
		return SCST_EXEC_NOT_COMPLETED;
	}
	return SCST_EXEC_COMPLETED;
}

/* ---- making disks ------------------------------------------------------------------------------- */

static int set_param(struct vdisk *vdisk, const char *key, const char *value, char *why, size_t bytes)
{
	unsigned long long number = 0;
	char *end;

	if (!strcmp(key, "filename")) {
		if (strscpy(vdisk->filename, value, sizeof(vdisk->filename)) < 0)
			return vdisk_say(why, bytes, -ENAMETOOLONG, "filename has more than %d bytes", VDISK_PATH_MAX - 1);
		return 0;
	}
	if (!strcmp(key, "usn")) {
		if (strscpy(vdisk->dev.usn, value, sizeof(vdisk->dev.usn)) < 0)
			return vdisk_say(why, bytes, -EINVAL, "usn has more than 63 characters");
		return 0;
	}
	number = memparse(value, &end);
	if (!isdigit(value[0]) || *end)
		return vdisk_say(why, bytes, -EINVAL, "%s is '%s', a number is expected", key, value);
	if (!strcmp(key, "size"))
		vdisk->size = number;
	else if (!strcmp(key, "blocksize"))
		vdisk->dev.block_size = (u32)number;
	else if (!strcmp(key, "read_only"))
		vdisk->dev.rd_only = number != 0;
	else if (!strcmp(key, "thin_provisioned"))
		vdisk->thin = number != 0;
	else if (!strcmp(key, "rotational"))
		vdisk->rotational = number != 0;
	else if (!strcmp(key, "removable"))
		vdisk->removable = number != 0;
	else if (!strcmp(key, "wsnz"))
		vdisk->wsnz = number != 0;
	else if (!strcmp(key, "sanitize_rate"))
		vdisk->sanitize_rate = number;
	else
		return vdisk_say(why, bytes, -EINVAL, "'%s': filename, usn, size, blocksize, read_only, "
				 "thin_provisioned, rotational, removable, wsnz or sanitize_rate is expected", key);
	return 0;
}

/* "key=value; key=value" */
static int set_params(struct vdisk *vdisk, char *params, char *why, size_t bytes)
{
	char *part;

	while ((part = strsep(&params, ";"))) {
		char *value;
		int rc;

		part = strim(part);
		if (!*part)
			continue;
		value = strchr(part, '=');
		if (!value)
			return vdisk_say(why, bytes, -EINVAL, "'%s': KEY=VALUE is expected", part);
		*value++ = 0;
		rc = set_param(vdisk, part, value, why, bytes);
		if (rc)
			return rc;
	}
	return 0;
}

static u64 hash_text(const char *text)
{
	u64 hash = 0xcbf29ce484222325ull;	/* FNV-1a */

	while (*text)
		hash = (hash ^ (u8)*text++) * 0x100000001b3ull;
	return hash;
}

/* @vdisk is gone, whatever its last sync says. */
static int vdisk_free(struct vdisk *vdisk, char *why, size_t bytes)
{
	int rc;

	if (vdisk->wq)
		destroy_workqueue(vdisk->wq);
	rc = vdisk_close_backing(vdisk, why, bytes);
	kfree(vdisk);
	return rc;
}

static int add_device(struct scst_dev_type *devt, const char *name, const char *params, char *why, size_t bytes)
{
	struct vdisk *vdisk = kzalloc(sizeof(*vdisk), GFP_KERNEL);
	char *copy = kstrdup(params, GFP_KERNEL);
	int rc = vdisk && copy ? 0 : -ENOMEM;

	if (rc)
		goto out;
	vdisk->dev.block_size = 512;
	vdisk->thin = true;
	vdisk->wce = true;
	vdisk->wsnz = true;
	vdisk->dev.handler = devt;
	vdisk->dev.dh_priv = vdisk;
	strscpy(vdisk->dev.virt_name, name, sizeof(vdisk->dev.virt_name));
	rc = set_params(vdisk, copy, why, bytes);
	if (rc)
		goto out;
	rc = -EINVAL;
	if (vdisk->dev.block_size < 512 || vdisk->dev.block_size > 4096 || !is_power_of_2(vdisk->dev.block_size)) {
		vdisk_say(why, bytes, rc, "blocksize is %u, should be 512, 1024, 2048 or 4096", vdisk->dev.block_size);
		goto out;
	}
	if (!vdisk->dev.usn[0])
		scnprintf(vdisk->dev.usn, sizeof(vdisk->dev.usn), "%016llx", hash_text(vdisk->filename[0] ? vdisk->filename : name));
	vdisk->dev.serial_hash = hash_text(vdisk->dev.usn);
	rc = vdisk_open_backing(vdisk, devt->name, why, bytes);
	if (rc)
		goto out;
	vdisk->nr_blocks = vdisk->size / vdisk->dev.block_size;
	if (!vdisk->nr_blocks) {
		rc = vdisk_say(why, bytes, -EINVAL, "size is %llu bytes, at least one block of %u is expected", vdisk->size,
			 vdisk->dev.block_size);
		goto out;
	}
	vdisk->wq = alloc_ordered_workqueue("%s", WQ_MEM_RECLAIM, name);
	rc = vdisk->wq ? scst_register_virtual_device(&vdisk->dev) : -ENOMEM;
out:
	kfree(copy);
	if (rc && vdisk)
		vdisk_free(vdisk, why, 0); /* @why tells of @rc */
	return rc;
}

static int del_device(const char *name, char *why, size_t bytes)
{
	struct scst_device *dev = scst_find_device(name);
	int rc = dev ? scst_unregister_virtual_device(dev) : -ENOENT;

	return rc ? rc : vdisk_free(dev->dh_priv, why, bytes);
}

static bool supports(struct scst_device *dev, u8 op, int sa)
{
	struct vdisk *vdisk = dev->dh_priv;

	switch (op) {
	case UNMAP:
		return vdisk->thin;
	case WRITE_ATOMIC_16:
		return vdisk_atomic_writes(vdisk);
	case SANITIZE:
		return sa != SANITIZE_BLOCK_ERASE || vdisk->thin;
	}
	return true;
}

static bool on_abort(struct scst_cmd *cmd)
{
	return vdisk_abort_sanitize(cmd) || vdisk_abort_sleeping(cmd);
}

static u64 nr_blocks(struct scst_device *dev)
{
	return READ_ONCE(((struct vdisk *)dev->dh_priv)->nr_blocks);
}

static void reset(struct scst_device *dev, enum scst_tm_fn fn)
{
	vdisk_mode_defaults(dev->dh_priv);
	vdisk_allow_removal(dev);
}

/* "resync_size": the file grew or shrank. */
static int dev_mgmt(struct scst_device *dev, const char *command, char *why, size_t bytes)
{
	struct vdisk *vdisk = dev->dh_priv;
	u64 size;

	if (strcmp(command, "resync_size") || !vdisk->file)
		return vdisk_say(why, bytes, -EINVAL, "'%s': resync_size, of a file, is expected", command);
	size = (u64)i_size_read(file_inode(vdisk->file));
	if (size < dev->block_size)
		return vdisk_say(why, bytes, -EINVAL, "%s has %llu bytes, at least one block of %u is expected",
				 vdisk->filename, size, dev->block_size);
	vdisk->size = size;
	WRITE_ONCE(vdisk->nr_blocks, vdisk->size / dev->block_size);
	scst_capacity_data_changed(dev);
	return 0;
}

static int dev_show(struct scst_device *dev, char *buf, size_t bytes)
{
	struct vdisk *vdisk = dev->dh_priv;

	return scnprintf(buf, bytes, "\"size\":%llu,\"thin\":%s,\"provider\":\"%s\"", vdisk->size,
			 vdisk->thin ? "true" : "false",
			 vdisk->file ? ring3_file_provider(vdisk->file) : vdisk->is_null ? "null" : "ram");
}

#define VDISK_HANDLER(var, text)								\
static struct scst_dev_type var;								\
static int var##_add(const char *name, const char *params, char *why, size_t bytes)		\
{												\
	return add_device(&var, name, params, why, bytes);					\
}												\
static struct scst_dev_type var = {								\
	.name = text, .type = TYPE_DISK, .owner = THIS_MODULE, .add_device = var##_add,		\
	.del_device = del_device, .dev_mgmt = dev_mgmt, .dev_show = dev_show, .parse = vdisk_parse,	\
	.dev_alloc_data_buf = vdisk_alloc_data_buf, .exec = exec, .supports = supports,		\
	.nr_blocks = nr_blocks, .on_abort = on_abort,				\
	.read_lost = vdisk_view_lost,								\
	.pollable_sense = vdisk_pollable_sense,							\
	.task_mgmt_fn_done = reset,								\
}

VDISK_HANDLER(fileio, "vdisk_fileio");
VDISK_HANDLER(blockio, "vdisk_blockio");
VDISK_HANDLER(ram, "vdisk_ram");
VDISK_HANDLER(nullio, "vdisk_nullio");

static struct scst_dev_type *const handlers[] = { &fileio, &blockio, &ram, &nullio };

static int __init vdisk_init(void)
{
	int rc = vdisk_init_rw();

	for (unsigned int i = 0; i < ARRAY_SIZE(handlers) && !rc; i++) {
		rc = scst_register_dev_driver(handlers[i]);
		while (rc && i-- > 0)
			scst_unregister_dev_driver(handlers[i]);
	}
	return rc;
}

static void __exit vdisk_exit(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(handlers); i++)
		scst_unregister_dev_driver(handlers[i]);
	vdisk_exit_rw();
}

module_init(vdisk_init);
module_exit(vdisk_exit);
MODULE_LICENSE("Dual MIT/GPL");
