/* SPDX-License-Identifier: MIT */
#ifndef MTELIB_H
#define MTELIB_H

/*
 * mtelib.h - where the services come from.
 *
 *	sys_service_set(MTE_sys_service_get());
 *	sys_service_init(NULL);
 *
 * The asynchronous I/O service is declared where its header (aio/include) is in reach.
 *
 * Threads: any. Errors: errno values.
 */
#include <search.h>	/* its clients count on tsearch() and its like */

#include "sys_service.h"

#if defined(__has_include)
#if __has_include("aio_service.h")
#include "aio_service.h"
#define MTE_HAS_AIO_SERVICE 1
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Our provider of the system service: one per process, never freed. */
sys_service_handle_t MTE_sys_service_get(void);

/* Give it back; EINVAL when @handle is not ours. */
errno_t MTE_sys_service_put(sys_service_handle_t handle);

/* What sys_service_init() takes; nothing to choose. */
typedef struct MTE_sys_service_cfg {
#ifndef __cplusplus
	char	empty[0];
#endif
} *MTE_sys_service_cfg_t;

#ifdef MTE_HAS_AIO_SERVICE
aio_service_handle_t MTE_aio_service_get(void);
errno_t MTE_aio_service_put(aio_service_handle_t handle);
#endif

/* What aio_service_init() takes; 0 = the provider's own choice. */
typedef struct MTE_aio_service_cfg {
	uint32_t	max_ops_outstanding;	/* beyond it operations wait in order */
	uint32_t	min_ops_outstanding;	/* below it waiting ones are started */
	uint32_t	max_ops_per_dispatch;	/* started at once, at most */
} *MTE_aio_service_cfg_t;

#define MTE_AIO_MAXIOV	256

#ifdef __cplusplus
}
#endif

#endif /* MTELIB_H */
