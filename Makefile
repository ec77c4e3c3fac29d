# Slipway: every command that a person needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
SHELL := bash
# Three workers of pytest, each on a machine of its own with an engine (tests/support/own_machine.sh): one alone keeps
# 0.4 of two cores busy. Without root: one, here.
MACHINES ?= $(shell test "$$(id -u)" = 0 && echo '--dist loadscope --no-loadscope-reorder --tx "3*popen//python=bash tests/support/own_machine.sh $(CURDIR)/$(BIN)/python"')
YES ?=
RECORD ?=
TOOLS := bubblewrap busybox-static chromium crun iproute2 iptables mmdebstrap postgresql

export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup lab check test proof lint chaos faults bench bench-gateway bench-grading bench-kernel bench-course bench-class bench-widgets pictures docs lock clean tools

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || \
	  { echo "Slipway needs Python 3.11 to 3.14, and $(PYTHON) is another. Try: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python has no venv module. Try: sudo apt-get install python3-venv"; exit 1; }
	@echo "Python packages to install in $(VENV): $$(grep -c == requirements.lock), 260 MB to download, 1 GB on disk."
	@echo "If this is interrupted, run it again: what was downloaded is kept, and it goes on."
	@# what was interrupted: an environment without a whole pip; packages that pip would take for installed
	@! test -d $(VENV) || $(BIN)/python -m pip install --help >/dev/null 2>&1 || rm -rf $(VENV)
	@! test -d $(VENV) || find $(VENV) -name '*.dist-info' -type d ! -exec test -e {}/RECORD \; -prune -exec rm -r {} +
	$(PYTHON) -m venv $(VENV)
	@set -o pipefail; $(BIN)/pip install --require-hashes --requirement requirements.lock | \
	  awk '/^Collecting / && ++n % 20 == 0 {print "  " n " packages"; fflush()} /^Installing/ {print "  installing"; fflush()}'
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $(STAMP)

setup: $(STAMP) ## make .venv, find or start an engine, get the base images (YES=--yes agrees to installing packages as root)
	course engine up $(YES)
	course images pull $(YES)

lab: setup ## open JupyterLab on the welcome lesson (ARGS=--no-browser prints the URL)
	course lab $(ARGS)

tools: $(STAMP)
	$(BIN)/python -m course.engine.debian $(YES) $(TOOLS)
	$(BIN)/python tests/support/debian_roots.py

check: lint ## before a commit: style, types, the rules for lessons, and the tests that need no engine
	$(BIN)/python -m pytest --run check -q -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

test: setup tools lint ## what CI runs: lint, pure and engine tests, and the proofs that are due
	SLIPWAY_REPEAT=1 $(BIN)/python -m pytest --run test $(MACHINES) $(ARGS)

proof: setup tools ## everything: also each answer, browsers, the same marks as nbgrader, kills, bare machines (RECORD=--record keeps what passed)
	SLIPWAY_EVERYTHING=1 SLIPWAY_CONFORMANCE=all SLIPWAY_REPEAT=1 $(BIN)/python -m pytest --run proof $(RECORD) $(MACHINES) $(ARGS)

chaos: setup ## kill -9 of the gateway and of those who hold sessions, 200 times
	SLIPWAY_CHAOS_KILLS=200 $(BIN)/python -m pytest tests/gateway/attacks/test_chaos.py --timeout 3600

lint: $(STAMP) ## style, types, and the rules for lessons
	$(BIN)/ruff format --check course grader tests
	$(BIN)/ruff check course grader tests
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --package course
	$(BIN)/grader lesson lint

faults: setup ## kill -9 of a class run, its workers, its gateway and its engine, 50 times
	SLIPWAY_CLASS_FAULTS=50 $(BIN)/python -m pytest tests/classroom/test_faults.py --timeout 36000 -s

bench: bench-gateway bench-kernel bench-grading bench-course bench-widgets ## every benchmark: ratios from interleaved runs, and the course in seconds

bench-gateway: setup ## what a session costs against the bare socket
	$(BIN)/python tests/benchmarks/gateway_overhead.py

bench-kernel: setup ## start of the course kernel against plain ipykernel
	$(BIN)/python tests/benchmarks/kernel_start.py

bench-course: setup ## every lesson with its solutions and all checks, in seconds
	$(BIN)/python tests/benchmarks/whole_course.py $(ARGS)

bench-grading: setup tools ## stock nbgrader, the examiners and the bare engine, on the same submissions (ARGS=--help)
	$(BIN)/python tests/benchmarks/grading.py $(ARGS)

bench-class: setup ## time and memory by the size of a class (ARGS="--sizes 10 50 100 500")
	$(BIN)/python tests/benchmarks/class_size.py $(ARGS)

bench-widgets: setup tools ## from an engine's event to the screen, with 1, 20 and 200 containers
	$(BIN)/python tests/benchmarks/event_to_screen.py

pictures: setup tools ## take the pictures of course/widgets/README.md anew, light and dark
	$(BIN)/python tests/browser/pictures.py $(ARGS)

docs: $(STAMP) ## the documentation as pages: artefacts/site/index.html
	$(BIN)/python docs/build.py

lock: $(STAMP) ## resolve requirements.lock again from pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --quiet pyproject.toml --extra grader --group dev --output-file requirements.lock
	{ echo "# requirements.lock without hashes, for environment.yml: pip takes no editable install beside hashes"; \
	  sed -nE 's/^([A-Za-z0-9_.-]+==[^ \]+( ; [^\]*[^ \])?) \\$$/\1/p' requirements.lock; } > constraints.txt

clean: ## end every session, stop the engine that setup started, remove .venv
	-test ! -x $(BIN)/course || course gateway stop --end-sessions
	-test ! -x $(BIN)/course || course engine down
	rm -rf $(VENV) artefacts .pytest_cache .mypy_cache .ruff_cache
