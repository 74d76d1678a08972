# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tests of what becomes of bytes on the way to the disk, behind what has check, equal and await.
# $conserve_tools is where conservation_{program,check}.py are, $conserve_capture what records: ioriot with its options.

# Bytes that a device has read and written so far.
moved() { # DEVICE
	local counted
	read -ra counted < "/sys/class/block/${1#/dev/}/stat"
	echo $((counted[2] * 512)) $((counted[6] * 512))
}
# The same of the requests of a capture; a disk counts zeroes, which ext4 has written behind a mount, as written.
recorded() { # CAPTURE EVENT DEVICE
	awk -F ';:,' -v event=";:,o=$2;" \
		-v device=";:,y=0x$(printf %x "$((0x$(stat -c %t "$3") * 256 + 0x$(stat -c %T "$3")))");" '
		index($0, event) && index($0, device) {
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^c=/) bytes = substr($i, 3)
				if ($i ~ /^F=0x/) operation = substr($i, length($i) - 1)
			}
			sum[operation ~ /(^x|0)0$/ ? 0 : operation ~ /(^x|0)[19]$/ ? 1 : 2] += bytes
		}
		END { printf "%.0f %.0f\n", sum[0], sum[1] }' "$1"
}
since() { # "READ WRITTEN": what was moved since, of $device
	local now
	now=$(moved "$device")
	echo $((${now% *} - ${1% *})) $((${now#* } - ${1#* }))
}

# for conserve
# shellcheck disable=SC2317
chunks_of() { # DEVICE: of btrfs
	btrfs inspect-internal dump-tree -t chunk "$1" | awk '
		/CHUNK_ITEM/ { gsub(/[()]/, ""); for (i = 1; i < NF; i++) if ($i == "CHUNK_ITEM") at = $(i + 1) }
		/length [0-9]+ owner/ { length_of = $2 }
		/stripe 0 devid/ { print at, length_of, $NF }'
}

# conserve NAME DEVICE DISK TABLE CHUNKS: each way to write a file and to read it again on the file system of DEVICE,
# which is on DISK, as TABLE tells it (conservation_check.py). CHUNKS: a command that prints those of btrfs, or -. The
# capture that has all requests of the host is there before the file system is mounted, and until it is gone.
conserve() {
	local name=$1 device=$2 disk=$3 table=$4 chunks=$5 before above case all
	"${conserve_capture[@]:?}" -c "$name.host.capture" -L block 2> "$name.host.said" &
	all=$!
	check "$name: the host is recorded" await grep -q ', recording' "$name.host.said"
	before=$(device=$disk since "0 0")
	above=$(moved "$device")
	# the words are for sh
	# shellcheck disable=SC2016
	"${conserve_capture[@]:?}" -c "$name.capture" -L sys,block,cache -- sh -ec '
		mount "$1" fs
		for case in buffered fsync direct mmap; do
			python3 "$2" fs $case
		done
		umount fs' sh "$device" "${conserve_tools:?}/conservation_program.py" > "$name.counted" 2> "$name.said"
	equal "$name: recorded, but for what mount changes" "$? $(grep 'o=lost;' "$name.capture" |
		grep -vc 'what is mounted during a capture')" "3 0" || cat "$name.said"
	before=$(device=$disk since "$before")
	above=$(since "$above")
	kill -INT $all
	wait $all
	equal "$name: what the disk counted are the requests" \
		"$(recorded "$name.host.capture" block_done "$disk")" "$before"
	equal "$name: what the file system's device counted was queued" \
		"$(recorded "$name.host.capture" block_queue "$device")" "$above"
	if [ "$chunks" != - ]; then
		$chunks > found
		chunks=found
	fi
	mount -o ro "$device" fs
	"${conserve_tools:?}/conservation_check.py" fs "$name.capture" "$name.counted" "$table" "$chunks" > "$name.found" 2>&1
	for case in buffered fsync direct mmap; do
		equal "$name: $case, byte by byte" "$(grep "^$case: " "$name.found")" "$case: equal" || cat "$name.found"
	done
	umount fs
}

# conserve_synced NAME DEVICE: what is changed and is nobody's, as lists and the log of a file system, is recorded even if
# an ioriot has it written back, or reads what a file system keeps on its device.
conserve_synced() {
	local name=$1.synced disk=$2 before all
	mkdir -p "$name/read"
	cp "$(command -v sync)" "$name/ioriot"
	cp "$(command -v dd)" "$name/read/ioriot"
	"${conserve_capture[@]:?}" -c "$name.capture" -L block 2> "$name.said" &
	all=$!
	check "$name: the host is recorded" await grep -q ', recording' "$name.said"
	before=$(moved "$disk")
	mount "$disk" fs
	mkdir fs/{1,2,3}
	"$name/ioriot"
	"$name/read/ioriot" if="$disk" of=/dev/null bs=4k skip=77000 count=16 status=none
	umount fs
	before=$(device=$disk since "$before")
	kill -INT $all
	wait $all
	equal "$name: what the disk counted are the requests" "$(recorded "$name.capture" block_done "$disk")" "$before"
}
