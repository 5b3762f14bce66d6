# FermiForge: `make run` serves it here, `make test` checks all of it, `make help` lists the rest.
# Everything is installed into this folder (.venv, frontend/node_modules) by the first target that needs it.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BOOTSTRAP = $(PYTHON) webapp/embedded/bootstrap.py
BIN = .venv/bin
# One torch thread a test process: the tests' models are tiny, and threads only get in each other's way.
PYTEST = OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES= $(BIN)/python -m pytest
NODE = $(BIN)/python webapp/embedded/bootstrap.py --npm

.DEFAULT_GOAL := help
.PHONY: help run demo frontend develop lint test test-frontend test-engine test-webapp test-postgres test-e2e clean

help: ## what this Makefile can do
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## install what is missing and serve FermiForge (PORT=8000, HOST=127.0.0.1)
	@exec $(BOOTSTRAP) --port $(PORT) --host $(HOST) --then -m webapp.embedded --host $(HOST) --port $(PORT)

demo: ## one synthesis from start to end through REST alone (DEMO_SECONDS=120)
	@exec $(BOOTSTRAP) --then -m webapp.embedded.demo

frontend: ## build the pages
	@$(BOOTSTRAP)
