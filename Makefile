# Two commands matter: `make book` and `make test`. Each makes what it needs, starting from Python >= 3.11 and nothing else.
#
#   make book        execute every chapter and write the pages to _build/html
#   make test        style, mathematics, and every number printed in the book
#   make quick       the mathematics alone, without the slow tests, while one works on it
#   make lab         open the chapters in JupyterLab
#   make pdf         the book on paper, by LaTeX (README names what it takes)
#   make benchmark   time the solvers and the simulations
#   make benchmark-table          the costs of the kernels, kept in theory/sweeps with the machine's name (minutes)
#   make chapter NAME=hermite     book/hermite.md -> book/hermite.ipynb, executed
#   make sweeps      compute the stored sweeps of theory/sweeps again (minutes)
#   make networks    train the networks whose records are in theory/sweeps (needs PyTorch and Fashion-MNIST; an hour; skips what is done)
#   make gpu         test and time the simulations on a GPU, and keep the report (ends with an error and writes nothing without one)
#   make picture     draw the picture of README.md again
#   make pages       check the built pages: links, formulas, widths, weight, nothing loaded from elsewhere
#   make explorer-speed       how long the explorer takes to follow a slider, in Chromium
#   make axe         fetch axe-core (with npm), so that `make pages` checks the pages' accessibility too
#   make slides      the slides of the course, from the built pages, in _build/slides (fetches reveal.js with npm, once)
#   make surroundings             build two pages in each of many odd surroundings (minutes)
#   make wrong-digits            change a digit of every chapter and see that its tests fail (minutes)
#   make students                 every chapter with its first model at two other numbers of samples (minutes)
#   make lowest      run the tests with the lowest versions that requirements.txt allows, in .venv-lowest
#   make mutants FILES=equations/scalar SAMPLE=40      do the tests notice small faults in the solvers? (tools/mutants.toml; hours for all)
#   make fuzz SEED=0 MODELS=5000  random models through every observable (hours for all; goes on where it stopped)
#   make format      let ruff rewrite the code
#   make torch       add PyTorch (optional), so that its tests run as well
#   make clean       remove what was built; `make distclean` removes the environment too

SHELL  := /bin/bash
# set on the command line (make VENV=…); variables of the same name in the environment mean something else
PYTHON := python3
VENV   := .venv
JOBS   := 2
# a release with wheels for the CPU; set TORCH to the one that fits your GPU
TORCH  := torch==2.13.0
# the rules of accessibility that the pages are held to
AXE    := axe-core@4.14.1
# what the slides of the course are shown with
REVEAL := reveal.js@6.0.2
PYTEST_OPTIONS :=
# `make book EXECUTE=force` runs every chapter whatever the cache holds
EXECUTE := cache
SEED := 0
MODELS := 5000
# options of pip for the environment
CONSTRAINTS :=

BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
# an environment that `make` made, and may delete
OURS  := $(VENV)/.made-by-make
# Python without what the caller's environment says to it
RUN   := $(BIN)/python -I tools/surroundings.py

.PHONY: book pdf test quick lab clean distclean chapter benchmark benchmark-table sweeps networks gpu picture pages axe explorer-speed slides surroundings students lowest wrong-digits mutants fuzz format torch environment

book: $(STAMP)
	BOOK_EXECUTE=$(EXECUTE) $(RUN) jupyter-book build --all -W -n --keep-going .
	@echo
	@echo "The book is in _build/html. Open $(CURDIR)/_build/html/index.html in a browser,"
	@echo "or serve it:  $(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000"
	@echo "and visit     http://127.0.0.1:8000"

pdf: $(STAMP)
	BOOK_EXECUTE=$(EXECUTE) $(RUN) jupyter-book build --all -W -n --keep-going --builder latex .
	$(RUN) tools/pdf.py

