/* SPDX-License-Identifier: MIT */
/*
 * service.c - aio_service.h over aio.h.
 *
 * An operation is a callback to its file's event task, which submits it there; on that task it is
 * submitted at once. Locking: service->lock guards the list of open files, and is a leaf.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "aio_impl.h"
#include "mtelib.h"
#include "sys_mem.h"

#define ZERO_DEVICE_BYTES	(1ull << 50)
#define NAME_MAX_SHOWN		128

struct service {
	struct aio_service_handle	handle;
	struct MTE_aio_service_cfg	cfg;
	bool				ready;
	pthread_mutex_t			lock;
	struct served			*files;
	unsigned int			nr_files;
};

/* An open file. */
struct served {
	struct aio_handle	handle;
	struct service		*service;
	struct served		*next;
	struct aio_file		*file;
	sys_event_task_t	task;
	struct etask_hook	hook;
	_Atomic uint64_t	nr_reads, nr_writes, nr_syncs, nr_ended, nr_failed;
	char			name[NAME_MAX_SHOWN];
};

/* The private memory of an operation. */
struct service_op {
	struct aio_op		op;
	struct etask_callback	callback;
	struct served		*served;
	aio_completion_t	fn;
	void			*env;
	bool			ours;	/* to free */
};

extern void aios_thread_init(void *unused) __attribute__((weak));
extern void aios_thread_exit(void *unused) __attribute__((weak));

/* ---- operations ------------------------------------------------------------------------ */

static void ended(struct aio_op *aio_op)
{
	struct service_op *op = (struct service_op *)aio_op;
	error_t err = aio_op->result < 0 ? (error_t)-aio_op->result : 0;
	bool ours = op->ours;

	/* It has no way to say how much there was. */
	if (!err && aio_op->opcode == AIO_READ && (uint64_t)aio_op->result < aio_op->size)
		err = EIO;
	atomic_fetch_add_explicit(&op->served->nr_ended, 1, memory_order_relaxed);
	if (err)
		atomic_fetch_add_explicit(&op->served->nr_failed, 1, memory_order_relaxed);
	op->fn(op->env, (uintptr_t)op, err);
	if (ours)
		mem_free(op, FL_STR);
}

static void begin(struct etask_callback *callback)
{
	aio_submit(&((struct service_op *)((char *)callback - offsetof(struct service_op, callback)))->op);
}

static error_t start(struct served *served, enum aio_opcode opcode, void *private, aio_completion_t fn, void *env,
		     uint64_t offset, size_t bytes, uint32_t niov, struct iovec *iov)
{
	struct service_op *op = private;

	if (!fn)
		return EINVAL;
	if (!op)
		op = mem_alloc(sizeof(*op), FL_STR);
	if (!op)
		return ENOMEM;
	memset(op, 0, sizeof(*op));
	op->op = (struct aio_op){
		.file = served->file, .opcode = opcode, .offset = offset, .size = bytes, .iov = iov, .niov = niov,
		.fn = ended,
	};
	op->served = served;
	op->fn = fn;
	op->env = env;
	op->ours = !private;
	if (sys_event_task_current() == served->task) {
		aio_submit(&op->op);
		return 0;
	}
	etask_callback_init(&op->callback, begin, "aio_service");
	etask_post(served->task, &op->callback);
	return 0;
}

static struct served *served_of(aio_handle_t handle) { return handle->env; }

static error_t readv_start(aio_handle_t handle, void *op, aio_completion_t fn, void *env, uint64_t offset,
			   size_t bytes, uint32_t niov, struct iovec *iov)
{
	atomic_fetch_add_explicit(&served_of(handle)->nr_reads, 1, memory_order_relaxed);
	return start(served_of(handle), AIO_READ, op, fn, env, offset, bytes, niov, iov);
}

static error_t writev_start(aio_handle_t handle, void *op, aio_completion_t fn, void *env, uint64_t offset,
			    size_t bytes, uint32_t niov, struct iovec *iov)
{
	atomic_fetch_add_explicit(&served_of(handle)->nr_writes, 1, memory_order_relaxed);
	return start(served_of(handle), AIO_WRITE, op, fn, env, offset, bytes, niov, iov);
}

static error_t sync_start(aio_handle_t handle, void *op, aio_completion_t fn, void *env)
{
	atomic_fetch_add_explicit(&served_of(handle)->nr_syncs, 1, memory_order_relaxed);
	return start(served_of(handle), AIO_SYNC, op, fn, env, 0, 0, 0, NULL);
}

