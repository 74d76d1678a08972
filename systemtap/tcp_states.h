/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_TCP_STATES_H
#define IORIOT_SYSTEMTAP_TCP_STATES_H

/* Of include/net/tcp_states.h; for both kernel sides. */
enum { STATE_SYN_SENT = 2, STATE_FIN_WAIT1 = 4, STATE_CLOSE = 7, STATE_LAST_ACK = 9, STATE_LISTEN = 10 };

/* Is it what connect, listen, shutdown or close do? Else the network did it, and whoever runs is not meant. */
static inline bool state_is_of_call(unsigned int was, unsigned int is)
{
	return is == STATE_FIN_WAIT1 || is == STATE_LAST_ACK ||
	       (was == STATE_CLOSE && (is == STATE_SYN_SENT || is == STATE_LISTEN));
}

#endif
