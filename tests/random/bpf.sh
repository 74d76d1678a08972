#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1800
# Random programs, recorded by BPF programs and by ptrace: the records are the same, and their replay has the same
# results. All are one recording. BPF_PROGRAMS says how many.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "random programs with BPF"
programs=${BPF_PROGRAMS:-200}
if ! cc -std=gnu11 -O1 -static -o randprog "$TESTS"/randprog/*.c; then
	not_ok "build" "see above"
	done_testing
fi
# so deep that no ".." leads out of it: LEVELS of randprog.h
deep=$(printf 'h/%.0s' {1..59})w
cat >all.sh <<EOF
for seed in \$(seq $programs); do
	mkdir -p \$seed/$deep
	(cd \$seed/$deep && $PWD/randprog \$seed --setup >/dev/null &&
		exec $PWD/randprog \$seed --mode turns --ops 60 --tasks 5 --privileged >$PWD/log 2>&1) ||
		echo "seed \$seed: status \$?"
done
EOF

# While others change maps of BPF, the kernel does not tell the ends of page faults, which are counted as lost then.
lost() { # CAPTURE
	grep -a ';:,o=lost;:,' "$1" | grep -avc ';:,p=the end of a page fault in a call was not seen;:,'
}
status_of() { # CAPTURE: what the exit status is
	grep -aq ';:,o=lost;:,' "$1" && echo 3 || echo 0
}

for backend in ptrace bpf; do
	rm -rf work
	mkdir work
	cd work || exit
	output=$("$IORIOT" --quiet -c ../$backend.capture --backend=$backend -- sh ../all.sh 2>&1 </dev/null)
	equal "$backend: recorded" "$?" "$(status_of ../$backend.capture)"
	equal "$backend: all ran" "$output" ""
	equal "$backend: what is missing, but for ends of page faults" "$(lost ../$backend.capture)" 0
	cd ..
	# what they say has numbers of processes in it
	sed -E 's/(;:,o=write;:,d=1;:,c=)[0-9]+(;:,s=)[0-9]+/\10\20/' $backend.capture >$backend.plain
done
check "the same records" "$TESTS/vm/compare_captures.py" ptrace.plain bpf.plain
check "the capture is sound" "$TESTS/capture_check.py" bpf.capture
mkdir root
status_is "generated" "$(status_of bpf.capture)" "$IORIOT" -c bpf.capture -r bpf.replay -n bpf --root root
equal "nothing was made by others" "$(grep -E 'made by others|contradict' <<<"$output")" ""
for layout in "1 1" "4 16"; do
	status_is "initialised for $layout" 0 "$IORIOT" --quiet -i bpf.replay --root root -u root
	status_is "replayed without divergence, $layout" 0 "$IORIOT" -r bpf.replay --root root -u root -D \
		-p "${layout% *}" -t "${layout#* }"
done
done_testing
