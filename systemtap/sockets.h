/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_SOCKETS_H
#define IORIOT_SYSTEMTAP_SOCKETS_H

#include <linux/eventpoll.h>
#include <linux/net.h>
#include <net/af_unix.h>
#include <net/sock.h>

#include "call.h"
#include "requests.h"
#include "tcp_states.h"

/*
 * System calls as events of the layers net, conn, poll, sockopt and uring, each when it is over. Without the layer sys
 * they are the only calls that are looked at; with it both are told, each in its own record.
 */

enum event_call {
	EVENT_NONE,
#define CALL(x86_64, aarch64, event, layer) EVENT_##event,
#include "capture/sockets.def"
	EVENT_COUNT
};

/* By system call number; only those of layers that are recorded. */
static u8 event_calls[ROW_NUMBERS];

static const struct {
	int number;
	unsigned int layer;
} call_layers[] = {
#define CALL(x86_64, aarch64, event, layer) {OP_NUMBER(x86_64, aarch64), 1u << LAYER_##layer},
#include "capture/sockets.def"
};

/* Who sends something again is told by the calls of the sockets. */
static void event_calls_choose(unsigned int layers)
{
	unsigned int wanted = layers;
	int i;

	if (layers & 1u << LAYER_RETRANS)
		wanted |= 1u << LAYER_NET | 1u << LAYER_CONN;
	for (i = 0; i < ARRAY_SIZE(call_layers); i++)
		if (call_layers[i].number >= 0 && call_layers[i].layer & wanted)
			event_calls[call_layers[i].number] = i + 1;
}

/* Who used a socket last, for what the kernel sends again. */
static struct memos senders = {.bits = 14, .bytes = sizeof(struct toucher)};

/* Whose TCP connections are: their states change in interrupts, too. */
static struct memos connections = {.bits = 14, .bytes = sizeof(struct toucher)};

/* The call that is over, or was interrupted. */
struct over {
	const struct thread *th;
	const struct pt_regs *regs;
	s64 ret;
};

/* --- sockets --- */

/* Its file must be put; NULL: it is no socket, or was opened by its name (O_PATH). */
static struct sock *sock_get(unsigned int fd, struct file **file)
{
	const struct socket *socket;

	*file = fget_raw(fd);
	if (!*file || !S_ISSOCK(file_inode(*file)->i_mode))
		return NULL;
	socket = (*file)->private_data;
	return socket ? socket->sk : NULL;
}

static void sock_put_file(struct file *file)
{
	if (file)
		fput(file);
}

/* Bytes of an address behind what it is of. */
static void item_socket(struct build *o, enum wire_item_type type, const struct sock *sk, u16 family, const void *bytes,
	unsigned int len)
{
	struct wire_socket *to = (struct wire_socket *)item_begin(o, sizeof(*to) + len);

	*to = (struct wire_socket){
		.family = family, .type = sk ? sk->sk_type : 0, .protocol = sk ? sk->sk_protocol : 0};
	memcpy(to + 1, bytes, len);
	item_end(o, type, sizeof(*to) + len);
}

static void item_inet(struct build *o, const struct sock *sk, bool peer)
{
	bool six = sk->sk_family == AF_INET6;
	__be16 port = peer ? sk->sk_dport : htons(sk->sk_num);
	u8 bytes[18];
	unsigned int len = six ? 16 : 4;

	if (peer && !port)
		return;
#if IS_ENABLED(CONFIG_IPV6)
	if (six)
		memcpy(bytes, peer ? &sk->sk_v6_daddr : &sk->sk_v6_rcv_saddr, len);
#endif
	if (!six)
		memcpy(bytes, peer ? &sk->sk_daddr : &sk->sk_rcv_saddr, len);
	memcpy(bytes + len, &port, sizeof(port));
	item_socket(o, peer ? WIRE_PEER : WIRE_LOCAL, sk, sk->sk_family, bytes, len + sizeof(port));
}

