#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the command line takes and refuses: a sentence that names the option, and exit status 2.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

usage() { # NAME REGEX ARGS...
	local name=$1 regex=$2
	shift 2
	status_is "$name" 2 "$IORIOT" "$@"
	says "$name: sentence" "^ioriot: .*$regex"
	equal "$name: one line" "$(wc -l <<<"$output")" 1
}

usage "no command" "no command"
usage "unknown letter" "unknown option -Z" -Z
usage "unknown name" "unknown option --zork" --zork
usage "no processes" "-p needs a number from 1" -r x -p 0
usage "too many processes" "-p needs a number from 1" -r x -p 99999999999999999999
usage "threads not a number" "-t needs a number" -r x -t x
usage "threads with a tail" "-t needs a number" -r x -t 8x
usage "negative speed" "-s needs" -r x -s -1
usage "unknown pace" "--pace needs one of times|think" -r x --pace=slow
usage "pace without time" "-s 0 keeps none" -r x --pace=think -s 0
usage "pace of a capture" "means nothing" -c x --pace=think -- true
usage "infinite speed" "-s needs" -r x -s inf
usage "speed is NaN" "-s needs" -r x -s nan
usage "init and replay" "-[ir] and -[ir] are two commands" -i x -r y
usage "trash and purge" "-[TP] and -[TP] are two commands" -T -P
usage "missing value" "-r needs a value" -r
usage "missing value of a long option" "-n needs a value|--name needs a value" --name
usage "option in place of a file" "-c needs a file name" -c -r x
usage "empty file name" "-c needs a file name" -c ""
usage "given twice" "-p is given twice" -r x -p 1 -p 2
usage "given twice, both spellings" "-p is given twice" -r x -p 1 --processes=2
usage "value where none is taken" "takes no value" -r x --quiet=1
usage "order of another kind" "resource\|strict\|thread" -r x --order=fifo
usage "data of another kind" "random\|zero\|text" -i x --data=ones
usage "back end of another kind" "auto\|ptrace\|stap\|bpf" -c x --backend=dtrace -- true
usage "name with a slash" "-n needs" -c x -r y -n ../z
usage "name with a dot in front" "-n needs" -c x -r y -n .trash
usage "name too long" "-n needs" -c x -r y -n "$(printf 'a%.0s' {1..65})"
usage "option of another command" "-p means nothing" -i x -p 2
usage "program with generate" "behind --" -c x -r y -- true
usage "program and process" "exclude each other" -c x -x 1 -- true
usage "nothing behind --" "no program behind --" -c x --
usage "program without --" "behind --" -c x ls
usage "capture and replay are one file" "same file" -c x -r x

for value in 0 -1 5d 1.5m m 5sm 99999999999h 11y; do
	usage "duration of $value" "--duration needs a time" -c x --duration "$value" -- true
done
for value in 0 -1 5K 5G 1.5k k 99999999999999999999 99999999999999999M; do
	usage "$value events" "--max-events needs a number" -c x --max-events "$value" -- true
done
for value in 0 1K 65535 5k 99999999999G 1T ""; do
	usage "file of $value bytes" "--max-size needs a size" -c x --max-size "$value" -- true
done
usage "no files" "--max-files needs a number" -c x --max-size 1M --max-files 0 -- true
usage "number of files without their size" "--max-files .* without --max-size" -c x --max-files 2 -- true
for value in 0 4096M 4G 5K x; do
	usage "buffer of $value" "--buffer needs a size from 1M to 4095M" -c x --buffer "$value"
done
usage "empty command name" "--comm needs the name" -c x --comm ""
usage "command name that no process can have" "--comm needs at most 15 bytes" -c x --comm a234567890123456
usage "command name for one process" "--comm chooses .* with -x" -c x --comm sh -x 1
usage "user for one program" "--uid chooses .* behind --" -c x --uid 0 -- true
usage "user who is not there" "--uid: there is no user" -c x --uid no-such-user-here
usage "--no-hold without a program" "--no-hold means nothing without a program" -c x --no-hold
usage "--no-hold with stap" "--no-hold means nothing to the stap backend" -c x --no-hold --backend=stap -- true
usage "--no-hold and --buffer" "no backend has both" -c x --no-hold --buffer 1M --backend=auto -- true
usage "limit of another command" "--max-size means nothing" -c x -r y --max-size 1M

status_is "-h" 0 "$IORIOT" -h
says "-h shows all commands" "-R, --init-replay"
says "-h explains the exit status" "Exit status: 0 done"
status_is "--help beside another command" 0 "$IORIOT" -c x --help
status_is "-V" 0 "$IORIOT" -V
says "-V prints the version" "^ioriot [0-9]+\.[0-9]+\.[0-9]+$"
status_is "help to a full device" 1 bash -c "\"$IORIOT\" -h > /dev/full"

done_testing
