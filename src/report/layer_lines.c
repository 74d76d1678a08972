/* SPDX-License-Identifier: Apache-2.0 */
#include "report/layer_lines.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <inttypes.h>

#include "datas/csv.h"
#include "ops/flags.h"
#include "ops/rings.h"
#include "ops/sockets.h"

/* --- names --- */

struct word {
	int64_t value;
	const char *name;
};

#define WORD(x) {x, #x}
#define END	{0, NULL}

static const struct word domains[] = {WORD(AF_UNIX), WORD(AF_INET), WORD(AF_INET6), WORD(AF_NETLINK),
	WORD(AF_PACKET), WORD(AF_ALG), WORD(AF_VSOCK), END};
static const struct word types[] = {WORD(SOCK_STREAM), WORD(SOCK_DGRAM), WORD(SOCK_RAW), WORD(SOCK_SEQPACKET), END};
static const struct word hows[] = {WORD(SHUT_RD), WORD(SHUT_WR), WORD(SHUT_RDWR), END};
static const struct word poll_operations[] = {
	{EPOLL_CTL_ADD, "ADD"}, {EPOLL_CTL_DEL, "DEL"}, {EPOLL_CTL_MOD, "MOD"}, END};
static const struct word masks[] = {WORD(EPOLLIN), WORD(EPOLLPRI), WORD(EPOLLOUT), WORD(EPOLLERR), WORD(EPOLLHUP),
	WORD(EPOLLRDHUP), WORD(EPOLLEXCLUSIVE), WORD(EPOLLWAKEUP), WORD(EPOLLONESHOT), WORD(EPOLLET), END};
static const struct word levels[] = {
	WORD(SOL_SOCKET), WORD(IPPROTO_IP), WORD(IPPROTO_IPV6), WORD(IPPROTO_TCP), WORD(IPPROTO_UDP), END};
static const struct word socket_options[] = {WORD(SO_DEBUG), WORD(SO_REUSEADDR), WORD(SO_TYPE), WORD(SO_ERROR),
	WORD(SO_DONTROUTE), WORD(SO_BROADCAST), WORD(SO_SNDBUF), WORD(SO_RCVBUF), WORD(SO_KEEPALIVE),
	WORD(SO_OOBINLINE),
	WORD(SO_PRIORITY), WORD(SO_LINGER), WORD(SO_REUSEPORT), WORD(SO_PASSCRED), WORD(SO_PEERCRED), WORD(SO_RCVLOWAT),
	WORD(SO_SNDLOWAT), WORD(SO_RCVTIMEO), WORD(SO_SNDTIMEO), WORD(SO_BINDTODEVICE), WORD(SO_ATTACH_FILTER),
	WORD(SO_PEERNAME), WORD(SO_TIMESTAMP), WORD(SO_ACCEPTCONN), WORD(SO_SNDBUFFORCE), WORD(SO_RCVBUFFORCE),
	WORD(SO_MARK), WORD(SO_PROTOCOL), WORD(SO_DOMAIN), WORD(SO_BUSY_POLL), WORD(SO_INCOMING_CPU), WORD(SO_ZEROCOPY),
	END};
static const struct word tcp_options[] = {WORD(TCP_NODELAY), WORD(TCP_MAXSEG), WORD(TCP_CORK), WORD(TCP_KEEPIDLE),
	WORD(TCP_KEEPINTVL), WORD(TCP_KEEPCNT), WORD(TCP_SYNCNT), WORD(TCP_LINGER2), WORD(TCP_DEFER_ACCEPT),
	WORD(TCP_WINDOW_CLAMP), WORD(TCP_INFO), WORD(TCP_QUICKACK), WORD(TCP_CONGESTION), WORD(TCP_USER_TIMEOUT),
	WORD(TCP_FASTOPEN), END};
static const struct word states[] = {WORD(TCP_ESTABLISHED), WORD(TCP_SYN_SENT), WORD(TCP_SYN_RECV),
	WORD(TCP_FIN_WAIT1), WORD(TCP_FIN_WAIT2), WORD(TCP_TIME_WAIT), WORD(TCP_CLOSE), WORD(TCP_CLOSE_WAIT),
	WORD(TCP_LAST_ACK), WORD(TCP_LISTEN), WORD(TCP_CLOSING), END};

