/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MMZONE_H
#define _LINUX_MMZONE_H

/* One node, one zone: the places of what page->flags would hold of them. */
#include <linux/numa.h>
#include <linux/page-flags-layout.h>

#define MAX_ORDER		11
#define MAX_ORDER_NR_PAGES	(1 << (MAX_ORDER - 1))
#define SECTIONS_PGSHIFT	0
#define NODES_PGSHIFT		0
#define ZONES_PGSHIFT		0
#define LAST_CPUPID_PGSHIFT	0
#define KASAN_TAG_PGSHIFT	0
#define SECTIONS_MASK		0ul
#define NODES_MASK		0ul
#define ZONES_MASK		0ul
#define LAST_CPUPID_MASK	0ul
#define KASAN_TAG_MASK		0ul

#endif /* _LINUX_MMZONE_H */
