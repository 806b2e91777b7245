/* SPDX-License-Identifier: MIT */
/* provider_test.c - which provider serves: probed, forced, forbidden. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "rig.h"

/* System call @number answers @err from now on, as a container's filter has it. */
static void forbid(unsigned int number, unsigned int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		test_skip("no seccomp");
}

static int open_as(const char *provider, bool direct, const char **text, const char **why)
{
	struct aio_open_options options = { .provider = provider, .direct = direct, .create = true, .size = PAGE };
	struct aio_file *file;
	char path[64];
	int rc;

	sys_service_set(MTE_sys_service_get());
	snprintf(path, sizeof(path), DISK "/ring3-aio-%d", getpid());
	rc = aio_file_open(path, &options, &file, why);
	*text = rc ? "" : aio_file_provider(file);
	if (!rc)
		CHECK_EQ(aio_file_close(file), 0);
	unlink(path);
	return rc;
}

TEST(a_forbidden_provider_is_named_and_others_serve)
{
	const char *text, *why, *name;
	int err = 0;

	unsetenv("RING3_AIO");
	forbid(SYS_io_uring_setup, EPERM);
	CHECK_EQ(aio_provider_get(0, &name, &err), 0);
	CHECK_STREQ(name, "io_uring");
	CHECK_EQ(err, -EPERM);
	CHECK_EQ(open_as(NULL, false, &text, &why), 0);
	CHECK_STREQ(text, "threads");
	CHECK_EQ(open_as("io_uring", false, &text, &why), -EOPNOTSUPP);
	CHECK(strstr(why, "io_uring does not work here (Operation not permitted)"));
	CHECK(strstr(why, "threads"));
	CHECK_EQ(open_as("threads", false, &text, &why), 0);
	CHECK_EQ(aio_provider_prefer("io_uring", &why), -EOPNOTSUPP);
}

TEST(a_filter_may_allow_the_setup_only)
{
	const char *text, *why;

	unsetenv("RING3_AIO");
	forbid(SYS_io_uring_enter, ENOSYS);
	CHECK_EQ(open_as("io_uring", false, &text, &why), -EOPNOTSUPP);
	CHECK(strstr(why, "Function not implemented"));
	CHECK_EQ(open_as(NULL, true, &text, &why), 0);
	CHECK_STREQ(text, "threads + libaio");
	forbid(SYS_io_submit, ENOSYS);
}

TEST(without_any_of_the_kernels_threads_serve)
{
	const char *text, *why;

	unsetenv("RING3_AIO");
	forbid(SYS_io_uring_setup, ENOSYS);
	forbid(SYS_io_submit, ENOSYS);
	CHECK_EQ(open_as(NULL, true, &text, &why), 0);
	CHECK_STREQ(text, "threads");
	CHECK_EQ(open_as("libaio", true, &text, &why), -EOPNOTSUPP);
	CHECK(strstr(why, "libaio does not work here (Function not implemented)"));
}

TEST(a_provider_is_forced_by_name_by_preference_or_by_the_environment)
{
	const char *text, *why;

	setenv("RING3_AIO", "threads", 1);
	CHECK_EQ(open_as(NULL, false, &text, &why), 0);
	CHECK_STREQ(text, "threads");
	CHECK_EQ(open_as("libaio", false, &text, &why), 0);
	CHECK_STREQ(text, "threads + libaio");
	CHECK_EQ(aio_provider_prefer("libaio", &why), 0);
	CHECK_EQ(open_as(NULL, false, &text, &why), 0);
	CHECK_STREQ(text, "threads + libaio");
	CHECK_EQ(aio_provider_prefer("tape", &why), -EINVAL);
	CHECK(strstr(why, "no provider of files is named 'tape'; there is:"));
	CHECK_EQ(aio_provider_prefer("ram", &why), -EINVAL);	/* it holds no file */
	CHECK_EQ(open_as(NULL, false, &text, &why), 0);
	CHECK_STREQ(text, "threads + libaio");			/* a bad wish changes nothing */
	CHECK_EQ(aio_provider_prefer(NULL, &why), 0);
	CHECK_EQ(open_as(NULL, false, &text, &why), 0);
	CHECK_STREQ(text, "threads");
	setenv("RING3_AIO", "tape", 1);
	CHECK_EQ(open_as(NULL, false, &text, &why), -EINVAL);
	CHECK(strstr(why, "RING3_AIO names no provider of files: 'tape'"));
	setenv("RING3_AIO", "null", 1);
	CHECK_EQ(open_as(NULL, false, &text, &why), -EINVAL);
}
