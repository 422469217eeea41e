"""A headless Chromium, driven over the WebDriver protocol by Python's own HTTP client."""

import base64
import http.client
import json
import os
import struct

from harness import Failure, wait_for

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-default-apps --disable-extensions --no-proxy-server
--force-device-scale-factor=1 --hide-scrollbars""".split()
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"tab": "\ue004", "enter": "\ue007", "escape": "\ue00c"}


class Browser:
    """One window. Every request that a page makes is in the log of its requests."""

    def __init__(self, w, name, *flags, preferences=None, size=(1280, 900)):
        port = w.free_port()
        profile = w.path(f"profile-{name}")
        os.mkdir(profile)
        self.session = None
        w.start("chromedriver", f"--port={port}", "--allowed-ips=127.0.0.1", log=w.path(f"driver-{name}.log"),
                env={"no_proxy": "*"})
        wait_for(lambda: w.answers(port), 20, "chromedriver")
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
        options = {"args": [*FLAGS, *flags, f"--user-data-dir={profile}", "--window-size=%d,%d" % size],
                   "prefs": preferences or {}}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = made["sessionId"]
        w.at_end.append(self.close)

    def call(self, method, path, body=None):
        if self.session:
            path = f"/session/{self.session}{path}"
        text = None if method != "POST" else json.dumps(body or {})
        self.connection.request(method, path, text, {"Content-Type": "application/json"})
        value = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise Failure(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def close(self):
        if self.session:
            self.call("DELETE", "")
            self.session = None

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def url(self):
        return self.call("GET", "/url")

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click")

    def click_link(self, text):
        self.call("POST", "/element", {"using": "link text", "value": text})
        self.call("POST", "/element/%s/click"
                  % self.call("POST", "/element", {"using": "link text", "value": text})[ELEMENT])

    def text(self, selector):
        return self.call("GET", f"/element/{self.find(selector)}/text")

    def press(self, *keys):
        """Keys go to whatever has the focus."""
        actions = []
        for key in keys:
            for character in KEYS.get(key, key):
                actions += [{"type": "keyDown", "value": character}, {"type": "keyUp", "value": character}]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def requests(self):
        """Addresses that were asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def screenshot(self):
        return base64.b64decode(self.call("GET", "/screenshot"))


def png_size(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise Failure("that is no PNG")
    return struct.unpack(">II", data[16:24])


def png_pixels(data):
    """Rows of bytes, without the filters, and bytes of a pixel: for 8-bit RGB and RGBA alone."""
    import zlib

    width, height = png_size(data)
    depth, colour = data[24], data[25]
    if depth != 8 or colour not in (2, 6):
        raise Failure(f"PNG of depth {depth} and colour {colour}")
    step, place, packed = {2: 3, 6: 4}[colour], 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        packed += data[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    raw, rows, above = zlib.decompress(packed), [], bytearray(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        rows.append(unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + width * step]), above, step))
        above = rows[-1]
    return rows, step


def unfilter(kind, row, above, step):
    """One row of a PNG as it was before it was made small. Spec: PNG, 9.2."""
    for i in range(len(row)) if kind else ():
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        up = above[i]
        if kind == 1:
            row[i] = (row[i] + left) & 255
        elif kind == 2:
            row[i] = (row[i] + up) & 255
        elif kind == 3:
            row[i] = (row[i] + (left + up) // 2) & 255
        else:
            guess = left + up - corner
            distances = abs(guess - left), abs(guess - up), abs(guess - corner)
            row[i] = (row[i] + (left, up, corner)[distances.index(min(distances))]) & 255
    return row