static void item_unix(struct build *o, const struct sock *sk, bool peer)
{
	const struct sock *end = peer ? READ_ONCE(unix_sk(sk)->peer) : sk;
	const struct unix_address *address;
	unsigned int len = 0;

	if (!end)
		return;
	rcu_read_lock();
	address = smp_load_acquire(&unix_sk(end)->addr);
	if (address)
		len = address->len - sizeof(address->name->sun_family);
	if (len > WIRE_ADDRESS_MAX)
		len = 0;
	item_socket(o, peer ? WIRE_PEER : WIRE_LOCAL, sk, AF_UNIX, address ? address->name->sun_path : "", len);
	rcu_read_unlock();
}

static void item_end_of(struct build *o, const struct sock *sk, bool peer)
{
	switch (sk->sk_family) {
	case AF_INET:
	case AF_INET6:
		item_inet(o, sk, peer);
		break;
	case AF_UNIX:
		item_unix(o, sk, peer);
		break;
	default:
		if (!peer)
			item_socket(o, WIRE_LOCAL, sk, sk->sk_family, "", 0);
	}
}

static void item_ends(struct build *o, const struct sock *sk)
{
	if (!sk)
		return;
	item_end_of(o, sk, false);
	item_end_of(o, sk, true);
}

/* What the program gave or got; false: nothing that is known. */
static bool item_given(struct build *o, const struct sock *sk, u64 address, unsigned int len, enum wire_item_type type)
{
	u8 bytes[sizeof(u16) + WIRE_ADDRESS_MAX], out[18];
	u16 family;

	if (!address || len < sizeof(family) || !user_copy(&family, address, sizeof(family)))
		return false;
	switch (family) {
	case AF_UNIX:
		if (len > sizeof(bytes) || !user_copy(bytes, address, len))
			return false;
		item_socket(o, type, sk, family, bytes + sizeof(family), len - sizeof(family));
		return true;
	case AF_INET: /* sin_port is in front of sin_addr */
		if (!user_copy(bytes, address, 8))
			return false;
		memcpy(out, bytes + 4, 4);
		memcpy(out + 4, bytes + 2, 2);
		item_socket(o, type, sk, family, out, 6);
		return true;
	case AF_INET6:
		if (!user_copy(bytes, address, 24))
			return false;
		memcpy(out, bytes + 8, 16);
		memcpy(out + 16, bytes + 2, 2);
		item_socket(o, type, sk, family, out, 18);
		return true;
	}
	return false;
}

/* --- messages --- */

#define SEGMENTS_COUNTED (1u << 16) /* of all messages of a call; beyond bytes that are asked for are not known */

static u64 segments_bytes(u64 address, u64 n, unsigned int *left)
{
	struct iovec v;
	u64 sum = 0;

	if (n > UIO_MAXIOV || n > *left)
		return 0;
	*left -= n;
	for (; n && user_copy(&v, address, sizeof(v)); n--, address += sizeof(v))
		sum += v.iov_len;
	return sum;
}

/* --- entry --- */

static u64 wait_ms(s32 ms)
{
	return ms < 0 ? UNKNOWN_TIME : (u64)ms * NSEC_PER_MSEC;
}

/* A struct timespec, or timeval: UNIT is ns of its second member. */
static u64 wait_at(u64 address, u32 unit)
{
	s64 time[2];

	if (!address || !user_copy(time, address, sizeof(time)) || time[0] < 0)
		return UNKNOWN_TIME;
	return (u64)time[0] * NSEC_PER_SEC + (u64)time[1] * unit;
}

static u64 wait_of(enum event_call event, const struct pt_regs *regs)
{
	switch (event) {
	case EVENT_EPOLL_WAIT:
	case EVENT_EPOLL_PWAIT:
		return wait_ms((s32)call_arg(regs, 3));
	case EVENT_POLL:
		return wait_ms((s32)call_arg(regs, 2));
	case EVENT_EPOLL_PWAIT2:
		return wait_at(call_arg(regs, 3), 1);
	case EVENT_PPOLL:
		return wait_at(call_arg(regs, 2), 1);
	case EVENT_SELECT:
		return wait_at(call_arg(regs, 4), NSEC_PER_USEC);
	case EVENT_PSELECT:
		return wait_at(call_arg(regs, 4), 1);
	default:
		return UNKNOWN_TIME;
	}
}

