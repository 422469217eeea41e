#!/usr/bin/env python3
"""cprov serve --ui, looked at with a headless Chromium: what people see, with and without a script."""

import html.parser
import json
import os
import re
import time
import urllib.parse

from browser import Browser, png_pixels, png_size
from harness import equal, expect, main, wait_for
from serving import Server, curl
from shop import EVIL, fill, many

SHOP = "/ui/image/team/shop/-/2.0.0"
IMAGES = 11
PATHS = ("/", "/?q=harbour", "/ui/image/team/shop", SHOP, "/ui/image/runtime/python/-/3.12.4", "/ui/graph",
         "/ui/image/odd/evil/-/0.1")
VOID = "area base br col hr img input link meta source wbr".split()
HERE = os.path.dirname(os.path.abspath(__file__))


def set_up(w):
    w.shop = fill(w.path("shop"))
    w.server = Server(w, w.path("shop"), "--ui")
    w.browser = Browser(w, "one")


def visible_names(b):
    return b.run("return [...document.querySelectorAll('#images tbody tr')].filter(r => r.offsetHeight)"
                 ".map(r => r.cells[0].querySelector('a').textContent)")


def search_as_you_type(w):
    b = w.browser
    b.open(w.server.url + "/")
    equal(len(visible_names(b)), IMAGES, "images")
    b.requests()
    b.click("#q")
    b.press("till quay")
    equal(visible_names(b), ["team/till"], "what is found")
    wait_for(lambda: b.text("#hits") == f"1 of {IMAGES} images match.", 5, "the number of hits")
    b.run("document.getElementById('q').value = ''; document.getElementById('q').dispatchEvent(new Event('input'))")
    equal(len(visible_names(b)), IMAGES, "images again")
    wait_for(lambda: b.text("#hits") == f"{IMAGES} images", 5, "the number of images")
    equal(b.requests(), [], "requests while typing")
    b.click("#q")
    b.press("HARBOUR postgres", "enter")
    wait_for(lambda: b.url().endswith("/?q=HARBOUR+postgres"), 10, "the answer of the server")
    equal(visible_names(b), ["data/postgres"], "what is found by the server")
    expect(f"1 of {IMAGES} images match" in b.text("#hits"), b.text("#hits"))


def open_a_version_and_follow_its_base(w):
    b = w.browser
    b.open(w.server.url + "/")
    b.click_link("team/shop")
    equal(b.text("h1"), "team/shop", "heading")
    b.click_link("1.9.0")
    wait_for(lambda: b.url().endswith("/ui/image/team/shop/-/1.9.0"), 10, "the version")
    b.open(w.server.url + SHOP)
    equal(b.text("h1"), "team/shop 2.0.0", "heading")
    steps = b.run("return [...document.querySelectorAll('table.layers tbody tr')].map(r => r.cells[4].textContent)")
    equal(steps, ["ADD rootfs.tar.xz / # buildkit", "RUN apt-get update && apt-get install -y --no-install-recommends "
                  "python3 ca-certificates", "RUN pip install -r requirements.txt", "COPY app /srv/app"], "layers")
    body = b.text("main")
    expect("API_TOKEN" in body and "do-not-show" not in body, "names of the environment, not values")
    b.click("#base a")
    wait_for(lambda: b.url().endswith("/ui/image/runtime/python/-/3.12.4"), 10, "its base")
    expect("team/shop 2.0.0" in b.text(".family"), "what is on top of the base")
    b.click_link("linux/arm64")
    wait_for(lambda: "platform=sha256:" in b.url(), 10, "the other platform")
    expect("linux/arm64" in b.text(".which"), "the other platform is not said")
    b.click("#base a")
    wait_for(lambda: b.url().endswith("/ui/image/base/harbour/-/12.0"), 10, "the base of the base")
    equal(b.text(".family p"), "nothing that is served here", "the bottom")


def commands_can_be_copied(w):
    b = w.browser
    b.open(w.server.url + SHOP)
    commands = b.run("return [...document.querySelectorAll('.command code')].map(c => c.textContent)")
    name = f"{w.server.address}/team/shop:2.0.0"
    equal(commands, [f"install-image {name}", f"save-image {name} --path .", f"podman pull --tls-verify=false {name}",
                     f"docker pull {name}"], "commands")
    b.devtools("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"],
               origin=w.server.url)
    b.click(".command button")
    wait_for(lambda: b.text(".command button") == "Copied", 5, "the button")
    copied = b.run("return navigator.clipboard.readText()")
    equal(copied, commands[0], "the clipboard")
    # What is shown does what it says.
    w.new_store("copied")
    w.cprov("install-image", *commands[0].split()[1:])
    equal(json.loads(w.cprov("get-image", "--format", "json").out)[0]["Version"], "2.0.0", "installed")


