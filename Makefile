# `make demo` runs the main job, `make test` the tests; both create the environment that they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# One process per core, so that torch must not start threads of its own beside them.
PYTEST := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

.PHONY: demo test ray real docs lint format wheel clean

demo: $(READY)
	$(BIN)/local-naturalness demo

test: $(READY)
	$(PYTEST) -n auto

# Nodes, actors and drivers that die in the middle of a run, on clusters that this machine plays. One after the
# other: each fills two cores.
ray: $(READY)
	$(PYTEST) -m slow tests/ray

# Tests on a student with trained weights, which is fetched once; one process, since it fills the cores.
real: $(READY)
	$(BIN)/python tests/real/fetch_students.py
	$(PYTEST) -m real -s tests/real

# Strict: a link that leads nowhere is an error. Everything anew, since pages that are kept do not warn again.
docs: $(READY)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs site

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The wheel must work without the source tree: unpacked elsewhere, it runs the demo and reads frozen results.
wheel: $(READY)
	rm -rf build dist
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .
	$(BIN)/python -m pip install --no-deps --target build/installed dist/*.whl
	cd build && PYTHONPATH=installed ../$(BIN)/python ../.ci/check_wheel.py
	cd build && PYTHONPATH=installed OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 ../$(BIN)/python -m pytest ../tests/frozen

clean:
	rm -rf $(VENV) build dist site local-naturalness-demo

# torch first and pinned: an open range would bring the newest build with all of its GPU libraries.
$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
