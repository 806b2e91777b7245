/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KASAN_ENABLED_H
#define _LINUX_KASAN_ENABLED_H

static inline int kasan_enabled(void) { return 0; }
static inline int kasan_hw_tags_enabled(void) { return 0; }

#endif /* _LINUX_KASAN_ENABLED_H */
