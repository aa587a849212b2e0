# Every command of the house; `make` alone lists them. Each sets up the environment it needs first.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export VIRTUAL_ENV := $(CURDIR)/.venv # another one may be active
DJADE := find jusha -name '*.html' -print0 | xargs -0r $(BIN)/djade --target-version 5.2
.PHONY: help run setup test check fmt words reference fuzz probe bench alipay lock clean
help:
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

##@ Use
run: $(READY) ## start everything with a demo world; TRAFFIC=1 adds simulated giving
	$(BIN)/jusha up --demo $(if $(TRAFFIC),--traffic)
setup: $(READY) ## only install, start nothing
##@ Change
test: $(READY) ## run the tests but the drills; ARGS='-k word' picks some
	$(BIN)/pytest -n 2 $(ARGS)
check: $(READY) ## everything that must hold before a commit, drills included
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(DJADE) --check
	$(BIN)/codespell
	$(MAKE) test ARGS='-m "" -rs' # says what was skipped, and why
fmt: $(READY) ## let the tools format and fix what they can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(DJADE)
words: $(READY) ## bring the catalogues up to the code: English checked, Traditional made, compiled
	$(BIN)/python -m tools.words $(if $(FROM),--from $(FROM))
reference: $(READY) ## write docs/reference.md anew from the code
	$(BIN)/python -m tools.reference
fuzz: $(READY) ## live simulated histories until stopped; SEED=1 COUNT=100000 bounds them
	nice $(BIN)/python -m tests.simulator.fuzz $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT))
probe: $(READY) ## look longer for inputs that break a property
	nice $(BIN)/pytest -n 2 -m hypothesis --hypothesis-profile=fuzz $(ARGS)
bench: $(READY) ## measure, and add the numbers to benchmarks/results.jsonl
	set -e; for script in benchmarks/bench_*.py; do nice $(BIN)/python -m "benchmarks.$$(basename "$$script" .py)"; done
##@ Keep
lock: $(READY) ## pin the packages anew; ARGS=--upgrade takes newer ones
	$(BIN)/uv pip compile pyproject.toml --group dev --group browser --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock $(ARGS)
alipay: $(READY) ## fetch Alipay's official SDK (33 MB) for the tests that ask it
	$(BIN)/uv pip install -q --require-hashes --target var/oracles/alipay -r tests/sandbox/alipay/official.lock
clean: ## drop the environment and the caches; var/ with its data stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/pip install -q $$(grep -o '^uv==[^ ]*' requirements.lock); }
	$(BIN)/uv pip sync -q --require-hashes requirements.lock
	$(BIN)/uv pip install -q --no-deps --no-build-isolation --editable .
	touch $@
