/* SPDX-License-Identifier: MIT */
/*
 * tx.c - the send queue of a connection.
 *
 * PDUs are queued in the order they go out; StatSN was given to them in that
 * order. conn_tx() hands as many as fit to one kernel_sendmsg(): headers, data
 * straight from the command's scatterlist, padding and digests. It runs once at
 * the end of a receive handler, or in the connection's tasklet when commands
 * complete otherwise. A short write leaves the rest to sk_write_space.
 *
 * Invariant: tx_bytes is what all queued PDUs have still to send;
 *            tx_done < tx_first->len.
 * Limits:    above max_tx_bytes or ISCSI_MAX_TX_PDUS nothing is received (rx.c)
 *            until half of it is sent; conn.c ends a connection that makes no
 *            progress for tx_stall_ms.
 * Threads:   home CPU, softirq context.
 */
#include "iscsi.h"

#define TX_KVECS	256	/* on the stack: 4 KiB */

static struct kmem_cache *out_cache;

int tx_cache_init(void)
{
	out_cache = kmem_cache_create("iscsi_out", sizeof(struct iscsi_out), 0, 0, NULL);
	return out_cache ? 0 : -ENOMEM;
}

void tx_cache_exit(void)
{
	kmem_cache_destroy(out_cache);
}

void out_init(struct iscsi_out *out)
{
	memset(out, 0, sizeof(*out));
	out->hdr_len = ISCSI_BHS_LEN;
}

struct iscsi_out *out_alloc(struct iscsi_conn *conn)
{
	struct iscsi_out *out = kmem_cache_alloc(out_cache, GFP_ATOMIC);

	if (!out) {
		conn_close(conn, "no memory for a PDU to send");
		return NULL;
	}
	out_init(out);
	out->cached = true;
	return out;
}

void out_free(struct iscsi_out *out)
{
	kmem_cache_free(out_cache, out);
}

void out_set_data(struct iscsi_out *out, const void *data, u32 len)
{
	out->data = data;
	out->data_len = len;
	iscsi_put_be24(((struct iscsi_hdr *)out->hdr)->data_len, len);
}

/* Whatever @out owned goes; so does its command, if this was its last PDU. */
static void out_end(struct iscsi_out *out)
{
	struct iscsi_cmnd *cmnd = out->cmnd;

	if (out->free_data)
		kfree(out->data);
	if (out->cached)
		kmem_cache_free(out_cache, out);
	if (cmnd)
		cmnd_end(cmnd);
}

/*
 * Padding and digests (RFC 7143 11.2.3, 11.2.4). The header digest goes between
 * the header and SenseLength, where there is one.
 */
static void out_seal(struct iscsi_conn *conn, struct iscsi_out *out)
{
	u32 extra = out->hdr_len - ISCSI_BHS_LEN;	/* SenseLength: data kept behind the header */
	u32 pad = iscsi_pad(extra + out->data_len);

	out->tail_len = pad;
	if (conn->header_digest) {
		u8 *digest = out->hdr + ISCSI_BHS_LEN;

		memmove(digest + ISCSI_DIGEST_LEN, digest, extra);
		digest_store(digest, digest_add(ISCSI_CRC_SEED, out->hdr, ISCSI_BHS_LEN));
		out->hdr_len += ISCSI_DIGEST_LEN;
	}
	if (conn->data_digest && extra + out->data_len) {
		digest_store(out->tail + pad, digest_of_out(out));
		out->tail_len += ISCSI_DIGEST_LEN;
	}
}

void tx_queue(struct iscsi_conn *conn, struct iscsi_out *out)
{
	if (out->hdr_len) {
		out_seal(conn, out);
		conn->stats.tx_pdus++;
	}
	out->len = out->hdr_len + out->data_len + out->tail_len;
	out->next = NULL;
	if (!conn->tx_first)
		conn->tx_progress = jiffies;
	*conn->tx_end = out;
	conn->tx_end = &out->next;
	conn->tx_bytes += out->len;
	conn->tx_pdus++;
	if (!conn->rx_busy && !conn->tx_busy)
		tasklet_schedule(&conn->tasklet);
}

bool tx_is_full(const struct iscsi_conn *conn)
{
	return conn->tx_bytes > conn->max_tx_bytes || conn->tx_pdus > ISCSI_MAX_TX_PDUS;
}

static bool tx_is_half_empty(const struct iscsi_conn *conn)
{
	return conn->tx_bytes <= conn->max_tx_bytes / 2 && conn->tx_pdus <= ISCSI_MAX_TX_PDUS / 2;
}

struct gather {
	struct kvec	iov[TX_KVECS];
	u32		nr;
	size_t		total;
	u32		skip;		/* bytes of what comes next that are sent already */
};

