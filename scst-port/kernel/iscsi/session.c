/* SPDX-License-Identifier: MIT */
/*
 * session.c - I_T nexuses: the table of them, hand-off by the daemon, requests
 * from outside, and their end.
 *
 * A session is in the table from before it is registered with the core until
 * after its last command is gone. Its identity is target, initiator name and
 * ISID (RFC 7143 4.4.1); a hand-off with the identity of one in the table ends
 * that one first and waits for it to leave (6.3.5, session reinstatement). One whose
 * initiator has closed it leaves before that initiator's next one comes, too.
 *
 * Invariant: at most one session of an identity, and of a TSIH, in the table;
 *            cpu_conns[] counts those in the table.
 * Locking:   iscsi_mutex for the table; close_lock is a leaf; a session is kept by a kref for the table
 *            and one for a queued csd.
 * Limits:    ISCSI_MAX_SESSIONS.
 * Threads:   process context, but session_request().
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <net/tcp.h>
#include <ring3/kernel.h>

#include "iscsi.h"

#define HASH_BUCKETS		1024	/* power of 2 */
#define CLOSE_WAIT_MS		10000
#define LEAVE_WAIT_MS		5000
#define LEAVE_LOOKS		64	/* sessions of one initiator that a hand-off looks at */

LIST_HEAD(iscsi_sessions);
atomic_t iscsi_nr_sessions = ATOMIC_INIT(0);

static struct hlist_head by_name[HASH_BUCKETS], by_tsih[HASH_BUCKETS];
static u32 *cpu_conns;		/* by event CPU */
static atomic_t departures = ATOMIC_INIT(0);
static bool shutting_down;

int session_table_init(void)
{
	shutting_down = false;
	cpu_conns = kcalloc(ring3_nr_event_cpus(), sizeof(*cpu_conns), GFP_KERNEL);
	return cpu_conns ? 0 : -ENOMEM;
}

void session_table_exit(void)
{
	kfree(cpu_conns);
	cpu_conns = NULL;
}

/* ---- identity ------------------------------------------------------------------- */

/* FNV-1a. */
static u32 hash_bytes(u32 hash, const void *bytes, size_t len)
{
	const u8 *p = bytes;

	while (len--)
		hash = (hash ^ *p++) * 0x01000193;
	return hash;
}

static u32 identity_hash(const struct iscsi_handoff *h)
{
	u32 hash = hash_bytes(0x811c9dc5, h->target_name, strlen(h->target_name));

	hash = hash_bytes(hash, h->initiator_name, strlen(h->initiator_name));
	return hash_bytes(hash, h->isid, sizeof(h->isid));
}

static struct iscsi_session *find_same(u32 hash, const struct iscsi_handoff *h)
{
	struct iscsi_session *session;

	hlist_for_each_entry(session, &by_name[hash % HASH_BUCKETS], name_hash)
		if (session->hash == hash && !memcmp(session->isid, h->isid, sizeof(h->isid)) &&
		    !strcmp(session->initiator_name, h->initiator_name) &&
		    !strcmp(session->target_name, h->target_name))
			return session;
	return NULL;
}

static struct iscsi_session *find_tsih(u16 tsih)
{
	struct iscsi_session *session;

	hlist_for_each_entry(session, &by_tsih[tsih % HASH_BUCKETS], tsih_hash)
		if (session->tsih == tsih)
			return session;
	return NULL;
}

/* ---- life ---------------------------------------------------------------------------- */

static void session_release(struct kref *kref)
{
	kvfree(container_of(kref, struct iscsi_session, kref));
}

static void request_deliver(void *info)
{
	struct iscsi_session *session = info;

	atomic_xchg(&session->csd_queued, 0);
	conn_notice(&session->conn);
	kref_put(&session->kref, session_release);
}

void session_request(struct iscsi_session *session, int request, const char *reason)
{
	if (reason)
		WRITE_ONCE(session->request_reason, reason);
	atomic_fetch_or(request, &session->requests);
	/* One messenger is under way at a time; it sees all requests left before it arrives. */
	if (atomic_xchg(&session->csd_queued, 1))
		return;
	kref_get(&session->kref);
	smp_call_function_single_async(session->conn.cpu, &session->csd);
}

