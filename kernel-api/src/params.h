/* SPDX-License-Identifier: MIT */
#ifndef RING3_PARAMS_H
#define RING3_PARAMS_H

/* params.h - private to src: a module's parameters from one text. */
#include <linux/moduleparam.h>

/* @text is "name=value name="a b""; 0 or -errno, with the reason in the log. */
int params_set(struct kernel_param *params, const char *module, const char *text);

#endif /* RING3_PARAMS_H */