/* False when there is no room for it. */
static bool gather_add(struct gather *g, const void *base, u32 len)
{
	if (g->skip >= len) {
		g->skip -= len;
		return true;
	}
	if (g->nr == TX_KVECS)
		return false;
	g->iov[g->nr].iov_base = (u8 *)base + g->skip;
	g->iov[g->nr].iov_len = len - g->skip;
	g->total += len - g->skip;
	g->nr++;
	g->skip = 0;
	return true;
}

static bool gather_sg(struct gather *g, const struct iscsi_out *out)
{
	struct scatterlist *sg = out->sg;
	u32 off = out->sg_off, left = out->data_len;

	while (left) {
		u32 n = min(left, sg->length - off);

		if (!gather_add(g, (u8 *)sg_virt(sg) + off, n))
			return false;
		left -= n;
		off = 0;
		sg = sg_next(sg);
	}
	return true;
}

static bool gather_out(struct gather *g, const struct iscsi_out *out)
{
	if (!gather_add(g, out->hdr, out->hdr_len))
		return false;
	if (out->data ? !gather_add(g, out->data, out->data_len) : !gather_sg(g, out))
		return false;
	return gather_add(g, out->tail, out->tail_len);
}

/* @bytes more are in the socket: end what is sent whole. */
static void tx_sent(struct iscsi_conn *conn, size_t bytes)
{
	conn->tx_bytes -= bytes;
	conn->stats.tx_bytes += bytes;
	conn->tx_progress = jiffies;
	while (bytes) {
		struct iscsi_out *out = conn->tx_first;
		u32 left = out->len - conn->tx_done;

		if (bytes < left) {
			conn->tx_done += bytes;
			return;
		}
		bytes -= left;
		conn->tx_done = 0;
		conn->tx_pdus--;
		conn->tx_first = out->next;
		if (!conn->tx_first)
			conn->tx_end = &conn->tx_first;
		/* May run other commands, which may queue more. */
		out_end(out);
	}
}

/* One sendmsg. Bytes sent; 0 or -errno when nothing could be. */
static int tx_batch(struct iscsi_conn *conn)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct gather g;
	int sent;

	g.nr = 0;
	g.total = 0;
	g.skip = conn->tx_done;
	for (struct iscsi_out *out = conn->tx_first; out; out = out->next)
		if (!gather_out(&g, out))
			break;

	sent = kernel_sendmsg(conn->sock, &msg, g.iov, g.nr, g.total);
	conn->stats.tx_calls++;
	if (sent > 0)
		tx_sent(conn, sent);
	return sent;
}

/* Somebody truncated the file that a reply was to be taken from: what is announced in its header is not there. */
static void tx_faulted(struct iscsi_conn *conn)
{
	for (struct iscsi_out *out = conn->tx_first; out; out = out->next)
		if (out->cmnd && out->cmnd->scst)
			scst_read_lost(out->cmnd->scst);
	conn_close(conn, "the data of a read went away before it was sent");
}

static void tx_drained(struct iscsi_conn *conn)
{
	if (conn->state == ISCSI_CONN_DRAINING)
		conn_close(conn, NULL);
}

/*
 * Send until the queue is empty or the socket is full. After a short write it
 * tries once more: only the -EAGAIN of a full socket promises a sk_write_space.
 */
void conn_tx(struct iscsi_conn *conn)
{
	if (conn->tx_busy || !conn_can_send(conn))
		return;
	conn->tx_busy = true;
	while (conn->tx_first && conn_can_send(conn)) {
		int sent = tx_batch(conn);

		if (sent == -EAGAIN || sent == -EINTR)
			break;
		if (sent == -EFAULT)
			tx_faulted(conn);
		else if (sent <= 0)
			conn_close(conn, "sending failed: error %d", sent);
	}
	conn->tx_busy = false;

	if (!conn_can_send(conn))
		return;
	if (!conn->tx_first)
		tx_drained(conn);
	if (conn->rx_paused && tx_is_half_empty(conn)) {
		conn->rx_paused = false;
		conn->rx_again = true;
		tasklet_schedule(&conn->tasklet);
	}
}

/* Nothing of the queue will be sent. */
void tx_purge(struct iscsi_conn *conn)
{
	struct iscsi_out *out = conn->tx_first;

	conn->tx_first = NULL;
	conn->tx_end = &conn->tx_first;
	conn->tx_bytes = 0;
	conn->tx_pdus = 0;
	conn->tx_done = 0;
	while (out) {
		struct iscsi_out *next = out->next;

		out_end(out);
		out = next;
	}
}
