# What a user or a developer of Apus does, one word each. `make help` lists it.
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
BIN := build/bin

.PHONY: help setup setup-test build demo test test-full test-boards test-libvirt test-distribution bench bench-user schema install lint clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: ## install what building and the demo need
	scripts/setup build

setup-test: ## install what the tests need as well
	scripts/setup test

build: setup ## build the tools and their qemu-… links in build/bin
	$(SWIFT) build -c release --product apus
	$(SWIFT) build -c release --product apus-user
	@mkdir -p $(BIN)
	@cp -f "$$($(SWIFT) build -c release --show-bin-path)/apus" $(BIN)/apus
	@cp -f "$$($(SWIFT) build -c release --show-bin-path)/apus-user" $(BIN)/apus-user
	@for name in $$($(BIN)/apus --print-links); do ln -sf apus $(BIN)/$$name; done
	@for name in $$($(BIN)/apus-user --print-links); do ln -sf apus-user $(BIN)/$$name; done
	@echo "built: $$(ls $(BIN) | tr '\n' ' ')"

demo: build ## boot Debian's riscv64 kernel to a shell
	scripts/fetch-guest
	scripts/demo

test: setup-test build ## build and pass the fast tests
	$(SWIFT) test -c release
	Tests/UserMode/programs.py --bin $(BIN)
	Tests/UserMode/options.py --bin $(BIN)
	Tests/UserMode/codecache.py --bin $(BIN)
	Tests/UserMode/gdb.py --bin $(BIN)
	Tests/UserMode/vdso.py --bin $(BIN)
	Tests/Control/qmp.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/coverage.py --bin $(BIN)
	Tests/Control/corpus.py --bin $(BIN)
	Tests/Control/sandbox.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/tls.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/characters.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/window.py --system $(BIN)/qemu-system-riscv64
	scripts/fetch-guest
	Tests/GuestBoot/badinput.py --system $(BIN)/qemu-system-riscv64
	Tests/GuestBoot/control.py --system $(BIN)/qemu-system-riscv64
	for guest in riscv64 riscv32 aarch64 arm; do Tests/GuestBoot/debug.py --system $(BIN)/qemu-system-$$guest || exit 1; done
	Tests/GuestBoot/boot.py --system $(BIN)/qemu-system-riscv64 --smp 1 --smp 4
	Tests/GuestBoot/network.py --system $(BIN)/qemu-system-riscv64
	Tests/GuestBoot/media.py --system $(BIN)/qemu-system-riscv64
	scripts/fetch-guest arm64
	Tests/GuestBoot/boot.py --system $(BIN)/qemu-system-aarch64 --smp 1 --smp 4
	Tests/GuestBoot/network.py --system $(BIN)/qemu-system-aarch64
	Tests/GuestBoot/pci.py --system $(BIN)/qemu-system-aarch64
	Tests/GuestBoot/numa.py --system $(BIN)/qemu-system-aarch64
	Tests/GuestBoot/usb.py --system $(BIN)/qemu-system-aarch64
	Tests/GuestBoot/acpi.py --system $(BIN)/qemu-system-aarch64
	Tests/Control/display.py --system $(BIN)/qemu-system-aarch64
	scripts/fetch-guest armhf
	Tests/GuestBoot/boot.py --system $(BIN)/qemu-system-arm --smp 1 --smp 4
	Tests/GuestBoot/versatile.py --system $(BIN)/qemu-system-arm
	Tests/GuestBoot/raspi.py --bin $(BIN)
	Tests/Control/migrate.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/channels.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/postcopy.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/snapshots.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/blockjobs.py --system $(BIN)/qemu-system-riscv64 --kills 1
	for guest in riscv64 aarch64; do Tests/Control/clones.py --system $(BIN)/qemu-system-$$guest || exit 1; done
	Tests/GuestBoot/qcow2.py --system $(BIN)/qemu-system-riscv64

