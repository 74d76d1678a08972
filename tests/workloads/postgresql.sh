#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 900
# PostgreSQL: initdb, a server of many processes that inherit descriptors, pgbench, a clean stop.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() { :; }

bin=$(echo /usr/lib/postgresql/*/bin)
program="export PATH=$bin:\$PATH PGHOST=\$PWD PGDATA=\$PWD/data
initdb -A trust -U tester --no-instructions >log
pg_ctl -w -l server.log -o \"-k \$PWD -h ''\" start >>log
pgbench -i -q -s 1 -U tester postgres 2>>log
pgbench -c 4 -j 2 -t 50 -U tester postgres >>log 2>&1
pg_ctl -w -m fast stop >>log"
if is_root; then # which PostgreSQL refuses to run as
	run=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
fi
scenario postgresql data sh -e -c "$program"
done_testing
