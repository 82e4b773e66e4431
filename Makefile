# The front door: `make run` and `make test` need nothing but a Debian 12 machine.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Debian's own interpreter: the Python packages that tests use are Debian's, whatever is first in PATH.
PYTHON := /usr/bin/python3
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 30
FUZZ_SEED ?= 0
BUILD := build
RESULTS ?= $(BUILD)/results
LABELS := unit|contract|sim

# Compiles only what changed. Configures when there is no build tree yet; ninja does so afterwards.
define build
	@[ -f $(BUILD)/$(1)/build.ninja ] || cmake --preset $(1)
	@cmake --build $(BUILD)/$(1) --parallel $(JOBS) $(if $(2),--target $(2))
endef

.PHONY: help
help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

.PHONY: run
run:  ## Install what is missing, build a release binary, watch examples/quickstart
	@tools/install-deps run
	$(call build,release,tocsin)
	@exec $(BUILD)/release/tocsin run -c examples/quickstart

.PHONY: release
release:  ## Build the release binary: build/release/tocsin
	@tools/install-deps run
	$(call build,release,tocsin)

.PHONY: test
test:  ## Build and run the unit, contract, simulation and end-to-end tests
	@tools/install-deps test
	$(call build,dev)
	@$(PYTHON) tools/run_tests.py --results $(RESULTS) --jobs $(JOBS) \
	  ctest:$(BUILD)/dev:'$(LABELS)' unittest:tools unittest:tests/aws/scripted \
	  pytest:tests/e2e:$(BUILD)/dev/tocsin

.PHONY: unit
unit:  ## Build and run only the fast tests of src/
	@tools/install-deps test
	$(call build,dev,tests-unit)
	@$(PYTHON) tools/run_tests.py --results $(RESULTS) --jobs $(JOBS) ctest:$(BUILD)/dev:unit

.PHONY: soak
soak:  ## The long fault runs (about an hour); docs/soak.md records results
	@tools/install-deps test
	$(call build,release,tocsin)
	$(call build,dev)
	@TOCSIN_SOAK=1 $(PYTHON) tools/run_tests.py --results $(RESULTS) --jobs 1 \
	  ctest:$(BUILD)/dev:soak pytest:tests/e2e:$(BUILD)/release/tocsin:soak

.PHONY: bench
bench:  ## Build and run the benchmarks beside their references
	@tools/install-deps bench test
	@cmake --preset release -DTOCSIN_BENCH=ON >/dev/null
	@cmake --build $(BUILD)/release --parallel $(JOBS)
	@bench/run

.PHONY: fuzz
fuzz:  ## Run every fuzz target for FUZZ_SECONDS (30) each; FUZZ_SEED=1 repeats a run
	@tools/install-deps lint
	$(call build,fuzz,fuzzers)
	@tools/fuzz $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ_SEED)

.PHONY: lint
lint:  ## tools/tidy.py, clang-format and clang-tidy on what changed in the last day
	@tools/install-deps lint
	@cmake --preset tidy >/dev/null
	@$(PYTHON) tools/tidy.py
	@$(PYTHON) tools/lint.py format
	@$(PYTHON) tools/lint.py clang-tidy --build $(BUILD)/tidy --jobs $(JOBS)

.PHONY: format
format:  ## Rewrite every C++ file with clang-format
	@tools/install-deps lint
	@git ls-files '*.cpp' '*.hpp' | xargs -r clang-format-19 -i

.PHONY: package
package:  ## Build the Debian package: build/release/tocsin_*.deb
	@tools/install-deps package
	$(call build,release,tocsin)
	@cd $(BUILD)/release && cpack -G DEB

.PHONY: clean
clean:  ## Remove everything that was built
	@rm -rf $(BUILD)