/* The socket is going, and with it its addresses. */
static void put_closing(unsigned int fd)
{
	struct file *file;
	const struct sock *sk = sock_get(fd, &file);
	struct event e;

	if (sk) {
		memo_drop(&senders, KEY(sk));
		if (event_begin(&e, ROW_conn_close, LAYER_CONN, 1, 0)) {
			event_values(&e)[0] = fd;
			item_ends(&e.o, sk);
			event_end(&e);
		}
	}
	sock_put_file(file);
}

static bool event_sends(enum event_call event)
{
	switch (event) {
	case EVENT_WRITE:
	case EVENT_WRITEV:
	case EVENT_SENDTO:
	case EVENT_SENDMSG:
	case EVENT_SENDMMSG:
	case EVENT_SENDFILE:
	case EVENT_SPLICE:
	case EVENT_CONNECT:
		return true;
	default:
		return false;
	}
}

static void note_sender(unsigned int fd)
{
	struct toucher t = {.tgid = current->tgid, .in_scope = true};
	struct file *file;
	const struct sock *sk = sock_get(fd, &file);

	if (sk)
		memo_put(&senders, KEY(sk), &t);
	sock_put_file(file);
}

static void note_accepted(unsigned int fd)
{
	struct toucher t = {.tgid = current->tgid, .in_scope = true};
	struct file *file;
	const struct sock *sk = sock_get(fd, &file);

	if (sk)
		memo_put(&connections, KEY(sk), &t);
	sock_put_file(file);
}

/* The event that the call NUMBER is; the one under way goes on when the kernel makes it again. */
static struct thread *event_thread(long number, unsigned int *event)
{
	if ((unsigned long)number >= ROW_NUMBERS || call_is_foreign(number))
		return NULL;
	*event = event_calls[number];
	return *event || number == __NR_restart_syscall ? thread_in_scope() : NULL;
}

static void event_enter(const struct pt_regs *regs, long number)
{
	unsigned int event;
	struct thread *th = event_thread(number, &event);

	if (!th)
		return;
	if (event == EVENT_CLOSE) {
		put_closing((unsigned int)call_arg(regs, 0));
		return;
	}
	if (th->event_restart && (!event || event == th->event)) { /* made again */
		th->event_restart = 0;
		return;
	}
	th->event_restart = 0;
	th->event = event;
	th->event_t = ktime_get_ns();
	th->event_wait = wait_of(event, regs);
	if (session.on[LAYER_RETRANS] && event_sends(event))
		note_sender((unsigned int)call_arg(regs, event == EVENT_SPLICE ? 2 : 0));
}

/* --- net --- */

struct moved {
	u64 asked, flags, messages;
	s64 bytes;
	u64 name, name_len; /* of the other end, 0: the socket knows it */
	unsigned int fd_arg; /* the register that has the descriptor */
};

static void put_moved(const struct over *c, u32 row, const struct moved *m, bool plain)
{
	unsigned int fd = (unsigned int)call_arg(c->regs, m->fd_arg);
	struct file *file;
	const struct sock *sk = sock_get(fd, &file);
	struct event e;
	u64 *value;

	if ((plain && !sk) || !event_begin(&e, row, LAYER_NET, 4, m->bytes > 0 ? m->bytes : 0)) {
		sock_put_file(file);
		return;
	}
	event_since(&e, c->th->event_t);
	event_result(&e, m->bytes);
	value = event_values(&e);
	value[0] = fd;
	value[1] = m->asked;
	value[2] = m->flags;
	value[3] = m->messages;
	if (sk)
		item_end_of(&e.o, sk, false);
	if (!item_given(&e.o, sk, m->name, m->name_len, WIRE_PEER) && sk)
		item_end_of(&e.o, sk, true);
	event_end(&e);
	sock_put_file(file);
}

/* Those of bytes stand in front of the others (sockets.def). */
static bool event_moves(unsigned int event)
{
	return event && event <= EVENT_RECVMMSG;
}

