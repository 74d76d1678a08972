# SPDX-License-Identifier: Apache-2.0
#
#   make                  builds ./ioriot
#   make test             installs what is missing (Debian), builds, runs every test and check
#   make demo             installs what is missing, builds, records and replays a real program
#   make install          to PREFIX (/opt/ioriot), below DESTDIR
#   make dist             build/ioriot-VERSION.tar.gz, which builds with BPF without clang
#   make static           build/ioriot-static, which needs no library where it runs
#   make modules          SystemTap modules for the running kernel, or KERNEL=RELEASE
#   make test-vm          what runs in a virtual machine
#   make asan tsan lint shellcheck manlint docs fuzz faults hostile    one check of "make test" each
#   make coverage         which lines of src/ the tests run
#   make partitions       which kinds of arguments and results they hit
#   make bench-vm         what the SystemTap module costs, in the virtual machine
#   make workloads        fio, PostgreSQL, RocksDB ... recorded and replayed
#   make bench, make soak measurements; the same under load for a long time
PREFIX  ?= /opt/ioriot
DESTDIR ?=
BUILD   ?= build

PKGS    := libzstd jansson liburing nettle zlib
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes

# "make deps clean" must not fail before deps had its turn: pkg-config is asked when it is needed.
pkg        = $(shell pkg-config $(1))
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) -Isrc -I$(BUILD) $(PKG_CFLAGS) $(SET_CFLAGS) $(CFLAGS) $(EXTRA_CFLAGS)
PKG_CFLAGS = $(eval PKG_CFLAGS := $(call pkg,--cflags $(PKGS)))$(PKG_CFLAGS)
# gcc sets and copies structs of some hundred bytes by "rep stos" on x86-64, which takes longer than a call.
SET_BY_CALL = $(1:%=-mmem%-strategy=unrolled_loop:64:noalign,libcall:-1:noalign)
SET_CFLAGS  = $(eval SET_CFLAGS := $(shell \
	$(CC) $(call SET_BY_CALL,set cpy) -E -x c /dev/null >/dev/null 2>&1 && echo '$(call SET_BY_CALL,set cpy)'))$(SET_CFLAGS)
LDLIBS     = $(call pkg,--libs $(PKGS)) -lpthread -lm

# The BPF backend is part of the build where its tools are, or a release has what they make; BPF=no leaves it out.
SBIN    := /usr/sbin:/sbin
CLANG   ?= clang
BPFTOOL ?= bpftool
BPFARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
BPFMADE := $(wildcard release/ioriot_bpf.skel.$(BPFARCH).h)
BPFHOW  := $(shell export PATH=$$PATH:$(SBIN); command -v $(CLANG) >/dev/null && \
	command -v $(BPFTOOL) >/dev/null && echo tools || echo $(BPFMADE))
