# The two commands: `make run` (everything, from a clean clone to a served app) and `make test` (everything proved).
SHELL := /bin/bash
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

run: ## Start the whole stack, deploy the sample and stay up until Ctrl-C
	@eng/run

build: ## Build everything
	@eng/build

check: ## Build, lint and pure tests: the quick part of `make test`
	@eng/check

test: ## Everything: set-up, lint, contracts, all tests on the real servers
	@eng/test

proto: ## Generate the clients from protos/
	@eng/proto

fmt: ## Format the contracts and the sources
	@eng/fmt

images: ## Container images of our programs, as archives, without Docker
	@eng/images

bench-%: ## Run one benchmark, for instance `make bench-api`; writes docs/benchmarks/
	@eng/bench $*

.PHONY: help run build check test proto fmt images
