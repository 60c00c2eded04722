"""Reads the files of packaging/macos for packaging/check/macos: each function
says what is wrong and ends with 1, or says in a few words what it read."""
import plistlib
import re
import struct
import subprocess
import sys
import zlib

LANGUAGES = ["en", "de", "fr", "es"]
QUESTIONS = ["NSCameraUsageDescription", "NSMicrophoneUsageDescription", "NSLocalNetworkUsageDescription"]
ENTITLEMENTS = {
    "com.apple.security.device.camera",
    "com.apple.security.device.audio-input",
    "com.apple.security.network.client",
    "com.apple.security.network.server",
    "com.apple.security.cs.allow-unsigned-executable-memory",
}
ICONS = {"ic04": 16, "ic05": 32, "ic07": 128, "ic08": 256, "ic09": 512, "ic10": 1024, "ic11": 32, "ic12": 64, "ic13": 256, "ic14": 512}


def fail(text):
    print(text)
    sys.exit(1)


def plist(path):
    with open(path, "rb") as f:
        try:
            return plistlib.load(f, fmt=plistlib.FMT_XML)
        except Exception as e:  # of the XML parser
            fail(f"{path} is no property list: {e}")


def info(path, version, fyne):
    got = plist(path)
    numbers = re.match(r"\d+\.\d+\.\d+", version)
    numbers = numbers.group() if numbers else re.search(r'^Version = "(.*)"', open(fyne).read(), re.M).group(1)
    want = {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleLocalizations": LANGUAGES,
        "CFBundleDisplayName": "Parley",
        "CFBundleName": "Parley",
        "CFBundleExecutable": "parley",
        "CFBundleIconFile": "Parley",
        "CFBundleIdentifier": re.search(r'^ID = "(.*)"', open(fyne).read(), re.M).group(1),
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": numbers,
        "CFBundleVersion": numbers,
        "CFBundleURLTypes": [{"CFBundleTypeRole": "Viewer", "CFBundleURLName": "org.parley.Parley", "CFBundleURLSchemes": ["parley"]}],
        "LSApplicationCategoryType": "public.app-category.social-networking",
        "LSMinimumSystemVersion": "12.0",
        "NSHighResolutionCapable": True,
        "NSSupportsAutomaticGraphicsSwitching": True,
        "NSUserNotificationAlertStyle": "alert",
        "NSBonjourServices": ["_parley._tcp"],
    }
    for key, value in want.items():
        if got.get(key) != value:
            fail(f"{key} is {got.get(key)!r}, not {value!r}")
    for key in QUESTIONS + ["NSHumanReadableCopyright"]:
        if not got.get(key):
            fail(f"{key} is missing")
    if extra := set(got) - set(want) - set(QUESTIONS) - {"NSHumanReadableCopyright"}:
        fail(f"nobody knows {sorted(extra)}")
    print(f"{len(got)} keys, {numbers}")


def strings(contents):
    base = plist(f"{contents}/Info.plist")
    seen = {}
    for lang in LANGUAGES:
        text = open(f"{contents}/Resources/{lang}.lproj/InfoPlist.strings", encoding="utf-8").read()
        rest = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        pairs = dict(re.findall(r'^"([A-Za-z]+)" = "([^"\\]+)";$', rest, re.M))
        if left := re.sub(r'^"([A-Za-z]+)" = "([^"\\]+)";$', "", rest, flags=re.M).strip():
            fail(f"{lang}: {left!r} cannot be read")
        if list(pairs) != QUESTIONS:
            fail(f"{lang} has {list(pairs)}, not {QUESTIONS}")
        seen[lang] = pairs
    for key in QUESTIONS:
        if seen["en"][key] != base[key]:
            fail(f"{key} differs in Info.plist and English")
        if len({seen[lang][key] for lang in LANGUAGES}) != len(LANGUAGES):
            fail(f"{key} is the same in two languages")
    print(f"{len(QUESTIONS)} in {', '.join(LANGUAGES)}")


def entitlements(path):
    if "<!--" in open(path).read():
        fail("there is a comment, which codesign does not take")
    got = plist(path)
    if set(got) != ENTITLEMENTS or any(v is not True for v in got.values()):
        fail(f"they differ: {sorted(set(got) ^ ENTITLEMENTS)}")
    print(len(got))


def spread(data):
    out = bytearray()
    i = 0
    while i < len(data):
        n = data[i]
        if n < 128:
            out += data[i + 1 : i + n + 2]
            i += n + 2
        else:
            out += data[i + 1 : i + 2] * (n - 125)
            i += 2
    return bytes(out)


