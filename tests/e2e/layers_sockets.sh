#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Events of sockets, of waiting for descriptors and of processes with BPF: each call of a program, exactly once and
# with exactly its bytes, addresses and errors.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "events of sockets with BPF"
check "build" cc -D_GNU_SOURCE -O1 -Wall -Wextra -o program "$TESTS/e2e/sockets_program.c"

# Runs parts of the program.
capture() { # NAME LAYERS PART...
	local name=$1 layers=$2
	shift 2
	"$IORIOT" -c "$name.capture" --backend=bpf -L "$layers" -- ./program "$@" >"$name.out" 2>"$name.said" </dev/null
	equal "$name: status" $? 0 || cat "$name.said"
}
# PART.events: what events of a process say, or of all, without times, PIDs and ports.
events() { # CAPTURE LAYERS PART [ALL]
	local pid=0 client='' server=''
	read -r _ pid client server < <(grep "^$3 " "$1.out")
	grep -P ";:,o=($2)_(?!state)" "$1.capture" | grep -P "${4-;:,i=${pid:-0}:}" |
		sed -E "s/^.*;:,o=//; s/;:,$//; s/;:,/ /g; s/:${client:-none}\b/:CLIENT/g; s/:${server:-none}\b/:SERVER/g
			s/\b([nq])=[0-9]{2,}( |$)/\1=N\2/g" >"$3.events"
}
# Compares them with what is on stdin.
same() { # NAME PART
	cat >"$2.expected"
	if cmp -s "$2.expected" "$2.events"; then
		ok "$1"
	else
		not_ok "$1" "$(diff "$2.expected" "$2.events" | tr '\n' '~')"
	fi
}

capture main net,conn,poll,sockopt,retrans stream4 stream6 datagrams4 datagrams6 local failures options waiting retransmits

# --- TCP: 30 000 bytes there, 30 000 back, 10 000 of them looked at twice

for v in 4 6; do
	if [ $v = 6 ] && [ ! -e /proc/net/if_inet6 ]; then
		skip "IPv6" "this host has none"
		continue
	fi
	host=127.0.0.1 family=2 six=
	[ $v = 6 ] && host='[::1]' family=10 six=6
	events main 'net|conn' stream$v
	c="p=tcp$six/$host:CLIENT P=$host:SERVER" s="p=tcp$six/$host:SERVER P=$host:CLIENT"
	same "TCP, IPv$v: each call" stream$v <<-END
		conn_socket F=$family f=1 n=0 s=3
		conn_bind d=3 p=tcp$six/$host:SERVER s=0
		conn_listen d=3 n=7 p=tcp$six/$host:SERVER s=0
		conn_socket F=$family f=524289 n=0 s=4
		conn_connect d=4 $c s=0
		conn_accept d=3 $s s=5
		net_send d=4 c=10000 f=16384 n=1 $c s=10000
		net_send d=4 c=10000 f=0 n=1 $c s=10000
		net_send d=4 c=5000 f=0 n=1 $c s=5000
		net_send d=4 c=5000 f=0 n=1 $c s=5000
		net_recv d=5 c=30000 f=256 n=1 $s s=30000
		net_send d=5 c=20000 f=0 n=1 $s s=20000
		net_recv d=4 c=10000 f=258 n=1 $c s=10000
		net_recv d=4 c=5000 f=256 n=1 $c s=5000
		net_recv d=4 c=5000 f=0 n=1 $c s=5000
		net_recv d=4 c=10000 f=0 n=1 $c s=10000
		net_recv d=4 c=10 f=64 n=1 $c s=-11
		conn_shutdown d=4 F=1 $c s=0
		net_recv d=5 c=100 f=0 n=1 $s s=0
		net_send d=4 c=100 f=16384 n=1 $c s=-32
		conn_close d=4 $c
		conn_close d=5 $s
		conn_close d=3 p=tcp$six/$host:SERVER
	END
	# states change in interrupts, whoever runs then; each of the three sockets has its own order
	read -r _ pid client server < <(grep "^stream$v " main.out)
	for other in "P=[^;]*:$server;" "P=[^;]*:$client;" '$'; do
		grep -P ";:,o=conn_state;.*;:,q=$pid;:,p=[^;]*;:,$other" main.capture |
			sed -E "s/^.*;:,n=([0-9]+);:,N=([0-9]+);:,q=$pid;:,/\2 to \1: /; s/;:,$//; s/;:,/ /g
				s/:$client\b/:CLIENT/g; s/:$server\b/:SERVER/g"
	done >states$v.events
	same "TCP, IPv$v: each state of each connection" states$v <<-END
		7 to 2: p=tcp$six/$host:0 P=$host:SERVER
		2 to 1: $c
		1 to 4: $c
		4 to 5: $c
		5 to 7: p=tcp$six/$host:0 P=$host:SERVER
		1 to 8: $s
		8 to 9: $s
		9 to 7: p=tcp$six/$host:0 P=$host:CLIENT
		7 to 10: p=tcp$six/$host:SERVER
		10 to 7: p=tcp$six/$host:0
	END
	any=0.0.0.0
	[ $v = 6 ] && any='[::]'
	events main 'net|conn' datagrams$v
	o="p=udp$six/$any:CLIENT" d="p=udp$six/$host:SERVER"
	same "UDP, IPv$v: each call" datagrams$v <<-END
		conn_socket F=$family f=2 n=0 s=3
		conn_socket F=$family f=2 n=0 s=4
		conn_bind d=3 $d s=0
		net_send d=4 c=1234 f=0 n=1 $o P=$host:SERVER s=1234
		net_recv d=3 c=2000 f=0 n=1 $d P=$host:CLIENT s=1234
		net_send d=4 c=600 f=0 n=3 $o P=$host:SERVER s=600
		net_recv d=3 c=900 f=0 n=3 $d s=600
		net_send d=4 c=5 f=0 n=1 $o s=-89
		conn_close d=4 $o
		conn_close d=3 $d
	END
