# Two commands for a fresh machine: `make demo` and `make test`. Each makes its environment in .venv first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: demo test lint bench clean

demo: $(READY)
	$(BIN)/camsim demo

# Lints, then tests the built wheel, not the checkout; .ci/run calls exactly this.
test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	rm -rf build/wheel build/site
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel .
	$(BIN)/python -m pip install --quiet --no-deps --target build/site build/wheel/*.whl
	PYTHONPATH=$(CURDIR)/build/site CAMSIM_TESTED=$(CURDIR)/build/site OMP_NUM_THREADS=1 PATH="$(CURDIR)/$(BIN):$$PATH" \
		$(BIN)/pytest --numprocesses 2 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Compares camsim with other libraries; minutes. WRITE=--write-docs also rewrites the figures of docs/performance.md.
bench: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	$(BIN)/python -m benchmarks $(WRITE)

# torch comes first and alone: then nothing else pulls a build with gigabytes of CUDA libraries.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[demo,exr,export]" --group dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps imagecorruptions  # for its photographs
	touch $@

clean:
	rm -rf .venv build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
