# The Windows program and its installers, built on Debian: see README.md here.
WINDOWS_DEPS := clang pkg-config gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64 nasm cmake make dpkg-dev imagemagick \
  nsis wixl msitools faketime osslsigncode
WINDOWS_CHECK_DEPS := wine wine64 xvfb xdotool x11-utils imagemagick openssl

WINDOWS_TAGS := migrated_fynedo,release
comma := ,

.PHONY: dist-windows dist-check-windows

windows_env = VERSION='$(or $(RELEASE),$(VERSION))' COMMIT='$(COMMIT)' DATE='$(DATE)' \
  SOURCE_DATE_EPOCH='$(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct))' TAGS='$(or $(RELEASE_TAGS),$(WINDOWS_TAGS))$(if $(EXTRA_TAGS),$(comma)$(EXTRA_TAGS))' \
  BASE_URL='$(BASE_URL)' HOMEPAGE='$(HOMEPAGE)' BRAND='$(if $(BRAND),$(abspath $(BRAND)))'

dist-windows: ## parley.exe, setup and MSI for Windows into dist/ (SIGN_PFX= signs, BRAND= names)
	@.ci/packages $(WINDOWS_DEPS)
	@.ci/wasm
	$(windows_env) packaging/windows/build dist

# The recipes alone, of the setup and the MSI that are in OUT.
.PHONY: fill-recipes
fill-recipes:
	$(windows_env) packaging/windows/build $(OUT) recipes

dist-check-windows: ## what make dist-windows built, under wine, a row for each check
	@.ci/packages $(WINDOWS_DEPS) $(WINDOWS_CHECK_DEPS)
	$(windows_env) packaging/windows/check/all dist
