# Two commands are enough: `make demo` shows it, `make test` proves it.
# Each builds its own environment from the lock; needed are Python 3.11+, make and a network.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench env clean

env: $(VENV)/.ready

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found on PATH."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is needed (on Debian: apt-get install python3-venv)."; exit 1; }
	$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-build-isolation --no-deps --editable .
	@touch $@

demo: env
	$(BIN)/python scripts/demo

test: check
	$(BIN)/python -m pytest

check: env
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check

bench: env
	@for bench in bench/[a-z]*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

clean:
	rm -rf $(VENV)
