# FermiForge: `make run` serves it here, `make test` checks all of it, `make help` lists the rest.
# Whatever a target needs is installed into this folder first (.venv, frontend/node_modules).

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BOOTSTRAP = $(PYTHON) webapp/embedded/bootstrap.py
BIN = .venv/bin
# The tests' networks are tiny: one torch thread does, and no test depends on a GPU.
# With a Python that has torch already (BENCH_PYTHON=python3) nothing is installed; peers that it lacks are left out.
BENCH_PYTHON ?= .venv/bench/bin/python
BENCH = $(if $(filter .venv/bench/bin/python,$(BENCH_PYTHON)),$(BOOTSTRAP) --then benchmarks/install.py && )$(BENCH_PYTHON) -m benchmarks
# The paper's experiments need no peer: the product's own Python runs them, or BENCH_PYTHON where that is another.
PAPER = $(if $(filter .venv/bench/bin/python,$(BENCH_PYTHON)),@$(BOOTSTRAP) --then,$(BENCH_PYTHON)) -m benchmarks.paper
PAPER_OPTIONS = --data $(or $(DATA),$(error name the dataset, or the folder that holds it: make $@ DATA=my-data)) --scale $(or $(SCALE),full) --repeats $(or $(REPEATS),1) \
  $(if $(SECONDS),--seconds $(SECONDS))
PYTEST = OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES= $(BIN)/python -m pytest
TYPED = engine webapp benchmarks tests/embedded tests/e2e tests/postgres.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run demo frontend develop lint test test-frontend test-engine test-webapp test-postgres test-e2e bench bench-digits bench-quick bench-gpu paper-classification paper-segmentation paper-detection clean

help: ## list what this Makefile can do
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-20s %s\n", $$1, $$2}' Makefile

run: ## install what is missing, then serve FermiForge (PORT=8000 HOST=127.0.0.1)
	@exec $(BOOTSTRAP) --host $(HOST) --port $(PORT) --then -m webapp.embedded --host $(HOST) --port $(PORT)

demo: ## one synthesis from start to end through the REST API (DEMO_SECONDS=120)
	@exec $(BOOTSTRAP) --then -m webapp.embedded.demo

frontend: ## build the pages
	@$(BOOTSTRAP)

develop: ## install what tests and lint need, a browser included
	@$(BOOTSTRAP) --dev
	@$(BIN)/python -m tests.e2e.browser

lint: develop ## formatting, style and types of everything; the Dockerfile and compose.yaml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --follow-imports=silent $(TYPED)
	$(BIN)/hadolint Dockerfile
	$(PYTEST) -q tests/embedded/test_compose.py
	$(BOOTSTRAP) --npm run typecheck
	$(BOOTSTRAP) --npm run lint

test-frontend: develop ## unit tests of the pages
	$(BOOTSTRAP) --npm test

test-engine: develop ## tests of the engine
	$(PYTEST) tests/engine

test-webapp: develop ## tests of the web application, on SQLite
	$(PYTEST) tests/webapp tests/embedded tests/test_architecture.py

test-postgres: develop ## tests of the web application, on a real PostgreSQL
	$(BIN)/python -m tests.postgres -- env OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES= $(BIN)/python -m pytest -q tests/webapp

test-e2e: develop ## journeys in a real browser (SCREENSHOTS=docs/screenshots keeps pictures)
	$(PYTEST) tests/e2e $(if $(SCREENSHOTS),--screenshots $(SCREENSHOTS))

# The journeys come last: a browser's event loop must not be there when the asynchronous tests run.
# The demo gets twice its time here: whether a synthesis is certified in 120 s depends on how busy the machine is.
test: export DEMO_SECONDS ?= 240
test: lint test-frontend demo test-postgres ## everything, as CI does
	$(PYTEST) tests/test_architecture.py tests/engine tests/benchmarks tests/webapp tests/embedded tests/e2e

bench: ## ours and its peers side by side, two hours (DATA=cifar10-images.zip); goes on where it was stopped
	$(BENCH) standard --data $(or $(DATA),$(error name a zip of images: make bench DATA=cifar10-images.zip))

bench-digits: ## three syntheses of 180 s on the digits, a hundred draws from each: the table in README.md, 11 minutes
	@$(BOOTSTRAP) --then -m benchmarks.fresh_seeds

bench-quick: ## every part of the benchmarks for a few seconds; its figures say nothing
	$(BENCH) quick --docs var/benchmarks

bench-gpu: ## CIFAR-10 with resnet20, 56 and 110 (DATA=… SHARE=1 SECONDS=600 REPEATS=3); goes on where it was stopped
	$(BENCH) gpu --data $(or $(DATA),$(error name a zip of images: make bench-gpu DATA=cifar10-images.zip)) \
	  --share $(or $(SHARE),1) --seconds $(or $(SECONDS),600) --repeats $(or $(REPEATS),3)

paper-classification: ## the paper's experiment on CIFAR-10, for a GPU (DATA=… SCALE=small: 20 minutes on 2 cores)
	$(PAPER) classification $(PAPER_OPTIONS)

paper-segmentation: ## the same on CamVid
	$(PAPER) segmentation $(PAPER_OPTIONS)

paper-detection: ## the same on BCCD, in place of Parse27K
	$(PAPER) detection $(PAPER_OPTIONS)

clean: ## remove what was installed and built; keeps var/
	rm -rf .venv .stamps frontend/node_modules frontend/dist test-results
