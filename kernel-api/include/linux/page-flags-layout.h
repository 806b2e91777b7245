/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PAGE_FLAGS_LAYOUT_H
#define _LINUX_PAGE_FLAGS_LAYOUT_H

/* What stands above the flags in page->flags of a kernel: nothing here, one node and one zone. */
#define SECTIONS_WIDTH		0
#define NODES_WIDTH		0
#define ZONES_WIDTH		0
#define LAST_CPUPID_WIDTH	0
#define KASAN_TAG_WIDTH		0

#endif /* _LINUX_PAGE_FLAGS_LAYOUT_H */