done

# --- UNIX

events main 'net|conn' local
same "UNIX: each call" local <<-'END'
	conn_socket F=1 f=1 n=0 s=3
	conn_bind d=3 p=unix-stream/socket s=0
	conn_listen d=3 n=1 p=unix-stream/socket s=0
	conn_socket F=1 f=1 n=0 s=4
	conn_connect d=4 p=unix-stream/ P=socket s=0
	conn_accept d=3 p=unix-stream/socket P= s=5
	net_send d=4 c=777 f=0 n=1 p=unix-stream/ P=socket s=777
	net_recv d=5 c=1000 f=0 n=1 p=unix-stream/socket P= s=777
	conn_close d=4 p=unix-stream/ P=socket
	conn_close d=5 p=unix-stream/socket P=
	conn_close d=3 p=unix-stream/socket
	conn_socket F=1 f=2 n=0 s=3
	conn_bind d=3 p=unix-dgram/@ioriot-test s=0
	conn_socket F=1 f=2 n=0 s=4
	net_send d=4 c=55 f=0 n=1 p=unix-dgram/ P=@ioriot-test s=55
	net_recv d=3 c=100 f=0 n=1 p=unix-dgram/@ioriot-test s=55
	conn_close d=4 p=unix-dgram/
	conn_close d=3 p=unix-dgram/@ioriot-test
	conn_pair F=1 f=5 n=0 d=3 e=4 s=0
	net_send d=3 c=8 f=0 n=1 p=unix-seqpacket/ P= s=8
	net_recv d=4 c=100 f=0 n=1 p=unix-seqpacket/ P= s=8
	conn_close d=3 p=unix-seqpacket/ P=
	conn_close d=4 p=unix-seqpacket/ P=
END

# --- what fails, and what is no socket

events main 'net|conn' failures
same "failures: each call" failures <<-'END'
	conn_socket F=2 f=1 n=0 s=3
	conn_connect d=3 p=tcp/0.0.0.0:0 P=127.0.0.1:1 s=-111
	conn_accept d=3 p=tcp/0.0.0.0:0 s=-22
	net_send d=-1 c=1 f=0 n=1 s=-9
	conn_socket F=2 f=99 n=0 s=-22
	conn_shutdown d=3 F=9 p=tcp/0.0.0.0:0 s=-22
	conn_close d=3 p=tcp/0.0.0.0:0
	net_send d=3 c=4321 f=0 n=1 s=-88
	conn_bind d=3 p=ip/127.0.0.1:1 s=-88
