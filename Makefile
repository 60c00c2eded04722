# The commands of README.md. Everything a new Debian machine needs is installed
# by the target that needs it; on other systems the names below say what to get.
SHELL := /bin/bash
export CC ?= clang
export CXX ?= clang++
ifeq ($(origin CC),default)
export CC := clang
export CXX := clang++
endif
export GOFLAGS += -buildvcs=false

VERSION := $(shell packaging/version version)
COMMIT := $(shell packaging/version commit)
DATE := $(shell packaging/version date)
STAMP := -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)

# go-gl, X11, libvpx, Opus, libyuv and libjpeg-turbo to build, npm to fetch the
# WebAssembly of the microphone's path; the rest to test. An npm that came with
# another Node.js than Debian's is as good, and Debian's would conflict with it.
BUILD_DEPS := clang pkg-config libgl1-mesa-dev xorg-dev libvpx-dev libopus-dev libyuv-dev libturbojpeg0-dev \
  $(if $(shell command -v npm),,npm)
TEST_DEPS := xvfb xdotool openbox imagemagick x11-utils pulseaudio pulseaudio-utils dbus ffmpeg sox fonts-dejavu-core chromium postgresql coturn

GOLANGCI := 2.15.0
TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/parley-tools
LINTER := $(TOOLS)/golangci-lint-v$(GOLANGCI)/golangci-lint

# The packages whose tests need no window, sound or camera, and that run under
# the race detector as well: where goroutines meet.
RACE := ./media/latest ./media/jitter ./media/voice ./signaling/... ./call/...

# The packages that call C, and those whose tests send much through them.
ASAN := ./media/internal/jpeg ./media/internal/opus ./media/internal/vpx ./media/internal/yuv \
  ./media/codec ./media/picture ./media/record ./media/device/sound ./media/device/native
# The sanitiser's library, and what names functions in its reports.
ASAN_DEPS = libclang-rt-$(shell clang -dumpversion | cut -d. -f1)-dev llvm

.DEFAULT_GOAL := build
.PHONY: build run demo test test-unit test-race test-e2e asan lint bench screenshots deps deps-test clean

# BRAND=DIR: the name, colours and icon of an organisation (docs/branding.md).
ifneq ($(BRAND),)
OVERLAY := -overlay bin/brand/overlay.json
endif

build: deps ## parley and parleyd into bin/
	$(if $(BRAND),go run ./app/internal/brand -from "$(BRAND)" -out bin/brand)
	go build $(OVERLAY) -ldflags "$(STAMP)" -o bin/parley ./app
	CGO_ENABLED=0 go build -ldflags "-s -w $(STAMP)" -trimpath -o bin/parleyd ./signaling/cmd/parleyd

run: build ## opens Parley; with no display, a call between two in a virtual one
	@if [ -n "$$DISPLAY" ]; then exec bin/parley $(ARGS); \
	else echo "There is no display here: running a call between two Parleys in a virtual one."; \
	$(MAKE) --no-print-directory deps-test; exec go run ./app/internal/stage/cmd/showcase -bin bin/parley -out out/run; fi

demo: build ## two windows call each other, on this display or a virtual one
	@if [ -z "$$DISPLAY" ]; then $(MAKE) --no-print-directory deps-test; fi
	go run ./app/internal/stage/cmd/showcase -bin bin/parley -out out/demo -visible

test: test-unit test-race test-e2e ## everything that must be green

test-unit: deps deps-test
	go vet ./...
	CGO_ENABLED=0 go vet ./signaling/...
	go test ./...

test-race: deps deps-test
	go test -race $(RACE)

test-e2e: build deps-test ## real windows, real sound: see app/internal/stage
	go test -tags e2e -count=1 -timeout 15m ./app/internal/stage/... -bin $(CURDIR)/bin/parley

asan: deps deps-test ## memory errors and leaks in C: see docs/developing.md
	@.ci/packages $(ASAN_DEPS)
	LSAN_OPTIONS=suppressions=$(CURDIR)/.ci/leaks ASAN_OPTIONS=fast_unwind_on_malloc=0 \
	CC=clang CXX=clang++ go test -asan -count=1 -o bin/asan/ $(ASAN)

lint: deps $(LINTER) ## formatting, a dozen linters, the import rules, go.mod tidy
	@bad=$$(gofmt -l app assets call media packaging signaling ui); [ -z "$$bad" ] || { echo "gofmt -w these:"; echo "$$bad"; exit 1; }
	go mod tidy -diff
	$(LINTER) run ./...
	go test -count=1 -run TestImportRules ./app

$(LINTER):
	CGO_ENABLED=0 GOBIN=$(dir $@) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI)

bench: build deps-test ## ours, theirs, ratio and goal; ONLY=part,part JSON=FILE
	go run ./app/internal/bench -only "$(ONLY)" -json "$(JSON)"

screenshots: deps deps-test ## every screen, light and dark, every language, two sizes, into screenshots/
	go run ./ui/gallery/cmd/screenshots -out screenshots

deps:
	@.ci/packages $(BUILD_DEPS)
	@.ci/wasm

deps-test:
	@.ci/packages $(TEST_DEPS)

clean:
	rm -rf bin out screenshots dist

include packaging/packaging.mk
include packaging/windows/windows.mk
include packaging/screenshots/screenshots.mk
include packaging/macos/macos.mk
include packaging/arm64/arm64.mk
include packaging/flatpak/flatpak.mk
include packaging/arch/arch.mk
include packaging/appimage/appimage.mk
