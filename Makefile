# 医据 Yiju: `make serve` sets everything up and starts the chat; `make test` sets everything up and runs every test.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 7860
PY := .venv/bin/python

.PHONY: help serve index test lint bench clean env-build env-test env-lint

help:            ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

serve: index     ## set up, build the index if the texts changed, start the chat on http://HOST:PORT
	$(PY) -m bot serve --host $(HOST) --port $(PORT)

index: env-build ## build the index from corpus/ (only what changed is encoded)
	$(PY) build_index.py --if-changed

test: env-test   ## set up and run every test
	@sh deploy/test_packages.sh
	$(PY) -m pytest

lint: env-lint   ## ruff and strict mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: index     ## time and memory, side by side in one run
	$(PY) -m bench

clean:           ## remove the environment, the index, caches and results
	rm -rf .venv .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis bench/results
	find index -mindepth 1 ! -name README.md -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

env-build:
	@$(PYTHON) deploy/setup_env.py build

env-test:
	@$(PYTHON) deploy/setup_env.py build test

env-lint:
	@$(PYTHON) deploy/setup_env.py build test lint
