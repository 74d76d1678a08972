#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1800
# Random programs, recorded by BPF programs and by ptrace: the records are the same, and their replay has the same
# results. All are one recording. BPF_PROGRAMS says how many; of 200 some differ by what capture-with-bpf.md calls
# weaker.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"
# shellcheck source=../bpf_lib.sh
. "$TESTS/bpf_lib.sh"

bpf_or_skip "random programs with BPF"
programs=${BPF_PROGRAMS:-30}
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
for backend in ptrace bpf; do
	rm -rf work
	mkdir work
	cd work || exit
	status_is "$backend: recorded" 0 "$IORIOT" --quiet -c ../$backend.capture --backend=$backend -- sh ../all.sh
	equal "$backend: all ran" "$output" ""
	cd ..
	# what they say has numbers of processes in it
	sed -E 's/(;:,o=write;:,d=1;:,c=)[0-9]+(;:,s=)[0-9]+/\10\20/' $backend.capture >$backend.plain
done
check "the same records" "$TESTS/vm/compare_captures.py" ptrace.plain bpf.plain
check "the capture is sound" "$TESTS/capture_check.py" bpf.capture
mkdir root
status_is "generated" 0 "$IORIOT" -c bpf.capture -r bpf.replay -n bpf --root root
equal "nothing was made by others" "$(grep -E 'made by others|contradict' <<<"$output")" ""
for layout in "1 1" "4 16"; do
	status_is "initialised for $layout" 0 "$IORIOT" --quiet -i bpf.replay --root root -u root
	status_is "replayed without divergence, $layout" 0 "$IORIOT" -r bpf.replay --root root -u root -D \
		-p "${layout% *}" -t "${layout#* }"
done
done_testing
