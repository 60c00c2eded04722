# Release files: packaging/README.md says what each is. Included by the Makefile.
PREFIX ?= /usr/local
DESTDIR ?=
D := dist

SOURCE_DATE_EPOCH := $(shell packaging/version epoch)
export SOURCE_DATE_EPOCH
RELEASE := $(shell packaging/version version)
# ARCH=arm64 on the command line builds for that architecture: packaging/arm64.
# What belongs to one architecture lies in B, and packages of all in D.
HOSTARCH := $(shell go env GOHOSTARCH)
ARCH := $(shell go env GOARCH)
CROSS := $(filter-out $(HOSTARCH),$(ARCH))
B := $(D)$(if $(CROSS),/$(ARCH))
MTIME = $(shell date -u -d @$(SOURCE_DATE_EPOCH) +%Y-%m-%dT%H:%M:%SZ)

HARDEN := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
RELEASE_STAMP := -X main.version=$(RELEASE) -X main.commit=$(COMMIT) -X main.date=$(DATE)
RELEASE_TAGS := migrated_fynedo,release
NFPM := go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.41.0
# What a package of a distribution leaves out, such as -tags for its own policy.
EXTRA_TAGS ?=

# Where the files of a release lie, for recipes and software centres, and where
# the project is; whoever publishes says so.
BASE_URL ?= https://parley.invalid
HOMEPAGE ?= $(BASE_URL)/
MAINTAINER ?= The Parley authors <parley@parley.invalid>

# What the release build needs beside the Makefile's BUILD_DEPS.
PACK_DEPS = binutils librsvg2-bin xz-utils $(if $(STATIC),libjpeg62-turbo-dev) $(CROSS_DEPS)

.PHONY: install install-program install-service dist-root dist-service-root dist dist-program dist-tar dist-source dist-deb dist-rpm dist-service dist-sums sign-sums dist-check

# The C libraries whose versions differ between distributions are linked in; the
# others (X11, GL, libc) are the system's. STATIC= links all by pkg-config.
STATIC ?= vpx opus yuv turbojpeg jpeg
$(B)/staticlibs/.made: packaging/packaging.mk $(if $(CROSS),sysroot) | deps
	@.ci/packages $(PACK_DEPS)
	@rm -rf $(B)/staticlibs && mkdir -p $(B)/staticlibs
	@for l in $(STATIC); do f=$$($(or $(CROSS_CC),$(CC)) -print-file-name=lib$$l.a); \
	  [[ -f $$f ]] || { echo "lib$$l.a is not there; install its -dev package, or build with STATIC="; exit 1; }; \
	  ln -s "$$f" $(B)/staticlibs/; done
	@touch $@

dist-program: deps $(B)/staticlibs/.made ## the release build of the program: dist/parley
	$(brand)
	$(CROSS_ENV) CGO_CFLAGS="$(HARDEN)" CGO_CXXFLAGS="$(HARDEN)" \
	go build $(OVERLAY) -trimpath -buildmode=pie -tags "$(RELEASE_TAGS),$(EXTRA_TAGS)" \
	  -ldflags "-s -w -buildid= $(RELEASE_STAMP) -linkmode=external -extldflags '$(if $(STATIC),-L$(CURDIR)/$(B)/staticlibs) -Wl,-z,relro,-z,now,--build-id=none'" \
	  -o $(B)/parley ./app
	$(if $(CROSS),$(TRIPLE)-)objcopy --remove-section=.comment $(B)/parley

$(B)/parleyd: FORCE
	CGO_ENABLED=0 GOARCH=$(ARCH) go build -trimpath -ldflags "-s -w -buildid= $(RELEASE_STAMP)" -o $@ ./signaling/cmd/parleyd
FORCE:

# BRAND=DIR: an organisation's name, colours and icon (docs/branding.md).
brand = $(if $(BRAND),go run ./app/internal/brand -from "$(BRAND)" -out bin/brand)
branded = $(if $(BRAND),bin/brand/linux.sed,/dev/null)

# Programs of another architecture do not run here. Those of the same source for
# this machine print the man pages and completions instead.
.PHONY: printer printer-service
printer:
	$(if $(CROSS),$(MAKE) --no-print-directory dist-program ARCH=$(HOSTARCH))
