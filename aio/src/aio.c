/* SPDX-License-Identifier: MIT */
/* aio.c - files, the order of their operations, completions. See aio_impl.h. */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "aio_impl.h"
#include "sys_mem.h"

#define MAX_IN_FLIGHT	1024

static int look(struct aio_file *file)
{
	struct stat st;
	uint64_t size;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(file->fd, BLKGETSIZE64, &size) < 0)
		return -errno;
	atomic_store_explicit(&file->size, size, memory_order_relaxed);
	return 0;
}

static int open_fd(const char *path, const struct aio_open_options *options, struct stat *st, const char **why)
{
	int flags = (options->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | (options->direct ? O_DIRECT : 0);
	int fd = open(path, flags), rc;

	*why = "cannot be opened";
	if (fd < 0 && errno == ENOENT && options->create) {
		fd = open(path, flags | O_CREAT | O_EXCL, 0600);
		*why = "cannot be created";
		if (fd >= 0 && ftruncate(fd, (off_t)options->size) < 0) {
			rc = -errno;
			*why = "cannot be made so large";
			close(fd);
			unlink(path);
			return rc;
		}
	}
	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0) {
		rc = -errno;
	} else if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode)) {
		rc = S_ISDIR(st->st_mode) ? -EISDIR : -EINVAL;
		*why = "is neither a regular file nor a block device";
	} else {
		return fd;
	}
	close(fd);
	return rc;
}

int aio_file_open(const char *path, const struct aio_open_options *options, struct aio_file **result,
		  const char **why)
{
	struct aio_file *file;
	struct statfs fs;
	struct stat st;
	int fd, rc;

	if (options->provider && strcmp(options->provider, "threads")) {
		*why = "no such provider; there is: threads";
		return -EINVAL;
	}
	fd = open_fd(path, options, &st, why);
	if (fd < 0)
		return fd;
	rc = threads_start();
	file = mem_zalloc(sizeof(*file), FL_STR);
	if (rc || !file) {
		*why = "no memory, or no thread";
		mem_free(file, FL_STR);
		close(fd);
		return rc ? rc : -ENOMEM;
	}
	file->fd = fd;
	file->is_block = S_ISBLK(st.st_mode);
	file->is_memory = !fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC) && !file->is_block;
	file->direct = options->direct;
	file->read_only = options->read_only;
	file->max_in_flight = options->max_in_flight ? options->max_in_flight : MAX_IN_FLIGHT;
	file->waiting_tail = &file->waiting;
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->idle, NULL);
	rc = look(file);
	if (rc) {
		*why = "has no size";
		aio_file_close(file);
		return rc;
	}
	*result = file;
	*why = "";
	return 0;
}

int aio_file_close(struct aio_file *file)
{
	int rc = 0;

	pthread_mutex_lock(&file->lock);
	while (file->in_flight || file->waiting)
		pthread_cond_wait(&file->idle, &file->lock);
	pthread_mutex_unlock(&file->lock);
	if (!file->read_only)
		rc = (int)op_execute(file, AIO_SYNC, 0, 0, 0, NULL, 0);
	close(file->fd);
	pthread_mutex_destroy(&file->lock);
	pthread_cond_destroy(&file->idle);
	mem_free(file, FL_STR);
	return rc;
}

uint64_t aio_file_size(const struct aio_file *file)
{
	return atomic_load_explicit(&((struct aio_file *)file)->size, memory_order_relaxed);
}

int aio_file_refresh(struct aio_file *file) { return look(file); }
int aio_file_fd(const struct aio_file *file) { return file->fd; }
bool aio_file_is_block(const struct aio_file *file) { return file->is_block; }

const char *aio_file_provider(const struct aio_file *file)
{
	(void)file;
	return "threads";
}

/* ---- order ------------------------------------------------------------------------- */

/* Start what may start; file->lock is held. */
static void start_waiting(struct aio_file *file)
{
	while (file->waiting && file->in_flight < file->max_in_flight && !file->sync_in_flight) {
		struct aio_op *op = file->waiting;

		if (op->opcode == AIO_SYNC) {
			if (file->in_flight)
				break;
			file->sync_in_flight = true;
		}
		file->waiting = op->next;
		if (!file->waiting)
			file->waiting_tail = &file->waiting;
		file->in_flight++;
		threads_submit(op);
	}
}

static void completed(struct etask_callback *callback)
{
	struct aio_op *op = (struct aio_op *)((char *)callback - offsetof(struct aio_op, callback));

	op->fn(op);
}

void aio_submit(struct aio_op *op)
{
	struct aio_file *file = op->file;

	op->task = sys_event_task_current();
	etask_callback_init(&op->callback, completed, "aio");
	op->next = NULL;
	pthread_mutex_lock(&file->lock);
	*file->waiting_tail = op;
	file->waiting_tail = &op->next;
	start_waiting(file);
	pthread_mutex_unlock(&file->lock);
}

/* On a worker. The op is its owner's again once the callback runs: not touched after the post. */
void op_done(struct aio_op *op, ssize_t result)
{
	struct aio_file *file = op->file;
	bool was_sync = op->opcode == AIO_SYNC;

	op->result = result;
	etask_post(op->task, &op->callback);
	pthread_mutex_lock(&file->lock);
	file->in_flight--;
	if (was_sync)
		file->sync_in_flight = false;
	start_waiting(file);
	if (!file->in_flight && !file->waiting)
		pthread_cond_broadcast(&file->idle);
	pthread_mutex_unlock(&file->lock);
}

ssize_t aio_wait(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		 const struct iovec *iov, unsigned int niov)
{
	/* A sync from here covers what is in flight from elsewhere, too. */
	if (opcode == AIO_SYNC) {
		pthread_mutex_lock(&file->lock);
		while (file->in_flight || file->waiting)
			pthread_cond_wait(&file->idle, &file->lock);
		pthread_mutex_unlock(&file->lock);
	}
	return op_execute(file, opcode, flags, offset, size, iov, niov);
}

int aio_task_init(sys_event_task_t task)
{
	(void)task;
	return threads_start();
}

void aio_task_fini(sys_event_task_t task)
{
	(void)task;
}
