/* SPDX-License-Identifier: MIT */
/*
 * conn.c - the life of a connection, all of it on its home CPU.
 *
 *	STARTING -> UP -> DRAINING -> CLOSING -> DOWN
 *
 * conn_close() may be called from anywhere in the code of the connection: it only
 * sets the state and shuts the socket down, so no caller finds its memory gone.
 * The tasklet, under which nothing of the connection is on the stack, then tears
 * down: callbacks off, queue purged, waiting commands ended; and hands the session
 * to the core, which aborts what is in flight and calls session_unregistered()
 * (process context) when the last command is gone. That frees everything.
 *
 * Locking: none; home CPU, softirq context, unless a function says otherwise.
 */
#include <linux/mm.h>
#include <net/tcp.h>

#include "iscsi.h"

/* ---- what it says ---------------------------------------------------------------- */

#define LOG_LINES	10	/* per LOG_PERIOD and connection */
#define LOG_PERIOD	(5 * HZ)

void conn_complain(struct iscsi_conn *conn, const char *format, ...)
{
	char line[200];
	va_list args;

	conn->stats.errors++;
	va_start(args, format);
	vscnprintf(line, sizeof(line), format, args);
	va_end(args);
	error_note(conn, "%s", line);
	if (time_after(jiffies, conn->log_since + LOG_PERIOD)) {
		if (conn->log_lost)
			pr_warn("iscsi: %s (%s): %u more lines like these\n", conn->session->peer,
				conn->session->initiator_name, conn->log_lost);
		conn->log_since = jiffies;
		conn->log_lines = 0;
		conn->log_lost = 0;
	}
	if (conn->log_lines == LOG_LINES) {
		conn->log_lost++;
		return;
	}
	conn->log_lines++;
	pr_warn("iscsi: %s (%s): %s\n", conn->session->peer, conn->session->initiator_name, line);
}

static void set_reason(struct iscsi_conn *conn, const char *format, va_list args)
{
	if (format && !conn->close_reason[0])
		vscnprintf(conn->close_reason, sizeof(conn->close_reason), format, args);
}

/* ---- closing ------------------------------------------------------------------------ */

void conn_close(struct iscsi_conn *conn, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_reason(conn, format, args);
	va_end(args);
	if (conn->state >= ISCSI_CONN_CLOSING)
		return;
	conn->state = ISCSI_CONN_CLOSING;
	pr_info("iscsi: %s (%s): session 0x%04x ends: %s\n", conn->session->peer,
		conn->session->initiator_name, conn->session->tsih, conn->close_reason);
	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	tasklet_schedule(&conn->tasklet);
}

void conn_drain(struct iscsi_conn *conn, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_reason(conn, format, args);
	va_end(args);
	if (conn->state > ISCSI_CONN_UP)
		return;
	conn->state = ISCSI_CONN_DRAINING;
	tasklet_schedule(&conn->tasklet);
}

/* ---- socket callbacks ------------------------------------------------------------------ */

static void conn_data_ready(struct sock *sk)
{
	struct iscsi_conn *conn = sk->sk_user_data;

	if (conn)
		conn_rx(conn);
}

static void conn_write_space(struct sock *sk)
{
	struct iscsi_conn *conn = sk->sk_user_data;

	if (conn && !conn->rx_busy)
		conn_tx(conn);
}

/* The end of the stream, or a reset: receiving tells which. */
static void conn_state_change(struct sock *sk)
{
	struct iscsi_conn *conn = sk->sk_user_data;

	if (!conn)
		return;
	if (conn->rx_paused && sk->sk_state != TCP_ESTABLISHED)
		conn_close(conn, "the connection was lost");
	else
		conn_rx(conn);
}

