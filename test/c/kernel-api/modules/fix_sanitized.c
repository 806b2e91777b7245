/* SPDX-License-Identifier: MIT */
/* As if built with both sanitizers, of which a host has one at most. */
#undef MODULE
#include <linux/module.h>

RING3_MODINFO(vermagic, RING3_VERMAGIC " asan tsan");
RING3_MODINFO(license, "GPL");
extern const unsigned int ring3_info[16] __asm__("ring3_module_info");
const unsigned int ring3_info[16] __attribute__((__visibility__("default"))) = { RING3_MODULE_ABI };
