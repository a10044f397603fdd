# `make` lists the targets. Everything that is built or fetched goes to bin/
# and .aegis/, which git ignores.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LINT := $(CURDIR)/.aegis/bin/golangci-lint
# Modules of their own that have code; tools/lint and tools/pulumi have none.
TOOL_MODULES := tools/pulumi-resource-aws tools/pulumi-language-go tools/deploy
# Written by npm when it is done.
NODE_MODULES := tools/webhook-verify/node_modules/.package-lock.json
# Two packages at a time: tests start databases, emulators and engines.
TEST := go test -p 2 -timeout 60m
# These mostly wait for engines, emulators, servers and the CLI, which are processes of
# their own. The race detector, which doubles their time, has them, and the tools' modules,
# in `make race`. The longest come first.
SLOW := internal/e2e internal/engine/enginetest stacks internal/sandbox cmd/aegis/cli
# What property tests draw is the same in each run; 0 draws anew, as `make property` does.
export RAPID_SEED ?= 1
NOTHING :=
IS_SLOW := ^github.com/aegisworld/aegis/($(subst $(NOTHING) $(NOTHING),|,$(SLOW)))$$
PROPERTIES = go list -f '{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... | awk '/ pgregory.net\/rapid/ && $$1 !~ "$(IS_SLOW)" {print $$1}'
# A command on all packages of each of the tools' modules.
tools = for module in $(TOOL_MODULES); do echo "cd $$module && $(1) ./..."; (cd $$module && $(1) ./...); done

.PHONY: help setup build run test test-tools race property bench fmt lint clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: build ## Get what the engines and the sandbox need
	bin/aegis setup

build: ## Build bin/aegis
	go build -ldflags "-s -w -X main.version=$(VERSION)" -o bin/aegis ./cmd/aegis

run: setup ## Serve the whole product on http://127.0.0.1:8080, without an account
	bin/aegis sandbox --addr 127.0.0.1:8080 --data-dir .aegis/sandbox

test: build lint test-tools $(NODE_MODULES) ## Lint, then run all tests, most with the race detector
	$(TEST) -race $$(go list ./... | grep -vE '$(IS_SLOW)')
	$(TEST) $(addprefix ./,$(SLOW))

race: build $(NODE_MODULES) ## Run the slow tests and the tools' with the race detector
	$(TEST) -race $(addprefix ./,$(SLOW))
	@$(call tools,$(TEST) -race)

property: ## Run the property tests on more cases, drawn anew
	RAPID_SEED=0 RAPID_CHECKS=1000 $(TEST) -count=1 $$($(PROPERTIES))

test-tools: ## Run the tests of the tools' own modules
	@$(call tools,$(TEST))

bench: build ## Print the figures of docs/benchmarks.md, as ratios
	bin/aegis bench
	go test -run '^$$' -bench . -benchmem ./bench/...

fmt: $(LINT) ## Format the code
	$(LINT) fmt ./...
	@$(call tools,$(LINT) fmt)

lint: $(LINT) ## Check the code
	$(LINT) run ./...
	@$(call tools,$(LINT) run)

clean: ## Remove what was built; the sandbox's data stays
	rm -rf bin tools/webhook-verify/node_modules .aegis/bin .aegis/stamps .aegis/pulumi-home .aegis/plugin-cache

# What the tests of webhooks verify signatures with; needs Node.js 18 and npm.
$(NODE_MODULES): tools/webhook-verify/package-lock.json
	cd tools/webhook-verify && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(LINT): tools/lint/go.mod tools/lint/go.sum
	cd tools/lint && go build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@