static struct iscsi_session *session_new(const struct iscsi_handoff *h)
{
	struct iscsi_session *session = kvzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return NULL;
	kref_init(&session->kref);
	INIT_CSD(&session->csd, request_deliver, session);
	session->hash = identity_hash(h);
	session->tsih = h->tsih;
	session->cid = h->cid;
	session->tpgt = h->tpgt;
	memcpy(session->isid, h->isid, sizeof(session->isid));
	strscpy(session->initiator_name, h->initiator_name, sizeof(session->initiator_name));
	strscpy(session->initiator_alias, h->initiator_alias, sizeof(session->initiator_alias));
	strscpy(session->target_name, h->target_name, sizeof(session->target_name));
	strscpy(session->user, h->user, sizeof(session->user));
	strscpy(session->peer, h->peer, sizeof(session->peer));
	strscpy(session->portal, h->portal, sizeof(session->portal));
	session->conn.session = session;
	if (h->login_rsp_len) {
		session->login_rsp = kmemdup(h->login_rsp, h->login_rsp_len, GFP_KERNEL);
		session->login_rsp_len = h->login_rsp_len;
	}
	if ((h->login_rsp_len && !session->login_rsp) || conn_init(&session->conn, h)) {
		kfree(session->login_rsp);
		kvfree(session);
		return NULL;
	}
	return session;
}

static void session_free(struct iscsi_session *session)
{
	conn_free(&session->conn);
	kfree(session->login_rsp);
	kref_put(&session->kref, session_release);
}

/* iscsi_mutex. */
static int pick_cpu(void)
{
	unsigned int best = 0;

	for (unsigned int cpu = 1; cpu < ring3_nr_event_cpus(); cpu++)
		if (cpu_conns[cpu] < cpu_conns[best])
			best = cpu;
	return best;
}

/* iscsi_mutex. */
static void table_add(struct iscsi_session *session)
{
	session->conn.cpu = pick_cpu();
	cpu_conns[session->conn.cpu]++;
	hlist_add_head(&session->name_hash, &by_name[session->hash % HASH_BUCKETS]);
	hlist_add_head(&session->tsih_hash, &by_tsih[session->tsih % HASH_BUCKETS]);
	list_add_tail(&session->entry, &iscsi_sessions);
	atomic_inc(&iscsi_nr_sessions);
}

/* Takes iscsi_mutex. */
static void table_remove(struct iscsi_session *session)
{
	mutex_lock(&iscsi_mutex);
	cpu_conns[session->conn.cpu]--;
	hlist_del(&session->name_hash);
	hlist_del(&session->tsih_hash);
	list_del(&session->entry);
	atomic_dec(&iscsi_nr_sessions);
	atomic_inc(&departures);
	mutex_unlock(&iscsi_mutex);
	wake_up_all(&iscsi_changed);
}

/*
 * The core may ask for the end of a session that is just ending by itself: the
 * way from its session to ours is under close_lock until it is cut.
 */
static DEFINE_SPINLOCK(close_lock);

void session_close_scst(struct scst_session *scst)
{
	struct iscsi_session *session;

	spin_lock_bh(&close_lock);
	session = scst->tgt_priv;
	if (session)
		session_request(session, ISCSI_REQUEST_CLOSE, "closed by the target");
	spin_unlock_bh(&close_lock);
}

/* Nobody waits for its commands any more. Process context, from the core. */
void session_unregistered(struct scst_session *scst)
{
	struct iscsi_session *session = scst->tgt_priv;

	spin_lock_bh(&close_lock);
	scst->tgt_priv = NULL;
	spin_unlock_bh(&close_lock);
	event_post(ISCSI_EVENT_SESSION_DOWN, session, session->conn.close_reason);
	ended_note(session);
	table_remove(session);
	sock_release(session->conn.sock);
	session_free(session);
}

/* ---- hand-off -------------------------------------------------------------------------- */

