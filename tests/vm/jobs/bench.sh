# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of scripts/bench_vm.py: the same calls untraced, recorded by the module, and by text probes, in
# turns. Of the last two once with the reader stopped in the meantime, which is what the calls themselves
# take longer, and once with it running: the machine has only one processor in truth. /job/rounds says how
# often. Then recorded with each of the layers in /job/layers. Prints "ROUND VARIANT MODE NS CALLS" for each, and what
# was recorded.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh
where=/mnt/ext4/bench
mkdir -p $where/storm-directory

# recorded ROUND VARIANT FILE: one call of each round of each mode, and what the closing line says of loss.
recorded() {
	local counts='' regex
	for regex in 'o=pread64;:,.*c=1;:,O=100;' 'o=openat;:,.*p="?storm0"?;:,f=0;' \
		'o=newfstatat;:,.*p="?storm0"?;' 'o=unlink;:,p="?storm0-renamed"?;'; do
		counts="$counts $(grep -acE ";:,$regex.*s=[0-9]+;" "$3")"
	done
	echo "records $1 $2$counts lost $(sed -n 's/.*;:,o=end;:,c=[0-9]*;:,O=\([0-9]*\);.*/\1/p' "$3")"
	rm -f "$3"
}

# The program of each turn: it waits to be let go.
cat > /tmp/modes << 'END'
kill -STOP $$
while read -r mode n; do
	echo "$mode $(/job/storm "$mode" "$n" 1 /mnt/ext4/bench)"
done < /job/modes
END

paused() { # its process is in $program, what it prints in /tmp/result
	sh /tmp/modes > /tmp/result &
	program=$!
	await holds "/proc/$program/status" 'T (stopped)'
}

finished() { # ROUND VARIANT
	kill -CONT $program
	wait $program
	sed "s/^/$1 $2 /" /tmp/result
}

untraced() {
	paused
	finished "$1" none
}

module() { # ROUND VARIANT
	paused
	begin bench -x $program --buffer=64
	[ "$2" = live ] || kill -STOP "$capture"
	finished "$1" "$2"
	[ "$2" = live ] || kill -CONT "$capture"
	wait "$capture"
	recorded "$1" "$2" /tmp/bench.capture
}

layers() { # ROUND LAYERS
	paused
	begin bench -x $program --buffer=64 -L "$2"
	kill -STOP "$capture"
	finished "$1" "$2"
	kill -CONT "$capture"
	wait "$capture"
	sed -n "s/.*;:,o=end;:,c=\([0-9]*\);:,O=\([0-9]*\);.*/layers $1 $2 records \1 lost \2/p" /tmp/bench.capture
	rm /tmp/bench.capture
}

text() { # ROUND VARIANT
	local reader
	paused
	set -m
	staprun -b 64 -o /tmp/text /job/text_probes.ko 2>> /out/text.err &
	reader=$!
	set +m
	await holds /tmp/text ready
	[ "$2" = text-live ] || kill -STOP $reader
	finished "$1" "$2"
	[ "$2" = text-live ] || kill -CONT $reader
	sleep 1 # what it has not read when it is told to end it never reads
	kill -INT $reader
	wait $reader
	recorded "$1" "$2" /tmp/text
}

mapfile -t lists < /job/layers
for round in $(seq "$(cat /job/rounds)"); do
	untraced "$round"
	module "$round" stopped
	text "$round" text
	module "$round" live
	text "$round" text-live
	for list in "${lists[@]}"; do
		layers "$round" "$list"
	done
done
