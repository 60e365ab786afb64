# Everything a fresh machine needs is installed by these targets, into this folder, once.

PYTHON ?= python3
UV     := .tools/uv/bin/uv
GITHUB := .github
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help setup tools build sbom format check check-pages workflows reference skeleton resource test bench profile meetings pictures demo synth acceptance acceptance-clean up down dist release lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.stamp tools .tools/checkov/.stamp .tools/cdk/.stamp .tools/workflows/.stamp .tools/pictures/.stamp ## Install what development needs; quick when it is there already

tools: .tools/sam/.stamp .tools/ministack/.stamp .tools/runtime/.stamp .tools/sbom/.stamp .tools/packaging/.stamp

# The path ends with uv's folder: handler/build.py asks uv for a Python of the runtime's series.
build: tools ## Build the provider with SAM into .aws-sam/build, and sbom.cdx.json, which lists what ships
	@PYTHON="$(CURDIR)/.tools/uv/bin/python" PATH="$$PATH:$(CURDIR)/.tools/uv/bin" .tools/sam/bin/sam build
	@$(MAKE) --no-print-directory sbom ARTIFACT=.aws-sam/build/SourceCredentialFunction SBOM=.aws-sam/build/sbom.cdx.json

# -I and -S: the tool sees its own packages, and the Python that it asks sees those of the artifact alone.
sbom: .tools/sbom/.stamp # of what is in ARTIFACT, into the file SBOM; the same artifact, the same bytes
	@env -u SOURCE_DATE_EPOCH PYTHONPATH="$(abspath $(ARTIFACT))" .tools/sbom/bin/python -I -m cyclonedx_py environment \
		-S --output-reproducible --output-format JSON --output-file "$(SBOM)" .tools/sbom/bin/python

format: .venv/.stamp ## Format the code and mend what the linter can
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

