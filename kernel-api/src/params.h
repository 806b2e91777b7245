/* SPDX-License-Identifier: MIT */
#ifndef RING3_PARAMS_H
#define RING3_PARAMS_H

/*
 * params.h - private to src: a module's parameters, from the text of insmod and through their
 * files. Under the module's own lock, which these take, never the module host's: a set() may load modules. Who calls
 * sees to it that the module stays. Reasons go to module_say(), unless said.
 */
#include <linux/moduleparam.h>

/* @text is "name=value name="a b""; 0 or -errno. */
int params_set(struct kernel_param *params, struct module *module, const char *text);
/* What setting them allocated. */
void params_free(struct kernel_param *params, struct module *module);

int params_read(struct kernel_param *params, const char *name, char *buf, size_t bytes);
int params_write(struct kernel_param *params, struct module *module, const char *name, const char *value);
int params_list(struct kernel_param *params, char *buf, size_t bytes);

/* For files of the tree: bytes put into a page; text with a 0 behind it. Reasons go to the log. */
int params_show(const struct kernel_param *kp, char *page);
int params_store(const struct kernel_param *kp, const char *text);

#endif /* RING3_PARAMS_H */