#define HANDOFF_EXPECT(condition, field, format)						\
	do {											\
		if (!(condition)) {								\
			pr_err("iscsi: hand-off: " #field " is " format ", expected " #condition "\n", h->field); \
			return -EINVAL;								\
		}										\
	} while (0)

static bool is_string(const char *s, size_t size)
{
	return strnlen(s, size) < size;
}

static int handoff_check(const struct iscsi_handoff *h)
{
	HANDOFF_EXPECT(h->size == sizeof(*h), size, "%u");
	HANDOFF_EXPECT(h->tsih != 0, tsih, "%u");
	HANDOFF_EXPECT(h->header_digest <= 1, header_digest, "%u");
	HANDOFF_EXPECT(h->data_digest <= 1, data_digest, "%u");
	HANDOFF_EXPECT(h->initial_r2t <= 1, initial_r2t, "%u");
	HANDOFF_EXPECT(h->immediate_data <= 1, immediate_data, "%u");
	HANDOFF_EXPECT(h->max_recv_data_segment_length >= 512, max_recv_data_segment_length, "%u");
	HANDOFF_EXPECT(h->max_recv_data_segment_length <= ISCSI_MAX_RECV_SEGMENT,
		       max_recv_data_segment_length, "%u");
	HANDOFF_EXPECT(h->max_xmit_data_segment_length >= 512, max_xmit_data_segment_length, "%u");
	HANDOFF_EXPECT(h->max_xmit_data_segment_length <= 0xffffff, max_xmit_data_segment_length, "%u");
	HANDOFF_EXPECT(h->max_burst_length >= 512, max_burst_length, "%u");
	HANDOFF_EXPECT(h->max_burst_length <= 0xffffff, max_burst_length, "%u");
	HANDOFF_EXPECT(h->first_burst_length >= 512, first_burst_length, "%u");
	HANDOFF_EXPECT(h->first_burst_length <= h->max_burst_length, first_burst_length, "%u");
	HANDOFF_EXPECT(h->max_outstanding_r2t >= 1, max_outstanding_r2t, "%u");
	HANDOFF_EXPECT(h->error_recovery_level == 0, error_recovery_level, "%u");
	HANDOFF_EXPECT(h->queue_depth >= 1, queue_depth, "%u");
	HANDOFF_EXPECT(h->queue_depth <= ISCSI_MAX_QUEUE_DEPTH, queue_depth, "%u");
	HANDOFF_EXPECT(!h->nop_in_interval_ms || h->nop_in_timeout_ms, nop_in_timeout_ms, "%u");
	HANDOFF_EXPECT(h->max_send_queue_bytes >= 64 << 10, max_send_queue_bytes, "%u");
	HANDOFF_EXPECT(h->login_rsp_len <= 64 << 10, login_rsp_len, "%u");
	HANDOFF_EXPECT(!h->login_rsp_len || h->login_rsp, login_rsp_len, "%u");
	HANDOFF_EXPECT(h->initiator_name[0], initiator_name, "\"%s\"");
	if (!is_string(h->initiator_name, ISCSI_NAME_LEN) || !is_string(h->initiator_alias, ISCSI_NAME_LEN) ||
	    !is_string(h->target_name, ISCSI_NAME_LEN) || !is_string(h->user, ISCSI_NAME_LEN) ||
	    !is_string(h->peer, ISCSI_ADDR_LEN) || !is_string(h->portal, ISCSI_ADDR_LEN)) {
		pr_err("iscsi: hand-off: a string has no end, expected a 0 in it\n");
		return -EINVAL;
	}
	return 0;
}

/* The youngest first: what this initiator closed just now. iscsi_mutex. */
static bool has_leavers(const struct iscsi_handoff *h)
{
	struct iscsi_session *session;
	struct tcp_info info;
	u32 looks = 0;

	list_for_each_entry_reverse(session, &iscsi_sessions, entry) {
		if (strcmp(session->initiator_name, h->initiator_name) || strcmp(session->target_name, h->target_name))
			continue;
		tcp_get_info(session->conn.sock->sk, &info);
		if (info.tcpi_state && info.tcpi_state != TCP_ESTABLISHED)
			return true;
		if (++looks == LEAVE_LOOKS)
			return false;
	}
	return false;
}

/*
 * An initiator that closes a session and logs in again finds it lost: what the loss of a
 * nexus changes has changed. The old one's home CPU may be late to notice, and its
 * commands may take their time: then not. iscsi_mutex, let go while it waits.
 */
static void await_leavers(const struct iscsi_handoff *h)
{
	unsigned long end = jiffies + msecs_to_jiffies(LEAVE_WAIT_MS);

	while (has_leavers(h) && time_before(jiffies, end)) {
		int seen = atomic_read(&departures);

		mutex_unlock(&iscsi_mutex);
		wait_event_timeout(iscsi_changed, atomic_read(&departures) != seen, end - jiffies);
		mutex_lock(&iscsi_mutex);
	}
}

/* Until no session of this identity is left. iscsi_mutex, let go while it waits. */
static int reinstate(u32 hash, const struct iscsi_handoff *h)
{
	struct iscsi_session *old;

	while ((old = find_same(hash, h))) {
		int seen = atomic_read(&departures);
		long left;

		session_request(old, ISCSI_REQUEST_CLOSE, "reinstated by its initiator");
		mutex_unlock(&iscsi_mutex);
		left = wait_event_timeout(iscsi_changed, atomic_read(&departures) != seen,
					  msecs_to_jiffies(reinstate_wait_ms));
		mutex_lock(&iscsi_mutex);
		if (!left) {
			pr_warn("iscsi: %s (%s): its old session did not end within %u ms\n", h->peer,
				h->initiator_name, reinstate_wait_ms);
			return -EBUSY;
		}
	}
	return 0;
}

/* The session is in the table, and its target stays, when this returns 0. */
static int session_admit(struct iscsi_session *session, const struct iscsi_handoff *h)
{
	int err;

	mutex_lock(&iscsi_mutex);
	session->target = shutting_down ? NULL : target_get(h->target_name);
	if (!session->target) {
		mutex_unlock(&iscsi_mutex);
		return -ENOENT;
	}
	await_leavers(h);
	err = reinstate(session->hash, h);
	if (!err && find_tsih(h->tsih)) {
		pr_err("iscsi: hand-off: tsih is 0x%04x, expected one that is not in use\n", h->tsih);
		err = -EINVAL;
	}
	if (!err && atomic_read(&iscsi_nr_sessions) >= ISCSI_MAX_SESSIONS) {
		pr_warn("iscsi: %s (%s) refused: %u sessions, expected at most %u\n", h->peer,
			h->initiator_name, ISCSI_MAX_SESSIONS + 1, ISCSI_MAX_SESSIONS);
		err = -EMFILE;
	}
	if (err)
		target_put(session->target);
	else
		table_add(session);
	mutex_unlock(&iscsi_mutex);
	return err;
}

/* Register with the core under the initiator port's name (SPC-4 7.6.4.6). */
static int session_register(struct iscsi_session *session)
{
	struct iscsi_conn *conn = &session->conn;
	char name[SCST_MAX_NAME];
	int err = 0;

	snprintf(name, sizeof(name), "%s,i,0x%02x%02x%02x%02x%02x%02x", session->initiator_name,
		 session->isid[0], session->isid[1], session->isid[2], session->isid[3], session->isid[4],
		 session->isid[5]);
	conn->scst = scst_register_session(session->target->scst, name, conn->cpu, session, &err);
	if (!conn->scst)
		return err;
	conn->scst->stable_reads = conn->data_digest;	/* it is made before the data is sent */
	return 0;
}

int iscsi_handoff(int fd, const struct iscsi_handoff *h)
{
	struct iscsi_session *session;
	struct socket *sock;
	int err = handoff_check(h), cpu;

	if (err) {
		ended_note_refused(NULL, err);
		return err;
	}
	session = session_new(h);
	if (!session) {
		ended_note_refused(h, -ENOMEM);
		return -ENOMEM;
	}
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		goto out_free;
	session->conn.sock = sock;
	err = session_admit(session, h);
	if (err)
		goto out_put;
	cpu = session->conn.cpu;
	err = sock_setsockopt(sock, SOL_SOCKET, SO_INCOMING_CPU, KERNEL_SOCKPTR(&cpu), sizeof(cpu));
	if (!err)
		err = session_register(session);
	mutex_lock(&iscsi_mutex);
	target_put(session->target);
	mutex_unlock(&iscsi_mutex);
	if (err) {
		table_remove(session);
		goto out_put;
	}
	pr_info("iscsi: %s (%s): session 0x%04x on CPU %d for %s\n", session->peer, session->initiator_name,
		session->tsih, cpu, session->target_name);
	event_post(ISCSI_EVENT_SESSION_UP, session, "");
	smp_call_function_single(cpu, conn_start, &session->conn, 1);
	return 0;
out_put:
	sockfd_put(sock);
out_free:
	session_free(session);
	ended_note_refused(h, err);
	return err;
}
EXPORT_SYMBOL(iscsi_handoff);

/* ---- administration ------------------------------------------------------------------------ */

int iscsi_session_close(u16 tsih)
{
	struct iscsi_session *session;

	mutex_lock(&iscsi_mutex);
	session = find_tsih(tsih);
	if (session)
		session_request(session, ISCSI_REQUEST_CLOSE, "closed by the administrator");
	mutex_unlock(&iscsi_mutex);
	return session ? 0 : -ENOENT;
}
EXPORT_SYMBOL(iscsi_session_close);

static void request_all(int request, const char *reason, u32 logout_s)
{
	struct iscsi_session *session;

	mutex_lock(&iscsi_mutex);
	list_for_each_entry(session, &iscsi_sessions, entry) {
		WRITE_ONCE(session->logout_s, logout_s);
		session_request(session, request, reason);
	}
	mutex_unlock(&iscsi_mutex);
}

static bool all_gone(u32 timeout_ms)
{
	return wait_event_timeout(iscsi_changed, !atomic_read(&iscsi_nr_sessions),
				  msecs_to_jiffies(timeout_ms)) > 0;
}

int iscsi_shutdown(u32 timeout_ms)
{
	int forced;

	mutex_lock(&iscsi_mutex);
	shutting_down = true;
	mutex_unlock(&iscsi_mutex);
	if (!atomic_read(&iscsi_nr_sessions))
		return 0;
	request_all(ISCSI_REQUEST_LOGOUT, NULL, DIV_ROUND_UP(timeout_ms, 1000));
	if (timeout_ms && all_gone(timeout_ms))
		return 0;
	forced = atomic_read(&iscsi_nr_sessions);
	request_all(ISCSI_REQUEST_CLOSE, "the target shuts down", 0);
	if (!all_gone(CLOSE_WAIT_MS))
		pr_warn("iscsi: %d sessions did not end within %u ms\n", atomic_read(&iscsi_nr_sessions),
			CLOSE_WAIT_MS);
	return forced;
}
EXPORT_SYMBOL(iscsi_shutdown);
