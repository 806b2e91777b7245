/* SPDX-License-Identifier: MIT */
/* freelist.c - bodies of sys_freelist.h. */
#include "sys_debug.h"
#include "sys_freelist.h"
#include "sys_mem.h"

void sys_freelist_init(sys_freelist_t *list, uint32_t hoard_limit)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint32_t nhoard = 1;

	memset(list, 0, sizeof(*list));
	int32mt_set(&list->hoard_limit, (int32_t)hoard_limit);
	while ((long)nhoard < cpus)
		nhoard *= 2;
	/* Whole pages, so aligned for the lines the hoards stand on. */
	list->hoards = mem_zalloc((nhoard * sizeof(*list->hoards) + 4095) & ~4095ul, "sys_freelist_init");
	list->nhoard = list->hoards ? nhoard : 0;
}

void sys_freelist_deinit(sys_freelist_t *list)
{
	sys_fifo_deinit(&list->common);
	for (uint32_t i = 0; i < list->nhoard; i++)
		sys_fifo_deinit(&list->hoards[i].hoard);
	mem_free(list->hoards, "sys_freelist_deinit");
	list->hoards = NULL;
	list->nhoard = 0;
}

static uint32_t limit_of(sys_freelist_t *list)
{
	return (uint32_t)int32mt_get(&list->hoard_limit);
}

void sys_freelist_add(sys_freelist_t *list, sys_link_t *item)
{
	sys_freelist_hoard_t *mine;

	if (!list->nhoard) {
		sys_fifo_prepend(&list->common, item);
		return;
	}
	mine = &list->hoards[sys_this_cpu() & (list->nhoard - 1)];
	sys_fifo_prepend(&mine->hoard, item);
	int64mt_inc(&mine->nitem_add);
	if (sys_fifo_nitem(&mine->hoard) > limit_of(list)) {
		sys_fifo_xfer_leave(&list->common, &mine->hoard, limit_of(list) / 2);
		int64mt_inc(&mine->nxfers_out);
	}
}

sys_link_t *sys_freelist_hoard_take(sys_freelist_t *list, uint32_t number)
{
	sys_freelist_hoard_t *hoard;
	sys_link_t *item;

	if (!list->nhoard)
		return sys_fifo_take(&list->common);
	hoard = &list->hoards[number & (list->nhoard - 1)];
	while (!(item = sys_fifo_take(&hoard->hoard))) {
		if (!sys_fifo_xfer_max(&hoard->hoard, &list->common, limit_of(list) / 2 + 1)) {
			int64mt_inc(&hoard->ntake_empty);
			return NULL;
		}
		int64mt_inc(&hoard->nxfers_in);
	}
	int64mt_inc(&hoard->nitem_take);
	return item;
}

sys_link_t *sys_freelist_take(sys_freelist_t *list)
{
	return sys_freelist_hoard_take(list, list->nhoard ? sys_this_cpu() : 0);
}

sys_link_t *sys_freelist_take_any(sys_freelist_t *list)
{
	sys_link_t *item = sys_freelist_take(list);

	for (uint32_t i = 0; !item && i < list->nhoard; i++)
		item = sys_freelist_hoard_take(list, i);
	return item;
}

string_t sys_freelist_stats(sys_freelist_t *list)
{
	string_t text = sys_sprintf("common={" SYS_FIFO_FMT "}\n", SYS_FIFO_FIELDS(&list->common));

	for (uint32_t i = 0; text && i < list->nhoard; i++) {
		sys_freelist_hoard_t *hoard = &list->hoards[i];

		text = sys_sprintf_append(text, "hoard[%u]={nadd=%" PRId64 " ntake=%" PRId64 " ntake_empty=%" PRId64
					  " nxfers_in=%" PRId64 " nxfers_out=%" PRId64 " fifo={" SYS_FIFO_FMT "}}\n", i,
					  int64mt_get(&hoard->nitem_add), int64mt_get(&hoard->nitem_take),
					  int64mt_get(&hoard->ntake_empty), int64mt_get(&hoard->nxfers_in),
					  int64mt_get(&hoard->nxfers_out), SYS_FIFO_FIELDS(&hoard->hoard));
	}
	return text;
}
