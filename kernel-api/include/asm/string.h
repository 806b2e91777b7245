/* SPDX-License-Identifier: MIT */
#ifndef _ASM_STRING_H
#define _ASM_STRING_H

#include <linux/string.h>

#endif /* _ASM_STRING_H */
