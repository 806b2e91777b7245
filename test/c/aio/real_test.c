/* SPDX-License-Identifier: MIT */
/* real_test.c - failures that the system really has: no room, limits, files changed underneath. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "rig.h"

#define SIZE	(1u << 20)

static const struct setup threads = { "threads", DISK, false, false };

TEST_EACH(a_file_size_limit_is_reported)
{
	struct rlimit limit = { SIZE, SIZE };
	char *data = page_memory(2 * PAGE, 1);
	struct rig rig;

	if (!setup->folder)
		test_skip("it has no file");
	rig_open(&rig, setup, SIZE);
	/* The kernel's own limit: short before it, EFBIG at the first byte beyond. */
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (enum way way = SUBMIT; way <= WAIT; way++) {
		CHECK_EQ(rig_write(&rig, way, 0, SIZE - PAGE, data, 2 * PAGE), -EFBIG);
		CHECK_EQ(rig_write(&rig, way, AIO_FUA, SIZE, data, PAGE), -EFBIG);
		CHECK_EQ(rig_write(&rig, way, 0, SIZE - PAGE, data, PAGE), PAGE);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST(a_full_disk_is_reported)
{
	struct aio_open_options options = { .create = true, .size = 64 * PAGE };
	char folder[64], path[96], *data = page_memory(64 * PAGE, 1);
	struct rig rig = { .setup = &threads };
	const char *why;

	snprintf(folder, sizeof(folder), "/tmp/ring3-aio-full-%d", getpid());
	CHECK_EQ(mkdir(folder, 0700), 0);
	/* In a name space of our own: nobody else sees it, and it goes with us. */
	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("ring3", folder, "tmpfs", 0, "size=128k")) {
		rmdir(folder);
		test_skip("no mount: %s", strerror(errno));
	}
	snprintf(path, sizeof(path), "%s/disk", folder);
	sys_service_set(MTE_sys_service_get());
	CHECK_EQ(aio_file_open(path, &options, &rig.file, &why), 0);
	CHECK_EQ(rig_write(&rig, WAIT, 0, 0, data, 64 * PAGE), -ENOSPC);
	CHECK_EQ(rig_do(&rig, WAIT, AIO_DISCARD, 0, 0, 64 * PAGE, NULL, 0), 64 * PAGE);
	CHECK_EQ(rig_write(&rig, WAIT, 0, 0, data, 8 * PAGE), 8 * PAGE);
	CHECK_EQ(aio_file_close(rig.file), 0);
	umount2(folder, MNT_DETACH);
	rmdir(folder);
}

TEST_EACH(a_file_that_was_truncated_underneath_reads_short)
{
	char *data = page_memory(2 * PAGE, 1);
	struct rig rig;

	if (!setup->folder)
		test_skip("it has no file");
	rig_open(&rig, setup, SIZE);
	CHECK_EQ(truncate(rig.path, 5 * PAGE), 0);
	CHECK_EQ(rig_read(&rig, SUBMIT, 4 * PAGE, data, 2 * PAGE), PAGE);
	CHECK_EQ(rig_read(&rig, SUBMIT, 8 * PAGE, data, PAGE), 0);
	CHECK_EQ(aio_file_size(rig.file), SIZE);
	CHECK_EQ(aio_file_refresh(rig.file), 0);
	CHECK_EQ(aio_file_size(rig.file), 5 * PAGE);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_descriptor_that_was_closed_underneath_is_an_error)
{
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	if (!setup->folder)
		test_skip("it has no file");
	rig_open(&rig, setup, SIZE);
	/* Nothing else may get its number: what O_PATH gives cannot be read or written (open(2)). */
	CHECK_EQ(dup2(open("/", O_PATH), aio_file_fd(rig.file)), aio_file_fd(rig.file));
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, data, PAGE), -EBADF);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), -EBADF);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_ZERO, 0, 0, PAGE, NULL, 0), -EBADF);
	CHECK_EQ(rig_do(&rig, WAIT, AIO_SYNC, 0, 0, 0, NULL, 0), -EBADF);
	CHECK_EQ(rig_close(&rig), -EBADF);
}

TEST(devices_that_are_no_disks_are_refused)
{
	const char *all[] = { "/dev/full", "/dev/null", "/dev/zero", "/dev/tty", "/proc/self/mem/x" };
	struct aio_open_options options = { 0 };
	struct aio_file *file;
	const char *why;

	sys_service_set(MTE_sys_service_get());
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		CHECK_LT(aio_file_open(all[i], &options, &file, &why), 0);
	CHECK_EQ(aio_file_open("/dev/full", &options, &file, &why), -EINVAL);
	CHECK_STREQ(why, "is neither a regular file nor a block device");
}