/* Its name, or the number. */
static void word(struct buf *out, const struct word *w, int64_t value)
{
	while (w->name && w->value != value)
		w++;
	if (w->name)
		csv_text(out, str_of(w->name));
	else
		csv_signed(out, value);
}

static void mask(struct buf *out, uint32_t value)
{
	const char *separator = "";
	const struct word *w;

	buf_char(out, ',');
	for (w = masks; w->name; w++) {
		if (!(value & (uint32_t)w->value))
			continue;
		buf_addf(out, "%s%s", separator, w->name);
		separator = "|";
		value &= ~(uint32_t)w->value;
	}
	if (value)
		buf_addf(out, "%s0x%x", separator, value);
}

/* --- fields --- */

static int64_t value_of(const struct event *ev, enum arg_kind kind)
{
	return (int64_t)rec_arg(ev->rec, kind, 0);
}

static void nothing(struct buf *out, unsigned fields)
{
	while (fields--)
		buf_char(out, ',');
}

static void if_there(struct buf *out, const struct event *ev, enum arg_kind kind)
{
	if (op_has(ev->rec->op, kind))
		csv_signed(out, value_of(ev, kind));
	else
		nothing(out, 1);
}

static void who(struct buf *out, const struct event *ev)
{
	csv_number(out, ev->rec->pid);
	csv_number(out, ev->rec->tid);
	csv_text(out, ev->comm);
}

static void what(struct buf *out, const struct event *ev, const char *name)
{
	buf_u64(out, ev->start);
	csv_text(out, str_of(name));
	who(out, ev);
}

struct ends {
	struct str protocol, host[2], port[2]; /* its own, the other */
};

static struct ends ends_of(const struct event *ev)
{
	const struct rec *r = ev->rec;
	struct str local = STR_NONE;
	struct ends e;

	socket_split(op_has(r->op, A_LOCAL) ? r->path : STR_NONE, &e.protocol, &local);
	socket_port(local, &e.host[0], &e.port[0]);
	socket_port(op_has(r->op, A_PEER) ? r->path2 : STR_NONE, &e.host[1], &e.port[1]);
	return e;
}

static void protocol(struct buf *out, const struct ends *e)
{
	int version = socket_ip_version(e->protocol);

	csv_text(out, e->protocol);
	if (version)
		csv_number(out, (uint64_t)version);
	else
		nothing(out, 1);
}

static void addresses(struct buf *out, const struct ends *e, int first)
{
	csv_text(out, e->host[first]);
	csv_text(out, e->port[first]);
	csv_text(out, e->host[!first]);
	csv_text(out, e->port[!first]);
}

/* --- lines --- */

void layer_put_net(struct buf *out, const struct event *ev)
{
	struct ends e = ends_of(ev);
	bool sent = ev->rec->op == OP_net_send;
	struct buf words = BUF_INIT;

	buf_u64(out, ev->start);
	who(out, ev);
	csv_text(out, sent ? STR("send") : STR("recv"));
	protocol(out, &e);
	addresses(out, &e, !sent);
	csv_number(out, ev->read + ev->written);
	csv_number(out, ev->latency);
	csv_signed(out, -ev->error);
	flags_print(&words, A_MSGFLAGS, (uint64_t)value_of(ev, A_MSGFLAGS));
	csv_text(out, buf_as_str(&words));
	csv_signed(out, ev->fd);
	csv_number(out, ev->size);
	if_there(out, ev, A_MESSAGES);
	buf_free(&words);
}

static const char *connection_name(enum op_id op)
{
	switch ((int)op) {
	case OP_conn_pair:
		return "SOCKETPAIR";
	case OP_conn_bind:
		return "BIND";
	case OP_conn_listen:
		return "LISTEN";
	case OP_conn_accept:
		return "ACCEPT";
	case OP_conn_connect:
		return "CONNECT";
	case OP_conn_shutdown:
		return "SHUTDOWN";
	case OP_conn_close:
		return "CLOSE";
	case OP_conn_state:
		return "STATE";
	default:
		return "SOCKET_CREATE";
	}
}

