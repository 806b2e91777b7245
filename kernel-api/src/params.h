/* SPDX-License-Identifier: MIT */
#ifndef RING3_PARAMS_H
#define RING3_PARAMS_H

/*
 * params.h - private to src: a module's parameters, from the text of insmod and through what
 * stands for sysfs. Under the module host's lock; reasons go to module_say().
 */
#include <linux/moduleparam.h>

/* @text is "name=value name="a b""; 0 or -errno. */
int params_set(struct kernel_param *params, struct module *module, const char *text);
/* What setting them allocated. */
void params_free(struct kernel_param *params);

int params_read(struct kernel_param *params, const char *name, char *buf, size_t bytes);
int params_write(struct kernel_param *params, struct module *module, const char *name, const char *value);
int params_list(struct kernel_param *params, char *buf, size_t bytes);

#endif /* RING3_PARAMS_H */
