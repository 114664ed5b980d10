# make serve    sets up what serving needs, and serves     HOST=127.0.0.1 PORT=8000
# make setup    sets up all, for training, tests and checks
# make test     sets up all and passes the tests           KAKITE_DATA=DIR runs those that need all of MNIST, too;
#                                                         WORKERS=0 runs the files one after another, in one process
# make test-quick  passes the fast ones, in a minute
# make check    lint, format, types, Dockerfile, compose file, Kubernetes manifests, known weaknesses of packages (`make audit`)
# make lock     writes deploy/locks anew, the packages of the images with their hashes; LOCK=--upgrade for newer ones
# make bench    measures the service beside others, in 25 minutes; needs wrk (apt-get install wrk)
# make bench-quick  measures it beside the limit of HTTP, in 2 minutes
# make train    sets up and trains a recipe                RECIPE=dcgan, ARGS="--images 64000 --data DIR"
# make format   rewrites the code as `make check` wants it
# make clean    removes what they set up; runs/ stays

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
RECIPE ?= dcgan
ARGS ?=
BENCH ?=
WORKERS ?= 2
AUDIT ?=
LOCK ?=

# On Linux the plain torch brings several GB of CUDA. Without an NVIDIA driver the CPU build is taken from PyTorch's own
# index, if it can be reached; TORCH_INDEX= (empty) takes whatever the package index has.
ifeq ($(shell command -v nvidia-smi 2>/dev/null),)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
endif

BIN := .venv/bin
KUSTOMIZE := $(shell command -v kubectl >/dev/null && echo kubectl kustomize)
COMPOSE := $(shell command -v docker-compose || (docker compose version >/dev/null 2>&1 && echo docker compose))

.PHONY: setup serve test test-quick needed-by-tests check audit lock bench bench-quick train format clean

setup: .venv/ready

# Serving is set up with what it needs alone; training adds its packages, and what tests and checks need comes last.
.venv/serves: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install --quiet --no-deps --retries 1 \
		--constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/trains: .venv/serves
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[training]'
	touch $@

.venv/ready: .venv/serves
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[training,tests,tools]'
	touch .venv/trains $@

serve: .venv/serves
	$(BIN)/python -m app --host $(HOST) --port $(PORT)

# The slow files first, as tests/conftest.py sorts them.
test: setup needed-by-tests
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# For daily use, in a minute: without the tests that tests/conftest.py finds slow.
test-quick: setup
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m 'not slow'

# The page is tested in Chromium: the system's; where there is none, Debian's for root, else Playwright's own, else those tests are skipped.
# Replicas are tested behind nginx: the system's, or Debian's for root.
needed-by-tests: setup
	@command -v nginx || test -x /usr/sbin/nginx \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get && apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light; } \
	|| echo "No nginx could be had."
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } \
	|| $(BIN)/playwright install chromium || echo "No Chromium could be had."

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile
	$(BIN)/kubernetes-validate --strict --quiet $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/base/*.yaml))
	$(if $(KUSTOMIZE),for overlay in base gpu queue-depth; do \
		$(KUSTOMIZE) deploy/kubernetes/$$overlay > .venv/overlay.yaml && $(BIN)/kubernetes-validate --strict --quiet .venv/overlay.yaml || exit 1; \
	done,@echo "No kubectl here, so the overlays of deploy/kubernetes were not checked.")
	$(if $(COMPOSE),$(COMPOSE) --profile cpu --profile gpu --profile train --profile replicas config --quiet,@echo "No docker compose here, so docker-compose.yml was not checked.")
	$(BIN)/python -m deploy.audit $(AUDIT)

# AUDIT="--ignore-vuln ID" for a weakness that does not concern us.
audit: setup
	$(BIN)/python -m deploy.audit $(AUDIT)

lock: setup
	$(BIN)/python -m deploy.lock $(LOCK)

bench: setup
	@command -v wrk >/dev/null || { echo "wrk is needed: apt-get install wrk"; exit 1; }
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[benchmarks]'
	$(BIN)/python -m benchmarks.serving $(BENCH)
	$(BIN)/python -m benchmarks.endurance

bench-quick: setup
	@command -v wrk >/dev/null || { echo "wrk is needed: apt-get install wrk"; exit 1; }
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[benchmarks]'
	$(BIN)/python -m benchmarks.serving --quick --rounds 2

train: .venv/trains
	$(BIN)/python -m training train $(RECIPE) $(ARGS)

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
