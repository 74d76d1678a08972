#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make -j2 of a small C project: vfork and exec, headers searched in many directories, temporary
# files, a job server, an archive.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	mkdir -p src include
	for n in 1 2 3 4; do
		printf 'int f%s(int x);\n' "$n" > "include/f$n.h"
		printf '#include <stdio.h>\n#include "f%s.h"\nint f%s(int x) { return printf("%%d\\n", x + %s); }\n' \
			"$n" "$n" "$n" > "src/f$n.c"
	done
	printf '#include "f1.h"\n#include "f4.h"\nint main(void) { return f1(1) + f4(2) < 0; }\n' > src/main.c
	{
		printf 'OBJ := src/main.o\nLIB := src/f1.o src/f2.o src/f3.o src/f4.o\n'
		printf 'prog: $(OBJ) libf.a\n\tgcc -o $@ $^\n'
		printf 'libf.a: $(LIB)\n\tar rcs $@ $^\n'
		printf '%%.o: %%.c\n\tgcc -O1 -Iinclude -c -o $@ $<\n'
	} > Makefile
}

scenario make . make -s -j2
done_testing