BPF     ?= $(shell [ -n '$(BPFHOW)' ] && pkg-config --exists libbpf && echo yes || echo no)
BPFSRC  := src/capture/bpf.c src/capture/bpf_layers.c src/capture/bpf_programs.c src/capture/bpf_ring.c
BPFSKEL := $(BUILD)/ioriot_bpf.skel.h
BPFSKEL_OLD := $(BUILD)/ioriot_bpf_old.skel.h
BPFIN   := $(sort $(wildcard src/capture/bpf/*) src/capture/sockets.def src/capture/hooks.def src/capture/wire.h systemtap/table.h \
	systemtap/interrupted.h systemtap/ring_request.h systemtap/tcp_states.h $(wildcard src/ops/*.def src/ops/*.h))
BPFSUM   = cat $(BPFIN) | sha256sum | cut -c1-64

# V=1 shows the commands.
Q   := $(if $(V),,@)
comma := ,
say  = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

SRC     := $(wildcard src/*.c src/*/*.c src/report/html/*.c)
ifeq ($(BPF),yes)
PKGS    += libbpf
ALL_CFLAGS += -DHAVE_BPF
else
SRC     := $(filter-out $(BPFSRC),$(SRC))
endif
OBJ     := $(SRC:%.c=$(BUILD)/%.o)
LIBOBJ  := $(filter-out $(BUILD)/src/main.o,$(OBJ))
UNIT    := $(wildcard tests/unit/*.c tests/common/*.c)
UNITOBJ := $(UNIT:%.c=$(BUILD)/%.o)
FUZZ    := $(wildcard tests/fuzz/fuzz*.c tests/common/*.c)
FUZZOBJ := $(FUZZ:%.c=$(BUILD)/%.o)
TOOLS   := $(BUILD)/option_texts $(BUILD)/syscall_matrix $(BUILD)/late_emulate
TEXTS   := $(BUILD)/ioriot.bash $(BUILD)/options.mdoc

all: ioriot $(TEXTS)
ifneq ($(BPF),yes)
	@echo 'the BPF backend is left out: it needs clang, bpftool and libbpf (Debian: clang bpftool libbpf-dev)'
endif

ioriot: $(BUILD)/ioriot
	$(Q)cp -f $< $@

$(BUILD)/ioriot: $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Names of users need the C library's own modules there; the linker's warnings are about them.
static: $(BUILD)/ioriot-static
$(BUILD)/ioriot-static: $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -o $@ $^ $(call pkg,--static --libs $(PKGS)) -lpthread -lm 2> $@.log || \
		{ cat $@.log >&2; exit 1; }

$(BUILD)/unit: $(UNITOBJ) $(LIBOBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs check) $(LDLIBS)

# SUITE(x) for each tests/unit/test_x.c: what main.c runs.
$(BUILD)/suites.def: FORCE
	@mkdir -p $(@D)
	@printf 'SUITE(%s)\n' $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c)) > $@.new
	@cmp -s $@.new $@ || cp $@.new $@; rm $@.new

$(UNITOBJ): | $(BUILD)/suites.def
$(UNITOBJ): private override EXTRA_CFLAGS += $(call pkg,--cflags check) -DSOURCE_DIR='"$(CURDIR)"'

$(BUILD)/option_texts: $(BUILD)/scripts/option_texts.o $(LIBOBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/fuzz: $(FUZZOBJ) $(LIBOBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# One for each property, with clang: tests/checks/libfuzzer.sh.
$(BUILD)/libfuzzer_%: tests/fuzz/libfuzzer.c $(filter-out %/fuzz.o,$(FUZZOBJ)) $(LIBOBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -DTARGET=fuzz_$* -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Calls that fail: a library for LD_PRELOAD, and ioriot with the same calls wrapped.
$(BUILD)/fault.so: tests/fault/fault.c tests/fault/faults.def $(BUILD)/flags
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -shared -fPIC -o $@ $< -ldl

WRAPPED = $(addprefix -Wl$(comma)--wrap=,$(shell tests/fault/names.sh))

$(BUILD)/ioriot-fault: tests/fault/fault.c tests/fault/faults.def $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -DFAULT_WRAP $(LDFLAGS) $(WRAPPED) -o $@ $< $(OBJ) $(LDLIBS)

$(BUILD)/late_emulate: $(BUILD)/tests/late/emulate.o $(LIBOBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/syscall_matrix: $(BUILD)/scripts/syscall_matrix.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/ioriot.bash: $(BUILD)/option_texts
	$(Q)$< completion > $@.new && mv $@.new $@

$(BUILD)/options.mdoc: $(BUILD)/option_texts
	$(Q)$< man > $@.new && mv $@.new $@

# What kernel modules and ioriot must agree on; only what includes it is compiled again.
$(BUILD)/tables.h: FORCE
	@mkdir -p $(@D)
	@scripts/tables.sh > $@.new
	@cmp -s $@.new $@ || cp $@.new $@; rm $@.new

$(OBJ) $(UNITOBJ) $(FUZZOBJ): | $(BUILD)/tables.h

# What is in each HTML report: the scripts are known to browsers by their hashes.
HTML   := src/report/html
ASSETS := $(addprefix $(BUILD)/html/,style.css script.js flame.js body.html hashes.h)

$(BUILD)/html/style.css: $(HTML)/uPlot.min.css $(HTML)/report.css
	@mkdir -p $(@D)
	$(Q)cat $^ > $@

$(BUILD)/html/script.js: $(HTML)/uPlot.LICENSE $(HTML)/uPlot.iife.min.js $(HTML)/report.js
	@mkdir -p $(@D)
	$(Q){ echo '/* uPlot:'; cat $(HTML)/uPlot.LICENSE; echo '*/'; cat $(filter %.js,$^); } > $@

$(BUILD)/html/%: $(HTML)/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(BUILD)/html/hashes.h: $(BUILD)/html/script.js $(BUILD)/html/flame.js
	$(Q)for file in $^; do \
		sha256sum "$$file" | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64 | sed "s/.*/'sha256-&'/"; \
	done | paste -sd ' ' | sed 's/.*/#define SCRIPT_HASHES "&"/' > $@

$(BUILD)/src/report/html/assets.o: $(ASSETS)
$(BUILD)/src/report/html/assets.o: private override EXTRA_CFLAGS += -DASSETS='"$(BUILD)/html"'

# The modules that "make install" put there are found by an ioriot that lies elsewhere.
$(BUILD)/src/capture/stap_module.o: private override EXTRA_CFLAGS += -DIORIOT_PREFIX='"$(PREFIX)"'

# One binary for all kernels from 5.17 on, and one for those from 5.8 on: what they look like is found out when it is
# loaded.
$(BPFSKEL_OLD): private BPFOLD := -DIORIOT_OLD
BPFCC    = $(CLANG) -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_$(BPFARCH) -ffreestanding -Isrc \
	-idirafter /usr/include/$$(uname -m)-linux-gnu $(call pkg,--cflags libbpf) -Wall -Wextra -Wno-unused-parameter
ifeq ($(BPFHOW),tools)
$(BPFSKEL) $(BPFSKEL_OLD): $(BUILD)/%.skel.h: $(BPFIN)
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(BPFCC) $(BPFOLD) -c src/capture/bpf/ioriot.bpf.c -o $(BUILD)/$*.tmp
	$(Q)export PATH=$$PATH:$(SBIN); $(BPFTOOL) gen object $(BUILD)/$*.o $(BUILD)/$*.tmp && \
		$(BPFTOOL) gen skeleton $(BUILD)/$*.o name $* > $@.new && mv $@.new $@
else
$(BPFSKEL) $(BPFSKEL_OLD): $(BUILD)/%.h: release/%.$(BPFARCH).h $(BPFIN)
	@mkdir -p $(@D)
	@sed -n '1s/[^0-9a-f]//gp' $< | grep -qx "$$($(BPFSUM))" || { echo >&2 \
		'$< is not made of these sources: clang and bpftool are needed, or BPF=no'; exit 1; }
	$(Q)sed 1d $< > $@.new && mv $@.new $@
endif

$(BUILD)/src/capture/bpf_programs.o: $(BPFSKEL) $(BPFSKEL_OLD)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Rewritten only when compiler or flags changed, so that no object of other flags is linked.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@pkg-config --exists --print-errors $(PKGS) || \
		{ echo 'ioriot needs these libraries; "make deps" installs them on Debian' >&2; exit 1; }
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@

clean:
	rm -rf build build-asan build-tsan build-fuzz build-coverage systemtap/build ioriot

deps:
	@scripts/deps.sh

# deps comes first even with -j: the rest is a make of its own.
test: deps
	@$(MAKE) --no-print-directory all $(BUILD)/unit $(TOOLS)
	@tests/run

modules:
	@$(MAKE) --no-print-directory -C systemtap

test-vm: deps
	@$(MAKE) --no-print-directory all $(TOOLS)
	@tests/run vm

demo: deps
	@$(MAKE) --no-print-directory all
	@scripts/demo.sh

BENCHTOOLS := $(addprefix $(BUILD)/bench/,load loading calls split wire ioriot)

$(BUILD)/bench/calls $(BUILD)/bench/split: $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

ifeq ($(BPFHOW),tools)
BENCHTOOLS += $(addprefix $(BUILD)/bench/,floor floor.bpf.o)
endif

$(BUILD)/bench/floor: $(BUILD)/tests/bench/floor.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs libbpf)

$(BUILD)/bench/floor.bpf.o: tests/bench/floor.bpf.c src/capture/bpf/types.h
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(BPFCC) -c $< -o $@

$(BUILD)/bench/wire: $(BUILD)/tests/bench/wire.o $(BUILD)/tests/common/wire_bytes.o $(LIBOBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/bench/load $(BUILD)/bench/loading: $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(LIBOBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# ioriot as valgrind can run it.
$(BUILD)/bench/ioriot: $(BUILD)/tests/bench/openat2.o $(OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=syscall -o $@ $^ $(LDLIBS)

benchtools: $(BENCHTOOLS)

bench:
	@scripts/deps.sh bench
	@$(MAKE) --no-print-directory all benchtools
	@scripts/bench.py --ioriot ./ioriot --json $(BUILD)/bench.json

# The same of the SystemTap module, in the virtual machine of the tests: ratios.
bench-vm: deps
	@$(MAKE) --no-print-directory all
	@scripts/bench_vm.py --json $(BUILD)/bench-vm.json

# Larger programs from Debian's archive, recorded and replayed; FS="ext4 xfs btrfs tmpfs overlay" (root).
workloads:
	@scripts/deps.sh workloads
	@$(MAKE) --no-print-directory all
	@scripts/workloads.sh $(FS)

soak: all
	@FAULT_STRIDE=1 tests/run checks/faults.sh
	@FUZZ_SEED=$$(date +%s) FUZZ_SECONDS=60 FUZZ_ROUNDS=600 LIBFUZZER_SECONDS=60 \
		tests/run checks/fuzz.sh checks/fuzz_generate.sh checks/libfuzzer.sh
	@$(MAKE) --no-print-directory $(BUILD)/unit
	@KERNEL_SEEDS=5000 $(BUILD)/unit kernel
	@$(MAKE) --no-print-directory $(BUILD)/bench/load
	@tests/soak/replay.py
	@tests/run soak/old_kernel.sh
	@tests/run --repeat 50 scenarios
	@tests/randprog/run.py --as user --mode turns --layouts all --in-memory --seeds 1-5000 --jobs 8
	@if [ "$$(id -u)" -eq 0 ]; then \
		tests/randprog/run.py --as root --mode turns --layouts all --in-memory --seeds 5001-10000 --jobs 8; \
	else echo "skip random programs of root: needs root"; fi

CHECKS := asan tsan lint shellcheck manlint docs faults hostile
$(CHECKS): deps
	@tests/run checks/$@.sh

fuzz: deps
	@tests/run checks/fuzz.sh checks/fuzz_generate.sh checks/libfuzzer.sh

# The sources, and what clang and bpftool make of them for this architecture: known by its first line.
VERSION  = $(shell sed -n 's/.*IORIOT_VERSION "\(.*\)".*/\1/p' src/options.h)
DISTNAME = ioriot-$(VERSION)
DIST     = $(BUILD)/dist/$(DISTNAME)
dist: $(BPFSKEL) $(BPFSKEL_OLD)
	@rm -rf $(BUILD)/dist && mkdir -p $(DIST)/release
	@git ls-files -z | tar -cf - --null -T - | tar -xf - -C $(DIST)
	@for skeleton in $(^F); do \
		{ echo "/* $$($(BPFSUM)) */"; cat $(BUILD)/$$skeleton; } > $(DIST)/release/$${skeleton%.h}.$(BPFARCH).h; done
	$(Q)tar --sort=name --owner=0 --group=0 --numeric-owner -C $(BUILD)/dist -czf $(BUILD)/$(DISTNAME).tar.gz $(DISTNAME)
	@rm -rf $(BUILD)/dist
	@echo $(BUILD)/$(DISTNAME).tar.gz

# What the tests run of src/, line by line.
coverage: deps
	@$(MAKE) --no-print-directory all $(BUILD)/unit $(TOOLS)
	@scripts/coverage.sh -m 90

# Which partitions of arguments and results the tests hit.
partitions: all $(TOOLS)
	@scripts/partitions.sh

# The man page's OPTIONS section is the option table.
man: $(BUILD)/options.mdoc
	scripts/man_options.sh $< docs/man/ioriot.1

MANDIR := $(DESTDIR)$(PREFIX)/share/man
DOCDIR := $(DESTDIR)$(PREFIX)/share/doc/ioriot
COMPDIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
install: all
	install -D -m 755 ioriot $(DESTDIR)$(PREFIX)/bin/ioriot
	install -D -m 644 docs/man/ioriot.1 $(MANDIR)/man1/ioriot.1
	install -D -m 644 docs/man/ioriot-analyse.1 $(MANDIR)/man1/ioriot-analyse.1
	install -D -m 644 docs/man/ioriot-capture.5 $(MANDIR)/man5/ioriot-capture.5
	install -D -m 644 docs/man/ioriot-replay.5 $(MANDIR)/man5/ioriot-replay.5
	install -D -m 644 docs/man/ioriot-layers.7 $(MANDIR)/man7/ioriot-layers.7
	install -D -m 644 $(BUILD)/ioriot.bash $(COMPDIR)/ioriot
	install -d $(DOCDIR)
	install -m 644 README.md LICENSE $(wildcard docs/*.md) $(DOCDIR)

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/ioriot $(MANDIR)/man1/ioriot.1 $(COMPDIR)/ioriot
	rm -f $(MANDIR)/man1/ioriot-analyse.1
	rm -f $(MANDIR)/man5/ioriot-capture.5 $(MANDIR)/man5/ioriot-replay.5
	rm -f $(MANDIR)/man7/ioriot-layers.7
	rm -rf $(DOCDIR)

-include $(OBJ:.o=.d) $(UNITOBJ:.o=.d) $(BUILD)/scripts/option_texts.d
-include $(BUILD)/scripts/syscall_matrix.d $(BUILD)/tests/late/emulate.d $(FUZZOBJ:.o=.d)
-include $(addprefix $(BUILD)/tests/bench/,load.d loading.d calls.d split.d wire.d openat2.d floor.d)
FORCE:
.PHONY: all static clean coverage deps dist fuzz partitions workloads modules test test-vm demo bench benchtools bench-vm soak install uninstall man FORCE $(CHECKS)
