/* SPDX-License-Identifier: MIT */
/* scst_mgmt.c - commands by path, as SCST's sysfs files take them; state as JSON. */
#include "scst_priv.h"

int scst_why(char *why, size_t why_bytes, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscnprintf(why, why_bytes, format, args);
	va_end(args);
	return rc;
}

/* The next word of *@text, cut off; "" at the end. */
static char *word(char **text, const char *delimiters)
{
	char *at = skip_spaces(*text);
	char *end = strpbrk(at, delimiters);

	if (!end)
		end = at + strlen(at);
	*text = *end ? end + 1 : end;
	*end = 0;
	return at;
}

static int handler_mgmt(const char *name, char *command, char *why, size_t bytes)
{
	struct scst_dev_type *devt = scst_find_devt(name);
	char *verb = word(&command, " "), *device = word(&command, " ");

	if (!devt)
		return scst_why(why, bytes, -ENOENT, "there is no handler '%s'", name);
	if (!*device || strlen(device) >= 64)
		return scst_why(why, bytes, -EINVAL, "a device name of 1 to 63 characters is expected after '%s'", verb);
	if (!strcmp(verb, "add_device")) {
		if (scst_find_device(device))
			return scst_why(why, bytes, -EEXIST, "device '%s' exists already", device);
		return devt->add_device(device, strim(command), why, bytes);
	}
	if (!strcmp(verb, "del_device")) {
		struct scst_device *dev = scst_find_device(device);

		if (!dev || dev->handler != devt)
			return scst_why(why, bytes, -ENOENT, "%s has no device '%s'", name, device);
		if (atomic_read(&dev->nr_tgt_devs))
			return scst_why(why, bytes, -EBUSY, "device '%s' is mapped by %d LUNs", device,
					atomic_read(&dev->nr_tgt_devs));
		return devt->del_device(device, why, bytes);
	}
	return scst_why(why, bytes, -EINVAL, "'%s': add_device or del_device is expected", verb);
}

static int luns_mgmt(struct scst_tgt *tgt, struct scst_acg *acg, char *command, char *why, size_t bytes)
{
	char *verb = word(&command, " "), *name;
	struct scst_device *dev;
	unsigned long long lun;
	int rc;

	if (!strcmp(verb, "clear")) {
		scst_acg_clear(tgt, acg);
		return 0;
	}
	name = !strcmp(verb, "add") ? word(&command, " ") : NULL;
	if (!name && strcmp(verb, "del"))
		return scst_why(why, bytes, -EINVAL, "'%s': add, del or clear is expected", verb);
	if (kstrtoull(word(&command, " "), 10, &lun) || lun >= SCST_MAX_LUNS)
		return scst_why(why, bytes, -EINVAL, "a LUN from 0 to %d is expected", SCST_MAX_LUNS - 1);
	if (!name) {
		rc = scst_acg_del_lun(tgt, acg, lun);
		return rc ? scst_why(why, bytes, rc, rc == -EBUSY ? "LUN %llu has commands that do not end" :
							"there is no LUN %llu", lun) : 0;
	}
	dev = scst_find_device(name);
	if (!dev)
		return scst_why(why, bytes, -ENOENT, "there is no device '%s'", name);
	rc = scst_acg_add_lun(tgt, acg, dev, lun, !strcmp(strim(command), "read_only=1"));
	return rc ? scst_why(why, bytes, rc, rc == -EEXIST ? "LUN %llu is taken" : "no memory for LUN %llu", lun) : 0;
}

static int groups_mgmt(struct scst_tgt *tgt, char *command, char *why, size_t bytes)
{
	char *verb = word(&command, " "), *name = word(&command, " ");
	struct scst_acg *acg = scst_find_acg(tgt, name);

	if (strcmp(verb, "create"))
		return scst_why(why, bytes, -EINVAL, "'%s': create is expected", verb);
	if (acg || !*name)
		return scst_why(why, bytes, -EEXIST, "group '%s' %s", name, acg ? "exists already" : "needs a name");
	acg = kzalloc(sizeof(*acg), GFP_KERNEL);
	if (!acg)
		return -ENOMEM;
	INIT_LIST_HEAD(&acg->initiators);
	INIT_LIST_HEAD(&acg->luns);
	strscpy(acg->name, name, sizeof(acg->name));
	list_add_tail(&acg->entry, &tgt->acgs);
	return 0;
}

