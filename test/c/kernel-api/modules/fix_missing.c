/* SPDX-License-Identifier: MIT */
/* Wants what nobody has: a kernel's function with a header, one without, and libc's. */
#include <linux/module.h>

int crypto_register_shash(void *alg);
void no_such_function(void);
void *malloc(unsigned long bytes);

static int __init missing_init(void)
{
	no_such_function();
	return crypto_register_shash(malloc(1));
}
module_init(missing_init);

MODULE_LICENSE("GPL");
