"""docker-registry on a port of its own, and what its access log tells."""

import json
import os
import re
import time

from harness import Failure, wait_for

LINE = re.compile(r'^127\.0\.0\.1 - \S+ \[[^]]*\] "(\S+) (\S+) [^"]*" (\d+) (\d+) "[^"]*" "([^"]*)"$')


class Request:
    def __init__(self, method, path, status, sent, agent):
        self.method, self.path, self.agent = method, path, agent
        self.status, self.sent = int(status), int(sent)

    def __repr__(self):
        return f"{self.method} {self.path} {self.status} {self.sent}"


class Registry:
    """Answers once it is made. auth, tls: the sections `auth` and `http.tls` of the registry's configuration."""

    def __init__(self, world, name="registry", auth=None, tls=None, more=None):
        self.world, self.name, self.tls = world, name, tls
        self.storage = world.path(name)
        self.log = world.path(name + ".log")
        http = {"addr": "127.0.0.1:0", "secret": "not one"}
        if tls:
            http["tls"] = tls
        config = {
            "version": 0.1,
            "log": {"level": "info", "accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": self.storage, "maxthreads": 100}},
            "http": http,
            **(more or {}),
        }
        if auth:
            config["auth"] = auth
        self.config = world.write(name + ".yml", json.dumps(config))
        self.start()

    def start(self):
        open(self.log, "w", encoding="utf-8").close()
        self.read = 0
        self.child = self.world.start("docker-registry", "serve", self.config, log=self.log)
        self.address = wait_for(self.listening, 20, "docker-registry starts").group(1)
        self.port = int(self.address.rpartition(":")[2])
        self.url = ("https://" if self.tls else "http://") + self.address

    def listening(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            text = f.read()
        if self.child.poll() is not None:
            raise Failure("docker-registry does not start: " + text[-2000:])
        return re.search(r"listening on (127\.0\.0\.1:\d+)", text)

    def requests(self):
        """What was asked since the last call. A line is written after its answer: waits until it is quiet."""
        size = -1
        while size != os.path.getsize(self.log):
            size = os.path.getsize(self.log)
            time.sleep(0.1)
        with open(self.log, encoding="utf-8", errors="replace") as f:
            f.seek(self.read)
            text = f.read()
            self.read = f.tell()
        found = []
        for line in text.splitlines():
            match = LINE.match(line)
            if match:
                found.append(Request(*match.groups()))
        return found

    def bodies(self, kind):
        """GETs of manifests, or of blobs, since the last call."""
        return [r for r in self.requests() if r.method == "GET" and f"/{kind}/" in r.path]

    def clear(self):
        """Takes everything out of it."""
        self.world.run("rm", "-rf", os.path.join(self.storage, "docker"))
