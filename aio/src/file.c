/* SPDX-License-Identifier: MIT */
/*
 * file.c - opening and closing, and the operation that a thread waits for.
 *
 * Invariant: a file's id is unique among those open. Locking: ids_lock guards the
 * ids; file->lock the file's list of lanes.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "aio_impl.h"
#include "sys_mem.h"

#define MAX_IN_FLIGHT	1024

static pthread_mutex_t ids_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t ids[AIO_FILES_MAX / 64];	/* a bit each: taken */

static int take_id(struct aio_file *file)
{
	int rc = -ENFILE;

	pthread_mutex_lock(&ids_lock);
	for (unsigned int i = 0; i < AIO_FILES_MAX / 64 && rc; i++) {
		if (!~ids[i])
			continue;
		file->id = i * 64 + (unsigned int)__builtin_ctzll(~ids[i]);
		ids[i] |= 1ull << file->id % 64;
		rc = 0;
	}
	pthread_mutex_unlock(&ids_lock);
	return rc;
}

static void free_id(struct aio_file *file)
{
	pthread_mutex_lock(&ids_lock);
	ids[file->id / 64] &= ~(1ull << file->id % 64);
	pthread_mutex_unlock(&ids_lock);
}

static int look(struct aio_file *file)
{
	struct stat st;
	uint64_t size;

	if (file->fd < 0)
		return 0;	/* its size is the provider's */
	if (fstat(file->fd, &st) < 0)
		return -errno;
	size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(file->fd, BLKGETSIZE64, &size) < 0)
		return -errno;
	atomic_store_explicit(&file->size, size, memory_order_relaxed);
	return 0;
}

/* Make @path, which is missing, a file of options->size. */
static int create(const char *path, int flags, const struct aio_open_options *options, const char **why)
{
	int fd = open(path, flags | O_CREAT | O_EXCL, 0600), rc;

	*why = "cannot be created";
	if (fd < 0)
		return -errno;
	if (options->size <= INT64_MAX && !ftruncate(fd, (off_t)options->size))
		return fd;
	rc = options->size > INT64_MAX ? -EFBIG : -errno;
	*why = "cannot be made so large";
	close(fd);
	unlink(path);
	return rc;
}

