# make demo   train and evaluate a small model on the embedded data
# make test   lint, then all tests
# make lint   lint only
# make dist   source archive and wheel in dist/
# make clean  remove what was built (the environment in .venv stays)

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint dist clean
.DELETE_ON_ERROR:

demo: $(INSTALLED)
	$(BIN)/t5_mtf demo

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(INSTALLED)
	$(BIN)/ruff check .

dist: $(INSTALLED)
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(BIN)/python setup.py --quiet sdist --dist-dir dist
	@ls dist

clean:
	rm -rf build dist demo_output *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +

# Made again when the requirements change.
$(INSTALLED): setup.py pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  2>/dev/null || { echo "Python 3.11 is needed, and '$(PYTHON)' is not it:" \
	  "install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing into $(VENV): a few minutes, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check \
	  -c constraints.txt -e ".[beam,convert,demo,langdetect,test]"
	@touch $@