def a_key_is_enough(w):
    b = w.browser
    b.open(w.server.url + "/")
    b.press("tab")
    equal(b.run("return document.activeElement.className"), "skip", "the first stop")
    expect(b.run("return document.activeElement.getBoundingClientRect().top >= 0"), "the skip link is not seen")
    stops = []
    while len(stops) < 10 and "q" not in stops:
        b.press("tab")
        stops.append(b.run("return document.activeElement.id || document.activeElement.textContent"))
    equal(stops, ["Images", "Bases", "q"], "stops on the way to the search")
    outline = b.run("const s = getComputedStyle(document.activeElement); return s.outlineStyle + ' ' + s.outlineWidth")
    equal(outline, "solid 3px", "how the focus is seen")
    b.press("till", *5 * ("tab",))  # the button, and three columns to sort by
    equal(b.run("return document.activeElement.textContent"), "team/till", "the first hit")
    b.press("enter")
    wait_for(lambda: b.url().endswith("/ui/image/team/till"), 10, "the image")
    b.open(w.server.url + "/")
    b.press("/")
    equal(b.run("return document.activeElement.id + document.activeElement.value"), "q", "'/'")


def colours_of(b):
    """Contrast of every text that is seen with what is behind it, the lowest first."""
    return b.run("""
        const parse = c => c.match(/[\\d.]+/g).map(Number);
        const linear = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
        const light = c => { const [r, g, b] = parse(c).map(linear);
                             return .2126 * r + .7152 * g + .0722 * b; };
        const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                              if (parse(c).length === 3 || parse(c)[3] === 1) return c; } return 'rgb(255,255,255)'; };
        const found = [];
        for (const e of document.querySelectorAll('body *')) {
            if (!e.offsetParent || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
            const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
            found.push([(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.tagName + '.' + e.className]);
        }
        return found.sort((x, y) => x[0] - y[0]);""")


def light_and_dark(w):
    b = w.browser
    shades = {}
    for scheme in ("light", "dark"):
        b.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for path in PATHS:
            b.open(w.server.url + path)
            worst = colours_of(b)[0]
            expect(worst[0] >= 4.5, f"{scheme}, {path}: contrast {worst}")
        b.open(w.server.url + "/")
        shades[scheme] = b.run("return getComputedStyle(document.body).backgroundColor")
    b.devtools("Emulation.setEmulatedMedia", features=[])
    expect(shades["light"] != shades["dark"], f"one shade: {shades}")


