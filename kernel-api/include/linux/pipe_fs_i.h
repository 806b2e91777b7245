/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PIPE_FS_I_H
#define _LINUX_PIPE_FS_I_H

/*
 * A pipe as a ring of pages: bufs[tail .. head), both counted without end. pipe->mutex guards it.
 *
 * Differs from the kernel: no pipe file system, so that there are no files: who makes a pipe
 * fills it, by an iov_iter for one, and reads it. Nobody steals a page: there is no page cache for it to go to.
 */
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#define PIPE_DEF_BUFFERS	16
#define PIPE_SIZE		PAGE_SIZE

struct pipe_buffer {
	struct page		*page;
	unsigned int		offset, len;
	const struct pipe_buf_operations *ops;
	unsigned int		flags;
	unsigned long		private;
};

struct pipe_inode_info {
	struct mutex		mutex;
	wait_queue_head_t	rd_wait, wr_wait;	/* its users' */
	unsigned int		head, tail;
	unsigned int		max_usage;		/* buffers that may be in use */
	unsigned int		ring_size;		/* that there are: a power of 2 */
	unsigned int		readers, writers;	/* its users' */
	struct pipe_buffer	*bufs;
};

struct pipe_buf_operations {
	int	(*confirm)(struct pipe_inode_info *pipe, struct pipe_buffer *buf);	/* NULL: always there */
	void	(*release)(struct pipe_inode_info *pipe, struct pipe_buffer *buf);
	bool	(*try_steal)(struct pipe_inode_info *pipe, struct pipe_buffer *buf);	/* NULL: never */
	bool	(*get)(struct pipe_inode_info *pipe, struct pipe_buffer *buf);
};

static inline bool pipe_empty(unsigned int head, unsigned int tail) { return head == tail; }
static inline unsigned int pipe_occupancy(unsigned int head, unsigned int tail) { return head - tail; }
static inline bool pipe_full(unsigned int head, unsigned int tail, unsigned int limit)
{
	return pipe_occupancy(head, tail) >= limit;
}

static inline bool __must_check pipe_buf_get(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	return buf->ops->get(pipe, buf);
}
static inline void pipe_buf_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	const struct pipe_buf_operations *ops = buf->ops;

	buf->ops = NULL;
	ops->release(pipe, buf);
}
static inline int pipe_buf_confirm(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	return buf->ops->confirm ? buf->ops->confirm(pipe, buf) : 0;
}
static inline bool pipe_buf_try_steal(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	return buf->ops->try_steal && buf->ops->try_steal(pipe, buf);
}
/* The head goes back to @old_head. */
static inline void pipe_discard_from(struct pipe_inode_info *pipe, unsigned int old_head)
{
	while ((int)(pipe->head - old_head) > 0)
		pipe_buf_release(pipe, &pipe->bufs[--pipe->head & (pipe->ring_size - 1)]);
}

__visible struct pipe_inode_info *alloc_pipe_info(void);	/* of PIPE_DEF_BUFFERS, or NULL; may sleep */
__visible void free_pipe_info(struct pipe_inode_info *pipe);	/* and what is in it */
__visible void pipe_lock(struct pipe_inode_info *pipe);
__visible void pipe_unlock(struct pipe_inode_info *pipe);

/* For ops of buffers that hold a reference to their page. */
__visible bool generic_pipe_buf_get(struct pipe_inode_info *pipe, struct pipe_buffer *buf);
__visible void generic_pipe_buf_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf);

#endif /* _LINUX_PIPE_FS_I_H */