printer-service:
	$(if $(CROSS),$(MAKE) --no-print-directory $(D)/parleyd ARCH=$(HOSTARCH))

# What is installed, under $(DESTDIR)$(PREFIX). The programs are those of dist/.
define share # program, section, page of its settings file
	install -d $(DESTDIR)$(PREFIX)/share/man/man$(2) $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(D)/$(1) --manual=man | gzip -9n > $(DESTDIR)$(PREFIX)/share/man/man$(2)/$(1).$(2).gz
	$(D)/$(1) --manual=man5 | gzip -9n > $(DESTDIR)$(PREFIX)/share/man/man5/$(3).5.gz
	$(D)/$(1) --manual=bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(1)
	$(D)/$(1) --manual=zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$(1)
	$(D)/$(1) --manual=fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$(1).fish
endef

install: install-program ## the program and what belongs to it, under DESTDIR and PREFIX

install-program:
	@[[ -x $(B)/parley ]] || $(MAKE) --no-print-directory dist-program printer
	@$(brand)
	install -D -m 755 $(B)/parley $(DESTDIR)$(PREFIX)/bin/parley
	install -d $(DESTDIR)$(PREFIX)/share/metainfo $(DESTDIR)$(PREFIX)/share/applications
	sed -f $(branded) packaging/linux/org.parley.Parley.desktop > $(DESTDIR)$(PREFIX)/share/applications/org.parley.Parley.desktop
	$(fill) -f $(branded) packaging/linux/org.parley.Parley.metainfo.xml.in \
	  > $(DESTDIR)$(PREFIX)/share/metainfo/org.parley.Parley.metainfo.xml
	packaging/linux/icons $(or $(wildcard $(BRAND)/icon.svg),$(if $(BRAND),$(BRAND)/icon.png,assets/icon.svg)) $(DESTDIR)$(PREFIX)/share/icons/hicolor
	$(call share,parley,1,parley-policy)

install-service: $(B)/parleyd printer-service
	install -D -m 755 $(B)/parleyd $(DESTDIR)$(PREFIX)/bin/parleyd
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/bin/parleyd|$(PREFIX)/bin/parleyd|' packaging/service/parleyd.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/parleyd.service
	install -D -m 644 packaging/service/parleyd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/parleyd.conf
	$(call share,parleyd,8,parleyd.toml)

# Names of packages by architecture, as Debian and Red Hat write them.
DEBARCH := $(ARCH)
RPMARCH := $(patsubst amd64,x86_64,$(patsubst arm64,aarch64,$(ARCH)))
fill = sed -e 's/@VERSION@/$(RELEASE)/g; s/@ARCH@/$(ARCH)/g; s/@MTIME@/$(MTIME)/g; s/@DATE@/$(DATE)/g; s/@LICENSE@/MIT/g' \
  -e 's|@BASE_URL@|$(BASE_URL)|g; s|@HOMEPAGE@|$(HOMEPAGE)|g; s|@MAINTAINER@|$(MAINTAINER)|g; s/@DMG_SHA256@/$(DMG_SHA256)/g; s/@SOURCE_SHA256@/$(SOURCE_SHA256)/g'

# One template, on standard output.
.PHONY: fill-template
fill-template:
	@$(fill) -e 's|@ROOT@|$(B)/root|g' $(FILE)

# doc: what Debian wants beside a program: changelog, copyright, licences.
define doc # name, root
	install -d $(2)/usr/share/doc/$(1)
	printf '%s (%s) unstable; urgency=medium\n\n  * Release %s, of commit %s.\n\n -- %s  %s\n' \
	  $(1) '$(RELEASE)' '$(RELEASE)' '$(COMMIT)' '$(MAINTAINER)' "$$(LC_ALL=C date -u -R -d @$(SOURCE_DATE_EPOCH))" | gzip -9n > $(2)/usr/share/doc/$(1)/changelog.gz
	{ sed -e 's/@NAME@/$(1)/; s/@YEAR@/2026/' packaging/linux/copyright.in; tail -n +5 LICENSE | sed 's/^$$/./; s/^/ /'; } > $(2)/usr/share/doc/$(1)/copyright
	gzip -9nc $(B)/LICENSES > $(2)/usr/share/doc/$(1)/LICENSES.gz
endef

