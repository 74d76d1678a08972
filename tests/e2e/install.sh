#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make install and make uninstall, as packagers use them.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

run_make=(make -s -C "$SOURCE" DESTDIR="$TEST_TMP/stage")

check "make install" "${run_make[@]}" install
base=$TEST_TMP/stage/opt/ioriot
for file in share/man/man1/ioriot.1 share/man/man5/ioriot-capture.5 share/man/man5/ioriot-replay.5 \
	share/bash-completion/completions/ioriot share/doc/ioriot/README.md share/doc/ioriot/LICENSE; do
	check "installed: $file" test -f "$base/$file"
done
status_is "the installed program runs" 0 "$base/bin/ioriot" -V
equal "modes" "$(stat -c %a "$base/bin/ioriot" "$base/share/man/man1/ioriot.1" | tr '\n' ' ')" "755 644 "
check "make uninstall" "${run_make[@]}" uninstall
equal "nothing is left" "$(find "$TEST_TMP/stage" -type f)" ""
check "another prefix" "${run_make[@]}" install PREFIX=/usr
check "another prefix: program" test -x "$TEST_TMP/stage/usr/bin/ioriot"

# The completion completes.
complete_with() { # WORDS... -> what bash would offer for the last one
	bash -c 'source "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) &&
		_ioriot && printf "%s\n" "${COMPREPLY[@]}"' - \
		"$TEST_TMP/stage/usr/share/bash-completion/completions/ioriot" "$@"
}
equal "completes an option" "$(complete_with ioriot --thr)" "--threads"
equal "completes a word behind =" "$(complete_with ioriot --data = z)" "zero"
equal "completes a word behind a blank" "$(complete_with ioriot --order s)" "strict"
: > a-capture-file
equal "completes a file" "$(complete_with ioriot -c a-cap)" "a-capture-file"
equal "completes a program behind --" "$(complete_with ioriot -c x -- setpri | sort -u)" "setpriv"
done_testing
