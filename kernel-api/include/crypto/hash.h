/* SPDX-License-Identifier: MIT */
#ifndef _CRYPTO_HASH_H
#define _CRYPTO_HASH_H

/*
 * Differs from the kernel: no crypto (CONFIG_CRYPTO_HASH is off), and nothing here.
 */

#endif /* _CRYPTO_HASH_H */