$(B)/LICENSES $(B)/sbom.json &: $(if $(CROSS),sysroot) FORCE
	@mkdir -p $(B)
	$(CROSS_PKG) go run ./packaging/sbom $(if $(CROSS),-root $(CROSS_ROOT)) -version '$(RELEASE)' -date "$(MTIME)" -sbom $(B)/sbom.json -licences $(B)/LICENSES

dist-root: dist-program printer $(B)/LICENSES
	rm -rf $(B)/root
	$(MAKE) --no-print-directory install-program DESTDIR=$(CURDIR)/$(B)/root PREFIX=/usr
	mkdir -p $(B)/root/usr/share/zsh/vendor-completions
	mv $(B)/root/usr/share/zsh/site-functions/_parley $(B)/root/usr/share/zsh/vendor-completions/ && rmdir $(B)/root/usr/share/zsh/site-functions
	$(call doc,parley,$(B)/root)
	find $(B)/root -exec touch -h -d @$(SOURCE_DATE_EPOCH) {} +

dist-service-root: $(B)/parleyd $(B)/LICENSES
	rm -rf $(B)/service-root
	$(MAKE) --no-print-directory install-service DESTDIR=$(CURDIR)/$(B)/service-root PREFIX=/usr
	mkdir -p $(B)/service-root/usr/share/zsh/vendor-completions
	mv $(B)/service-root/usr/share/zsh/site-functions/_parleyd $(B)/service-root/usr/share/zsh/vendor-completions/ && rmdir $(B)/service-root/usr/share/zsh/site-functions
	$(call doc,parleyd,$(B)/service-root)
	find $(B)/service-root -exec touch -h -d @$(SOURCE_DATE_EPOCH) {} +

dist-deb: dist-root ## dist/parley_VERSION_ARCH.deb
	@rm -f $(D)/parley_*_$(DEBARCH).deb
	$(fill) -e 's|@ROOT@|$(B)/root|' packaging/linux/nfpm.yaml.in | sed '/^license:/d; /^release:/d' > $(B)/nfpm.yaml
	$(NFPM) package -p deb -f $(B)/nfpm.yaml -t $(D)/parley_$(RELEASE)_$(DEBARCH).deb
	packaging/smaller $(D)/parley_$(RELEASE)_$(DEBARCH).deb

# An rpm of what is in a root for Debian: zsh's completions and licences lie
# elsewhere. nfpm puts the name of this machine in, and packs less well.
define rpm # name, root, description, file
	rm -rf $(2)-rpm && cp -a $(2) $(2)-rpm
	mkdir -p $(2)-rpm/usr/share/zsh/site-functions $(2)-rpm/usr/share/licenses/$(1)
	mv $(2)-rpm/usr/share/zsh/vendor-completions/_$(1) $(2)-rpm/usr/share/zsh/site-functions/
	mv $(2)-rpm/usr/share/doc/$(1)/copyright $(2)-rpm/usr/share/doc/$(1)/LICENSES.gz $(2)-rpm/usr/share/licenses/$(1)/
	rm -r $(2)-rpm/usr/share/zsh/vendor-completions $(2)-rpm/usr/share/doc
	sed -i 's|/usr/share/doc/$(1)/|/usr/share/licenses/$(1)/|' $(2)-rpm/usr/share/licenses/$(1)/copyright
	find $(2)-rpm -exec touch -h -d @$(SOURCE_DATE_EPOCH) {} +
	$(fill) -e 's|@ROOT@|$(2)-rpm|' $(3) > $(B)/nfpm-rpm.yaml
	$(NFPM) package -p rpm -f $(B)/nfpm-rpm.yaml -t $(4)
	go run ./packaging/rpm/repack $(4)
endef

dist-rpm: dist-root ## dist/parley-VERSION-1.ARCH.rpm
	@rm -f $(D)/parley-*.$(RPMARCH).rpm
	$(call rpm,parley,$(B)/root,packaging/linux/nfpm.yaml.in,$(D)/parley-$(RELEASE)-1.$(RPMARCH).rpm)

