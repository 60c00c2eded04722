# What a Mac's program needs beside itself: see README.md. The program is built on a Mac.
.PHONY: dist-macos-files

dist-macos-files: ## dist/macos: Parley.app without its program, entitlements, profile for fleets; the cask if parley-VERSION.dmg is in dist/
	rm -rf $(D)/macos && mkdir -p $(D)/macos
	VERSION='$(RELEASE)' BRAND='$(if $(BRAND),$(abspath $(BRAND)))' packaging/macos/bundle "" $(D)/macos
	cp packaging/macos/parley.entitlements packaging/macos/parley.mobileconfig $(D)/macos/
	@dmg=$(D)/parley-$(RELEASE).dmg; [[ ! -e $$dmg ]] || \
	  $(MAKE) --no-print-directory fill-template FILE=packaging/homebrew/parley.rb.in DMG_SHA256=$$(sha256sum $$dmg | cut -d' ' -f1) > $(D)/macos/parley.rb