static void connection_kind(struct buf *out, const struct event *ev, const struct ends *e)
{
	if (!op_has(ev->rec->op, A_DOMAIN)) {
		nothing(out, 2);
		protocol(out, e);
		return;
	}
	word(out, domains, value_of(ev, A_DOMAIN));
	word(out, types, value_of(ev, A_SOCKTYPE) & 0xf); /* less SOCK_NONBLOCK and SOCK_CLOEXEC */
	if_there(out, ev, A_SOCKPROTO);
	nothing(out, 1);
}

void layer_put_conn(struct buf *out, const struct event *ev)
{
	enum op_id op = ev->rec->op;
	struct ends e = ends_of(ev);

	what(out, ev, connection_name(op));
	connection_kind(out, ev, &e);
	addresses(out, &e, 0);
	if (op == OP_conn_socket)
		csv_signed(out, ev->ret);
	else
		if_there(out, ev, A_FD);
	if_there(out, ev, A_BACKLOG);
	if (op == OP_conn_shutdown)
		word(out, hows, value_of(ev, A_SHUTHOW));
	else
		nothing(out, 1);
	csv_number(out, ev->latency);
	if (ev->rec->has_ret)
		csv_signed(out, ev->ret);
	else
		nothing(out, 1);
	if (op == OP_conn_accept && ev->ret >= 0)
		csv_signed(out, ev->ret);
	else if (op == OP_conn_pair)
		csv_signed(out, value_of(ev, A_FD2));
	else
		nothing(out, 1);
	if (op == OP_conn_state) {
		word(out, states, value_of(ev, A_TCPWAS));
		word(out, states, value_of(ev, A_TCPSTATE));
		csv_number(out, ev->cause);
	} else {
		nothing(out, 3);
	}
}

static const char *poll_name(enum op_id op)
{
	switch ((int)op) {
	case OP_poll_create:
		return "EPOLL_CREATE";
	case OP_poll_ctl:
		return "EPOLL_CTL";
	case OP_poll_wait:
		return "EPOLL_WAIT";
	case OP_poll_poll:
		return "POLL";
	default:
		return "SELECT";
	}
}

void layer_put_poll(struct buf *out, const struct event *ev)
{
	uint64_t timeout = rec_arg(ev->rec, A_WAITTIME, OFFPTR_NULL);
	enum op_id op = ev->rec->op;

	what(out, ev, poll_name(op));
	if (op == OP_poll_create)
		csv_signed(out, ev->ret);
	else
		if_there(out, ev, A_FD);
	if_there(out, ev, A_FD2);
	if (op == OP_poll_ctl) {
		word(out, poll_operations, value_of(ev, A_EPOLLOP));
		mask(out, (uint32_t)value_of(ev, A_EVENTMASK));
	} else {
		nothing(out, 2);
	}
	if_there(out, ev, A_NFDS);
	if (op_has(op, A_NFDS) && ev->ret >= 0)
		csv_signed(out, ev->ret);
	else
		nothing(out, 1);
	if (timeout != OFFPTR_NULL)
		csv_number(out, timeout);
	else
		nothing(out, 1);
	csv_number(out, ev->latency);
	csv_signed(out, -ev->error);
}

void layer_put_sockopt(struct buf *out, const struct event *ev)
{
	int64_t level = value_of(ev, A_SOLEVEL);
	uint64_t value = rec_arg(ev->rec, A_SOVALUE, OFFPTR_NULL);
	static const struct word none[] = {END};

	what(out, ev, ev->rec->op == OP_sockopt_set ? "SET" : "GET");
	csv_signed(out, ev->fd);
	word(out, levels, level);
	word(out, level == SOL_SOCKET ? socket_options : level == IPPROTO_TCP ? tcp_options : none,
		value_of(ev, A_SONAME));
	if (value != OFFPTR_NULL && value != OFFPTR_BAD)
		csv_signed(out, (int64_t)value);
	else
		nothing(out, 1);
	csv_number(out, ev->size);
	csv_signed(out, ev->ret);
	csv_number(out, ev->latency);
}

