# Every target sets up what it needs first (.venv, locked dependencies); done once, that takes no time.
# `make PYTHON=/path/to/python3.12 ...` chooses the Python that .venv is made from.

bin := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup setup-check setup-dev demo demo-reset run test test-fast check format bench shots messages lock dist clean

help: ## list these
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: ## what serving needs: virtual environment, locked dependencies
	@scripts/setup run

setup-check:
	@scripts/setup check

setup-dev:
	@scripts/setup dev

demo: setup ## an incident from alarm to answer, on real processes (AUTOPLAY=1: without an audience)
	@$(bin)/tocsin demo --data data/demo $(if $(AUTOPLAY),--autoplay)

demo-reset: setup ## throw the demo's data away and start it over
	@rm -rf data/demo
	@$(bin)/tocsin demo --data data/demo $(if $(AUTOPLAY),--autoplay)

run: setup ## serve an empty installation from data/run
	@$(bin)/tocsin serve --data data/run

test: setup-dev ## all tests (ARGS="-k escalation" narrows): first two at a time, then whole programs one by one
	@scripts/system-peers
	@$(bin)/python -m pytest -m "not alone" $(ARGS)
	@$(bin)/python -m pytest -m alone --numprocesses=0 $(ARGS)

test-fast: setup-dev ## the tests without slow ones and without other programs
	@$(bin)/python -m pytest -m "not slow and not peers and not browser" $(ARGS)

check: setup-check ## lint, format, types, import contracts, house rules, in seconds
	@PATH="$(bin):$$PATH" scripts/check

format: setup-check ## let ruff format and mend what it can
	@$(bin)/ruff check --fix-only --quiet
	@$(bin)/ruff format --quiet

bench: setup-dev ## the benchmarks (ARGS=... narrows)
	@scripts/system-peers
	@$(bin)/python -m bench $(ARGS)

shots: setup-dev ## screenshots of the pages
	@scripts/system-peers
	@$(bin)/python scripts/shots.py $(ARGS)

messages: setup-dev ## bring the catalogues of other languages up to date
	@$(bin)/python scripts/messages.py

lock: setup-dev ## lock dependencies anew (ARGS=--upgrade: to the newest versions)
	@scripts/lock $(ARGS)

dist: setup ## build the wheel into dist/
	@$(bin)/python -m hatchling build --target wheel

clean: ## remove what was built, keep data/
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