test-full: setup-test build ## the long tests; make test has the short ones
	APUS_FULL_TESTS=1 $(SWIFT) test -c release
	Tests/UserMode/programs.py --bin $(BIN) --all
	Tests/UserMode/gdb.py --bin $(BIN) --peer
	Tests/Control/corpus.py --bin $(BIN)
	Tests/Control/qmp.py --system $(BIN)/qemu-system-riscv64 --connects 10000
	scripts/fetch-guest
	Tests/GuestBoot/badinput.py --system $(BIN)/qemu-system-riscv64
	Tests/GuestBoot/control.py --system $(BIN)/qemu-system-riscv64
	Tests/GuestBoot/boot.py --system $(BIN)/qemu-system-riscv64 --smp 1 --smp 4 --accelerators
	Tests/Control/sandbox.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/characters.py --system $(BIN)/qemu-system-riscv64
	for guest in riscv64 aarch64; do Tests/GuestBoot/debug.py --system $(BIN)/qemu-system-$$guest --kernel || exit 1; done
	Tests/GuestBoot/network.py --system $(BIN)/qemu-system-riscv64 --full
	Tests/GuestBoot/pci.py --system $(BIN)/qemu-system-riscv64 --full
	for guest in riscv64 aarch64; do Tests/GuestBoot/numa.py --system $(BIN)/qemu-system-$$guest || exit 1; done
	scripts/fetch-guest arm64
	Tests/GuestBoot/boot.py --system $(BIN)/qemu-system-aarch64 --smp 1 --smp 4 --accelerators
	Tests/GuestBoot/network.py --system $(BIN)/qemu-system-aarch64 --full
	Tests/GuestBoot/pci.py --system $(BIN)/qemu-system-aarch64 --full
	Tests/GuestBoot/usb.py --system $(BIN)/qemu-system-aarch64 --full
	Tests/GuestBoot/media.py --system $(BIN)/qemu-system-aarch64
	Tests/GuestBoot/acpi.py --system $(BIN)/qemu-system-aarch64 --full
	Tests/Control/display.py --system $(BIN)/qemu-system-aarch64
	Tests/Control/window.py --system $(BIN)/qemu-system-aarch64
	scripts/fetch-guest armhf
	Tests/GuestBoot/boot.py --system $(BIN)/qemu-system-arm --smp 1 --smp 4 --accelerators
	$(MAKE) test-boards
	Tests/GuestBoot/media.py --system $(BIN)/qemu-system-arm
	scripts/fetch-guest armel
	Tests/GuestBoot/raspi.py --bin $(BIN) --full
	Tests/GuestBoot/qcow2.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/snapshots.py --system $(BIN)/qemu-system-riscv64 --rounds 500 --bus pci
	Tests/Control/snapshots.py --system $(BIN)/qemu-system-aarch64 --rounds 50
	Tests/Control/blockjobs.py --system $(BIN)/qemu-system-riscv64 --kills 50
	Tests/Control/channels.py --system $(BIN)/qemu-system-aarch64 --rounds 20 --bus pci
	Tests/Control/postcopy.py --system $(BIN)/qemu-system-riscv64 --rounds 20
	Tests/Control/postcopy.py --system $(BIN)/qemu-system-aarch64 --rounds 20 --bus pci
	for guest in riscv64 aarch64 arm; do Tests/Control/clones.py --system $(BIN)/qemu-system-$$guest --clones 100 || exit 1; done
	Tests/Control/migrate.py --system $(BIN)/qemu-system-riscv64 --rounds 50
	Tests/Control/migrate.py --system $(BIN)/qemu-system-aarch64 --rounds 50 --bus pci
	Tests/GuestBoot/durability.py --system $(BIN)/qemu-system-riscv64 --rounds 50
	Tests/GuestBoot/durability.py --system $(BIN)/qemu-system-riscv64 --rounds 10 --aio threads
	scripts/make-rootfs
	Tests/GuestBoot/soak.py --system $(BIN)/qemu-system-riscv64 --minutes 10
	$(MAKE) test-libvirt

test-boards: setup-test build ## Linux on the Versatile and RealView boards; builds the former's kernel from Debian's source first
	scripts/setup kernels
	scripts/fetch-guest versatile
	scripts/fetch-guest armhf
	Tests/GuestBoot/versatile.py --system $(BIN)/qemu-system-arm --kernels

test-libvirt: setup-test build ## Debian's libvirt and virt-install drive machines (root, or user name spaces)
	scripts/setup libvirt
	scripts/fetch-guest
	scripts/fetch-guest arm64
	Tests/Control/libvirt.py --system $(BIN)/qemu-system-riscv64
	Tests/Control/libvirt.py --system $(BIN)/qemu-system-aarch64

test-distribution: setup-test build ## Debian's languages, servers, browsers and Python's own tests, in chroots (root; hours)
	for guest in riscv64 arm64; do \
	    scripts/make-chroot $$guest build/chroots/$$guest $$(Tests/UserMode/distribution.py --guest $$guest --packages) && \
	    Tests/UserMode/distribution.py build/chroots/$$guest --guest $$guest --suites --loops 1000 --soak 1800 --peer --write || exit 1; \
	done

bench: setup-test build ## measure against the distribution's QEMU and native code
	scripts/fetch-guest
	Benchmarks/run
	Benchmarks/disk

bench-user: setup-test build ## measure programs against the distribution's qemu-user and native code
	Benchmarks/user --write

schema: ## make the machine protocol's types and docs/qmp.md from its text
	$(SWIFT) run -c release apus-schema Sources/Control/QAPI/Generated docs/qmp.md

lint: ## check formatting and scripts
	$(SWIFT) format lint -s -r Sources Tests Fuzz Package.swift
	shellcheck scripts/* .ci/run

install: build ## install under DESTDIR/PREFIX
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 $(BIN)/apus "$(DESTDIR)$(PREFIX)/bin/apus"
	install -m 755 $(BIN)/apus-user "$(DESTDIR)$(PREFIX)/bin/apus-user"
	@for name in $$($(BIN)/apus --print-links); do ln -sf apus "$(DESTDIR)$(PREFIX)/bin/$$name"; done
	@for name in $$($(BIN)/apus-user --print-links); do ln -sf apus-user "$(DESTDIR)$(PREFIX)/bin/$$name"; done

clean: ## remove what was built; downloads stay
	rm -rf .build $(BIN)