dist-service: dist-service-root ## deb, rpm and tar of the service
	@rm -f $(D)/parleyd_*_$(DEBARCH).deb $(D)/parleyd-*.$(RPMARCH).rpm $(D)/parleyd-*-linux-$(ARCH).tar.xz
	$(fill) -e 's|@ROOT@|$(B)/service-root|' packaging/service/nfpm.yaml.in | sed '/^license:/d; /^release:/d' > $(B)/nfpm-service.yaml
	$(NFPM) package -p deb -f $(B)/nfpm-service.yaml -t $(D)/parleyd_$(RELEASE)_$(DEBARCH).deb
	packaging/smaller $(D)/parleyd_$(RELEASE)_$(DEBARCH).deb
	$(call rpm,parleyd,$(B)/service-root,packaging/service/nfpm.yaml.in,$(D)/parleyd-$(RELEASE)-1.$(RPMARCH).rpm)
	$(call tarball,parleyd-$(RELEASE)-linux-$(ARCH),$(B)/service-root/usr)

# A tar whose bytes depend on what is in it alone.
define tarball # name, folder
	tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r,go-w --mtime=@$(SOURCE_DATE_EPOCH) \
	  --transform 's|^\.|$(1)|' -C $(2) -cf - . | xz -9 -T1 > $(D)/$(1).tar.xz
endef

dist-tar: dist-root ## dist/parley-VERSION-linux-ARCH.tar.xz: unpack it over /usr/local, or run bin/parley from it
	@rm -f $(D)/parley-*-linux-$(ARCH).tar.xz
	$(call tarball,parley-$(RELEASE)-linux-$(ARCH),$(B)/root/usr)

# Everything that is needed to build without a network: the modules, and the two
# WebAssembly files with their sums.
dist-source: ## dist/parley-VERSION-source.tar.xz
	@.ci/wasm
	@rm -f $(D)/parley-*-source.tar.xz
	rm -rf $(D)/source && mkdir -p $(D)/source/parley-$(RELEASE)
	git archive HEAD | tar -x -C $(D)/source/parley-$(RELEASE)
	packaging/version file > $(D)/source/parley-$(RELEASE)/.version
	cp media/internal/apm/wasm/*.wasm $(D)/source/parley-$(RELEASE)/media/internal/apm/wasm/
	cd $(D)/source/parley-$(RELEASE) && go mod vendor
	tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r,go-w --mtime=@$(SOURCE_DATE_EPOCH) \
	  -C $(D)/source -cf - parley-$(RELEASE) | xz -9 -T2 > $(D)/parley-$(RELEASE)-source.tar.xz
	rm -rf $(D)/source

# Sums of everything, signed with minisign where a key is given (MINISIGN_KEY=).
dist-sums: $(D)/sbom.json
	cp $(D)/sbom.json $(D)/parley-$(RELEASE).cdx.json
	cp $(D)/LICENSES $(D)/parley-$(RELEASE)-licences.txt
	cd $(D) && sha256sum $$(find . -maxdepth 1 -type f \( -name '*.deb' -o -name '*.rpm' -o -name '*.tar.xz' -o -name '*.exe' -o -name '*.msi' -o -name '*.dmg' -o -name '*.flatpak' -o -name '*.AppImage' \
	  -o -name '*.cdx.json' -o -name '*-licences.txt' \) -printf '%P\n' | LC_ALL=C sort) > SHA256SUMS
	@[[ -z "$(MINISIGN_KEY)" ]] || $(MAKE) --no-print-directory sign-sums

# A key with a password asks for it; one without (minisign -G -W) does not.
sign-sums:
	@[[ -n "$(MINISIGN_KEY)" ]] || { echo "Which key? make sign-sums MINISIGN_KEY=FILE; minisign -G makes one."; exit 1; }
	@.ci/packages minisign
	minisign -S -s "$(MINISIGN_KEY)" -m $(D)/SHA256SUMS -t "parley $(RELEASE)"

dist: ## everything that can be built here, into dist/
	$(MAKE) --no-print-directory dist-deb dist-rpm dist-tar dist-service dist-source
	$(MAKE) --no-print-directory dist-arch
	$(MAKE) --no-print-directory dist-arm64
	$(MAKE) --no-print-directory dist-windows
	$(MAKE) --no-print-directory dist-screenshots
	$(MAKE) --no-print-directory dist-flatpak dist-flathub dist-appimage
	$(MAKE) --no-print-directory dist-sums

dist-check: ## what packaging.md promises, a row each: see packaging/check
	@status=0; packaging/check/all || status=1; $(MAKE) --no-print-directory dist-check-windows || status=1; exit $$status
