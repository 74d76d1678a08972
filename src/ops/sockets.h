/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_SOCKETS_H
#define IORIOT_OPS_SOCKETS_H

#include <stdbool.h>

#include "datas/buf.h"

/*
 * How events name a socket: PROTOCOL/ADDRESS, and of its other end the address alone. The protocol is tcp, udp6,
 * unix-stream, netlink ...; the address 127.0.0.1:80, [::1]:80, a name, @NAME of an abstract one, or nothing.
 */

/* TYPE 0: not known. */
void socket_protocol(struct buf *out, unsigned family, unsigned type, unsigned protocol);

/* Of IPv4 and IPv6 address and port, of AF_UNIX sun_path; false: these bytes are none. */
bool socket_address(struct buf *out, unsigned family, const void *bytes, size_t len);

/* PROTOCOL/ADDRESS -> both; without a slash all of it is the address. */
void socket_split(struct str text, struct str *protocol, struct str *address);

/* HOST:PORT -> both; a name has no port, and is in HOST. */
void socket_port(struct str address, struct str *host, struct str *port);

/* 4, 6; 0: neither. */
int socket_ip_version(struct str protocol);

#endif
