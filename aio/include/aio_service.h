/* SPDX-License-Identifier: MIT */
#ifndef AIO_SERVICE_H
#define AIO_SERVICE_H

/*
 * aio_service.h - MTE's interface to asynchronous I/O, over ours (aio.h).
 *
 * The interface is MTE's, by its names: a service from MTE_aio_service_get() (mtelib.h), files
 * opened from it, operations by macros that call through the file's handle.
 *
 *	aio_service_handle_t service = MTE_aio_service_get();
 *	struct MTE_aio_service_cfg cfg = { .max_ops_outstanding = 64 };
 *	uint64_t size;
 *
 *	aio_service_init(service, &cfg);
 *	aio_handle_t file = aio_open(service, "disk.img", false, &size);
 *	aio_writev(file, NULL, written, env, 0, 4096, 1, &iov);
 *
 * Threads: operations are started on any thread. Each open file has an event task of its own, and
 * a completion is a call on it: @fn(@env, @op, @err), where @op is the private memory of the operation
 * and @err 0 or an errno value. Order: a sync covers what its thread started before it.
 *
 * When the program defines them, aios_thread_init(NULL) and aios_thread_exit(NULL) are called on
 * each of those threads, first and last.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aio_handle		*aio_handle_t;		/* an open file or device */
typedef struct aio_service_handle	*aio_service_handle_t;
typedef void				*aio_service_cfg_t;	/* the provider's: struct MTE_aio_service_cfg */

typedef void (*aio_completion_t)(void *env, uintptr_t op, error_t err);

struct aio_handle {
	void *env;	/* the provider's */
	struct aio_ops {
		error_t	(*readv_start)(aio_handle_t file, void *op, aio_completion_t fn, void *env,
				       uint64_t offset, size_t bytes, uint32_t niov, struct iovec *iov);
		error_t	(*writev_start)(aio_handle_t file, void *op, aio_completion_t fn, void *env,
					uint64_t offset, size_t bytes, uint32_t niov, struct iovec *iov);
		error_t	(*sync_start)(aio_handle_t file, void *op, aio_completion_t fn, void *env);
		void	(*close)(aio_handle_t file);
		const char *(*fmt)(aio_handle_t file);
	} op;
};

struct aio_service_handle {
	void		*env;			/* the provider's */
	uint32_t	op_private_bytes;	/* what the private memory of an operation must have */
	struct aio_service_ops {
		error_t	(*init)(aio_service_handle_t service, const void *cfg);
		error_t	(*fini)(aio_service_handle_t service);
		void	(*dump)(aio_service_handle_t service);
		aio_handle_t (*open)(aio_service_handle_t service, const char *path, int read_only,
				     uint64_t *bytes);
		aio_handle_t (*fopen)(aio_service_handle_t service, int fd, uint64_t *bytes, const char *name);
	} op;
};

/*
 * Start one. PRIVATE is service->op_private_bytes of memory, aligned as from malloc(), that lives until
 * the completion; or NULL: it is allocated. IOV and what it points to live as long. 0: FN will be called,
 * once. ENOMEM, EINVAL: it will not. The completion's err: 0, or what the system said; EIO for a read that
 * met the end of the file before SIZE.
 */
#define aio_readv(AIO, PRIVATE, FN, ENV, SEEK, SIZE, NIOV, IOV)						\
	((AIO)->op.readv_start((AIO), (PRIVATE), (FN), (ENV), (SEEK), (SIZE), (NIOV), (IOV)))
#define aio_writev(AIO, PRIVATE, FN, ENV, SEEK, SIZE, NIOV, IOV)						\
	((AIO)->op.writev_start((AIO), (PRIVATE), (FN), (ENV), (SEEK), (SIZE), (NIOV), (IOV)))
#define aio_sync(AIO, PRIVATE, FN, ENV)	((AIO)->op.sync_start((AIO), (PRIVATE), (FN), (ENV)))

/* What it is, who serves it, and its counts; free with sys_mem_free(). NULL = no memory. */
#define aio_fmt(AIO)			((AIO)->op.fmt(AIO))

/*
 * Wait for what was started, sync, close: what fails then is said on standard error. On any thread;
 * on the file's own, in a completion, all that happens afterwards.
 */
#define aio_close(AIO)			((AIO)->op.close(AIO))

/*
 * Open a file, or serve an open descriptor, which stays the caller's. *SIZEP is its size, bytes;
 * of /dev/zero, which drops what is written to it, 2^50. NULL, and errno, when it does not work;
 * standard error has the sentence.
 */
#define aio_open(AIOS, PATH, RO, SIZEP)		((AIOS)->op.open((AIOS), (PATH), (RO), (SIZEP)))
#define aio_fopen(AIOS, FD, SIZEP, LOGNAME)	((AIOS)->op.fopen((AIOS), (FD), (SIZEP), (LOGNAME)))

/* Once, before a file is opened: CFG may be NULL. EINVAL: a second time, or limits that contradict each other. */
#define aio_service_init(AIOS, CFG)	((AIOS)->op.init((AIOS), (CFG)))
/* EBUSY: files are open. EINVAL: it was not initialised. */
#define aio_service_fini(AIOS)		((AIOS)->op.fini(AIOS))
/* Every open file's aio_fmt(), on standard error. */
#define aio_service_dump(AIOS)		((AIOS)->op.dump(AIOS))

#ifdef __cplusplus
}
#endif

#endif /* AIO_SERVICE_H */