static const char *served_fmt(aio_handle_t handle)
{
	struct served *served = served_of(handle);
	const size_t room = 512;
	char *text = mem_alloc(room, FL_STR);

	if (text)
		snprintf(text, room, "%s: %s, %llu bytes, reads=%llu writes=%llu syncs=%llu ended=%llu failed=%llu",
			 served->name, aio_file_provider(served->file),
			 (unsigned long long)aio_file_size(served->file), (unsigned long long)served->nr_reads,
			 (unsigned long long)served->nr_writes, (unsigned long long)served->nr_syncs,
			 (unsigned long long)served->nr_ended, (unsigned long long)served->nr_failed);
	return text;
}

/* ---- opening and closing ------------------------------------------------------------------ */

static void thread_begins(void *env, sys_event_task_t task)
{
	(void)env;
	(void)task;
	if (aios_thread_init)
		aios_thread_init(NULL);
}

static void thread_ends(void *env)
{
	(void)env;
	if (aios_thread_exit)
		aios_thread_exit(NULL);
}

static void task_end(struct served *served)
{
	etask_stop_join(served->task);
	etask_hook_remove(served->task, &served->hook);
	aio_task_fini(served->task);
	sys_event_task_free(served->task);
}

/* Without a task of its own running, served->task is NULL. */
static int task_begin(struct served *served)
{
	struct sys_event_task_cfg cfg = { 0 };
	sys_event_task_t task = sys_event_task_alloc(&cfg);
	int rc;

	if (!task)
		return -ENOMEM;
	served->hook = (struct etask_hook){ .env = served, .start = thread_begins, .stop = thread_ends };
	etask_hook_add(task, &served->hook);
	rc = aio_task_init(task);
	if (!rc) {
		rc = etask_start(task, "ring3/aio-file", -1);
		if (rc)
			aio_task_fini(task);
	}
	if (rc) {
		etask_hook_remove(task, &served->hook);
		sys_event_task_free(task);
		return rc;
	}
	served->task = task;
	return 0;
}

struct errand {
	struct etask_callback	callback;
	sem_t			done;
};

static void errand_done(struct etask_callback *callback)
{
	sem_post(&((struct errand *)callback)->done);
}

/* What was started before has been submitted when this returns: callbacks run in order. */
static void catch_up(struct served *served)
{
	struct errand errand;

	sem_init(&errand.done, 0, 0);
	etask_callback_init(&errand.callback, errand_done, "aio_close");
	etask_post(served->task, &errand.callback);
	while (sem_wait(&errand.done) < 0)
		;
	etask_cancel_sync(served->task, &errand.callback);
	sem_destroy(&errand.done);
}

static void *close_now(void *arg)
{
	struct served *served = arg;
	struct service *service = served->service;
	int rc;

	catch_up(served);
	rc = aio_file_close(served->file);
	if (rc)
		fprintf(stderr, "aio_close: %s: %s\n", served->name, strerror(-rc));
	task_end(served);
	/* Counted until it is gone: fini tells the truth. */
	pthread_mutex_lock(&service->lock);
	service->nr_files--;
	pthread_mutex_unlock(&service->lock);
	mem_free(served, FL_STR);
	return NULL;
}

static void close_elsewhere(struct served *served)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, close_now, served);
	pthread_attr_destroy(&attr);
	if (rc)
		fprintf(stderr, "aio_close: %s stays open: %s\n", served->name, strerror(rc));
}

static void served_close(aio_handle_t handle)
{
	struct served *served = served_of(handle), **at;

	pthread_mutex_lock(&served->service->lock);
	for (at = &served->service->files; *at != served; at = &(*at)->next)
		;
	*at = served->next;
	pthread_mutex_unlock(&served->service->lock);
	/* A thread cannot wait for its own end. */
	if (sys_event_task_current() == served->task)
		close_elsewhere(served);
	else
		close_now(served);
}

static int open_served(struct served *served, int fd, const char **why)
{
	struct MTE_aio_service_cfg *cfg = &served->service->cfg;
	struct aio_open_options options = {
		.max_in_flight = cfg->max_ops_outstanding, .min_in_flight = cfg->min_ops_outstanding,
		.max_per_dispatch = cfg->max_ops_per_dispatch,
	};
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	*why = "is no open descriptor";
	if (flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	options.read_only = (flags & O_ACCMODE) == O_RDONLY;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 5))
		return aio_file_open_fd(fd, &options, &served->file, why);
	options.provider = "null";
	options.size = ZERO_DEVICE_BYTES;
	return aio_file_open(NULL, &options, &served->file, why);
}

