#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A workload that does not end, with a process that has left its session: for e2e/workloads.sh.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

setsid flock "$STAY/held" sleep 1000 &
until [ -e "$STAY/held" ] && ! flock -n "$STAY/held" true; do
	sleep 0.05
done
echo "$PWD" >"$STAY/where"
mv "$STAY/where" "$STAY/ready"
wait
