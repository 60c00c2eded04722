# Pictures for software centres: see take, and README.md.
.PHONY: dist-screenshots

dist-screenshots: build deps-test ## dist/screenshots: the program at work, for software centres (FOOTAGE="THEIRS.y4m MINE.y4m")
	packaging/screenshots/take $(D)/screenshots
