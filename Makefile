# Every target sets up what it needs, says in a line what it does, asks nothing, and is quick the second time.
# The work is in scripts/; the environment of every cargo call is in scripts/env.sh.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Never two builds at once: they would wait for each other's lock, or for memory.
.NOTPARALLEL:
.PHONY: help setup build demo network test soak zombienet lint docs bench load fuzz check-all clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## install what a build needs (packages, wasm target); all other targets call it
	@scripts/setup

build: setup ## the node and the wallet, with the wasm runtime
	@scripts/build

demo: build ## the marketplace at work on a network of four authorities, one of which is killed
	@scripts/demo

network: build ## four authorities on this machine, until Ctrl-C (NETWORK_DIR to keep their files)
	@scripts/network

test: setup ## lint, build, script and documentation checks, all tests
	@scripts/test

soak: build ## the long forms of the tests on real processes
	@scripts/soak

zombienet: build ## scenarios on networks of four and seven authorities, with zombienet (SCENARIO=name for one)
	@scripts/zombienet $(SCENARIO)

lint: setup ## rustfmt, licences, clippy, rustdoc; warnings are errors
	@scripts/lint

docs: build ## run the commands that the documentation shows
	@scripts/run-docs

bench: setup ## criterion benchmarks (BENCH=name for one)
	@scripts/bench

load: build ## load on a network of four authorities, with figures (LOAD=name for one scenario)
	@scripts/load

fuzz: setup ## fuzz every target for FUZZ_SECONDS (60) seconds (FUZZ_TARGET=name for one)
	@scripts/fuzz

check-all: test ## test, then the long forms: ignored tests, long documentation blocks, fuzzing, benchmarks once
	@scripts/check-all

clean: ## remove what was built, for every checkout that shares the cache
	@scripts/clean
