.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FORM ?= short

.PHONY: help demo test check format oracle-rows measure-cuda profiles plotlyjs clean \
	bench-sizing bench-commands bench-propose bench-time bench-coordinator bench-lr bench-step bench-seed bench-tuning \
	bench-service bench-live bench-report pictures

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## Size for an RTX 4090, tune a small proxy here for 3 minutes, write the report
	$(BIN)/advisor run --gpu "RTX 4090" --budget 3m

test: $(VENV)/.installed-dev  ## Run every test
	$(BIN)/pytest -n logical --dist worksteal

check: $(VENV)/.installed-dev  ## Lint, types, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

oracle-rows: $(VENV)/.installed-dev  ## Record random steps again with PyTorch on fake CUDA tensors (needs g++)
	$(BIN)/python -m tests.oracle.generate_implementations
	$(BIN)/python -m tests.oracle.generate_hf_plans
	$(BIN)/python -m tests.oracle.generate
	$(BIN)/python -m tests.oracle.generate_attention
	$(BIN)/python -m tests.oracle.generate_bdh
	$(BIN)/python -m tests.oracle.generate_checkpointing
	$(BIN)/python -m tests.oracle.generate_encoder
	$(BIN)/python -m tests.oracle.generate_optimizers
	$(BIN)/python -m tests.oracle.generate_inference
	$(BIN)/python -m tests.oracle.generate_plans
	$(BIN)/python -m tests.oracle.generate_moe
	$(BIN)/python -m tests.oracle.generate_seq2seq
	$(BIN)/python -m tests.oracle.generate_lora
	$(BIN)/python -m tests.oracle.generate_peft
	$(BIN)/python -m tests.oracle.generate_sharding
	$(BIN)/python -m tests.oracle.generate_compiled

measure-cuda: $(VENV)/.installed-dev  ## Real steps on this machine's NVIDIA GPU beside the prediction
	$(BIN)/python -m tests.cuda.measure

bench-sizing: $(VENV)/.installed-dev  ## Configs per second and error of the memory estimate, beside a textbook formula
	$(BIN)/python -m tests.bench.sizing

bench-propose: $(VENV)/.installed-dev  ## Seconds from a million candidates to a ranked answer, beside estimates one by one
	$(BIN)/python -m tests.bench.propose

bench-commands: $(VENV)/.installed-dev  ## Time of commands as whole processes, beside importing click
	$(BIN)/python -m tests.bench.commands

bench-time: $(VENV)/.installed-dev  ## Error of predicted times on measured rows, beside constant MFU and a roofline
	$(BIN)/python -m tests.bench.steptime
	$(BIN)/python -m tests.bench.cpu_steps

bench-lr: $(VENV)/.installed-dev  ## The LR sweep beside true sweeps of full trials, and beside other finders' rules
	$(BIN)/python -m tests.bench.lr

bench-step: $(VENV)/.installed-dev  ## Training steps per second beside a tutorial's module per head, on one core
	$(BIN)/python -m tests.bench.steps

bench-seed: $(VENV)/.installed-dev  ## A tuned character model beside a tutorial's, with the same training FLOPs
	$(BIN)/python -m tests.bench.seed

bench-coordinator: $(VENV)/.installed-dev  ## What running trials costs beside training them; the end that studies predict
	$(BIN)/python -m tests.bench.coordinator

bench-service: $(VENV)/.installed-dev  ## Sizing over HTTP while a study runs
	$(BIN)/python -m tests.bench.service

bench-live: $(VENV)/.installed-dev  ## How far a live page lags behind the trial that it shows; what 50 of them cost the study
	$(BIN)/python -m tests.bench.live
	$(BIN)/python -m tests.bench.watching

bench-report: $(VENV)/.installed-dev  ## How soon the report of 200 trials is open in a browser, and its size
	$(BIN)/python -m tests.bench.report

pictures: $(VENV)/.installed-dev  ## Take the docs' pictures of the service again, of real pages
	$(BIN)/python -m tests.browser.pictures

FORM ?= short

bench-tuning: $(VENV)/.installed-dev  ## How soon the search is as good as five other tuners in the end; FORM=long: an hour
	$(BIN)/python -m tests.bench.tuning --form $(FORM)

profiles: $(VENV)/.installed-dev  ## Fit the profiles that ship again to the measured rows in tests/timing
	$(BIN)/python -m tests.timing.generate_profiles

plotlyjs: $(VENV)/.installed-dev  ## Take the plotly.js that pages carry from npm, of the installed plotly's version
	cd reports/assets && npm pack --silent plotly.js-basic-dist-min@$$($(CURDIR)/$(BIN)/python -c \
		"from plotly.offline import get_plotlyjs_version as v; print(v())") | xargs -I FILE sh -c \
		"tar -xzf FILE --strip-components=1 package/plotly-basic.min.js && rm FILE"

clean:  ## Remove the virtual environment
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.installed