static bool call_is_about(const struct sock *sk, int reg)
{
	struct file *file;
	bool out = sock_get((unsigned int)call_arg(task_pt_regs(current), reg), &file) == sk;

	sock_put_file(file);
	return out;
}

/* Is SK what the call under way is about? It tells what it moves when it is over. */
static bool call_moves(const struct thread *th, const struct sock *sk)
{
	if (!event_moves(th->event) || th->event_restart || is_ring_thread(current))
		return false;
	return call_is_about(sk, 0) || (th->event == EVENT_SPLICE && call_is_about(sk, 2));
}

/* What a socket says that it has moved, for whoever asked: a request of io_uring, the kernel itself. */
static void put_socket_moved(const struct sock *sk, u32 row, int moved, unsigned int flags)
{
	const struct thread *th = in_task() ? scope_thread() : NULL;
	struct event e;
	u64 *value;

	/* what would have to wait is tried again */
	if (moved == -EAGAIN || is_restart(moved) || !th || call_moves(th, sk) ||
		!event_begin(&e, row, LAYER_NET, 4, moved > 0 ? moved : 0))
		return;
	event_result(&e, moved);
	value = event_values(&e);
	value[0] = (u64)-1;
	value[1] = moved > 0 ? moved : 0;
	value[2] = flags;
	value[3] = 0;
	item_ends(&e.o, sk);
	event_end(&e);
}

/* Between a pipe and a file: of which each may be a socket. */
static void put_spliced(const struct over *c)
{
	struct moved m = {.asked = call_arg(c->regs, 4), .messages = 1, .bytes = c->ret};
	struct file *file;
	const struct sock *from = sock_get((unsigned int)call_arg(c->regs, 0), &file);

	sock_put_file(file);
	m.fd_arg = from ? 0 : 2;
	put_moved(c, from ? ROW_net_recv : ROW_net_send, &m, true);
}

/* What any file may be told to do: only of sockets. */
static void put_plain_moved(const struct over *c, u32 row)
{
	unsigned int left = SEGMENTS_COUNTED;
	struct moved m = {.messages = 1, .bytes = c->ret};

	switch (c->th->event) {
	case EVENT_READV:
	case EVENT_WRITEV:
		m.asked = segments_bytes(call_arg(c->regs, 1), call_arg(c->regs, 2), &left);
		break;
	case EVENT_SENDFILE:
		m.asked = call_arg(c->regs, 3);
		break;
	default:
		m.asked = call_arg(c->regs, 2);
	}
	put_moved(c, row, &m, true);
}

static void put_buffer_moved(const struct over *c, u32 row)
{
	u64 len = call_arg(c->regs, 5);
	u32 got = 0;

	if (row == ROW_net_recv) {
		if (c->ret < 0 || !len || !user_copy(&got, len, sizeof(got)))
			got = 0;
		len = got;
	}
	put_moved(c, row, &(struct moved){
		.asked = call_arg(c->regs, 2), .flags = (u32)call_arg(c->regs, 3), .messages = 1, .bytes = c->ret,
		.name = call_arg(c->regs, 4), .name_len = len}, false);
}

static void put_message_moved(const struct over *c, u32 row)
{
	unsigned int left = SEGMENTS_COUNTED;
	struct moved m = {.flags = (u32)call_arg(c->regs, 2), .messages = 1, .bytes = c->ret};
	struct user_msghdr first;

	if (user_copy(&first, call_arg(c->regs, 1), sizeof(first))) {
		m.asked = segments_bytes((u64)(uintptr_t)first.msg_iov, first.msg_iovlen, &left);
		if (row == ROW_net_send || c->ret > 0) {
			m.name = (u64)(uintptr_t)first.msg_name;
			m.name_len = (u32)first.msg_namelen;
		}
	}
	put_moved(c, row, &m, false);
}