def icns(path):
    b = open(path, "rb").read()
    if b[:4] != b"icns" or struct.unpack(">I", b[4:8])[0] != len(b):
        fail(f"the head does not fit {len(b)} bytes")
    seen = {}
    at = 8
    while at < len(b):
        kind, n = b[at : at + 4].decode("latin1"), struct.unpack(">I", b[at + 4 : at + 8])[0]
        data = b[at + 8 : at + n]
        if n < 8 or at + n > len(b):
            fail(f"{kind} is cut off")
        size = ICONS.get(kind) or fail(f"nobody knows {kind}")
        if kind in ("ic04", "ic05"):
            if data[:4] != b"ARGB" or len(spread(data[4:])) != 4 * size * size:
                fail(f"{kind} is not ARGB of {size}")
        else:
            png(kind, data, size)
        seen[kind] = size
        at += n
    if seen != ICONS:
        fail(f"there are {seen}")
    print(f"{len(seen)} pictures, {min(seen.values())} to {max(seen.values())}")


def png(kind, data, size):
    """A PNG of RGBA with all of its lines and right sums."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        fail(f"{kind} is no PNG")
    at, pixels = 8, b""
    while at < len(data):
        n, tag = struct.unpack(">I", data[at : at + 4])[0], data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + n]
        if struct.pack(">I", zlib.crc32(tag + body)) != data[at + 8 + n : at + 12 + n]:
            fail(f"{kind}: {tag} is damaged")
        if tag == b"IHDR" and struct.unpack(">IIBB", body[:10]) != (size, size, 8, 6):
            fail(f"{kind} is {struct.unpack('>IIBB', body[:10])}, not {size} and RGBA")
        if tag == b"IDAT":
            pixels += body
        at += 12 + n
    if len(zlib.decompress(pixels)) != size * (4 * size + 1):
        fail(f"{kind} has not all of its lines")


def profile(path, doc):
    got = plist(path)
    inner = got["PayloadContent"][0]
    for d in (got, inner):
        for key in ("PayloadType", "PayloadVersion", "PayloadIdentifier", "PayloadUUID", "PayloadDisplayName"):
            if key not in d:
                fail(f"{key} is missing")
        if not re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", d["PayloadUUID"]):
            fail(f"{d['PayloadUUID']} is no UUID")
    if got["PayloadType"] != "Configuration" or inner["PayloadType"] != "org.parley.Parley" or got["PayloadScope"] != "System":
        fail("it is not for org.parley.Parley and the device")
    if got["PayloadUUID"] == inner["PayloadUUID"]:
        fail("a UUID is there twice")
    keys = {k for k in inner if not k.startswith("Payload")}
    told = set(re.findall(r"^\| `([a-z_]+)` \|", open(doc).read(), re.M))
    if keys != told:
        fail(f"they differ from {doc}: {sorted(keys ^ told)}")
    print(f"{len(keys)} keys")


def cask(path, version, base):
    said = subprocess.run(["ruby", "-c", path], capture_output=True, text=True)
    if said.returncode:
        fail(said.stderr)
    text = open(path).read()
    for part in (f'version "{version}"', f'url "{base}/parley-#{{version}}.dmg"', f'homepage "{base}/"', 'app "Parley.app"'):
        if part not in text:
            fail(f"there is no {part}")
    if not re.search(r'sha256 "[0-9a-f]{64}"', text) or re.search(r"@[A-Z0-9_]+@", text):
        fail("something is not filled in")
    # Ruby runs it, with the words of a cask as methods that take anything.
    words = "def self.cask(n) = yield\n" + "".join(
        f"def self.{w}(*a, **k) = ({w.upper()}S << [a, k])\n{w.upper()}S = []\n"
        for w in ("sha256", "url", "name", "desc", "homepage", "depends_on", "app", "zap"))
    words += "def self.version(v = nil) = (v ? @v = v : @v)\n"
    words += f"load_text = File.read({path!r})\ninstance_eval(load_text)\nputs URLS[0][0][0], ZAPS.length"
    said = subprocess.run(["ruby", "-e", words], capture_output=True, text=True)
    if said.returncode or said.stdout.split("\n")[0] != f"{base}/parley-{version}.dmg":
        fail(f"Ruby says {said.stdout!r} {said.stderr}")
    print("Ruby takes it")


{f.__name__: f for f in (info, strings, entitlements, icns, profile, cask)}[sys.argv[1]](*sys.argv[2:])