check: setup ## Formatting, lint, types, import contract, templates, workflows
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/mypy --python-executable .tools/cdk/bin/python --cache-dir .mypy_cache/cdk cdk examples/cdk
	PYTHONPATH=handler .venv/bin/lint-imports
	@$(MAKE) --no-print-directory check-pages
	.tools/sam/bin/cfn-lint template.yaml examples/*.yaml --append-rules lint --include-checks I95
	.tools/sam/bin/cfn-lint acceptance/recorder.yaml
	AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/sam validate --lint
	.tools/checkov/bin/checkov --quiet --compact --skip-download --framework cloudformation --file template.yaml
	@$(MAKE) --no-print-directory workflows

workflows: .tools/workflows/.stamp # what GitHub reads, in the folder GITHUB; nothing of it asks the network
	.tools/workflows/bin/actionlint -shellcheck "$(CURDIR)/.tools/workflows/bin/shellcheck" "$(GITHUB)"/workflows/*.yml
	.tools/workflows/bin/zizmor --quiet --offline "$(GITHUB)"
	.tools/workflows/bin/check-jsonschema --builtin-schema vendor.dependabot "$(GITHUB)/dependabot.yml"
	.tools/workflows/bin/check-jsonschema --builtin-schema vendor.github-issue-config "$(GITHUB)/ISSUE_TEMPLATE/config.yml"
	.tools/workflows/bin/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard $(GITHUB)/ISSUE_TEMPLATE/*.yml))

# The parts of these pages between [[[cog and [[[end]]] are made, in their place.
PAGES := README.md docs/reference.md docs/errors.md
COG   := PYTHONPATH=.:handler .venv/bin/python -m cogapp -P

reference: .venv/.stamp ## Make anew what the pages say of properties, errors and examples
	@$(COG) -r $(PAGES)

check-pages: .venv/.stamp
	@$(COG) --check --diff --check-fail-msg="Run make reference, and look at what it changes." $(PAGES)

# What make is told comes by the environment, so that spaces and quotes in it reach the program as they were given.
AUTHORING = @PYTHONPATH=.:handler .venv/bin/python -m authoring

skeleton: .venv/.stamp ## Print the resource with every property, explained; SERVER_TYPE= AUTH_TYPE= FORMAT=yaml|json
	$(AUTHORING) skeleton "--server-type=$$SERVER_TYPE" "--auth-type=$$AUTH_TYPE" "--format=$$FORMAT"

resource: .venv/.stamp ## Make the resource of the AWS CLI's input, without its token; INPUT=file.json|- SECRET_ID= FORMAT=yaml|json
	$(AUTHORING) resource "--input=$$INPUT" "--secret-id=$$SECRET_ID" "--format=$$FORMAT"

test: .venv/.stamp tools .tools/cdk/.stamp .tools/pictures/.stamp ## Run every test; ARGS="-k word" picks some
	.venv/bin/python -m pytest $(if $(ARGS),$(ARGS),--numprocesses 4 --dist loadfile --cov --cov-report=term)

meetings: .venv/.stamp ## Let thousands of requests meet at random, with deaths and lost answers; MEETINGS=20000 SEED=1
	@MEETINGS=$(or $(MEETINGS),10000) $(if $(SEED),SEED=$(SEED)) .venv/bin/python -m pytest -q tests/slots/test_meetings.py

bench: .venv/.stamp tools .tools/bench/.stamp .tools/pictures/.stamp ## Measure beside what people use, and write docs/benchmarks.md; RUNS=7 ROTATION=10000
	@.venv/bin/python -m bench --runs $(or $(RUNS),7) $(if $(ROTATION),--rotation $(ROTATION))

profile: .venv/.stamp build ## Show what a cold start is made of: imports and clients of the built artifact
	@.venv/bin/python -m local.profile .aws-sam/build/SourceCredentialFunction

pictures: .venv/.stamp tools .tools/pictures/.stamp ## Make the pictures of docs/pictures anew, from real runs; ONLY=architecture
	@.venv/bin/python -m pictures $(ONLY)

demo: .venv/.stamp tools ## Watch a credential's whole life on an embedded AWS
	@.venv/bin/python -m local.demo

synth: .venv/.stamp .tools/cdk/.stamp ## Synthesise the example app of the CDK, examples/cdk, into .local/cdk.out
	@.venv/bin/python -m local.cdk_app examples/cdk .local/cdk.out

# Shells have an ACCOUNT, REGION or PREFIX of their own: only what stands on make's command line asks for anything.
told   = $(if $(filter command,$(origin $(1))),$($(1)))
_PLACE = --account "$(call told,ACCOUNT)" --region "$(call told,REGION)"

acceptance: .venv/.stamp tools ## Try on a real AWS account what docs/ says of AWS; alone it says what that does, and how to ask for it
	@.venv/bin/python -m acceptance $(if $(call told,ACCOUNT)$(call told,REGION),run $(_PLACE) --slots "$(call told,SLOTS)" \
		--connection "$(call told,CONNECTION_ARN)" --chapters "$(call told,CHAPTERS)",explain)

acceptance-clean: .venv/.stamp ## Remove what a killed run of it has left; RELEASE=GITHUB: that slot may be emptied
	@.venv/bin/python -m acceptance clean $(_PLACE) --release "$(call told,RELEASE)" --keep "$(call told,KEEP)" \
		--prefix "$(call told,PREFIX)"

up: .venv/.stamp tools ## Start the embedded AWS and print the environment to use it: eval "$$(make up)"; CONTAINERS=1 lets containers reach it
	@.venv/bin/python -m local.embedded_aws up $(if $(CONTAINERS),--containers)

down: ## Stop what `make up` started
	@test ! -x .venv/bin/python || .venv/bin/python -m local.embedded_aws down

dist: .venv/.stamp tools ## Build the files of a release of what is checked out into dist; TAG=v1.2.3 checks that it is that one
	@.venv/bin/python -m release.dist $${TAG:+"$$TAG"}

release: .venv/.stamp tools ## Release what is on main, here, and push nothing: VERSION=1.2.3; docs/releasing.md
	@.venv/bin/python -m release $${VERSION:+"$$VERSION"}

LOCKS := handler/requirements requirements-dev $(basename $(wildcard requirements/*.in))

lock: $(UV) ## Resolve every dependency anew and lock it with its hashes
	@for lock in $(LOCKS); do \
		$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-header --no-annotate --no-emit-index-url $$lock.in --output-file $$lock.txt || exit 1; \
	done

# What `make acceptance` has noted stays: in an account, it leads to what a killed run has left.
clean: down ## Remove everything these targets have made, but for what make acceptance has noted
	rm -rf .venv .tools .aws-sam dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	test ! -d .local || find .local -mindepth 1 -maxdepth 1 ! -name acceptance -exec rm -rf {} +

include handler/pip.mk

# An environment is made anew when its lock has changed, and only then.
$(UV): requirements/bootstrap.txt
	@echo "Installing uv" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.x ...")'
	@$(PYTHON) -m venv --clear .tools/uv
	@$(PIP_ENVIRONMENT) .tools/uv/bin/python -m pip install --no-user --target= --prefix "$(CURDIR)/.tools/uv" --root / \
		--quiet --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch -c $@

define environment
$(1)/.stamp: $(2) $$(UV)
	@echo "Installing $(2) into $(1)" >&2
	@$$(UV) venv --quiet --clear --python .tools/uv/bin/python $(1)
	@$$(UV) pip sync --quiet --require-hashes --python $(1)/bin/python $(2)
	@touch $$@
endef

$(eval $(call environment,.venv,requirements-dev.txt))
$(eval $(call environment,.tools/sam,requirements/sam.txt))
$(eval $(call environment,.tools/ministack,requirements/ministack.txt))
$(eval $(call environment,.tools/runtime,requirements/runtime.txt))
$(eval $(call environment,.tools/sbom,requirements/sbom.txt))
$(eval $(call environment,.tools/packaging,requirements/packaging.txt))
$(eval $(call environment,.tools/checkov,requirements/checkov.txt))
$(eval $(call environment,.tools/cdk,requirements/cdk.txt))
$(eval $(call environment,.tools/bench,requirements/bench.txt))
$(eval $(call environment,.tools/workflows,requirements/workflows.txt))
$(eval $(call environment,.tools/pictures,requirements/pictures.txt))
