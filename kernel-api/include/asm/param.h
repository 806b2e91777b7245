/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PARAM_H
#define _ASM_PARAM_H

#define HZ	1000

#endif /* _ASM_PARAM_H */
