# The Flatpak bundle, built on Debian: see README.md here.
FLATPAK_DEPS := flatpak flatpak-builder ostree bubblewrap mmdebstrap gpg
FLATPAK_CHECK_DEPS := curl openssl xvfb openbox x11-utils imagemagick dbus python3-dbus python3-gi xdg-desktop-portal desktop-file-utils python3-yaml

.PHONY: dist-flatpak dist-flathub dist-check-flatpak

dist-flatpak: dist-program ## dist/parley-VERSION.flatpak and its runtime (FLATPAK_KEY= signs)
	@[[ "$(ARCH)" == "$(HOSTARCH)" ]] || { echo "A Flatpak of $(ARCH) is built on a machine of that kind."; exit 1; }
	@.ci/packages $(FLATPAK_DEPS)
	rm -rf $(D)/flatpak/root
	$(MAKE) --no-print-directory install-program DESTDIR=$(CURDIR)/$(D)/flatpak/staged PREFIX=/app
	mv $(D)/flatpak/staged/app $(D)/flatpak/root && rmdir $(D)/flatpak/staged
	FLATPAK_KEY='$(FLATPAK_KEY)' packaging/flatpak/build '$(RELEASE)'

dist-flathub: ## dist/flathub/org.parley.Parley.yaml (BASE_URL= is where the source tarball will lie)
	@[[ -e $(D)/parley-$(RELEASE)-source.tar.xz ]] || $(MAKE) --no-print-directory dist-source
	@mkdir -p $(D)/flathub
	BASE_URL='$(BASE_URL)' packaging/flatpak/manifest flathub $(D)/parley-$(RELEASE)-source.tar.xz > $(D)/flathub/org.parley.Parley.yaml

dist-check-flatpak: ## what make dist-flatpak built, a row for each check
	@.ci/packages $(FLATPAK_DEPS) $(FLATPAK_CHECK_DEPS)
	packaging/check/flatpak
