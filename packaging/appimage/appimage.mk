# The AppDir of an AppImage, and the AppImage where its runtime is given: see README.md here.
APPIMAGE_DEPS := squashfs-tools patchelf binutils
APPIMAGE_CHECK_DEPS := clang curl xvfb openbox x11-utils imagemagick desktop-file-utils

.PHONY: dist-appimage dist-check-appimage

dist-appimage: dist-program $(D)/LICENSES ## dist/appimage/parley.squashfs (RUNTIME= RUNTIME_SHA256= make it an AppImage)
	@[[ "$(ARCH)" == "$(HOSTARCH)" ]] || { echo "An AppImage of $(ARCH) is built on a machine of that kind."; exit 1; }
	@.ci/packages $(APPIMAGE_DEPS)
	RUNTIME='$(RUNTIME)' RUNTIME_SHA256='$(RUNTIME_SHA256)' packaging/appimage/build $(D)/appimage
	@rm -f $(D)/*.AppImage; [[ -z "$(RUNTIME)" ]] || mv $(D)/appimage/*.AppImage $(D)/

dist-check-appimage: ## what make dist-appimage built, a row for each check
	@.ci/packages $(APPIMAGE_DEPS) $(APPIMAGE_CHECK_DEPS)
	packaging/check/appimage
