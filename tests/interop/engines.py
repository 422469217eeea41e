"""dockerd, containerd and podman with everything they keep inside the test's folder."""

import json
import os

from harness import Skip, equal, need, wait_for


def need_root():
    if os.geteuid() != 0:
        raise Skip("the engine wants to be root")


class Docker:
    def __init__(self, w):
        need_root()
        need("dockerd", "docker", "containerd")
        self.w, base = w, w.path("docker")
        os.makedirs(base, exist_ok=True)
        self.socket = f"unix://{base}/s"
        self.child = w.start("dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none",
                             "--storage-driver=vfs", "--data-root", base + "/data", "--exec-root", base + "/exec",
                             "-H", self.socket, "-p", base + "/pid", log=base + "/log")
        wait_for(self.ready, 60, "dockerd")

    def ready(self):
        if self.child.poll() is not None:
            with open(self.w.path("docker", "log"), encoding="utf-8") as f:
                raise Skip("dockerd does not start here: " + f.read()[-300:])
        return self.w.run("docker", "-H", self.socket, "version", code=None).code == 0

    def __call__(self, *argv, **how):
        return self.w.run("docker", "-H", self.socket, *argv, **how).out.strip()

    def image(self, name):
        return json.loads(self("image", "inspect", name))[0]

    def check(self, name, image_id, files):
        """It is the image, and the files are in it."""
        equal(self.image(name)["Id"], image_id, "id of the image in Docker")
        made = self("create", name)
        archive = self.w.path("exported.tar")
        self("export", "-o", archive, made)
        listed = set(self.w.run("tar", "-tf", archive).out.split())
        equal(set(files) - listed, set(), "files that Docker does not have")
        self("rm", made)
        os.unlink(archive)


class Podman:
    def __init__(self, w):
        need_root()
        need("podman")
        self.w, base = w, w.path("podman")
        self.argv = ("podman", "--root", base + "/root", "--runroot", base + "/run", "--storage-driver", "vfs",
                     "--cgroup-manager", "cgroupfs", "--events-backend", "file")

    def __call__(self, *argv, **how):
        return self.w.run(*self.argv, *argv, **how).out.strip()

    def check(self, name, image_id, files):
        found = json.loads(self("image", "inspect", name))[0]
        equal("sha256:" + found["Id"], image_id, "id of the image in podman")
        place = self("image", "mount", name)
        missing = [f for f in files if not os.path.isfile(os.path.join(place, f))]
        self("image", "umount", name)
        equal(missing, [], "files that podman does not have")
        return found


CONTAINERD = """version = 2
root = "{0}/root"
state = "{0}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{0}/s"
[ttrpc]
  address = "{0}/t"
"""


class Containerd:
    def __init__(self, w):
        need_root()
        need("containerd", "ctr")
        self.w, base = w, w.path("containerd")
        self.socket = base + "/s"
        config = w.write("containerd/config.toml", CONTAINERD.format(base))
        self.child = w.start("containerd", "--config", config, log=base + "/log")
        wait_for(self.ready, 60, "containerd")

    def ready(self):
        if self.child.poll() is not None:
            raise Skip("containerd does not start here")
        return self.w.run("ctr", "-a", self.socket, "version", code=None).code == 0

    def __call__(self, *argv, **how):
        return self.w.run("ctr", "-a", self.socket, "-n", "interop", *argv, **how).out.strip()

    def digests(self):
        """{name: digest} of its images."""
        lines = [line.split() for line in self("images", "list").splitlines()[1:]]
        return {line[0]: line[2] for line in lines}