static int open_fd(const char *path, const struct aio_open_options *options, const char **why)
{
	/* O_NONBLOCK: a fifo or a terminal is refused below, not waited for. */
	int flags = (options->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK |
		    (options->direct ? O_DIRECT : 0);
	int fd = open(path, flags);

	*why = "cannot be opened";
	if (fd >= 0)
		return fd;
	if (errno == ENOENT && options->create)
		return create(path, flags, options, why);
	if (errno == EINVAL && options->direct)
		*why = "cannot be opened: its file system has no direct I/O";
	return -errno;
}

/* What the kernel asks of direct transfers; statx() tells from Linux 6.1 on. */
static void learn_alignment(struct aio_file *file)
{
	int sector = 512;

	file->align_offset = file->align_memory = 1;
	if (!file->direct || file->is_memory)
		return;
	if (file->is_block)
		ioctl(file->fd, BLKSSZGET, &sector);
	file->align_offset = (unsigned int)sector;
#ifdef STATX_DIOALIGN
	struct statx st;

	if (!statx(file->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) && st.stx_mask & STATX_DIOALIGN &&
	    st.stx_dio_offset_align) {
		file->align_offset = st.stx_dio_offset_align;
		file->align_memory = st.stx_dio_mem_align ? st.stx_dio_mem_align : 1;
	}
#endif
}

/* file->fd is open: see what it is, and who serves it. */
static int examine(struct aio_file *file, const char **why)
{
	struct statfs fs;
	struct stat st;
	int rc = 0;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		*why = "is neither a regular file nor a block device";
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	file->is_block = S_ISBLK(st.st_mode);
	file->is_memory = !file->is_block && !fstatfs(file->fd, &fs) &&
			  (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
	if (!file->provider)
		file->provider = provider_choose(file, &rc, why);
	if (!file->provider)
		return rc;
	learn_alignment(file);
	*why = "has no size";
	return look(file);
}

/* By @path, or a duplicate of @fd. */
static int open_path(struct aio_file *file, const char *path, int fd, const struct aio_open_options *options,
		     const char **why)
{
	int flags;

	if (path) {
		file->fd = open_fd(path, options, why);
	} else {
		*why = "is no open descriptor";
		file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		file->fd = file->fd < 0 ? -errno : file->fd;
	}
	if (file->fd < 0)
		return file->fd;
	flags = fcntl(file->fd, F_GETFL);
	if (path) {
		fcntl(file->fd, F_SETFL, flags & ~O_NONBLOCK);
	} else {
		file->direct = flags & O_DIRECT;
		if (!options->read_only && (flags & O_ACCMODE) != O_RDWR) {
			*why = "is not open for reading and writing";
			return -EBADF;
		}
	}
	return examine(file, why);
}

static void file_free(struct aio_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free_id(file);
	pthread_mutex_destroy(&file->lock);
	pthread_cond_destroy(&file->no_lanes);
	mem_free(file, FL_STR);
}

static int open_file(const char *path, int fd, const struct aio_open_options *options, struct aio_file **result,
		     const char **why)
{
	unsigned int max_in_flight = options->max_in_flight ? options->max_in_flight : MAX_IN_FLIGHT;
	const struct aio_provider *provider = NULL;
	struct aio_file *file;
	int rc = 0;

	if (options->provider) {
		provider = provider_find(options->provider, &rc, why);
		if (!provider)
			return rc;
	}
	*why = "its min_in_flight is above its max_in_flight";
	if (options->min_in_flight > max_in_flight)
		return -EINVAL;
	file = mem_zalloc(sizeof(*file), FL_STR);
	*why = "no memory";
	if (!file)
		return -ENOMEM;
	rc = take_id(file);
	if (rc) {
		*why = "too many files are open: 4096 is the limit";
		mem_free(file, FL_STR);
		return rc;
	}
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->no_lanes, NULL);
	file->fd = -1;
	file->provider = provider;
	file->direct = options->direct;
	file->align_offset = file->align_memory = 1;
	file->read_only = options->read_only;
	file->max_in_flight = max_in_flight;
	file->min_in_flight = options->min_in_flight ? options->min_in_flight : max_in_flight;
	file->max_per_dispatch = options->max_per_dispatch ? options->max_per_dispatch : UINT_MAX;
	file->durable_tail = &file->durable_parked;
	if (provider && provider->no_file)
		file->size = options->size;
	else
		rc = open_path(file, path, fd, options, why);
	if (!rc && file->provider->open)
		rc = file->provider->open(file, why);
	if (rc) {
		file_free(file);
		return rc;
	}
	*result = file;
	*why = "";
	return 0;
}

int aio_file_open(const char *path, const struct aio_open_options *options, struct aio_file **file, const char **why)
{
	return open_file(path ? path : "", -1, options, file, why);
}

int aio_file_open_fd(int fd, const struct aio_open_options *options, struct aio_file **file, const char **why)
{
	return open_file(NULL, fd, options, file, why);
}

/* On its task, from a callback: nothing of the lane can be starting or ending meanwhile. */
static void retire_handler(struct etask_callback *callback)
{
	struct aio_lane *lane = (struct aio_lane *)((char *)callback - offsetof(struct aio_lane, retire));

	lane->closing = true;
	if (!lane->in_flight && !lane->waiting)
		lane_retire(lane);
}

/* Ask every task to let go of the file once its operations have completed. */
static int retire_lanes(struct aio_file *file)
{
	struct aio_task *task = aio_task_current;
	struct aio_lane *own = task && file->id < task->nr_lanes ? task->lanes[file->id] : NULL;

	if (own) {
		if (own->in_flight || own->waiting)
			return -EBUSY;
		lane_retire(own);
	}
	pthread_mutex_lock(&file->lock);
	for (struct aio_lane *lane = file->lanes; lane; lane = lane->next_of_file) {
		lane->asked = true;
		etask_callback_init(&lane->retire, retire_handler, "aio_file_close");
		etask_post(lane->task->etask, &lane->retire);
	}
	while (file->lanes)
		pthread_cond_wait(&file->no_lanes, &file->lock);
	pthread_mutex_unlock(&file->lock);
	return 0;
}

int aio_file_close(struct aio_file *file)
{
	int rc = retire_lanes(file);

	if (rc)
		return rc;
	if (!file->read_only)
		rc = (int)file->provider->execute(file, AIO_SYNC, 0, 0, 0, NULL, 0);
	if (file->provider->close)
		file->provider->close(file);
	file_free(file);
	return rc;
}

uint64_t aio_file_size(const struct aio_file *file)
{
	return atomic_load_explicit(&((struct aio_file *)file)->size, memory_order_relaxed);
}

int aio_file_refresh(struct aio_file *file) { return look(file); }
int aio_file_fd(const struct aio_file *file) { return file->fd; }
bool aio_file_is_block(const struct aio_file *file) { return file->is_block; }

unsigned int aio_file_alignment(const struct aio_file *file, unsigned int *memory)
{
	if (memory)
		*memory = file->align_memory;
	return file->align_offset;
}

const char *aio_file_provider(const struct aio_file *file) { return file->provider->text; }

ssize_t aio_try(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		const struct iovec *iov, unsigned int niov)
{
	int rc = op_check(file, opcode, flags, offset, size, iov, niov);

	return rc ? rc : file->provider->attempt(file, opcode, flags, offset, size, iov, niov);
}

/* ---- waiting ------------------------------------------------------------------------ */

ssize_t aio_wait(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		 const struct iovec *iov, unsigned int niov)
{
	struct aio_op op = {
		.file = file, .opcode = opcode, .flags = flags, .offset = offset, .size = size, .iov = iov,
		.niov = niov,
	};
	int rc = op_check(file, opcode, flags, offset, size, iov, niov);
	sem_t done;

	if (rc)
		return rc;
	if (!op_is_durable(file, opcode, flags))
		return file->provider->execute(file, opcode, flags, offset, size, iov, niov);
	/* Its result depends on others in flight: durable.c. A worker does it, and wakes us. */
	sem_init(&done, 0, 0);
	op.env = &done;
	op_begin(&op);
	while (sem_wait(&done) < 0 && errno == EINTR)
		;
	sem_destroy(&done);
	return op.result;
}