test: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest -q -n $(JOBS) --dist loadscope --durations 5 $(PYTEST_OPTIONS) tests
	$(RUN) -m pytest -q -n $(JOBS) --dist loadscope --durations 5 $(PYTEST_OPTIONS) --nbval --nbval-current-env book/*.ipynb

quick: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m pytest -q -n $(JOBS) --dist loadscope -m "not slow" --ignore tests/repository/test_book.py $(PYTEST_OPTIONS) tests

lab: $(STAMP)
	$(RUN) jupyter lab --notebook-dir=. --ServerApp.default_url=/lab/tree/book

chapter: $(STAMP)
	@test -n "$(NAME)" || { echo "which one? for example: make chapter NAME=hermite" >&2; exit 2; }
	$(RUN) tools/chapters.py from-text $(NAME)
	$(RUN) -m pytest -q --nbval --nbval-current-env book/$(NAME).ipynb

benchmark: $(STAMP)
	$(RUN) -m pytest -q tests/benchmarks

benchmark-table: $(STAMP)
	$(RUN) tools/benchmark_table.py

sweeps: $(STAMP)
	$(RUN) tools/sweeps.py

networks: $(STAMP)
	$(RUN) tools/networks.py

gpu: $(STAMP)
	$(RUN) tools/gpu.py

picture: $(STAMP)
	$(RUN) tools/picture.py

pages: $(STAMP)
	$(RUN) -m pytest -q -rs --durations 3 tests/built

explorer-speed: $(STAMP)
	$(RUN) tools/explorer_speed.py

axe:
	npm install --loglevel error --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --prefix _build/.axe $(AXE)

slides: $(STAMP)
	@test -e _build/html/book/intro.html || $(MAKE) book
	@test "$$(cat _build/.reveal/version 2>/dev/null)" = $(REVEAL) || { command -v npm >/dev/null || \
	    { echo "npm is needed once, to fetch $(REVEAL); on Debian or Ubuntu install the package npm" >&2; exit 1; }; \
	    npm install --loglevel error --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --prefix _build/.reveal $(REVEAL) && \
	    echo $(REVEAL) > _build/.reveal/version; }
	$(RUN) tools/slides.py

surroundings: $(STAMP)
	$(RUN) -m pytest -q -n $(JOBS) tests/surroundings

wrong-digits: $(STAMP)
	$(RUN) tools/wrong_digits.py --seed $(SEED)

students: $(STAMP)
	$(RUN) tools/students.py

lowest:
	@mkdir -p _build
	$(PYTHON) -I tools/lowest.py > _build/lowest.txt
	$(MAKE) environment VENV=.venv-lowest CONSTRAINTS="-c _build/lowest.txt"
	.venv-lowest/bin/python -I tools/surroundings.py tools/lowest.py --installed
	$(MAKE) quick VENV=.venv-lowest
	.venv-lowest/bin/python -I tools/surroundings.py -m pytest -q tests/surroundings -k "compared or threads"

mutants: $(STAMP)
	$(BIN)/python -I -c "import cosmic_ray" 2>/dev/null || $(RUN) -m pip install -q -e ".[mutants]"
	$(RUN) tools/mutants.py $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(MINUTES),--minutes $(MINUTES)) $(FILES)

fuzz: $(STAMP)
	$(RUN) tools/fuzz.py --seed $(SEED) --models $(MODELS) --jobs $(JOBS)

format: $(STAMP)
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

torch: $(STAMP)
	$(RUN) -m pip install -q "$(TORCH)"

environment: $(STAMP)

# an environment in a folder that was moved or copied points to the old place
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@# what an interrupted run left has no pip of its own, and is made again
	@$(BIN)/python -I -c 'import pip, sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null || { \
	    test "$(VENV)" = .venv || test -e $(OURS) || test -z "$$(ls -A $(VENV) 2>/dev/null)" || \
	        { echo "$(VENV) is there and is no environment that works; remove it, or name another: make VENV=…" >&2; exit 1; }; \
	    mkdir -p $(VENV) && touch $(OURS) && $(PYTHON) -I -m venv --clear $(VENV) && touch $(OURS) || \
	        { echo "$(PYTHON) cannot make a virtual environment; on Debian or Ubuntu install python3-venv first" >&2; exit 1; }; }
	$(RUN) -m pip install -q $(CONSTRAINTS) -r requirements.txt
	$(RUN) -m pip install -q --no-deps -e .
	$(RUN)
	@echo "$(CURDIR)" > $@

clean:
	rm -rf _build .pytest_cache .ruff_cache .hypothesis .benchmarks theory.egg-info
	find . -path './.venv*' -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -print0 | xargs -0 rm -rf

distclean: clean
	@test "$(VENV)" = .venv || test -e $(OURS) || ! test -e $(VENV) || \
	    { echo "$(VENV) was not made by this Makefile and stays" >&2; exit 1; }
	rm -rf $(VENV) .venv-lowest
