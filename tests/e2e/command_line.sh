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
usage "back end of another kind" "ptrace\|stap\|bpf" -c x --backend=dtrace -- true
usage "name with a slash" "-n needs" -c x -r y -n ../z
usage "name with a dot in front" "-n needs" -c x -r y -n .trash
usage "name too long" "-n needs" -c x -r y -n "$(printf 'a%.0s' {1..65})"
usage "option of another command" "-p means nothing" -i x -p 2
usage "program with generate" "behind --" -c x -r y -- true
usage "program and process" "exclude each other" -c x -x 1 -- true
usage "nothing behind --" "no program behind --" -c x --
usage "program without --" "behind --" -c x ls
usage "capture and replay are one file" "same file" -c x -r x

status_is "-h" 0 "$IORIOT" -h
says "-h shows all commands" "-R, --init-replay"
says "-h explains the exit status" "Exit status: 0 done"
status_is "--help beside another command" 0 "$IORIOT" -c x --help
status_is "-V" 0 "$IORIOT" -V
says "-V prints the version" "^ioriot [0-9]+\.[0-9]+\.[0-9]+$"
status_is "help to a full device" 1 bash -c "\"$IORIOT\" -h > /dev/full"

done_testing
