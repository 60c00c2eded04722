"""Fills every template of packaging with made-up values and reads it as what
it is, by its name, for packaging/check/templates.

  templates.py fill FOLDER     fills packaging/**/*.in into FOLDER, and copies
                               what else has a form that can be read
  templates.py read FOLDER     reads every file in FOLDER by its form
  templates.py winget FOLDER   the three manifests, against winget's keys
  templates.py scoop FILE      the recipe, against scoop's keys
  templates.py nfpm SCHEMA FILE...  against nfpm's schema
  templates.py pkgbuild FILE   as makepkg does

Each says what is wrong and ends with 1, or says in a few words what it read."""
import json
import os
import plistlib
import re
import shutil
import subprocess
import sys
import tomllib
import xml.dom.minidom

import yaml

PLACE = re.compile(r"@([A-Z][A-Z0-9_]*)@")
# What a place stands for, by the end of its name; the first that fits.
SAMPLES = [
    ("SHA256", "0123456789abcdef" * 4),
    ("PRODUCT_CODE", "{3F2504E0-4F89-51D3-8A0C-0305E82C3301}"),
    ("MTIME", "2026-01-02T03:04:05Z"),
    ("DATE", "2026-01-02"),
    ("YEAR", "2026"),
    ("BASE_URL", "https://example.org/files"),
    ("HOMEPAGE", "https://example.org/"),
    ("URL", "https://example.org/file"),
    ("MAINTAINER", "The Parley authors <parley@example.org>"),
    ("ARCH", "amd64"),
    ("NUMBERS_COMMA", "1,2,3,0"),
    ("NUMBERS_NEXT", "1.2.4"),
    ("NUMBERS_MSI", "1.2.3"),
    ("NUMBERS", "1.2.3"),
    ("VERSION", "1.2.3"),
    ("COMMIT", "0123456789ab"),
    ("LICENSE", "MIT"),
    ("KILOBYTES", "31000"),
    ("ROOT", "dist/root"),
    ("NAME", "Parley"),
    ("", "sample"),
]
FORMS = (".xml", ".json", ".yaml", ".yml", ".toml", ".plist", ".entitlements", ".mobileconfig", ".desktop", ".service", ".wxs", ".manifest", ".rb", ".strings")


def fail(text):
    print(text)
    sys.exit(1)


def sample(name):
    return next(v for end, v in SAMPLES if name.endswith(end))


def form(name):
    """What a file is read as; None: nothing here reads it."""
    if name == "PKGBUILD" or name.endswith(".install"):
        return "bash"
    ext = os.path.splitext(name)[1]
    return ext if ext in FORMS else None


def fill(to):
    n = 0
    for folder, dirs, files in os.walk("packaging"):
        dirs[:] = [d for d in dirs if d != "testdata"]
        for name in files:
            path = os.path.join(folder, name)
            target = os.path.join(to, os.path.relpath(folder, "packaging"), name.removesuffix(".in"))
            if not name.endswith(".in") and not form(name):
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if not name.endswith(".in"):
                shutil.copy(path, target)
                continue
            text = PLACE.sub(lambda m: sample(m.group(1)), open(path, encoding="utf-8").read())
            open(target, "w", encoding="utf-8").write(text)
            n += 1
    print(f"{n} templates")


def run(*command):
    said = subprocess.run(command, capture_output=True, text=True)
    if said.returncode:
        raise ValueError((said.stdout + said.stderr).strip())


def read_one(path):
    name = os.path.basename(path)
    kind = form(name)
    with open(path, "rb") as f:
        raw = f.read()
    if kind in (".xml", ".wxs", ".manifest"):
        xml.dom.minidom.parseString(raw)
    elif kind in (".plist", ".entitlements", ".mobileconfig"):
        plistlib.loads(raw, fmt=plistlib.FMT_XML)
    elif kind == ".json":
        json.loads(raw, object_pairs_hook=once)
    elif kind in (".yaml", ".yml"):
        if not isinstance(yaml.safe_load(raw), dict):
            raise ValueError("it is no mapping")
    elif kind == ".toml":
        tomllib.loads(raw.decode())
    elif kind == ".desktop":
        run("desktop-file-validate", path)
    elif kind == ".rb":
        run("ruby", "-c", path)
    elif kind == "bash":
        run("bash", "-n", path)
    elif kind == ".service":
        sections = re.findall(r"^\[(\w+)\]$", raw.decode(), re.M)
        if "Service" not in sections or "Unit" not in sections:
            raise ValueError(f"it has the sections {sections}")
    elif kind == ".strings":
        raw.decode()
    return kind


