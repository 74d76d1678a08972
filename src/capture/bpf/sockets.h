/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_SOCKETS_H
#define IORIOT_CAPTURE_BPF_SOCKETS_H

#include "block.h"
#include "../../../systemtap/tcp_states.h"

/*
 * System calls as events of the layers net, conn, poll and sockopt, each when it is over. Without the layer sys
 * they are the only calls that are looked at; with it both are told, each in its own record.
 */

/* By system call number: enum bpf_event; filled by user space before the programs are loaded. */
const volatile uint8_t events[BPF_ROWS] = {};

/* The call of a thread that is under way, if that is an event. */
struct event_call {
	u64 t;	     /* of its entry */
	u64 wait;    /* ns that it waits at most: what it points to is overwritten */
	u32 event;   /* enum bpf_event */
	u32 restart; /* 0, or it was interrupted: RESTART_... */
	u64 arg[BPF_ARGS];
	s64 ret;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct event_call);
} event_calls SEC(".maps");

/* Who used a socket last, for what the kernel sends again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64); /* address of the struct sock */
	__type(value, struct toucher);
} senders SEC(".maps");

/* Whose TCP connections are: their states change in interrupts, too. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64); /* address of the struct sock */
	__type(value, struct toucher);
} connections SEC(".maps");

static __always_inline struct event_call *event_call_here(void)
{
	return bpf_task_storage_get(&event_calls, current_task(), NULL, 0);
}

/* --- sockets --- */

#define S_IFSOCK 0140000
#define FAMILY_UNIX  1 /* AF_UNIX ... of linux/socket.h */
#define FAMILY_INET  2
#define FAMILY_INET6 10

