/* SPDX-License-Identifier: MIT */
#ifndef RING3_TREE_H
#define RING3_TREE_H

/*
 * ring3/tree.h - the files of /proc and /sys that modules make (proc_fs.h, sysfs.h,
 * debugfs.h), for the process that hosts them. The tree is there while a kernel runs.
 *
 * Paths are absolute. Threads: any that is not an event task; a call blocks as long as the
 * module's functions do, and a file is one caller's at a time. Errors are -errno: -ENODEV no
 * kernel runs; -ENOENT, -ENOTDIR, -EISDIR, -ELOOP, -ENAMETOOLONG as open(2) has them; -EACCES the
 * permissions allow it to nobody: who asks does not matter, since a process has one user.
 *
 * Limits: 65536 nodes, 1024 open files (-ENFILE), names of 255 bytes, paths of 4095.
 */

#pragma GCC visibility push(default)

enum { RING3_TREE_READ = 1, RING3_TREE_WRITE = 2 };

struct ring3_tree_file;

int ring3_tree_open(const char *path, int how, struct ring3_tree_file **file);
/* Waits for nothing but the module's release(). NULL is nothing. */
void ring3_tree_close(struct ring3_tree_file *file);
/*
 * One read(2) or write(2): bytes, 0 at the end. -EIO (/proc, debugfs) or -ENODEV (/sys): the
 * file was removed since it was opened; -EBADF: it was not opened for this; else what the
 * module's function says, or -EINVAL and -EIO where it has none.
 */
long ring3_tree_read(struct ring3_tree_file *file, char *buf, unsigned long bytes);
long ring3_tree_write(struct ring3_tree_file *file, const char *buf, unsigned long bytes);
long long ring3_tree_seek(struct ring3_tree_file *file, long long offset, int whence);

/*
 * What is in a directory, a line each as they were made: "d 0755 0 name", or "- 0644 SIZE name", or
 * "l 0777 0 name" and a tab and the target. As much as fits; returns the bytes of it.
 */
long ring3_tree_list(const char *path, char *buf, unsigned long bytes);
/* The same line of one node; links are followed. */
long ring3_tree_info(const char *path, char *buf, unsigned long bytes);

#pragma GCC visibility pop

#endif /* RING3_TREE_H */
