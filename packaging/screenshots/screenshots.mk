# Pictures for software centres: see take, and README.md.
SCREENSHOT_DEPS := xvfb xdotool openbox imagemagick x11-utils pulseaudio pulseaudio-utils ffmpeg fonts-dejavu-core

.PHONY: dist-screenshots

dist-screenshots: build ## dist/screenshots: the program at work, for software centres (FOOTAGE="THEIRS.y4m MINE.y4m")
	@.ci/packages $(SCREENSHOT_DEPS)
	packaging/screenshots/take $(D)/screenshots