def once(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key is there twice: {keys}")
    return dict(pairs)


def read(folder):
    bad, kinds = [], set()
    n = 0
    for at, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(at, name)
            if PLACE.search(open(path, encoding="utf-8").read()):
                bad.append(f"{path}: a place is not filled")
            if not form(name):
                continue
            try:
                kinds.add(read_one(path))
                n += 1
            except Exception as e:  # of any of the readers
                bad.append(f"{path}: {e}")
    if bad:
        fail("\n".join(bad))
    print(f"{n} files of {len(kinds)} forms")


# The keys of winget's manifests 1.6.0.
WINGET_ALL = {"PackageIdentifier", "PackageVersion", "ManifestType", "ManifestVersion"}
WINGET_INSTALLER = set(
    "InstallerLocale Platform MinimumOSVersion InstallerType NestedInstallerType NestedInstallerFiles Scope InstallModes "
    "InstallerSwitches InstallerSuccessCodes ExpectedReturnCodes UpgradeBehavior Commands Protocols FileExtensions Dependencies "
    "PackageFamilyName ProductCode Capabilities RestrictedCapabilities Markets InstallerAbortsTerminal ReleaseDate "
    "InstallLocationRequired RequireExplicitUpgrade DisplayInstallWarnings UnsupportedOSArchitectures UnsupportedArguments "
    "AppsAndFeaturesEntries ElevationRequirement InstallationMetadata DownloadCommandProhibited".split())
WINGET = {
    "version": ({"DefaultLocale"}, {"DefaultLocale"}),
    "defaultLocale": (
        {"PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"},
        set("PackageLocale Publisher PublisherUrl PublisherSupportUrl PrivacyUrl Author PackageName PackageUrl License LicenseUrl "
            "Copyright CopyrightUrl ShortDescription Description Moniker Tags Agreements ReleaseNotes ReleaseNotesUrl PurchaseUrl "
            "InstallationNotes Documentations Icons".split())),
    "installer": ({"Installers"}, WINGET_INSTALLER | {"Channel", "Installers"}),
}


def winget(folder):
    seen, shared = set(), set()
    for name in sorted(os.listdir(folder)):
        m = yaml.safe_load(open(os.path.join(folder, name), encoding="utf-8"))
        kind = m.get("ManifestType")
        if kind not in WINGET or kind in seen:
            fail(f"{name}: ManifestType is {kind}")
        seen.add(kind)
        needed, known = WINGET[kind]
        if missing := (needed | WINGET_ALL) - set(m):
            fail(f"{name}: {sorted(missing)} are missing")
        if extra := set(m) - known - WINGET_ALL:
            fail(f"{name}: winget knows no {sorted(extra)}")
        shared.add((m["PackageIdentifier"], str(m["PackageVersion"]), m["ManifestVersion"]))
        want = m["PackageIdentifier"] + {"version": "", "installer": ".installer", "defaultLocale": f".locale.{m.get('PackageLocale')}"}[kind] + ".yaml"
        if name != want:
            fail(f"{name} has to be {want}")
        for key in m:
            if key.endswith("Url") and not re.match("https?://.", m[key]):
                fail(f"{name}: {key} is {m[key]}")
        for i in m.get("Installers", []):
            if extra := set(i) - WINGET_INSTALLER - {"Architecture", "InstallerUrl", "InstallerSha256", "SignatureSha256"}:
                fail(f"{name}: winget knows no {sorted(extra)} of an installer")
            for key, form in {
                "Architecture": "x86|x64|arm|arm64|neutral",
                "InstallerType": "msix|msi|appx|exe|zip|inno|nullsoft|wix|burn|pwa|portable",
                "InstallerUrl": "https?://.+",
                "InstallerSha256": "[A-Fa-f0-9]{64}",
            }.items():
                if not re.fullmatch(form, str(i.get(key, m.get(key)))):
                    fail(f"{name}: {key} is {i.get(key)}")
        for key, values in {"Scope": ("user", "machine"), "UpgradeBehavior": ("install", "uninstallPrevious", "deny")}.items():
            if key in m and m[key] not in values:
                fail(f"{name}: {key} is {m[key]}")
        if kind == "defaultLocale" and (len(m["Tags"]) > 16 or len(m["ShortDescription"]) > 256):
            fail(f"{name}: too many tags, or too long a description")
    if seen != set(WINGET) or len(shared) != 1:
        fail(f"there are {sorted(seen)} for {sorted(shared)}")
    print(f"{len(seen)} manifests, 1.6.0")


SCOOP = set("## architecture autoupdate bin persist checkver cookie depends description env_add_path env_set extract_dir extract_to "
            "hash homepage innosetup installer license notes post_install post_uninstall pre_install pre_uninstall psmodule "
            "shortcuts suggest uninstaller url version".split())
SCOOP_ARCH = set("bin checkver env_add_path env_set extract_dir extract_to hash installer post_install post_uninstall pre_install "
                 "pre_uninstall shortcuts uninstaller url".split())


def scoop(path):
    m = json.load(open(path), object_pairs_hook=once)
    if missing := {"version", "homepage", "license", "description"} - set(m):
        fail(f"{sorted(missing)} are missing")
    if extra := set(m) - SCOOP:
        fail(f"scoop knows no {sorted(extra)}")
    for name, a in m["architecture"].items():
        if name not in ("32bit", "64bit", "arm64") or set(a) - SCOOP_ARCH:
            fail(f"scoop knows no {name} with {sorted(a)}")
        if not re.fullmatch("[a-fA-F0-9]{64}", a["hash"]) or not a["url"].startswith("https://"):
            fail(f"{name}: {a['url']} {a['hash']}")
    if any(not 2 <= len(s) <= 4 for s in m["shortcuts"]):
        fail("a shortcut has a program and a name")
    print(f"{len(m)} keys")


def nfpm(schema, *files):
    import jsonschema  # only here: the others do without

    s = json.load(open(schema))
    for path in files:
        # Modes as nfpm reads them, 0o644; what is no text in YAML (a date) is as good.
        text = re.sub(r"\b0o([0-7]+)\b", lambda m: str(int(m.group(1), 8)), open(path, encoding="utf-8").read())
        m = json.loads(json.dumps(yaml.safe_load(text), default=str))
        errors = sorted(jsonschema.Draft202012Validator(s).iter_errors(m), key=str)
        if errors:
            fail(f"{path}: {errors[0].json_path}: {errors[0].message}")
        for c in m["contents"]:
            if "src" in c and not c["src"].startswith("dist/") and not os.path.exists(c["src"]):
                fail(f"{path}: there is no {c['src']}")
        for o in m["overrides"].values():
            for script in o.get("scripts", {}).values():
                if not os.path.exists(script):
                    fail(f"{path}: there is no {script}")
    print(f"{len(files)} files")


def pkgbuild(path):
    """As makepkg: the variables that it needs, and sums as many as sources."""
    script = ('set -eu; source "$1"; declare -F package >/dev/null || for p in "${pkgname[@]}"; do declare -F "package_$p" >/dev/null; done; for v in pkgname pkgver pkgrel arch url license source; do '
              ': "${!v:?$v is missing}"; done; [[ $pkgver != *-* ]]; n=${#source[@]}; '
              '[[ ${#sha256sums[@]} -eq $n ]] || { echo "$n sources, ${#sha256sums[@]} sums"; exit 1; }; echo "$pkgname $pkgver"')
    said = subprocess.run(["bash", "-c", script, "bash", path], capture_output=True, text=True)
    if said.returncode:
        fail((said.stdout + said.stderr).strip() or "bash does not take it")
    print(said.stdout.strip())


{f.__name__: f for f in (fill, read, winget, scoop, nfpm, pkgbuild)}[sys.argv[1]](*sys.argv[2:])
