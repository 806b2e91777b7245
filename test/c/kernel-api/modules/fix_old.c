/* SPDX-License-Identifier: MIT */
/* As if built with headers of another version. */
#include <linux/export.h>

RING3_MODINFO(vermagic, "ring3-1");
RING3_MODINFO(license, "GPL");
extern const unsigned int ring3_module_info[16];
const unsigned int ring3_module_info[16] = { 1 };
EXPORT_SYMBOL(ring3_module_info);
