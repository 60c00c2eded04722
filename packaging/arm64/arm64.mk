# Packages for another architecture than this machine's: the rules of packaging.mk
# with ARCH=arm64, a compiler that compiles for it, and Debian's packages of it to
# compile against. See README.md.
.PHONY: dist-arm64 dist-check-arm64 sysroot

ifneq ($(CROSS),)
TRIPLE := $(RPMARCH)-linux-gnu
CROSS_DEPS := clang binutils-$(TRIPLE)

# What the host needs to compile against, of the other architecture.
SYSROOT_PACKAGES = $(filter lib% %-dev,$(BUILD_DEPS)) libjpeg62-turbo-dev libc6-dev libstdc++-12-dev
# SYSROOT=FOLDER takes that folder, and no network, instead of making one.
SYSROOT ?=
sysroot: deps
	@.ci/packages $(CROSS_DEPS) debian-archive-keyring
	@mkdir -p $(B)
	@root="$(abspath $(SYSROOT))"; [[ -n $$root ]] || root=$$(packaging/arm64/sysroot $(DEBARCH) $(SYSROOT_PACKAGES)) || exit 1; \
	  ln -sfn "$$root" $(B)/sysroot

# The folder's name says what is in it, so Go's cache sees when that changes.
CROSS_ROOT = $(shell readlink -f $(B)/sysroot)
CROSS_CC = clang --target=$(TRIPLE) --sysroot=$(CROSS_ROOT)
# The system paths are named because pkg-config would put -L of the folder before
# that of the static libraries.
CROSS_PKG = PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$(CROSS_ROOT)/usr/lib/$(TRIPLE)/pkgconfig:$(CROSS_ROOT)/usr/share/pkgconfig \
  PKG_CONFIG_SYSROOT_DIR=$(CROSS_ROOT) PKG_CONFIG_SYSTEM_INCLUDE_PATH=$(CROSS_ROOT)/usr/include \
  PKG_CONFIG_SYSTEM_LIBRARY_PATH=$(CROSS_ROOT)/usr/lib/$(TRIPLE):$(CROSS_ROOT)/usr/lib
CROSS_ENV = CGO_ENABLED=1 GOARCH=$(ARCH) CC="$(CROSS_CC)" CXX="$(subst clang ,clang++ ,$(CROSS_CC))" $(CROSS_PKG)
endif

dist-arm64: ## deb, rpm and tar of program and service for 64-bit ARM, built on any Debian
	$(MAKE) --no-print-directory dist-deb dist-rpm dist-tar dist-service ARCH=arm64

dist-check-arm64: ## what make dist-arm64 built, run by qemu, a row for each check
	packaging/check/arm64
