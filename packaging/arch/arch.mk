# A recipe for Arch Linux beside the source tarball: see PKGBUILD.in.
.PHONY: dist-arch

dist-arch: ## dist/arch/PKGBUILD, for the source tarball of make dist-source
	@[[ -f $(D)/parley-$(RELEASE)-source.tar.xz ]] || $(MAKE) --no-print-directory dist-source
	mkdir -p $(D)/arch
	$(MAKE) --no-print-directory -s fill-template FILE=packaging/arch/PKGBUILD.in \
	  SOURCE_SHA256=$$(sha256sum $(D)/parley-$(RELEASE)-source.tar.xz | cut -d' ' -f1) > $(D)/arch/PKGBUILD
