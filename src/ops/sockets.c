/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/sockets.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
	unsigned number;
	const char *name;
} internet[] = {{IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"}, {IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "icmp"},
	{IPPROTO_SCTP, "sctp"}, {IPPROTO_UDPLITE, "udplite"}, {IPPROTO_MPTCP, "mptcp"}};

static const char *const unix_types[] = {
	[SOCK_STREAM] = "unix-stream", [SOCK_DGRAM] = "unix-dgram", [SOCK_SEQPACKET] = "unix-seqpacket"};

void socket_protocol(struct buf *out, unsigned family, unsigned type, unsigned protocol)
{
	size_t i;

	if (family == AF_UNIX) {
		bool known = type < sizeof(unix_types) / sizeof(*unix_types) && unix_types[type];

		buf_puts(out, known ? unix_types[type] : "unix");
		return;
	}
	if (family == AF_NETLINK || family == AF_PACKET) {
		buf_puts(out, family == AF_NETLINK ? "netlink" : "packet");
		return;
	}
	if (family != AF_INET && family != AF_INET6) {
		buf_addf(out, "family-%u", family);
		return;
	}
	for (i = 0; i < sizeof(internet) / sizeof(*internet) && type; i++)
		if (internet[i].number == protocol)
			break;
	if (type && i < sizeof(internet) / sizeof(*internet))
		buf_puts(out, internet[i].name);
	else
		buf_puts(out, "ip");
	if (family == AF_INET6)
		buf_char(out, '6');
}

static bool internet_address(struct buf *out, int family, const void *bytes, size_t len)
{
	size_t size = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	char text[INET6_ADDRSTRLEN];
	uint16_t port;

	if (len != size + sizeof(port) || !inet_ntop(family, bytes, text, sizeof(text)))
		return false;
	memcpy(&port, (const char *)bytes + size, sizeof(port));
	buf_addf(out, family == AF_INET ? "%s:%u" : "[%s]:%u", text, ntohs(port));
	return true;
}

bool socket_address(struct buf *out, unsigned family, const void *bytes, size_t len)
{
	const char *name = bytes;

	if (family == AF_INET || family == AF_INET6)
		return internet_address(out, (int)family, bytes, len);
	if (family != AF_UNIX || len == 0)
		return len == 0;
	if (name[0]) {
		buf_add(out, name, strnlen(name, len));
	} else if (len > 1) {
		buf_char(out, '@');
		buf_add(out, name + 1, len - 1);
	}
	return true;
}

void socket_split(struct str text, struct str *protocol, struct str *address)
{
	const char *slash = text.len ? memchr(text.s, '/', text.len) : NULL;

	*protocol = STR_NONE;
	*address = text;
	if (!slash)
		return;
	*protocol = (struct str){text.s, (size_t)(slash - text.s)};
	*address = (struct str){slash + 1, text.len - protocol->len - 1};
}

void socket_port(struct str address, struct str *host, struct str *port)
{
	const char *colon = address.len ? memrchr(address.s, ':', address.len) : NULL;

	*host = address;
	*port = STR_NONE;
	if (!colon || address.s[0] == '/' || address.s[0] == '@')
		return;
	host->len = (size_t)(colon - address.s);
	*port = (struct str){colon + 1, address.len - host->len - 1};
	if (host->len >= 2 && host->s[0] == '[' && host->s[host->len - 1] == ']') {
		host->s++;
		host->len -= 2;
	}
}

int socket_ip_version(struct str protocol)
{
	size_t i, len = protocol.len;
	int version = 4;

	if (len && protocol.s[len - 1] == '6') {
		version = 6;
		len--;
	}
	if (str_eqs((struct str){protocol.s, len}, "ip"))
		return version;
	for (i = 0; i < sizeof(internet) / sizeof(*internet); i++)
		if (str_eqs((struct str){protocol.s, len}, internet[i].name))
			return version;
	return 0;
}