void layer_put_retrans(struct buf *out, const struct event *ev)
{
	struct ends e = ends_of(ev);

	buf_u64(out, ev->start);
	csv_text(out, STR("TCP_RETRANSMIT"));
	csv_number(out, ev->cause);
	csv_text(out, ev->comm);
	protocol(out, &e);
	addresses(out, &e, 0);
	word(out, states, value_of(ev, A_TCPSTATE));
	csv_number(out, ev->size);
}

void layer_put_proc(struct buf *out, const struct event *ev)
{
	int status = (int)value_of(ev, A_STATUS);
	enum op_id op = ev->rec->op;

	what(out, ev, op == OP_proc_fork ? "FORK" : op == OP_proc_exec ? "EXEC" : "EXIT");
	csv_text(out, ev->file);
	if_there(out, ev, A_CHILD);
	if_there(out, ev, A_CHILDTID);
	if (op != OP_proc_exit) {
		nothing(out, 2);
	} else if (WIFSIGNALED(status)) {
		nothing(out, 1);
		csv_signed(out, WTERMSIG(status));
	} else {
		csv_signed(out, WEXITSTATUS(status));
		nothing(out, 1);
	}
}

static const char *ring_event(enum op_id op)
{
	switch ((int)op) {
	case OP_ring_enter:
		return "ENTER";
	case OP_ring_submit:
		return "SUBMIT";
	case OP_ring_worker:
		return "WORKER";
	default:
		return "COMPLETE";
	}
}

static void hex(struct buf *out, int64_t value)
{
	buf_addf(out, ",0x%" PRIx64, (uint64_t)value);
}

static void request(struct buf *out, const struct event *ev)
{
	uint64_t op = (uint64_t)value_of(ev, A_RINGOP);
	const char *name = ring_name(op & LAYER_RING_OP);

	if (name)
		csv_text(out, str_of(name));
	else if ((op & LAYER_RING_OP) == LAYER_RING_UNKNOWN)
		nothing(out, 1);
	else
		csv_number(out, op & LAYER_RING_OP);
	csv_signed(out, ev->fd);
	if (ev->offset >= 0)
		csv_signed(out, ev->offset);
	else
		nothing(out, 1);
	csv_number(out, ev->size);
}

void layer_put_uring(struct buf *out, const struct event *ev)
{
	bool enters = ev->rec->op == OP_ring_enter;
	uint64_t op = enters ? 0 : (uint64_t)value_of(ev, A_RINGOP);
	struct buf words = BUF_INIT;

	what(out, ev, ring_event(ev->rec->op));
	if (enters) {
		nothing(out, 1);
		csv_signed(out, ev->fd);
		nothing(out, 2);
	} else {
		request(out, ev);
	}
	if (ev->rec->has_ret)
		csv_signed(out, ev->ret);
	else
		nothing(out, 1);
	csv_number(out, ev->latency);
	buf_char(out, ',');
	if (ev->has_inode)
		buf_u64(out, ev->ino);
	csv_text(out, ev->file);
	csv_text(out, enters			? STR("")
		      : op & LAYER_RING_WORKER ? STR("worker")
					       : STR("inline"));
	csv_number(out, (op & LAYER_RING_POLLED) != 0);
	csv_number(out, (op & LAYER_RING_FIXED) != 0);
	if (enters) {
		nothing(out, 2);
		csv_signed(out, value_of(ev, A_UNR));
		csv_signed(out, value_of(ev, A_UNRMIN));
		flags_print(&words, A_UENTER, (uint64_t)value_of(ev, A_UENTER));
		csv_text(out, buf_as_str(&words));
	} else {
		hex(out, value_of(ev, A_REQUEST));
		hex(out, value_of(ev, A_USERDATA));
		nothing(out, 3);
	}
	buf_free(&words);
}