static void callbacks_set(struct iscsi_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = conn;
	sk->sk_data_ready = conn_data_ready;
	sk->sk_write_space = conn_write_space;
	sk->sk_state_change = conn_state_change;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* They may still be called, and find nobody. */
static void callbacks_clear(struct iscsi_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* ---- the tasklet and the timer -------------------------------------------------------------- */

static void conn_teardown(struct iscsi_conn *conn)
{
	conn->state = ISCSI_CONN_DOWN;
	callbacks_clear(conn);
	del_timer(&conn->timer);
	conn->rx_cmnd = NULL;
	conn->rx_burst = NULL;
	tx_purge(conn);
	cmnds_teardown(conn);
	sn_purge(conn);
	/* The last thing: the session may be gone when this returns. */
	scst_unregister_session(conn->scst, session_unregistered);
}

static void conn_begin(struct iscsi_conn *conn);

/* What other contexts asked for with session_request(). */
static void conn_requests(struct iscsi_conn *conn)
{
	struct iscsi_session *session = conn->session;
	int requests = atomic_xchg(&session->requests, 0);

	if (requests & ISCSI_REQUEST_LOGOUT)
		async_logout_send(conn, READ_ONCE(session->logout_s));
	if (requests & ISCSI_REQUEST_CLOSE)
		conn_close(conn, "%s", READ_ONCE(session->request_reason));
}

static void conn_tasklet(struct tasklet_struct *tasklet)
{
	struct iscsi_conn *conn = from_tasklet(conn, tasklet, tasklet);

	if (!conn->ready || conn->state == ISCSI_CONN_DOWN)
		return;
	if (conn->state == ISCSI_CONN_STARTING)
		conn_begin(conn);
	if (atomic_read(&conn->session->requests))
		conn_requests(conn);
	if (conn_can_send(conn)) {
		if (conn->rx_again) {
			conn->rx_again = false;
			conn_rx(conn);
		}
		conn_tx(conn);
	}
	if (conn->state == ISCSI_CONN_CLOSING)
		conn_teardown(conn);
}

static void conn_timer(struct timer_list *timer)
{
	struct iscsi_conn *conn = from_timer(conn, timer, timer);

	if (!conn_can_send(conn))
		return;
	nop_tick(conn);
	if (conn_can_send(conn))
		mod_timer(&conn->timer, jiffies + conn->tick);
}

/* ---- beginning ---------------------------------------------------------------------------------- */

static void params_set(struct iscsi_conn *conn, const struct iscsi_handoff *h)
{
	u32 interval = h->nop_in_interval_ms, tick = 1000;

	conn->header_digest = h->header_digest;
	conn->data_digest = h->data_digest;
	conn->initial_r2t = h->initial_r2t;
	conn->immediate_data = h->immediate_data;
	conn->max_recv = h->max_recv_data_segment_length;
	conn->max_xmit = h->max_xmit_data_segment_length;
	conn->max_burst = h->max_burst_length;
	conn->first_burst = h->first_burst_length;
	conn->max_r2t = min_t(u32, h->max_outstanding_r2t, ISCSI_MAX_R2T);
	conn->max_tx_bytes = h->max_send_queue_bytes;
	conn->exp_cmd_sn = h->exp_cmd_sn;
	conn->max_cmd_sn = h->exp_cmd_sn + h->queue_depth - 1;
	conn->stat_sn = h->stat_sn;
	conn->exp_stat_sn = h->stat_sn;

	if (interval)
		tick = clamp_t(u32, min(interval, h->nop_in_timeout_ms) / 4, 20, 1000);
	conn->tick = msecs_to_jiffies(tick);
	conn->ping_interval = msecs_to_jiffies(interval);
	conn->ping_timeout = msecs_to_jiffies(h->nop_in_timeout_ms);
	conn->ping_ttt = ISCSI_RESERVED_TAG;
	conn->text_ttt = ISCSI_RESERVED_TAG;
}

/* Process context; @conn is zeroed. conn_free() undoes it. */
int conn_init(struct iscsi_conn *conn, const struct iscsi_handoff *handoff)
{
	params_set(conn, handoff);
	/* The largest PDU that must be whole, and room for what follows it. */
	conn->rx_size = max_t(u32, ISCSI_MIN_RX_BUF,
			      ALIGN(conn->max_recv + ISCSI_BHS_LEN + ISCSI_MAX_AHS_BYTES + 8, 4096) + 4096);
	conn->rx_buf = kvmalloc(conn->rx_size, GFP_KERNEL);
	if (!conn->rx_buf)
		return -ENOMEM;
	conn->tx_end = &conn->tx_first;
	for (u32 i = 0; i < ISCSI_ITT_BUCKETS; i++)
		INIT_HLIST_HEAD(&conn->itt_hash[i]);
	for (u32 i = 0; i < ISCSI_NR_ABORTED; i++)
		conn->aborted_itt[i] = ISCSI_RESERVED_TAG;
	INIT_LIST_HEAD(&conn->held);
	INIT_LIST_HEAD(&conn->waiting);
	tasklet_setup(&conn->tasklet, conn_tasklet);
	conn->state = ISCSI_CONN_STARTING;
	return 0;
}

void conn_free(struct iscsi_conn *conn)
{
	tasklet_kill(&conn->tasklet);
	if (conn->ready)
		del_timer_sync(&conn->timer);
	kvfree(conn->rx_buf);
	kfree(conn->text);
}

/* The Login Response goes first, as it is. */
static void login_rsp_queue(struct iscsi_conn *conn)
{
	struct iscsi_session *session = conn->session;
	struct iscsi_out *out;

	if (!session->login_rsp)
		return;
	out = out_alloc(conn);
	if (!out)
		return;
	out->hdr_len = 0;
	out->data = session->login_rsp;
	out->data_len = session->login_rsp_len;
	out->free_data = true;
	session->login_rsp = NULL;
	tx_queue(conn, out);
}

static void conn_begin(struct iscsi_conn *conn)
{
	conn->state = ISCSI_CONN_UP;
	conn->rx_last = jiffies;
	conn->log_since = jiffies;
	timer_setup(&conn->timer, conn_timer, 0);	/* here, for it fires where it was set up */
	mod_timer(&conn->timer, jiffies + conn->tick);
	/* Replies are gathered already; the kernel must not wait for more. */
	tcp_sock_set_nodelay(conn->sock->sk);
	login_rsp_queue(conn);
	callbacks_set(conn);
	/* What came before the callbacks were there. */
	conn->rx_again = true;
}

/* On the home CPU, once all else is ready: the tasklet begins. */
void conn_start(void *info)
{
	struct iscsi_conn *conn = info;

	conn->ready = true;
	tasklet_schedule(&conn->tasklet);
}

/* Somebody left a request. Home CPU. */
void conn_notice(struct iscsi_conn *conn)
{
	if (conn->state != ISCSI_CONN_DOWN)
		tasklet_schedule(&conn->tasklet);
}
