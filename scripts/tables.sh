#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What kernel modules and ioriot must agree on, as one number: printed as a C header. Both builds take
# it from here.
cd "$(dirname "$0")/../src" || exit 1
sum=$(cat ops/ops.def ops/args.def ops/unrecorded.def ops/uring.def ops/ioctl.def ops/ioctl.h ops/aio.h ops/layers.h capture/wire.h | cksum) ||
	exit 1
printf '#define IORIOT_TABLES "%s"\n' "${sum%% *}"