/* NULL: it is no socket, or was opened by its name (O_PATH). */
static __always_inline struct sock *sock_of(u32 fd)
{
	struct file *file = file_of(fd);
	struct socket *socket;
	struct inode *inode;

	if (!file)
		return NULL;
	inode = GET(file, f_inode);
	if ((GET(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = GET(file, private_data);
	return socket ? GET(socket, sk) : NULL;
}

/* Room for one; its bytes are behind it. */
static __always_inline char *item_socket_begin(struct build *b, struct sock *sk, u32 family)
{
	char *to = item_begin(b, sizeof(struct wire_socket) + WIRE_ADDRESS_MAX);

	*(struct wire_socket *)to = (struct wire_socket){
		.family = family, .type = sk ? GET(sk, sk_type) : 0, .protocol = sk ? GET(sk, sk_protocol) : 0};
	return to + sizeof(struct wire_socket);
}

static __always_inline void item_socket_end(struct build *b, u32 type, u32 len)
{
	item_end(b, type, sizeof(struct wire_socket) + len);
}

static __always_inline u16 swapped(u16 n)
{
	return (u16)(n << 8 | n >> 8);
}

static __always_inline void item_inet(struct build *b, struct sock *sk, bool peer)
{
	u16 port = peer ? GET(sk, __sk_common.skc_dport) : swapped(GET(sk, __sk_common.skc_num));
	u32 address = peer ? GET(sk, __sk_common.skc_daddr) : GET(sk, __sk_common.skc_rcv_saddr);
	char *to;

	if (peer && !port)
		return;
	to = item_socket_begin(b, sk, FAMILY_INET);
	__builtin_memcpy(to, &address, sizeof(address));
	__builtin_memcpy(to + sizeof(address), &port, sizeof(port));
	item_socket_end(b, peer ? WIRE_PEER : WIRE_LOCAL, sizeof(address) + sizeof(port));
}

static __always_inline void item_inet6(struct build *b, struct sock *sk, bool peer)
{
	u16 port = peer ? GET(sk, __sk_common.skc_dport) : swapped(GET(sk, __sk_common.skc_num));
	struct in6_addr address = peer ? GET(sk, __sk_common.skc_v6_daddr) : GET(sk, __sk_common.skc_v6_rcv_saddr);
	char *to;

	if (peer && !port)
		return;
	to = item_socket_begin(b, sk, FAMILY_INET6);
	__builtin_memcpy(to, &address, sizeof(address));
	__builtin_memcpy(to + sizeof(address), &port, sizeof(port));
	item_socket_end(b, peer ? WIRE_PEER : WIRE_LOCAL, sizeof(address) + sizeof(port));
}

static __always_inline void item_unix(struct build *b, struct sock *sk, bool peer)
{
	struct sock *end = sk;
	struct unix_address *address;
	u32 len = 0;
	char *to;

	if (!bpf_core_type_exists(struct unix_sock))
		return;
	if (peer)
		end = GET((struct unix_sock *)sk, peer);
	if (!end)
		return;
	to = item_socket_begin(b, sk, FAMILY_UNIX);
	address = GET((struct unix_sock *)end, addr);
	if (address)
		len = GET(address, len) - sizeof(u16);
	if (len > WIRE_ADDRESS_MAX ||
		bpf_probe_read_kernel(to, len, (char *)__builtin_preserve_access_index(&address->name) + sizeof(u16)))
		len = 0;
	item_socket_end(b, peer ? WIRE_PEER : WIRE_LOCAL, len);
}

static __always_inline void item_of_sock(struct build *b, struct sock *sk, bool peer)
{
	u32 family = GET(sk, __sk_common.skc_family);

	switch (family) {
	case FAMILY_INET:
		item_inet(b, sk, peer);
		break;
	case FAMILY_INET6:
		item_inet6(b, sk, peer);
		break;
	case FAMILY_UNIX:
		item_unix(b, sk, peer);
		break;
	default:
		if (peer)
			return;
		item_socket_begin(b, sk, family);
		item_socket_end(b, WIRE_LOCAL, 0);
	}
}

/* Both ends of the struct sock at SK_AT. */
__noinline int item_ends(struct build *b, u64 sk_at)
{
	if (!b || !sk_at)
		return 0;
	item_of_sock(b, (struct sock *)sk_at, false);
	item_of_sock(b, (struct sock *)sk_at, true);
	return 0;
}

__noinline int item_own_end(struct build *b, u64 sk_at)
{
	if (b && sk_at)
		item_of_sock(b, (struct sock *)sk_at, false);
	return 0;
}

/* What the program gave or got; 0: nothing that is known. */
__noinline int item_given(struct build *b, u64 sk_at, u64 address, u32 len, u32 type)
{
	u16 family = 0;
	u32 n;
	char *to, bytes[24];

	if (!b || len < sizeof(family) || bpf_probe_read_user(&family, sizeof(family), (const void *)address))
		return 0;
	if (family != FAMILY_INET && family != FAMILY_INET6 && family != FAMILY_UNIX)
		return 0;
	to = item_socket_begin(b, (struct sock *)sk_at, family);
	if (family == FAMILY_UNIX) {
		n = len - sizeof(u16);
		if (n > WIRE_ADDRESS_MAX || bpf_probe_read_user(to, n, (const void *)(address + sizeof(u16))))
			return 0;
		item_socket_end(b, type, n);
		return 1;
	}
	if (bpf_probe_read_user(bytes, family == FAMILY_INET ? 8 : 24, (const void *)address))
		return 0;
	if (family == FAMILY_INET) {
		__builtin_memcpy(to, bytes + 4, 4); /* sin_addr; sin_port is in front of it */
		__builtin_memcpy(to + 4, bytes + 2, 2);
		item_socket_end(b, type, 6);
	} else {
		__builtin_memcpy(to, bytes + 8, 16);
		__builtin_memcpy(to + 16, bytes + 2, 2);
		item_socket_end(b, type, 18);
	}
	return 1;
}

/* --- messages --- */

#define SEGMENTS_COUNTED (1u << 16) /* of all messages of a call; beyond bytes that are asked for are not known */

struct counted {
	u64 messages, segments; /* where they are */
	u64 asked, moved;
	u32 done, left;
};

static long count_segment(u32 i, void *arg)
{
	struct counted *c = arg;
	struct user_iovec v;

	if (bpf_probe_read_user(&v, sizeof(v), (const void *)(c->segments + (u64)i * sizeof(v))))
		return 1;
	c->asked += v.len;
	return 0;
}

static __always_inline void count_segments(struct counted *c, u64 address, u64 n)
{
	if (n > IOV_MOST || n > c->left)
		return;
	c->left -= n;
	c->segments = address;
	bpf_loop(n, count_segment, c, 0);
}

static long count_message(u32 i, void *arg)
{
	struct counted *c = arg;
	struct user_message m;

	if (bpf_probe_read_user(&m, sizeof(m), (const void *)(c->messages + (u64)i * sizeof(m))))
		return 1;
	count_segments(c, m.iov, m.iov_len);
	if (i < c->done)
		c->moved += (u32)m.len;
	return 0;
}

/* --- entry --- */

static __always_inline u64 wait_ms(s32 ms)
{
	return ms < 0 ? UNKNOWN_TIME : (u64)ms * 1000000;
}

/* A struct timespec, or timeval: UNIT is ns of its second member. */
static __always_inline u64 wait_at(u64 address, u32 unit)
{
	s64 time[2];

	if (!address || bpf_probe_read_user(time, sizeof(time), (const void *)address) || time[0] < 0)
		return UNKNOWN_TIME;
	return (u64)time[0] * 1000000000 + (u64)time[1] * unit;
}

static __always_inline u64 wait_of(u32 event, const u64 *arg)
{
	switch (event) {
	case BPF_EVENT_EPOLL_WAIT:
	case BPF_EVENT_EPOLL_PWAIT:
		return wait_ms((s32)arg[3]);
	case BPF_EVENT_POLL:
		return wait_ms((s32)arg[2]);
	case BPF_EVENT_EPOLL_PWAIT2:
		return wait_at(arg[3], 1);
	case BPF_EVENT_PPOLL:
		return wait_at(arg[2], 1);
	case BPF_EVENT_SELECT:
		return wait_at(arg[4], 1000);
	case BPF_EVENT_PSELECT:
		return wait_at(arg[4], 1);
	}
	return UNKNOWN_TIME;
}

/* The socket is going, and with it its addresses. */
__noinline int put_closing(u32 fd)
{
	u64 sk = number_of(sock_of(fd));
	struct build *b;

	if (!sk)
		return 0;
	bpf_map_delete_elem(&senders, &sk);
	b = event_begin(ROW_conn_close, LAYER_CONN, 1, 0);
	if (!b)
		return 0;
	build_values(b, 1)[0] = fd;
	item_ends(b, sk);
	event_end(b, ROW_conn_close, NULL);
	return 0;
}

static __always_inline bool event_sends(u32 event)
{
	switch (event) {
	case BPF_EVENT_WRITE:
	case BPF_EVENT_WRITEV:
	case BPF_EVENT_SENDTO:
	case BPF_EVENT_SENDMSG:
	case BPF_EVENT_SENDMMSG:
	case BPF_EVENT_SENDFILE:
	case BPF_EVENT_SPLICE:
	case BPF_EVENT_CONNECT:
		return true;
	}
	return false;
}

__noinline int note_sender(u32 fd)
{
	struct toucher t = {.tgid = bpf_get_current_pid_tgid() >> 32, .in_scope = 1};
	u64 sk = number_of(sock_of(fd));

	if (sk)
		bpf_map_update_elem(&senders, &sk, &t, BPF_ANY);
	return 0;
}

__noinline int note_accepted(u32 fd)
{
	struct toucher t = {.tgid = bpf_get_current_pid_tgid() >> 32, .in_scope = 1};
	u64 sk = number_of(sock_of(fd));

	if (sk)
		bpf_map_update_elem(&connections, &sk, &t, BPF_ANY);
	return 0;
}

static __always_inline void event_enter(struct pt_regs *regs, long number)
{
	struct task_struct *task = current_task();
	struct event_call *c;
	u64 arg[BPF_ARGS];
	u32 event;

	if ((u64)number >= BPF_ROWS || call_is_foreign(task, number))
		return;
	event = events[number & (BPF_ROWS - 1)];
	if ((!event && number != NR_restart) || !thread_in_scope(task))
		return;
	call_load(regs);
	registers(arg);
	if (event == BPF_EVENT_CLOSE) {
		put_closing(arg[0]);
		return;
	}
	c = bpf_task_storage_get(&event_calls, task, NULL, event ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!c)
		return;
	if (c->restart && (!event || event == c->event)) { /* made again */
		c->restart = 0;
		return;
	}
	c->restart = 0;
	c->event = event;
	c->arg[0] = arg[0];
	c->arg[2] = arg[2];
	c->t = bpf_ktime_get_ns();
	c->wait = wait_of(event, arg);
	if (session.on[LAYER_RETRANS] && event_sends(event))
		note_sender(event == BPF_EVENT_SPLICE ? arg[2] : arg[0]);
}

/* --- net --- */

static __always_inline void put_moved(const struct event_call *c, u32 row, u64 fd, u64 asked, u64 flags,
	u64 messages, s64 moved, u64 name, u64 name_len)
{
	u64 sk = number_of(sock_of(fd)), *value;
	struct build *b = event_begin(row, LAYER_NET, 4, moved > 0 ? moved : 0);

	if (!b)
		return;
	event_since(b, c->t);
	event_result(b, moved);
	value = build_values(b, 4);
	value[0] = fd;
	value[1] = asked;
	value[2] = flags;
	value[3] = messages;
	item_own_end(b, sk);
	if (!(name && item_given(b, sk, name, name_len, WIRE_PEER)) && sk)
		item_of_sock(b, (struct sock *)sk, true);
	event_end(b, row, NULL);
}

/* Those of bytes stand in front of the others (sockets.def). */
static __always_inline bool event_moves(u32 event)
{
	return event && event <= BPF_EVENT_RECVMMSG;
}

/* Is SK what the call under way is about? It tells what it moves when it is over. */
static __always_inline bool call_moves(struct sock *sk)
{
	struct event_call *c = event_call_here();

	if (!c || !event_moves(c->event) || c->restart)
		return false;
	return sock_of(c->arg[0]) == sk || (c->event == BPF_EVENT_SPLICE && sock_of(c->arg[2]) == sk);
}

/* What a socket says that it has moved, for whoever asked: a request of io_uring, the kernel itself. */
__noinline int put_socket_moved(u64 sk_at, u32 row, s32 moved, u32 flags)
{
	struct build *b;
	u64 *value;

	/* what would have to wait is tried again */
	if (moved == -11 /* EAGAIN */ || is_restart(moved) || !current_in_scope() || call_moves((struct sock *)sk_at))
		return 0;
	b = event_begin(row, LAYER_NET, 4, moved > 0 ? moved : 0);
	if (!b)
		return 0;
	event_result(b, moved);
	value = build_values(b, 4);
	value[0] = (u64)-1;
	value[1] = moved > 0 ? moved : 0;
	value[2] = flags;
	value[3] = 0;
	item_ends(b, sk_at);
	event_end(b, row, NULL);
	return 0;
}

/* Between a pipe and a file: of which each may be a socket. */
__noinline int put_spliced(void)
{
	struct event_call *c = event_call_here();

	if (!c)
		return 0;
	if (sock_of(c->arg[0]))
		put_moved(c, ROW_net_recv, (u32)c->arg[0], c->arg[4], 0, 1, c->ret, 0, 0);
	else if (sock_of(c->arg[2]))
		put_moved(c, ROW_net_send, (u32)c->arg[2], c->arg[4], 0, 1, c->ret, 0, 0);
	return 0;
}

/* What any file may be told to do: only of sockets. */
__noinline int put_plain_moved(u32 row)
{
	struct event_call *c = event_call_here();
	struct counted n = {.left = any(SEGMENTS_COUNTED)};

	if (!c || !sock_of(c->arg[0]))
		return 0;
	switch (c->event) {
	case BPF_EVENT_READV:
	case BPF_EVENT_WRITEV:
		count_segments(&n, c->arg[1], c->arg[2]);
		break;
	case BPF_EVENT_SENDFILE:
		n.asked = c->arg[3];
		break;
	default:
		n.asked = c->arg[2];
	}
	put_moved(c, row, (u32)c->arg[0], n.asked, 0, 1, c->ret, 0, 0);
	return 0;
}

__noinline int put_buffer_moved(u32 row)
{
	struct event_call *c = event_call_here();
	u64 len;
	u32 got = 0;

	if (!c)
		return 0;
	len = c->arg[5];
	if (row == ROW_net_recv) {
		if (c->ret >= 0 && len)
			bpf_probe_read_user(&got, sizeof(got), (const void *)len);
		len = got;
	}
	put_moved(c, row, (u32)c->arg[0], c->arg[2], (u32)c->arg[3], 1, c->ret, c->arg[4], len);
	return 0;
}

__noinline int put_messages_moved(u32 row, u32 many)
{
	struct event_call *c = event_call_here();
	struct counted n = {.left = any(SEGMENTS_COUNTED)};
	struct user_message first = {};
	bool named;
	u32 count = 1;
	s64 moved;

	if (!c)
		return 0;
	bpf_probe_read_user(&first, 56, (const void *)c->arg[1]); /* struct msghdr */
	moved = c->ret;
	if (many) {
		n.messages = c->arg[1];
		n.done = moved > 0 ? moved : 0;
		count = moved > 0 ? (u32)moved : (u32)c->arg[2];
		bpf_loop((u32)c->arg[2] < RIGHTS_MESSAGES ? (u32)c->arg[2] : RIGHTS_MESSAGES, count_message, &n, 0);
		if (moved >= 0)
			moved = n.moved;
	} else {
		count_segments(&n, first.iov, first.iov_len);
	}
	named = row == ROW_net_send || c->ret > 0;
	put_moved(c, row, (u32)c->arg[0], n.asked, many ? (u32)c->arg[3] : (u32)c->arg[2], count, moved,
		named ? first.name : 0, (u32)first.name_len);
	return 0;
}

/* --- conn --- */

static __always_inline struct build *event_of_call(const struct event_call *c, u32 row, u32 layer, u32 values)
{
	struct build *b = event_begin(row, layer, values, 0);

	if (!b)
		return NULL;
	event_since(b, c->t);
	event_result(b, c->ret);
	return b;
}

__noinline int put_socket(void)
{
	struct event_call *c = event_call_here();
	bool pair = c && c->event == BPF_EVENT_SOCKETPAIR;
	u32 row = pair ? ROW_conn_pair : ROW_conn_socket, n = pair ? 5 : 3;
	struct build *b = c ? event_of_call(c, row, LAYER_CONN, n) : NULL;
	s32 fds[2] = {-1, -1};
	u64 *value;

	if (!b || !c)
		return 0;
	value = build_values(b, n);
	value[0] = (u64)(s64)(s32)c->arg[0];
	value[1] = (u32)c->arg[1];
	value[2] = (u64)(s64)(s32)c->arg[2];
	if (pair) {
		if (c->ret >= 0)
			bpf_probe_read_user(fds, sizeof(fds), (const void *)c->arg[3]);
		value[3] = fds[0];
		value[4] = fds[1];
	}
	event_end(b, row, NULL);
	return 0;
}

/* Calls about one socket, with VALUES registers from the first one on. */
__noinline int put_connection(u32 row, u32 values)
{
	struct event_call *c = event_call_here();
	struct build *b = c ? event_of_call(c, row, LAYER_CONN, values) : NULL;
	u64 sk, *value;

	if (!b || !c)
		return 0;
	value = build_values(b, values);
	value[0] = c->arg[0];
	if (values == 2)
		value[1] = c->arg[1];
	sk = number_of(sock_of(row == ROW_conn_accept && c->ret >= 0 ? c->ret : c->arg[0]));
	switch (row) {
	case ROW_conn_bind:
		/* the kernel has chosen what was left to it */
		if (c->ret >= 0 || !item_given(b, sk, c->arg[1], (u32)c->arg[2], WIRE_LOCAL))
			item_own_end(b, sk);
		break;
	case ROW_conn_listen:
		item_own_end(b, sk);
		break;
	case ROW_conn_connect:
		item_own_end(b, sk);
		item_given(b, sk, c->arg[1], (u32)c->arg[2], WIRE_PEER);
		break;
	default:
		item_ends(b, sk);
	}
	event_end(b, row, NULL);
	return 0;
}

__noinline int put_accepted(void)
{
	struct event_call *c = event_call_here();

	return c && c->ret >= 0 ? note_accepted((u32)c->ret) : 0;
}

/* --- poll --- */

__noinline int put_poll(u32 row, u32 reg)
{
	struct event_call *c = event_call_here();
	u32 n = row == ROW_poll_wait ? 3 : 2;
	struct build *b = c ? event_of_call(c, row, LAYER_POLL, n) : NULL;
	u64 *value;

	if (!b || !c)
		return 0;
	value = build_values(b, n);
	if (n == 3)
		*value++ = c->arg[0];
	value[0] = reg == 0 ? c->arg[0] : reg == 1 ? c->arg[1] : c->arg[2];
	value[1] = c->wait;
	event_end(b, row, NULL);
	return 0;
}

__noinline int put_poll_create(void)
{
	struct event_call *c = event_call_here();
	struct build *b = c ? event_of_call(c, ROW_poll_create, LAYER_POLL, 1) : NULL;

	if (!b || !c)
		return 0;
	build_values(b, 1)[0] = c->event == BPF_EVENT_EPOLL_CREATE1 ? c->arg[0] : 0;
	event_end(b, ROW_poll_create, NULL);
	return 0;
}

__noinline int put_poll_ctl(void)
{
	struct event_call *c = event_call_here();
	struct build *b = c ? event_of_call(c, ROW_poll_ctl, LAYER_POLL, 4) : NULL;
	u32 mask = 0;
	u64 *value;

	if (!b || !c)
		return 0;
	if (c->arg[3] && c->arg[1] != 2 /* EPOLL_CTL_DEL */)
		bpf_probe_read_user(&mask, sizeof(mask), (const void *)c->arg[3]);
	value = build_values(b, 4);
	value[0] = c->arg[0];
	value[1] = c->arg[2];
	value[2] = c->arg[1];
	value[3] = mask;
	event_end(b, ROW_poll_ctl, NULL);
	return 0;
}

/* --- sockopt --- */

__noinline int put_option(u32 row)
{
	struct event_call *c = event_call_here();
	struct build *b = c ? event_of_call(c, row, LAYER_SOCKOPT, 5) : NULL;
	u32 len = 0;
	s32 number;
	u64 *value;

	if (!b || !c)
		return 0;
	if (row == ROW_sockopt_set)
		len = c->arg[4];
	else
		bpf_probe_read_user(&len, sizeof(len), (const void *)c->arg[4]);
	value = build_values(b, 5);
	value[0] = c->arg[0];
	value[1] = c->arg[1];
	value[2] = c->arg[2];
	value[3] = len;
	value[4] = UNKNOWN_TIME;
	if (len == sizeof(number) && (row == ROW_sockopt_set || c->ret >= 0) &&
		!bpf_probe_read_user(&number, sizeof(number), (const void *)c->arg[3]))
		value[4] = (u64)(s64)number;
	event_end(b, row, NULL);
	return 0;
}

/* --- uring --- */

__noinline int put_ring_enter(void)
{
	struct event_call *c = event_call_here();
	struct build *b = c ? event_of_call(c, ROW_ring_enter, LAYER_URING, 4) : NULL;
	u64 *value;

	if (!b || !c)
		return 0;
	value = build_values(b, 4);
	value[0] = c->arg[0];
	value[1] = (u32)c->arg[1];
	value[2] = (u32)c->arg[2];
	value[3] = (u32)c->arg[3];
	event_end(b, ROW_ring_enter, NULL);
	return 0;
}

/* --- exit --- */

static __always_inline void event_put(u32 event)
{
	switch (event) {
	case BPF_EVENT_READ:
	case BPF_EVENT_READV:
		put_plain_moved(ROW_net_recv);
		break;
	case BPF_EVENT_WRITE:
	case BPF_EVENT_WRITEV:
	case BPF_EVENT_SENDFILE:
		put_plain_moved(ROW_net_send);
		break;
	case BPF_EVENT_SPLICE:
		put_spliced();
		break;
	case BPF_EVENT_SENDTO:
		put_buffer_moved(ROW_net_send);
		break;
	case BPF_EVENT_RECVFROM:
		put_buffer_moved(ROW_net_recv);
		break;
	case BPF_EVENT_SENDMSG:
	case BPF_EVENT_SENDMMSG:
		put_messages_moved(ROW_net_send, event == BPF_EVENT_SENDMMSG);
		break;
	case BPF_EVENT_RECVMSG:
	case BPF_EVENT_RECVMMSG:
		put_messages_moved(ROW_net_recv, event == BPF_EVENT_RECVMMSG);
		break;
	case BPF_EVENT_SOCKET:
	case BPF_EVENT_SOCKETPAIR:
		put_socket();
		break;
	case BPF_EVENT_BIND:
		put_connection(ROW_conn_bind, 1);
		break;
	case BPF_EVENT_LISTEN:
		put_connection(ROW_conn_listen, 2);
		break;
	case BPF_EVENT_ACCEPT:
	case BPF_EVENT_ACCEPT4:
		put_connection(ROW_conn_accept, 1);
		put_accepted();
		break;
	case BPF_EVENT_CONNECT:
		put_connection(ROW_conn_connect, 1);
		break;
	case BPF_EVENT_SHUTDOWN:
		put_connection(ROW_conn_shutdown, 2);
		break;
	case BPF_EVENT_EPOLL_CREATE:
	case BPF_EVENT_EPOLL_CREATE1:
		put_poll_create();
		break;
	case BPF_EVENT_EPOLL_CTL:
		put_poll_ctl();
		break;
	case BPF_EVENT_EPOLL_WAIT:
	case BPF_EVENT_EPOLL_PWAIT:
	case BPF_EVENT_EPOLL_PWAIT2:
		put_poll(ROW_poll_wait, 2);
		break;
	case BPF_EVENT_POLL:
	case BPF_EVENT_PPOLL:
		put_poll(ROW_poll_poll, 1);
		break;
	case BPF_EVENT_SELECT:
	case BPF_EVENT_PSELECT:
		put_poll(ROW_poll_select, 0);
		break;
	case BPF_EVENT_SETSOCKOPT:
		put_option(ROW_sockopt_set);
		break;
	case BPF_EVENT_GETSOCKOPT:
		put_option(ROW_sockopt_get);
		break;
	case BPF_EVENT_URING_ENTER:
		put_ring_enter();
		break;
	}
}

static __always_inline void event_exit(struct pt_regs *regs, s64 ret)
{
	struct task_struct *task = current_task();
	long number = call_number(regs);
	struct event_call *c;
	u32 event;

	if ((u64)number >= BPF_ROWS || call_is_foreign(task, number))
		return;
	event = events[number & (BPF_ROWS - 1)];
	if ((!event && number != NR_restart) || event == BPF_EVENT_CLOSE || !thread_in_scope(task))
		return;
	c = bpf_task_storage_get(&event_calls, task, NULL, event ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!c)
		return;
	if (!c->event) { /* its entry was not seen */
		c->event = event;
		c->t = 0;
		c->wait = UNKNOWN_TIME;
	}
	call_load(regs);
	registers(c->arg);
	c->ret = ret;
	if (is_restart(ret)) {
		c->restart = -ret;
		return;
	}
	event = c->event;
	if (event)
		event_put(event);
	c->event = BPF_EVENT_NONE;
}

/* A handler is about to run: as the kernel decides it in handle_signal(). */
static __always_inline void event_interrupted(unsigned long sa_flags)
{
	struct event_call *c = event_call_here();
	u32 event;

	if (!c || !c->restart)
		return;
	if (c->restart == RESTART_NOINTR || (c->restart == RESTART_SYS && sa_flags & SA_RESTART)) {
		c->restart = 0;
		c->event = BPF_EVENT_NONE; /* it is told when it is made again, from then on */
		return;
	}
	c->restart = 0;
	c->ret = -4; /* EINTR */
	event = c->event;
	event_put(event);
	c->event = BPF_EVENT_NONE;
}

/* --- retrans --- */

/* Comes in interrupts. */
static __always_inline void retransmitted(struct sock *sock, u32 bytes)
{
	u64 sk = number_of(sock), *value;
	struct toucher *t = bpf_map_lookup_elem(&senders, &sk);
	struct build *b;

	if (!t && !(session.all && !session.comms && !session.uids))
		return;
	b = event_begin(ROW_retrans_tcp, LAYER_RETRANS, 3, bytes);
	if (!b)
		return;
	value = build_values(b, 3);
	value[0] = bytes;
	value[1] = GET((struct sock *)sk, __sk_common.skc_state);
	value[2] = t ? t->tgid : 0;
	item_ends(b, sk);
	event_end(b, ROW_retrans_tcp, NULL);
}

/* --- states of connections --- */

/* Comes in interrupts, but for what a call alone can do. */
static __always_inline void state_changed(struct sock *sock, u32 was, u32 is)
{
	u64 sk = number_of(sock), *value;
	struct toucher *found = bpf_map_lookup_elem(&connections, &sk), t = {0};
	struct build *b;

	if (was == is) /* a socket that was shut down is closed */
		return;
	if (found) {
		t = *found;
	} else if (state_is_of_call(was, is) && thread_in_scope(current_task())) {
		t.tgid = bpf_get_current_pid_tgid() >> 32;
		t.in_scope = 1;
		bpf_map_update_elem(&connections, &sk, &t, BPF_ANY);
	} else if (!session.all || session.comms || session.uids) {
		return;
	}
	b = event_begin(ROW_conn_state, LAYER_CONN, 3, 0);
	if (b) {
		value = build_values(b, 3);
		value[0] = is;
		value[1] = was;
		value[2] = t.tgid;
		item_ends(b, sk);
		event_end(b, ROW_conn_state, NULL);
	}
	if (is == STATE_CLOSE)
		bpf_map_delete_elem(&connections, &sk);
}

#endif
