/* SPDX-License-Identifier: MIT */
#ifndef RING3_BUF_CACHE_H
#define RING3_BUF_CACHE_H

/* buf_cache.h - private to shim/src: refcounted buffers, the bodies behind sys_buf_*(). */
#include "sys_service.h"

sys_buf_cache_t buf_cache_create(sstring_t name, size_t bytes, size_t align);
errno_t buf_cache_destroy(sys_buf_cache_t cache);	/* EBUSY while buffers are out */
sys_buf_t buf_alloc(sys_buf_cache_t cache, sstring_t whence);
sys_buf_t buf_zalloc(sys_buf_cache_t cache, sstring_t whence);
void buf_hold(sys_buf_t buf, sstring_t whence);
void buf_drop(sys_buf_t buf, sstring_t whence);
void buf_check(sys_buf_t buf);

#endif /* RING3_BUF_CACHE_H */