static void put_messages_moved(const struct over *c, u32 row)
{
	u32 asked = (u32)call_arg(c->regs, 2), n = min_t(u32, asked, RIGHTS_MESSAGES), i;
	unsigned int left = SEGMENTS_COUNTED;
	struct moved m = {.flags = (u32)call_arg(c->regs, 3), .messages = c->ret > 0 ? c->ret : asked};
	struct mmsghdr message;
	u64 at = call_arg(c->regs, 1);

	for (i = 0; i < n && user_copy(&message, at, sizeof(message)); i++, at += sizeof(message)) {
		m.asked += segments_bytes(
			(u64)(uintptr_t)message.msg_hdr.msg_iov, message.msg_hdr.msg_iovlen, &left);
		if ((s64)i < c->ret)
			m.bytes += message.msg_len;
		if (i == 0 && (row == ROW_net_send || c->ret > 0)) {
			m.name = (u64)(uintptr_t)message.msg_hdr.msg_name;
			m.name_len = (u32)message.msg_hdr.msg_namelen;
		}
	}
	if (c->ret < 0)
		m.bytes = c->ret;
	put_moved(c, row, &m, false);
}

/* --- conn, poll, sockopt --- */

static bool over_begin(struct event *e, const struct over *c, u32 row, enum layer layer, unsigned int values)
{
	if (!event_begin(e, row, layer, values, 0))
		return false;
	event_since(e, c->th->event_t);
	event_result(e, c->ret);
	return true;
}

static void put_socket(const struct over *c)
{
	bool pair = c->th->event == EVENT_SOCKETPAIR;
	s32 fds[2] = {-1, -1};
	struct event e;
	u64 *value;

	if (!over_begin(&e, c, pair ? ROW_conn_pair : ROW_conn_socket, LAYER_CONN, pair ? 5 : 3))
		return;
	value = event_values(&e);
	value[0] = (u64)(s64)(s32)call_arg(c->regs, 0);
	value[1] = (u32)call_arg(c->regs, 1);
	value[2] = (u64)(s64)(s32)call_arg(c->regs, 2);
	if (pair) {
		if (c->ret >= 0)
			user_copy(fds, call_arg(c->regs, 3), sizeof(fds));
		value[3] = (u64)(s64)fds[0];
		value[4] = (u64)(s64)fds[1];
	}
	event_end(&e);
}

/* Calls about one socket, with VALUES registers from the first one on. */
static void put_connection(const struct over *c, u32 row, unsigned int values)
{
	unsigned int fd = row == ROW_conn_accept && c->ret >= 0 ? c->ret : call_arg(c->regs, 0);
	struct file *file;
	const struct sock *sk;
	struct event e;

	if (!over_begin(&e, c, row, LAYER_CONN, values))
		return;
	event_values(&e)[0] = call_arg(c->regs, 0);
	if (values == 2)
		event_values(&e)[1] = call_arg(c->regs, 1);
	sk = sock_get(fd, &file);
	switch (row) {
	case ROW_conn_bind:
		/* the kernel has chosen what was left to it */
		if ((c->ret >= 0 || !item_given(&e.o, sk, call_arg(c->regs, 1),
					   (u32)call_arg(c->regs, 2), WIRE_LOCAL)) && sk)
			item_end_of(&e.o, sk, false);
		break;
	case ROW_conn_listen:
		if (sk)
			item_end_of(&e.o, sk, false);
		break;
	case ROW_conn_connect:
		if (sk)
			item_end_of(&e.o, sk, false);
		item_given(&e.o, sk, call_arg(c->regs, 1), (u32)call_arg(c->regs, 2), WIRE_PEER);
		break;
	default:
		item_ends(&e.o, sk);
	}
	event_end(&e);
	sock_put_file(file);
}

/* The register REG says how many, or of how many. */
static void put_poll(const struct over *c, u32 row, int reg)
{
	unsigned int n = row == ROW_poll_wait ? 3 : 2;
	struct event e;
	u64 *value;

	if (!over_begin(&e, c, row, LAYER_POLL, n))
		return;
	value = event_values(&e);
	if (n == 3)
		*value++ = call_arg(c->regs, 0);
	value[0] = call_arg(c->regs, reg);
	value[1] = c->th->event_wait;
	event_end(&e);
}