static int initiators_mgmt(struct scst_acg *acg, char *command, char *why, size_t bytes)
{
	char *verb = word(&command, " "), *pattern = word(&command, " ");
	struct scst_acn *acn;

	if (strcmp(verb, "add") || !*pattern)
		return scst_why(why, bytes, -EINVAL, "'%s': add PATTERN is expected", verb);
	acn = kzalloc(sizeof(*acn), GFP_KERNEL);
	if (!acn)
		return -ENOMEM;
	strscpy(acn->pattern, pattern, sizeof(acn->pattern));
	list_add_tail(&acn->entry, &acg->initiators);
	return 0;
}

static int target_mgmt(struct scst_tgt *tgt, char *path, char *command, char *why, size_t bytes)
{
	struct scst_acg *acg = &tgt->default_acg;
	char *part = word(&path, "/");

	if (!strcmp(part, "enabled")) {
		tgt->enabled = *skip_spaces(command) == '1';
		return 0;
	}
	if (!strcmp(part, "ini_groups")) {
		part = word(&path, "/");
		if (!strcmp(part, "mgmt"))
			return groups_mgmt(tgt, command, why, bytes);
		acg = scst_find_acg(tgt, part);
		if (!acg)
			return scst_why(why, bytes, -ENOENT, "there is no group '%s'", part);
		part = word(&path, "/");
	}
	if (!strcmp(part, "luns"))
		return luns_mgmt(tgt, acg, command, why, bytes);
	if (!strcmp(part, "initiators"))
		return initiators_mgmt(acg, command, why, bytes);
	return scst_why(why, bytes, -ENOENT, "'%s': luns, ini_groups or enabled is expected", part);
}

static int device_mgmt(const char *name, const char *command, char *why, size_t bytes)
{
	struct scst_device *dev = scst_find_device(name);

	if (!dev)
		return scst_why(why, bytes, -ENOENT, "there is no device '%s'", name);
	if (!dev->handler->dev_mgmt)
		return scst_why(why, bytes, -EOPNOTSUPP, "%s takes no commands", dev->handler->name);
	return dev->handler->dev_mgmt(dev, command, why, bytes);
}

static int mgmt(char *path, char *command, char *why, size_t bytes)
{
	struct scst_tgt_template_entry *tgtt;
	char *kind = word(&path, "/"), *name = word(&path, "/"), *part;
	struct scst_tgt *tgt;
	int rc = 0;

	mutex_lock(&scst_mutex);
	if (!strcmp(kind, "handlers")) {
		rc = handler_mgmt(name, command, why, bytes);
	} else if (!strcmp(kind, "devices")) {
		rc = device_mgmt(name, command, why, bytes);
	} else if (strcmp(kind, "targets")) {
		rc = scst_why(why, bytes, -ENOENT, "'%s': handlers, devices or targets is expected", kind);
	} else if (!(tgtt = scst_find_tgtt(name))) {
		rc = scst_why(why, bytes, -ENOENT, "there is no target driver '%s'", name);
	} else if (part = word(&path, "/"), !strcmp(part, "mgmt")) {
		/* The driver registers and unregisters targets itself, which takes the mutex. */
		mutex_unlock(&scst_mutex);
		return tgtt->tgtt->mgmt(command, why, bytes);
	} else if (!(tgt = scst_find_tgt(tgtt, part))) {
		rc = scst_why(why, bytes, -ENOENT, "%s has no target '%s'", name, part);
	} else {
		rc = target_mgmt(tgt, path, command, why, bytes);
	}
	mutex_unlock(&scst_mutex);
	return rc;
}