END

# --- options

events main sockopt options
same "options: each call" options <<-'END'
	sockopt_set d=3 F=1 n=2 c=4 G=1 s=0
	sockopt_set d=3 F=6 n=1 c=4 G=1 s=0
	sockopt_set d=3 F=1 n=N c=16 G=- s=0
	sockopt_get d=3 F=1 n=3 c=4 G=1 s=0
	sockopt_set d=3 F=6 n=N c=4 G=1 s=-92
	sockopt_get d=-1 F=1 n=4 c=4 G=- s=-9
END

# --- waiting

events main poll waiting
same "waiting: each call" waiting <<-'END'
	poll_create f=524288 s=3
	poll_ctl d=3 e=4 F=1 M=0x2001 s=0
	poll_wait d=3 n=4 u=0 s=0
	poll_wait d=3 n=4 u=30000000 s=0
	poll_ctl d=3 e=4 F=3 M=0x80000001 s=0
	poll_wait d=3 n=4 u=- s=1
	poll_ctl d=3 e=4 F=2 M=0x0 s=0
	poll_ctl d=3 e=4 F=2 M=0x0 s=-2
	poll_poll n=2 u=50000000 s=2
	poll_poll n=1 u=2500 s=0
	poll_select n=5 u=7000 s=1
	poll_poll n=0 u=1000000 s=0
	poll_poll n=0 u=- s=-4
END
waited=$(grep -oP ';:,D=\K\d+(?=.*;:,u=30000000;)' main.capture)
check "who waits for 30 ms takes as long ($waited)" test "${waited:-0}" -ge 30000000
capture again net again
events again net again ''
same "a call that is made again behind a handler is one" again <<-'END'
	net_send d=4 c=3 f=0 n=1 p=unix-stream/ P= s=3
	net_recv d=3 c=10 f=0 n=1 p=unix-stream/ P= s=3
END

# --- what is sent again, and processes

if grep -q 'does not have.*tcp_retransmit_skb' main.said; then
	skip "retransmits" "this kernel has no tcp_retransmit_skb"
else
	# of that connection: others send again on a host that is busy
	read -r _ _ client _ < <(grep '^retransmits ' main.out)
	events main retrans retransmits ":$client;"
	same "the SYN that was dropped was sent once more" retransmits <<-'END'
		retrans_tcp c=0 n=2 q=N p=tcp/127.0.0.1:CLIENT P=127.0.0.1:SERVER
	END
fi
capture processes proc processes
events processes proc processes ''
same "processes: each beginning, program and end" processes <<-'END'
	proc_exec p=./program
	proc_fork q=N n=N
	proc_fork q=N n=N
	proc_exec p=/bin/sh
	proc_exit E=1280
	proc_fork q=N n=N
	proc_exit E=9
	proc_exit E=0
	proc_exit E=0
END

# --- sums, one in so many, tables for other programs

capture sums sys,net=0,conn=2 stream4
equal "no event of the net" "$(grep -c ';:,o=net_' sums.capture)" 0
equal "sums of all bytes" "$(grep -oP 'o=layer_sum;:,p=net_(send|recv);:,c=\d+;:,n=\d+;:,N=\d+' sums.capture)" \
	"o=layer_sum;:,p=net_send;:,c=50000;:,n=6;:,N=0
o=layer_sum;:,p=net_recv;:,c=60000;:,n=7;:,N=0"
equal "one socket of two" "$(grep -c ';:,o=conn_socket;' sums.capture)" 1
capture all all stream4 options waiting processes
read -r _ pid client server < <(grep '^stream4 ' all.out)
mkdir csv
check "tables" "$IORIOT" -a all.capture -L all --export csv:csv
table() { # NAME LINES COLUMNS: of all processes, without carriage returns
	sed -n "$2" "csv/$1.csv" | cut -d, -f"$3" | tr -d '\r'
}
equal "net: who, direction, addresses, bytes, error, flags" "$(table nw_events '2p;12,13p' 2,4-12,14-15,17)" \
	"$pid,program,send,tcp,4,127.0.0.1,$client,127.0.0.1,$server,10000,0,MSG_NOSIGNAL,10000
