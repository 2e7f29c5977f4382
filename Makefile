# Two commands matter: `make book` and `make test`. Each makes what it needs, starting from Python >= 3.11 and nothing else.
#
#   make book        execute every chapter and write the pages to _build/html
#   make test        style, mathematics, and every number printed in the book
#   make quick       the mathematics alone, without the slow tests, while one works on it
#   make lab         open the chapters in JupyterLab
#   make benchmark   time the solvers and the simulations
#   make chapter NAME=hermite     book/hermite.md -> book/hermite.ipynb, executed
#   make sweeps      compute the stored sweeps of book/data again (minutes)
#   make picture     draw the picture of README.md again
#   make pages       check the built pages: links, formulas, nothing loaded from elsewhere
#   make format      let ruff rewrite the code
#   make torch       add PyTorch (optional), so that its tests run as well
#   make clean       remove what was built; `make distclean` removes the environment too

SHELL  := /bin/bash
PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 2
# a release with wheels for the CPU; set TORCH to the one that fits your GPU
TORCH  ?= torch==2.13.0
PYTEST_OPTIONS ?=
# `make book EXECUTE=force` runs every chapter whatever the cache holds
EXECUTE ?= cache

BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed

# one BLAS thread a process: the processes are the parallelism
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
export MKL_NUM_THREADS = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYDEVD_DISABLE_FILE_VALIDATION = 1

.PHONY: book test quick lab clean distclean chapter benchmark sweeps picture pages format torch environment

book: $(STAMP)
	BOOK_EXECUTE=$(EXECUTE) $(BIN)/jupyter-book build --all -W -n --keep-going .
	@echo
	@echo "The book is in _build/html. Open $(CURDIR)/_build/html/index.html in a browser,"
	@echo "or serve it:  $(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000"
	@echo "and visit     http://127.0.0.1:8000"

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadscope --durations 5 $(PYTEST_OPTIONS) tests
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadscope --durations 5 $(PYTEST_OPTIONS) --nbval book/*.ipynb

quick: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadscope -m "not slow" --ignore tests/test_book.py $(PYTEST_OPTIONS) tests

lab: $(STAMP)
	$(BIN)/jupyter lab --notebook-dir=book

chapter: $(STAMP)
	@test -n "$(NAME)" || { echo "which one? for example: make chapter NAME=hermite" >&2; exit 2; }
	$(BIN)/python tools/chapters.py from-text $(NAME)
	$(BIN)/python -m pytest -q --nbval book/$(NAME).ipynb

benchmark: $(STAMP)
	$(BIN)/python -m pytest -q tests/benchmarks

sweeps: $(STAMP)
	$(BIN)/python tools/sweeps.py

picture: $(STAMP)
	$(BIN)/python tools/picture.py

pages: $(STAMP)
	$(BIN)/python -m pytest -q -rs tests/built

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

torch: $(STAMP)
	$(BIN)/python -m pip install -q "$(TORCH)"

environment: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	    { echo "$(PYTHON) cannot make a virtual environment; on Debian or Ubuntu install python3-venv first" >&2; exit 1; }
	$(BIN)/python -m pip install -q -r requirements.txt
	$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

clean:
	rm -rf _build .pytest_cache .ruff_cache .hypothesis .benchmarks theory.egg-info
	find . -path ./$(VENV) -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -print0 | xargs -0 rm -rf

distclean: clean
	rm -rf $(VENV)