int scst_mgmt_write(const char *path, const char *command, char *why, unsigned long why_bytes)
{
	char *path_copy = kstrdup(path, GFP_KERNEL), *command_copy = kstrdup(command, GFP_KERNEL);
	int rc = -ENOMEM;

	if (why_bytes)
		why[0] = 0;
	if (path_copy && command_copy)
		rc = mgmt(path_copy, strim(command_copy), why, why_bytes);
	kfree(path_copy);
	kfree(command_copy);
	return rc;
}
EXPORT_SYMBOL(scst_mgmt_write);

/* ---- state ---------------------------------------------------------------------------- */

struct json {
	char	*buf;
	size_t	bytes, len;
};

static void __printf(2, 3) put(struct json *json, const char *format, ...)
{
	size_t room = json->len < json->bytes ? json->bytes - json->len : 0;
	va_list args;

	va_start(args, format);
	json->len += (size_t)vsnprintf(room ? json->buf + json->len : json->buf, room, format, args);
	va_end(args);
}

static void show_devices(struct json *json)
{
	const char *comma = "";
	struct scst_device *dev;
	char more[512];

	list_for_each_entry(dev, &scst_dev_list, dev_list_entry) {
		more[0] = 0;
		if (dev->handler->dev_show)
			dev->handler->dev_show(dev, more, sizeof(more));
		put(json, "%s{\"name\":\"%s\",\"handler\":\"%s\",\"blockSize\":%u,\"readOnly\":%s,\"serial\":\"%s\"%s%s}",
		    comma, dev->virt_name, dev->handler->name, dev->block_size, dev->rd_only ? "true" : "false",
		    dev->usn, more[0] ? "," : "", more);
		comma = ",";
	}
}

static void show_sessions(struct json *json)
{
	struct scst_tgt_template_entry *tgtt;
	struct scst_session *sess;
	const char *comma = "";
	struct scst_tgt *tgt;

	list_for_each_entry(tgtt, &scst_tgtt_list, entry)
		list_for_each_entry(tgt, &tgtt->tgts, entry)
			list_for_each_entry(sess, &tgt->sessions, sess_list_entry) {
				put(json, "%s{\"target\":\"%s\",\"initiator\":\"%s\",\"cpu\":%d,\"readCommands\":%llu,"
				    "\"writeCommands\":%llu,\"readBytes\":%llu,\"writeBytes\":%llu,\"errors\":%llu}",
				    comma, tgt->name, sess->initiator_name, sess->cpu, READ_ONCE(sess->read_cmds),
				    READ_ONCE(sess->write_cmds), READ_ONCE(sess->read_bytes),
				    READ_ONCE(sess->write_bytes), READ_ONCE(sess->errors));
				comma = ",";
			}
}

static void show_targets(struct json *json)
{
	struct scst_tgt_template_entry *tgtt;
	const char *comma = "";
	struct scst_tgt *tgt;

	list_for_each_entry(tgtt, &scst_tgtt_list, entry)
		list_for_each_entry(tgt, &tgtt->tgts, entry) {
			put(json, "%s{\"name\":\"%s\",\"driver\":\"%s\",\"enabled\":%s}", comma, tgt->name,
			    tgtt->tgtt->name, tgt->enabled ? "true" : "false");
			comma = ",";
		}
}

long scst_mgmt_read(const char *what, char *buf, unsigned long bytes)
{
	struct json json = { .buf = buf, .bytes = bytes };

	mutex_lock(&scst_mutex);
	put(&json, "[");
	if (!strcmp(what, "devices"))
		show_devices(&json);
	else if (!strcmp(what, "sessions"))
		show_sessions(&json);
	else if (!strcmp(what, "targets"))
		show_targets(&json);
	else
		json.len = 0;
	mutex_unlock(&scst_mutex);
	if (!json.len)
		return -ENOENT;
	put(&json, "]");
	return (long)json.len;
}
EXPORT_SYMBOL(scst_mgmt_read);