def pictures(w):
    b = w.browser
    for path in ("/", SHOP, "/ui/graph"):
        b.open(w.server.url + path)
        picture = b.screenshot()
        width, height = png_size(picture)
        equal((width, height), tuple(b.run("return [innerWidth, innerHeight]")), "size")
        expect(width >= 1200 and height >= 600, f"{width} x {height}")
        rows, step = png_pixels(picture)
        colours = {bytes(row[i : i + 3]) for row in rows[::3] for i in range(0, len(row), step * 3)}
        expect(len(colours) > 20, f"{path}: {len(colours)} colours: nothing is there")
        drawn = sum(1 for row in rows if len({bytes(row[i : i + 3]) for i in range(0, len(row), step)}) > 2)
        expect(drawn > height // 4, f"{path}: something is drawn on {drawn} of {height} lines")


def C_nothing_is_out_of_sight(w):
    """At every width every cell of the lists is within the window, a platform of any length too."""
    b = w.browser
    for width in (1280, 800, 375):
        b.devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        for path in PATHS:
            b.open(w.server.url + path)
            equal(b.run("return document.documentElement.scrollWidth"), width, f"width of {path}")
        for path in ("/", "/ui/image/team/shop", "/ui/image/odd/platform"):
            b.open(w.server.url + path)
            out = b.run("return [...document.querySelectorAll('.stack tbody th, .stack tbody td')].filter(c => {"
                        "const r = c.getBoundingClientRect(); return c.textContent && (r.width === 0 || r.left < 0 ||"
                        "r.right > innerWidth); }).map(c => c.textContent)")
            equal(out, [], f"{width}, {path}: out of sight")
            names = b.run("return document.querySelector('.stack tbody tr').textContent")
            expect("20" in names and "B" in names, f"{width}, {path}: no date or size: {names}")
    b.devtools("Emulation.clearDeviceMetricsOverride")


def C_sorted_without_a_script(w):
    def names():
        text = curl(w, "/?sort=" + key)[2].decode()
        return re.findall(r'rowheader" scope="row"><a href="/ui/image/([^"]+)"', text)
    seen = {}
    for key in ("name", "-name", "created", "-created", "size", "-size"):
        seen[key] = names()
        equal(len(seen[key]), IMAGES, key)
    for key in ("name", "created", "size"):
        equal(seen[key], seen["-" + key][::-1], f"{key} and back")
    equal(seen["name"], sorted(seen["name"]), "names")
    equal(len({tuple(order) for order in seen.values()}), 6, "orders")
    b = w.browser
    b.open(w.server.url + "/")
    b.click_link("Size")
    wait_for(lambda: b.url().endswith("/?sort=-size"), 10, "the largest first")
    equal(b.run("return document.querySelector('th[aria-sort]').textContent + document.querySelector('th[aria-sort]')"
                ".getAttribute('aria-sort')"), "Sizedescending", "what is said of the order")


def C_the_bases_of_many_are_short(w):
    """Five hundred images: a screen or two, no version cut, and a page of each within a second."""
    many(w.path("many"), 500)
    server = Server(w, w.path("many"), "--ui")
    b = w.browser
    b.devtools("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    for path, most in (("/ui/graph", 2500), ("/", 20000)):
        begin = time.monotonic()
        b.open(server.url + path)
        seconds = time.monotonic() - begin
        height = b.run("return document.documentElement.scrollHeight")
        size = b.run("return document.documentElement.outerHTML.length")
        print(f"    {path}: {height} px, {size} bytes, {seconds:.2f} s")
        expect(height <= most, f"{path}: {height} px high")
        expect(size <= 1_000_000, f"{path}: {size} bytes")
        expect(w.options.sanitized or seconds <= 3, f"{path}: {seconds:.1f} s")
    b.open(server.url + "/ui/graph")
    cut = b.run("return [...document.querySelectorAll('summary, .tree li')].filter(e => e.scrollWidth > e.clientWidth + 1"
                "|| e.textContent.includes('\u2026')).map(e => e.textContent)")
    equal(cut, [], "what is cut")
    b.devtools("Emulation.clearDeviceMetricsOverride")
    w.stop(server.child)


def C_what_is_no_image(w):
    b = w.browser
    b.open(w.server.url + "/ui/image/charts/quay/-/3.1.0")
    commands = b.run("return [...document.querySelectorAll('.command code')].map(c => c.textContent)")
    expect(f"helm pull oci://{w.server.address}/charts/quay --version 3.1.0 --plain-http" in commands, str(commands))
    expect(not [c for c in commands if "docker" in c or "podman" in c], str(commands))
    expect("Helm chart" in b.text("main") and "cannot be read" not in b.text("main"), b.text("main"))
    equal(b.run("return document.querySelector('#files + .wide tbody th').textContent"), "quay-3.1.0.tgz", "its file")


def C_other_names_of_the_same_layers(w):
    b = w.browser
    for path, other in (("/ui/image/team/mailer/-/0.7.2", "team/postman 1.0"),
                        ("/ui/image/team/postman/-/1.0", "team/mailer 0.7.2")):
        b.open(w.server.url + path)
        expect("The same layers as" in b.text(".family") and other in b.text(".family"), b.text(".family"))


def C_a_wrong_address(w):
    b = w.browser
    b.open(w.server.url + "/nope")
    equal(b.text("h1"), "Not found", "heading")
    b.click_link("All images")
    wait_for(lambda: b.url() == w.server.url + "/", 10, "the way back")
    status, head, body = curl(w, "/nope")
    equal((status, head["content-type"]), (404, "application/json"), "for a program")


def B4_signatures_are_no_versions(w):
    """Tags of signatures are in the registry, and on no page."""
    tags = json.loads(curl(w, "/v2/team/mailer/tags/list")[2])["tags"]
    equal(len([t for t in tags if t.startswith("sha256-")]), 1, "tags of the registry")
    for path in ("/", "/ui/image/team/mailer", "/ui/graph", "/_cprov/catalog.json"):
        expect(b"sha256-" not in curl(w, path)[2], f"a signature in {path}")


def nothing_of_an_image_runs(w):
    b = w.browser
    b.open(w.server.url + "/ui/image/odd/evil/-/0.1")
    equal(b.run("return document.title"), f"odd/evil 0.1 · {w.server.address}", "title")
    equal(b.run("return [document.scripts.length, document.images.length]"), [1, 0], "elements")
    shown = EVIL.replace("\u202e", "\ufffd").replace("\u0007", "\ufffd")
    equal(b.text(".lead"), shown, "description")
    # The browser keeps the policy: neither what is written into a page nor what it would fetch.
    blocked = b.run("""
        window.broken = [];
        document.addEventListener('securitypolicyviolation', e => broken.push(e.effectiveDirective));
        document.body.insertAdjacentHTML('beforeend', '<p style="color:red"></p><img src="http://127.0.0.1:9/x.png">');
        const script = document.createElement('script');
        script.textContent = 'window.owned = true';
        document.body.append(script);
        return new Promise(done => setTimeout(() => done([...new Set(broken), String(window.owned)].sort()), 300));""")
    equal(blocked, ["img-src", "script-src-elem", "style-src-attr", "undefined"], "what was refused")
    b.log("browser")


def nobody_else_is_asked(w):
    b = w.browser
    b.requests()
    b.log("browser")
    for path in PATHS:
        b.open(w.server.url + path)
        equal(b.log("browser"), [], f"{path}: messages of the browser")
    asked = {url for url in b.requests() if not url.startswith("data:")}
    hosts = {urllib.parse.urlsplit(url).netloc for url in asked}
    equal(hosts, {w.server.address}, "who was asked")
    expect(sum("/ui/style.css" in url for url in asked) == 1, "one address of the style")


class Page(html.parser.HTMLParser):
    """What stands in a page; its elements are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.rows, self.headings, self.labels, self.inputs = [], [], 0, [], [], []
        self.landmarks, self.scopes = [], []
        self.feed(text)
        equal(self.open, [], "elements that stay open")

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "a":
            self.links.append(values["href"])
        self.rows += tag == "tr"
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "label":
            self.labels.append(values["for"])
        if tag == "input" and values.get("type") != "hidden":
            self.inputs.append(values["id"])
        if tag in ("header", "main", "footer", "nav"):
            self.landmarks.append(tag)
        if tag == "th":
            self.scopes.append(values.get("scope"))
        expect("style" not in values and not [name for name in values if name.startswith("on")], f"<{tag} {values}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag, "the element that ends")


def all_is_there_without_a_script(w):
    for path in PATHS:
        status, head, body = curl(w, path)
        equal((status, head["content-type"]), (200, "text/html; charset=utf-8"), path)
        page = Page(body.decode())
        equal(page.headings[0], 1, f"{path}: the first heading")
        equal(page.headings.count(1), 1, f"{path}: main headings")
        expect(all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:])), f"{path}: levels {page.headings}")
        equal(page.labels, page.inputs, f"{path}: labels")
        expect({"header", "main", "footer", "nav"} <= set(page.landmarks), f"{path}: landmarks {page.landmarks}")
        expect(set(page.scopes) <= {"row", "col"}, f"{path}: scopes {page.scopes}")
        for link in {link for link in page.links if link.startswith("/")}:
            equal(curl(w, link)[0], 200, f"{path}: {link}")
    equal(Page(curl(w, "/?q=HARBOUR+nobody")[2].decode()).rows, 0, "rows of a search that finds nothing")
    equal(Page(curl(w, "/?q=Quay+till")[2].decode()).rows, 2, "rows of a search")
    b = Browser(w, "plain", preferences={"profile.managed_default_content_settings.javascript": 2})
    b.open(w.server.url + "/")
    equal(len(visible_names(b)), IMAGES, "images")
    equal(b.run("return document.querySelectorAll('.command button').length"), 0, "buttons")
    b.click("#q")
    b.press("mails")
    equal(len(visible_names(b)), IMAGES, "images while typing")
    b.press("enter")
    wait_for(lambda: b.url().endswith("/?q=mails"), 10, "the answer of the server")
    equal(visible_names(b), ["team/mailer"], "what is found")
    b.close()


def what_comes_later_is_shown(w):
    b = w.browser
    shop = w.shop
    shop.layout.tag(shop.image([shop.layer("late", 3000)], ["COPY late /"]), "shop.example/team/late:1.0")
    b.open(w.server.url + "/")
    expect("team/late" in visible_names(b), "an image that came later")


def picture_for_the_manual(w):
    """By hand: --step picture_for_the_manual writes docs/images/serve-ui.png."""
    if w.options.step != "picture_for_the_manual":
        return
    b = w.browser
    b.devtools("Emulation.setDeviceMetricsOverride", width=1180, height=900, deviceScaleFactor=1, mobile=False)
    b.open(w.server.url + "/ui/image/runtime/python/-/3.12.4")
    folder = os.path.join(HERE, "..", "..", "docs", "images")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "serve-ui.png"), "wb") as f:
        f.write(b.screenshot())


main(["chromium", "chromedriver", "curl"], set_up, search_as_you_type, open_a_version_and_follow_its_base,
     commands_can_be_copied, a_key_is_enough, light_and_dark, pictures,
     C_nothing_is_out_of_sight, C_sorted_without_a_script, C_the_bases_of_many_are_short, C_what_is_no_image,
     C_other_names_of_the_same_layers, C_a_wrong_address, B4_signatures_are_no_versions,
     nothing_of_an_image_runs, nobody_else_is_asked, all_is_there_without_a_script, what_comes_later_is_shown,
     picture_for_the_manual)
