/* SPDX-License-Identifier: MIT */
/* scst_ua.c - unit attentions (SAM-5 5.14): a queue per nexus under dev->dev_lock. */
#include "scst_priv.h"

#define UA_MAX	8	/* per nexus; then the oldest is forgotten, as SAM-5 5.14.2 allows */

struct scst_ua {
	struct list_head	entry;
	u8			asc, ascq;
};

void scst_ua_add_locked(struct scst_tgt_dev *tgt_dev, u8 asc, u8 ascq)
{
	struct scst_ua *ua;
	int count = 0;

	list_for_each_entry(ua, &tgt_dev->ua_list, entry) {
		if (ua->asc == asc && ua->ascq == ascq)
			return;
		count++;
	}
	if (count == UA_MAX) {
		ua = list_first_entry(&tgt_dev->ua_list, struct scst_ua, entry);
		list_del(&ua->entry);
	} else {
		ua = kmalloc(sizeof(*ua), GFP_ATOMIC);
	}
	if (!ua)
		return;
	ua->asc = asc;
	ua->ascq = ascq;
	list_add_tail(&ua->entry, &tgt_dev->ua_list);
	WRITE_ONCE(tgt_dev->ua_pending, 1);
}

void scst_ua_add(struct scst_tgt_dev *tgt_dev, u8 asc, u8 ascq)
{
	spin_lock_bh(&tgt_dev->dev->dev_lock);
	scst_ua_add_locked(tgt_dev, asc, ascq);
	spin_unlock_bh(&tgt_dev->dev->dev_lock);
}

void scst_dev_set_ua(struct scst_device *dev, struct scst_tgt_dev *except, u8 asc, u8 ascq)
{
	struct scst_tgt_dev *tgt_dev;

	spin_lock_bh(&dev->dev_lock);
	list_for_each_entry(tgt_dev, &dev->dev_tgt_dev_list, dev_tgt_dev_list_entry)
		if (tgt_dev != except)
			scst_ua_add_locked(tgt_dev, asc, ascq);
	spin_unlock_bh(&dev->dev_lock);
}
EXPORT_SYMBOL(scst_dev_set_ua);

void scst_capacity_data_changed(struct scst_device *dev)
{
	scst_dev_set_ua(dev, NULL, 0x2a, 0x09);
}
EXPORT_SYMBOL(scst_capacity_data_changed);

bool scst_ua_take(struct scst_cmd *cmd)
{
	struct scst_tgt_dev *tgt_dev = cmd->tgt_dev;
	struct scst_ua *ua;

	spin_lock_bh(&tgt_dev->dev->dev_lock);
	ua = list_first_entry_or_null(&tgt_dev->ua_list, struct scst_ua, entry);
	if (ua)
		list_del(&ua->entry);
	if (list_empty(&tgt_dev->ua_list))
		WRITE_ONCE(tgt_dev->ua_pending, 0);
	spin_unlock_bh(&tgt_dev->dev->dev_lock);
	if (!ua)
		return false;
	scst_set_cmd_error(cmd, UNIT_ATTENTION, ua->asc, ua->ascq);
	kfree(ua);
	return true;
}

void scst_ua_forget(struct scst_tgt_dev *tgt_dev, u8 asc, u8 ascq)
{
	struct scst_ua *ua, *next;

	if (!READ_ONCE(tgt_dev->ua_pending))
		return;
	spin_lock_bh(&tgt_dev->dev->dev_lock);
	list_for_each_entry_safe(ua, next, &tgt_dev->ua_list, entry) {
		if (ua->asc != asc || ua->ascq != ascq)
			continue;
		list_del(&ua->entry);
		kfree(ua);
	}
	if (list_empty(&tgt_dev->ua_list))
		WRITE_ONCE(tgt_dev->ua_pending, 0);
	spin_unlock_bh(&tgt_dev->dev->dev_lock);
}

void scst_ua_clear(struct scst_tgt_dev *tgt_dev)
{
	struct scst_ua *ua, *next;

	list_for_each_entry_safe(ua, next, &tgt_dev->ua_list, entry)
		kfree(ua);
	INIT_LIST_HEAD(&tgt_dev->ua_list);
}
