"""cprov serve, and its HTTP as curl sees it."""

import re

from harness import Failure, wait_for


class Server:
    def __init__(self, w, *argv):
        self.log = w.path(f"serve{len(w.children)}.log")
        open(self.log, "w", encoding="utf-8").close()
        self.child = w.start("cprov", "serve", "--listen", "127.0.0.1:0", *argv, log=self.log)
        self.url = wait_for(self.said, 20, "cprov serve")
        self.address = self.url.partition("//")[2]

    def said(self):
        with open(self.log, encoding="utf-8") as f:
            text = f.read()
        if self.child.poll() is not None:
            raise Failure("cprov serve ended: " + text)
        match = re.search(r"https?://[0-9.]+:\d+", text)
        return match and match.group(0)


def curl(w, path, *options, server=None):
    """Status, headers (lower case) and body of one request."""
    body, head = w.path("curl.body"), w.path("curl.head")
    w.run("curl", "-sS", "--noproxy", "*", "-o", body, "-D", head, *options, (server or w.server).url + path)
    with open(head, encoding="latin-1") as f:
        lines = f.read().splitlines()
    with open(body, "rb") as f:
        data = f.read()
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line), data
