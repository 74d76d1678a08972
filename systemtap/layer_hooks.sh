#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: systemtap/layer_hooks.sh [--headers] DIRECTORY...
#
# Rows for layer_hooks[] of layers.h, from src/capture/hooks.def: with the function of ours where a header of
# the kernel in one of the DIRECTORIES (include/ of the kernel and of its processor) declares the tracepoint, and
# without where none does; a function is looked for when the module is loaded. With --headers: the headers that
# declare them.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
headers=
[ "${1-}" = --headers ] && headers=1 && shift

rows() {
	cpp -P - <<-END | grep '^ROW'
		#define HOOK_ROW(event, program, tracepoint, values, layers) ROW event program tracepoint false layers
		#define HOOK_ALWAYS(program, tracepoint, layers) ROW program program tracepoint true layers
		#define HOOK_FUNCTION(event, program, name, layers) ROW event program name function layers
		#define HOOK_AROUND(event, program, name, layers) ROW event program name around layers
		#define BIT(layer) BIT_OF(layer)
		#define HELPS(layer) BIT_OF(layer)
		#include "$here/../src/capture/hooks.def"
	END
}

# As it is included.
header_of() { # TRACEPOINT DIRECTORY...
	local name=$1 directory
	shift
	for directory; do
		(cd "$directory" 2>/dev/null && grep -rlw --include='*.h' -- "$name" trace/events asm/trace 2>/dev/null | head -n 1)
	done | head -n 1
}

ours() { # PROGRAM
	grep -q "^ON($1," "$here/layers.h"
}

rows | while read -r _ event program tracepoint always layers; do
	if [ "$always" = function ]; then
		[ -n "$headers" ] || echo "{\"$event\", \"$tracepoint\", NULL, $layers, false, &called_$program," \
			".probe = {.symbol_name = \"$tracepoint\", .pre_handler = on_$program}},"
		continue
	fi
	if [ "$always" = around ]; then
		[ -n "$headers" ] || echo "{\"$event\", \"$tracepoint\", NULL, $layers, false, &called_$program," \
			".around = {.kp.symbol_name = \"$tracepoint\", .entry_handler = on_$program," \
			".handler = on_${program}_over, .data_size = sizeof(struct around), .maxactive = AROUND_MOST}},"
		continue
	fi
	header=$(header_of "$tracepoint" "$@")
	if [ -n "$headers" ]; then
		[ -n "$header" ] && ours "$program" && echo "#include <$header>"
	elif [ -n "$header" ] && ours "$program"; then
		echo "{\"$event\", \"$tracepoint\", FITTING($tracepoint, on_$program), $layers, $always, &called_$program},"
	else
		echo "{\"$event\", \"$tracepoint\", NULL, $layers, $always, &called_$program},"
	fi
done | if [ -n "$headers" ]; then sort -u; else cat; fi
