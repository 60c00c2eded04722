# What a Mac's program needs beside itself: see README.md. The program is built on a Mac.
.PHONY: dist-macos-files fill-cask

dist-macos-files: ## dist/macos: Parley.app without its program, entitlements, profile for fleets; the cask if parley-VERSION.dmg is in dist/
	rm -rf $(D)/macos && mkdir -p $(D)/macos
	VERSION='$(RELEASE)' BRAND='$(if $(BRAND),$(abspath $(BRAND)))' packaging/macos/bundle "" $(D)/macos
	cp packaging/macos/parley.entitlements packaging/macos/parley.mobileconfig $(D)/macos/
	@dmg=$(D)/parley-$(RELEASE).dmg; [[ ! -e $$dmg ]] || \
	  $(MAKE) --no-print-directory fill-cask DMG_SHA256=$$(sha256sum $$dmg | cut -d' ' -f1) > $(D)/macos/parley.rb

# The cask on standard output.
fill-cask:
	@$(fill) -e 's/@DMG_SHA256@/$(DMG_SHA256)/' packaging/homebrew/parley.rb.in