static void put_poll_create(const struct over *c)
{
	struct event e;

	if (!over_begin(&e, c, ROW_poll_create, LAYER_POLL, 1))
		return;
	event_values(&e)[0] = c->th->event == EVENT_EPOLL_CREATE1 ? call_arg(c->regs, 0) : 0;
	event_end(&e);
}

static void put_poll_ctl(const struct over *c)
{
	struct event e;
	u32 mask = 0;
	u64 *value;

	if (!over_begin(&e, c, ROW_poll_ctl, LAYER_POLL, 4))
		return;
	if (!call_arg(c->regs, 3) || call_arg(c->regs, 1) == EPOLL_CTL_DEL ||
		!user_copy(&mask, call_arg(c->regs, 3), sizeof(mask)))
		mask = 0;
	value = event_values(&e);
	value[0] = call_arg(c->regs, 0);
	value[1] = call_arg(c->regs, 2);
	value[2] = call_arg(c->regs, 1);
	value[3] = mask;
	event_end(&e);
}

static void put_option(const struct over *c, u32 row)
{
	struct event e;
	u32 len = 0;
	s32 number;
	u64 *value;

	if (!over_begin(&e, c, row, LAYER_SOCKOPT, 5))
		return;
	if (row == ROW_sockopt_set)
		len = call_arg(c->regs, 4);
	else if (!user_copy(&len, call_arg(c->regs, 4), sizeof(len)))
		len = 0;
	value = event_values(&e);
	value[0] = call_arg(c->regs, 0);
	value[1] = call_arg(c->regs, 1);
	value[2] = call_arg(c->regs, 2);
	value[3] = len;
	value[4] = UNKNOWN_TIME;
	if (len == sizeof(number) && (row == ROW_sockopt_set || c->ret >= 0) &&
		user_copy(&number, call_arg(c->regs, 3), sizeof(number)))
		value[4] = (u64)(s64)number;
	event_end(&e);
}

/* --- uring --- */

static void put_ring_enter(const struct over *c)
{
	struct event e;
	u64 *value;

	if (!over_begin(&e, c, ROW_ring_enter, LAYER_URING, 4))
		return;
	value = event_values(&e);
	value[0] = call_arg(c->regs, 0);
	value[1] = (u32)call_arg(c->regs, 1);
	value[2] = (u32)call_arg(c->regs, 2);
	value[3] = (u32)call_arg(c->regs, 3);
	event_end(&e);
}

/* --- exit --- */

static void event_put(const struct over *c)
{
	switch ((enum event_call)c->th->event) {
	case EVENT_READ:
	case EVENT_READV:
		put_plain_moved(c, ROW_net_recv);
		break;
	case EVENT_WRITE:
	case EVENT_WRITEV:
	case EVENT_SENDFILE:
		put_plain_moved(c, ROW_net_send);
		break;
	case EVENT_SPLICE:
		put_spliced(c);
		break;
	case EVENT_SENDTO:
		put_buffer_moved(c, ROW_net_send);
		break;
	case EVENT_RECVFROM:
		put_buffer_moved(c, ROW_net_recv);
		break;
	case EVENT_SENDMSG:
		put_message_moved(c, ROW_net_send);
		break;
	case EVENT_RECVMSG:
		put_message_moved(c, ROW_net_recv);
		break;
	case EVENT_SENDMMSG:
		put_messages_moved(c, ROW_net_send);
		break;
	case EVENT_RECVMMSG:
		put_messages_moved(c, ROW_net_recv);
		break;
	case EVENT_SOCKET:
	case EVENT_SOCKETPAIR:
		put_socket(c);
		break;
	case EVENT_BIND:
		put_connection(c, ROW_conn_bind, 1);
		break;
	case EVENT_LISTEN:
		put_connection(c, ROW_conn_listen, 2);
		break;
	case EVENT_ACCEPT:
	case EVENT_ACCEPT4:
		put_connection(c, ROW_conn_accept, 1);
		if (c->ret >= 0)
			note_accepted(c->ret);
		break;
	case EVENT_CONNECT:
		put_connection(c, ROW_conn_connect, 1);
		break;
	case EVENT_SHUTDOWN:
		put_connection(c, ROW_conn_shutdown, 2);
		break;
	case EVENT_EPOLL_CREATE:
	case EVENT_EPOLL_CREATE1:
		put_poll_create(c);
		break;
	case EVENT_EPOLL_CTL:
		put_poll_ctl(c);
		break;
	case EVENT_EPOLL_WAIT:
	case EVENT_EPOLL_PWAIT:
	case EVENT_EPOLL_PWAIT2:
		put_poll(c, ROW_poll_wait, 2);
		break;
	case EVENT_POLL:
	case EVENT_PPOLL:
		put_poll(c, ROW_poll_poll, 1);
		break;
	case EVENT_SELECT:
	case EVENT_PSELECT:
		put_poll(c, ROW_poll_select, 0);
		break;
	case EVENT_SETSOCKOPT:
		put_option(c, ROW_sockopt_set);
		break;
	case EVENT_GETSOCKOPT:
		put_option(c, ROW_sockopt_get);
		break;
	case EVENT_URING_ENTER:
		put_ring_enter(c);
		break;
	case EVENT_NONE:
	case EVENT_CLOSE:
	case EVENT_COUNT:
		break;
	}
}

