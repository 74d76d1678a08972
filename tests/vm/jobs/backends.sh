# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job of tests/vm/backends.sh: the same programs with both backends of the kernel.
# shellcheck source=../job_lib.sh
. /usr/lib/ioriot/job_lib.sh

deep=$(printf 'h/%.0s' {1..59})w # so deep that no ".." leads out of it: LEVELS of randprog.h
cat >/tmp/ops.sh <<'END'
for op in $(/job/op_calls --list); do
	mkdir -m 777 "dir-$op"
	(cd "dir-$op" && exec /job/op_calls "$op") || echo "$op: status $?" >&2
done
END
cat >/tmp/random.sh <<END
for seed in \$(seq 8); do
	mkdir -p \$seed/$deep
	(cd \$seed/$deep && /job/randprog \$seed --setup >/dev/null &&
		exec /job/randprog \$seed --mode turns --ops 40 --tasks 4 --privileged) >/tmp/random.log 2>&1 ||
		echo "seed \$seed: status \$?" >&2
done
END
cat >/tmp/lists.sh <<'END'
/job/lists start && exec /job/lists
END
for backend in stap bpf; do
	for what in ops lists random; do
		rm -rf /mnt/ext4/work
		mkdir /mnt/ext4/work
		cd /mnt/ext4/work || exit
		# a pipe: they look at their output, and as a file its length would have that of numbers of processes in it
		ioriot --quiet -c "/out/$what-$backend.capture" --backend=$backend --buffer=8 -- \
			sh "/tmp/$what.sh" 2>/tmp/said | cat >"/out/$what.stdout"
		equal "$what: $backend: status, and what is said" "${PIPESTATUS[0]} $(cat /tmp/said)" "0 "
	done
	cd / || exit
done

rm -rf /mnt/ext4/work
mkdir /mnt/ext4/work
cd /mnt/ext4/work || exit
check "lists: ptrace" ioriot --quiet -c /out/lists-ptrace.capture --backend=ptrace -- sh /tmp/lists.sh
cd / || exit

# what --backend=auto takes where there are modules, and when there is a damaged one
head -c 20000 "/opt/ioriot/systemtap/$(uname -r)/ioriot.ko" >/tmp/damaged.ko
auto() { ioriot -c "/tmp/$1.capture" --backend=auto --buffer=8 "${@:2}" -- true 2>&1 | grep -E 'not with|recording with'; }
equal "auto: the module loads" "$(auto loads)" "ioriot: recording with stap"
auto damaged -m /tmp/damaged.ko >/tmp/damaged.said
check "auto: the module does not load, and why" grep -q '^ioriot: not with stap: .*damaged' /tmp/damaged.said
equal "auto: the next one is taken" "$(tail -n 1 /tmp/damaged.said)" "ioriot: recording with bpf"