$pid,program,recv,tcp,4,127.0.0.1,$server,127.0.0.1,$client,0,-11,MSG_DONTWAIT,10
$pid,program,recv,tcp,4,127.0.0.1,$client,127.0.0.1,$server,0,0,0,100" || cat csv/nw_events.csv
equal "conn: what was made, and of whom" "$(sed '/,STATE,/d' csv/nw_conn_events.csv >csv/calls.csv; table calls '2p;4p;6,7p;8p' 2,6-16,18-19)" \
	"SOCKET_CREATE,AF_INET,SOCK_STREAM,0,,,,,,3,,,3,
LISTEN,,,tcp,4,127.0.0.1,$server,,,3,7,,0,
CONNECT,,,tcp,4,127.0.0.1,$client,127.0.0.1,$server,4,,,0,
ACCEPT,,,tcp,4,127.0.0.1,$server,127.0.0.1,$client,3,,,5,5
SHUTDOWN,,,tcp,4,127.0.0.1,$client,127.0.0.1,$server,4,,SHUT_WR,0," || cat csv/nw_conn_events.csv
equal "conn: states, and whose" "$(sed -n '/,STATE,/p' csv/nw_conn_events.csv | tr -d '\r' | cut -d, -f2,5,8-12,14,20-22 | sed -n '2,3p')" \
	"STATE,program,tcp,4,127.0.0.1,0,127.0.0.1,,TCP_CLOSE,TCP_SYN_SENT,$pid
STATE,program,tcp,4,127.0.0.1,$client,127.0.0.1,,TCP_SYN_SENT,TCP_ESTABLISHED,$pid" || cat csv/nw_conn_events.csv
equal "poll: descriptors, masks, times" "$(table nw_epoll_events '2,3p;6p;9,10p' 2,6-12,14)" \
	"EPOLL_CREATE,3,,,,,,,0
EPOLL_CTL,3,4,ADD,EPOLLIN|EPOLLRDHUP,,,,0
EPOLL_CTL,3,4,MOD,EPOLLIN|EPOLLET,,,,0
EPOLL_CTL,3,4,DEL,,,,,-2
POLL,,,,,2,2,50000000,0" || cat csv/nw_epoll_events.csv
equal "sockopt: names and values" "$(table nw_sockopt_events 2,6p 2,6-11)" \
	"SET,3,SOL_SOCKET,SO_REUSEADDR,1,4,0
SET,3,IPPROTO_TCP,TCP_NODELAY,1,4,0
SET,3,SOL_SOCKET,SO_RCVTIMEO,,16,0
GET,3,SOL_SOCKET,SO_TYPE,1,4,0
SET,3,IPPROTO_TCP,12345,1,4,-92" || cat csv/nw_sockopt_events.csv
equal "processes: programs, exit status, signal" "$(table process_events '2p;/EXEC.*sh/p;/,5,.$/p;/,9.$/p' 2,5-6,9-10 | sort)" \
	"EXEC,program,./program,,
EXEC,sh,/bin/sh,,
EXIT,program,,,9
EXIT,sh,,5," || cat csv/process_events.csv
if [ -e retransmits.events ]; then
	"$IORIOT" -a main.capture -L all --export csv:csv
	equal "retransmits: state" "$(table nw_drop_events 2p 2,5-7,9,11-12)" \
		"TCP_RETRANSMIT,tcp,4,127.0.0.1,127.0.0.1,TCP_SYN_SENT,0" || cat csv/nw_drop_events.csv
fi
equal "who talks to whom" "$("$IORIOT" -a all.capture -L net -F 'written > 0' --by file | grep -c '127\.0\.0\.1:')" 2
done_testing