static void event_exit(const struct pt_regs *regs, s64 ret)
{
	unsigned int event;
	struct thread *th = event_thread(call_number(regs), &event);
	struct over c = {th, regs, ret};

	if (!th || event == EVENT_CLOSE)
		return;
	if (!th->event) { /* its entry was not seen */
		th->event = event;
		th->event_t = 0;
		th->event_wait = UNKNOWN_TIME;
	}
	if (is_restart(ret)) {
		th->event_restart = -ret - RESTART_SYS + 1;
		return;
	}
	event_put(&c);
	th->event = EVENT_NONE;
}

/* A handler is about to run: as the kernel decides it in handle_signal(). */
static void event_interrupted(const struct k_sigaction *ka)
{
	struct thread *th = thread_find(current->pid);
	unsigned int how;

	if (ka->sa.sa_handler == SIG_DFL || ka->sa.sa_handler == SIG_IGN || !th || !th->event_restart)
		return;
	how = th->event_restart - 1 + RESTART_SYS;
	th->event_restart = 0;
	/* else it is told when it is made again, from then on */
	if (how != RESTART_NOINTR && !(how == RESTART_SYS && ka->sa.sa_flags & SA_RESTART))
		event_put(&(struct over){th, task_pt_regs(current), -EINTR});
	th->event = EVENT_NONE;
}

/* --- retrans --- */

/* Comes in interrupts. */
static void retransmitted(const struct sock *sk, u32 bytes)
{
	struct toucher t = {0};
	struct event e;
	u64 *value;

	if (!memo_get(&senders, KEY(sk), &t) && !all_in_scope())
		return;
	if (!event_begin(&e, ROW_retrans_tcp, LAYER_RETRANS, 3, bytes))
		return;
	value = event_values(&e);
	value[0] = bytes;
	value[1] = sk->sk_state;
	value[2] = t.tgid;
	item_ends(&e.o, sk);
	event_end(&e);
}

/* --- states of connections --- */

/* Comes in interrupts, but for what a call alone can do. */
static void state_changed(const struct sock *sk, int was, int is)
{
	struct toucher t = {0};
	struct event e;
	u64 *value;

	if (was == is) /* a socket that was shut down is closed */
		return;
	if (!memo_get(&connections, KEY(sk), &t)) {
		if (state_is_of_call(was, is) && current_in_scope()) {
			t = (struct toucher){.tgid = current->tgid, .in_scope = true};
			memo_put(&connections, KEY(sk), &t);
		} else if (!all_in_scope()) {
			return;
		}
	}
	if (event_begin(&e, ROW_conn_state, LAYER_CONN, 3, 0)) {
		value = event_values(&e);
		value[0] = is;
		value[1] = was;
		value[2] = t.tgid;
		item_ends(&e.o, sk);
		event_end(&e);
	}
	if (is == STATE_CLOSE)
		memo_drop(&connections, KEY(sk));
}

#endif
