/* SPDX-License-Identifier: MIT */
/* A shared object that is no module. */
#include <linux/export.h>

int plain(void);
int plain(void)
{
	return 1;
}
EXPORT_SYMBOL(plain);
