#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1700
# What --check says of the SystemTap backend is so: of each kind of user, of a kernel that is
# locked down, and of modules that are damaged or of another kernel.
# shellcheck source=vm_lib.sh
. "$TESTS/vm/vm_lib.sh"

guest check
done_testing
