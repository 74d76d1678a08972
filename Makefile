# SPDX-License-Identifier: Apache-2.0
CC      ?= gcc
PREFIX  ?= /opt/ioriot
DESTDIR ?=
BUILD   ?= build

PKGS    := libzstd jansson
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARN) -Isrc -I$(BUILD) $(shell pkg-config --cflags $(PKGS)) $(CFLAGS) $(EXTRA_CFLAGS)
LDLIBS  := $(shell pkg-config --libs $(PKGS)) -lpthread

SRC     := $(wildcard src/*.c src/*/*.c)
OBJ     := $(SRC:%.c=$(BUILD)/%.o)
LIBOBJ  := $(filter-out $(BUILD)/src/main.o,$(OBJ))

all: ioriot

ioriot: $(BUILD)/ioriot
	cp -f $< $@

$(BUILD)/ioriot: $(OBJ)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

clean:
	rm -rf $(BUILD) ioriot

-include $(OBJ:.o=.d)
.PHONY: all clean
