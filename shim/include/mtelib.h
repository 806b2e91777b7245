/* SPDX-License-Identifier: MIT */
#ifndef MTELIB_H
#define MTELIB_H

/*
 * mtelib.h - where the services come from.
 *
 *	sys_service_set(MTE_sys_service_get());
 *	sys_service_init(NULL);
 */
#include "sys_service.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Our provider of the system service: one per process, never freed. */
sys_service_handle_t MTE_sys_service_get(void);

/* Give it back; EINVAL when @handle is not ours. */
errno_t MTE_sys_service_put(sys_service_handle_t handle);

#ifdef __cplusplus
}
#endif

#endif /* MTELIB_H */