static aio_handle_t service_fopen(aio_service_handle_t handle, int fd, uint64_t *bytes, const char *name)
{
	static const struct aio_ops ops = {
		.readv_start = readv_start, .writev_start = writev_start, .sync_start = sync_start,
		.close = served_close, .fmt = served_fmt,
	};
	struct service *service = handle->env;
	struct served *served = mem_zalloc(sizeof(*served), FL_STR);
	const char *why = "no memory";
	int rc = -ENOMEM;

	if (!served)
		goto failed;
	served->handle.env = served;
	served->handle.op = ops;
	served->service = service;
	snprintf(served->name, sizeof(served->name), "%s", name ? name : "?");
	why = "the service is not initialised";
	rc = service->ready ? open_served(served, fd, &why) : -EINVAL;
	if (rc)
		goto failed;
	why = "no thread can be made";
	rc = task_begin(served);
	if (rc) {
		aio_file_close(served->file);
		goto failed;
	}
	pthread_mutex_lock(&service->lock);
	served->next = service->files;
	service->files = served;
	service->nr_files++;
	pthread_mutex_unlock(&service->lock);
	if (bytes)
		*bytes = aio_file_size(served->file);
	return &served->handle;
failed:
	fprintf(stderr, "aio_open: %s: %s (%s)\n", name ? name : "?", why, strerror(-rc));
	mem_free(served, FL_STR);
	errno = -rc;
	return NULL;
}

static aio_handle_t service_open(aio_service_handle_t handle, const char *path, int read_only, uint64_t *bytes)
{
	/* O_NONBLOCK: what is no disk is refused, not waited for. */
	int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK), err;
	aio_handle_t file;

	if (fd < 0) {
		err = errno;
		fprintf(stderr, "aio_open: %s: cannot be opened (%s)\n", path, strerror(err));
		errno = err;
		return NULL;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	file = service_fopen(handle, fd, bytes, path);
	err = errno;
	close(fd);
	errno = err;
	return file;
}

/* ---- the service --------------------------------------------------------------------------- */

static error_t service_init(aio_service_handle_t handle, const void *cfg)
{
	const struct MTE_aio_service_cfg none = { 0 }, *given = cfg ? cfg : &none;
	struct service *service = handle->env;

	if (service->ready || (given->max_ops_outstanding && given->min_ops_outstanding > given->max_ops_outstanding))
		return EINVAL;
	service->cfg = *given;
	service->ready = true;
	return 0;
}

static error_t service_fini(aio_service_handle_t handle)
{
	struct service *service = handle->env;
	unsigned int nr_files;

	if (!service->ready)
		return EINVAL;
	pthread_mutex_lock(&service->lock);
	nr_files = service->nr_files;
	pthread_mutex_unlock(&service->lock);
	if (nr_files)
		return EBUSY;
	service->ready = false;
	return 0;
}

static void service_dump(aio_service_handle_t handle)
{
	struct service *service = handle->env;

	pthread_mutex_lock(&service->lock);
	for (struct served *served = service->files; served; served = served->next) {
		const char *text = served_fmt(&served->handle);

		fprintf(stderr, "%s\n", text ? text : served->name);
		mem_free(text, FL_STR);
	}
	pthread_mutex_unlock(&service->lock);
}

aio_service_handle_t MTE_aio_service_get(void)
{
	struct service *service = mem_zalloc(sizeof(*service), FL_STR);

	if (!service)
		return NULL;
	pthread_mutex_init(&service->lock, NULL);
	service->handle.env = service;
	service->handle.op_private_bytes = sizeof(struct service_op);
	service->handle.op = (struct aio_service_ops){
		.init = service_init, .fini = service_fini, .dump = service_dump, .open = service_open,
		.fopen = service_fopen,
	};
	return &service->handle;
}

errno_t MTE_aio_service_put(aio_service_handle_t handle)
{
	struct service *service = handle->env;

	if (service->ready)
		return EBUSY;
	pthread_mutex_destroy(&service->lock);
	mem_free(service, FL_STR);
	return E_OK;
}
