/* SPDX-License-Identifier: MIT */
/* file_test.c - opening: by path, by descriptor; what is refused, and in which words. */
#include <fcntl.h>
#include <sys/stat.h>

#include "rig.h"

static char path[64];

static int try_open(const char *name, struct aio_open_options options, const char **why)
{
	struct aio_file *file = NULL;
	int rc;

	sys_service_set(MTE_sys_service_get());
	rc = aio_file_open(name, &options, &file, why);
	if (!rc)
		CHECK_EQ(aio_file_close(file), 0);
	else
		CHECK(!file);
	return rc;
}

TEST(opening_says_what_is_wrong)
{
	struct aio_open_options options = { 0 };
	const char *why = NULL;

	CHECK_EQ(try_open("/nowhere/at/all", options, &why), -ENOENT);
	CHECK_STREQ(why, "cannot be opened");
	CHECK_EQ(try_open("", options, &why), -ENOENT);
	CHECK_EQ(try_open(NULL, options, &why), -ENOENT);
	CHECK_EQ(try_open("/dev/null", options, &why), -EINVAL);
	CHECK_STREQ(why, "is neither a regular file nor a block device");
	options.read_only = true;
	CHECK_EQ(try_open("/tmp", options, &why), -EISDIR);
	options.provider = "tape";
	CHECK_EQ(try_open("/tmp", options, &why), -EINVAL);
	CHECK(strstr(why, "no provider is named 'tape'; there is: "));
	CHECK(strstr(why, "threads, ram, null"));
	options.provider = "io_uring, or one that has a name far longer than any that there could ever be";
	CHECK_EQ(try_open("/tmp", options, &why), -EINVAL);
}

TEST(memory_needs_a_size)
{
	static const char *const names[] = { "ram", "null" };
	const char *why;

	for (int i = 0; i < 2; i++) {
		struct aio_open_options options = { .provider = names[i] };

		CHECK_EQ(try_open(NULL, options, &why), -EINVAL);
		CHECK_STREQ(why, "needs a size");
		options.size = UINT64_MAX;
		CHECK_EQ(try_open(NULL, options, &why), -EFBIG);
		CHECK_STREQ(why, "cannot be made so large");
		options.size = 1;
		CHECK_EQ(try_open(NULL, options, &why), 0);
	}
}

TEST(a_file_that_cannot_be_made_so_large_is_not_left_behind)
{
	struct aio_open_options options = { .create = true, .size = UINT64_MAX };
	const char *why;

	snprintf(path, sizeof(path), DISK "/ring3-aio-%d", getpid());
	CHECK_EQ(try_open(path, options, &why), -EFBIG);
	CHECK_STREQ(why, "cannot be made so large");
	CHECK_EQ(access(path, F_OK), -1);
	options.size = 12345;
	CHECK_EQ(try_open(path, options, &why), 0);
	options.size = 99;	/* one that is there keeps its size */
	CHECK_EQ(try_open(path, options, &why), 0);
	CHECK_EQ(truncate(path, 12345), 0);
	CHECK_EQ(unlink(path), 0);
}

TEST(a_descriptor_stays_its_owners)
{
	struct aio_open_options options = { 0 };
	struct iovec iov = { "abc", 3 };
	struct aio_file *file;
	struct stat st;
	const char *why;
	int fd;

	sys_service_set(MTE_sys_service_get());
	snprintf(path, sizeof(path), DISK "/ring3-aio-%d", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	unlink(path);
	CHECK_EQ(aio_file_open_fd(fd, &options, &file, &why), 0);
	CHECK_NE(aio_file_fd(file), fd);
	CHECK_EQ(aio_wait(file, AIO_WRITE, 0, 5, 3, &iov, 1), 3);
	CHECK_EQ(aio_file_close(file), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 8);
	close(fd);
	CHECK_EQ(aio_file_open_fd(fd, &options, &file, &why), -EBADF);
	CHECK_STREQ(why, "is no open descriptor");
	CHECK_EQ(aio_file_open_fd(-1, &options, &file, &why), -EBADF);
	fd = open("/dev/null", O_RDONLY);
	CHECK_EQ(aio_file_open_fd(fd, &options, &file, &why), -EBADF);
	CHECK_STREQ(why, "is not open for reading and writing");
	options.read_only = true;
	CHECK_EQ(aio_file_open_fd(fd, &options, &file, &why), -EINVAL);
	CHECK_STREQ(why, "is neither a regular file nor a block device");
	close(fd);
}

TEST(alignment_is_told)
{
	struct aio_open_options options = { .create = true, .size = PAGE };
	struct aio_file *file;
	unsigned int memory;
	const char *why;

	sys_service_set(MTE_sys_service_get());
	snprintf(path, sizeof(path), DISK "/ring3-aio-%d", getpid());
	CHECK_EQ(aio_file_open(path, &options, &file, &why), 0);
	CHECK_EQ(aio_file_alignment(file, &memory), 1);
	CHECK_EQ(memory, 1);
	CHECK_EQ(aio_file_close(file), 0);
	options.direct = true;
	CHECK_EQ(aio_file_open(path, &options, &file, &why), 0);
	CHECK_GE(aio_file_alignment(file, &memory), 512);
	CHECK_EQ(aio_file_alignment(file, NULL) & (aio_file_alignment(file, NULL) - 1), 0);
	CHECK_GE(memory, 1);
	CHECK_EQ(aio_file_close(file), 0);
	unlink(path);
}
