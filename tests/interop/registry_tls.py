#!/usr/bin/env python3
"""docker-registry, and nginx before it, with an authority of our own and with certificates of clients."""

import os
import shutil

from harness import Failure, equal, expect, main, need, wait_for
from images import Layout, random_file, real_files
from registry import Registry
from servers import certificates, redirector


def set_up(w):
    certificates(w)
    server = {"certificate": w.path("server.pem"), "key": w.path("server.key")}
    w.registry = Registry(w, tls=server)
    w.closed = Registry(w, "closed", tls={**server, "clientcas": [w.path("ca.pem")]})
    w.plain = Registry(w, "plain")
    w.layout = Layout(w.path("src"))
    w.layout.image([real_files("json"), random_file("data", 500000)], "app")
    w.layout.push(w, "app", w.plain.address + "/team/app:1.0")
    w.layout.push(w, "app", w.registry.address + "/team/app:1.0")
    w.certificate = ("--cert", w.path("client.pem"), "--key", w.path("client.key"))
    shutil.copytree(os.path.join(w.plain.storage, "docker"), os.path.join(w.closed.storage, "docker"))
    w.ca = ("--ca-file", w.path("ca.pem"))


def install(w, address, *options, code=0):
    w.new_store()
    done = w.cprov("install-image", "team/app:1.0", "--source", "https://" + address, "--trust", "--retry", "0",
                   *options, code=code)
    equal(len(w.cprov("get-image", "--no-header").out.splitlines()), 0 if done.code else 1, "images")
    return done


def certs_d(w, address, **files):
    folder = w.path("home", ".config", "containers", "certs.d", address)
    os.makedirs(folder)
    for name, source in files.items():
        shutil.copy(w.path(source), os.path.join(folder, name.replace("_", ".")))
    return folder


def an_authority_that_nobody_knows(w):
    for options in ((), ("--ca-file", w.path("other.pem"))):
        done = install(w, w.registry.address, *options, code=8)
        lines = done.err.splitlines()
        equal(len(lines), 2, f"lines of {done.err!r}")
        expect("certificate" in lines[0] and lines[1].startswith("hint:") and "--ca-file" in lines[1], str(done))
    install(w, w.registry.address, "--tls-verify=false")


def an_authority_from_the_command_line(w):
    w.registry.requests()
    install(w, w.registry.address, *w.ca)
    w.clean()
    equal([r.status for r in w.registry.requests()], [200] * 5, "answers")


def an_authority_from_certs_d(w):
    folder = certs_d(w, w.registry.address, ca_crt="ca.pem")
    install(w, w.registry.address)
    w.run("skopeo", "inspect", "--cert-dir", folder, f"docker://{w.registry.address}/team/app:1.0")
    shutil.rmtree(folder)
    install(w, w.registry.address, code=8)


def a_name_that_is_not_in_the_certificate(w):
    done = install(w, "127.0.0.2:" + w.registry.address.partition(":")[2], *w.ca, code=6)
    expect("127.0.0.2" in done.err, str(done))


def certificates_of_clients(w):
    # The alert of a server that hangs up at once may be lost: then it is but a reset, with the same hint.
    done = install(w, w.closed.address, *w.ca, code=None)
    expect(done.code in (6, 11) and "--cert" in done.err, str(done))
    install(w, w.closed.address, *w.ca, *w.certificate)
    certs_d(w, w.closed.address, ca_crt="ca.pem", client_cert="client.pem", client_key="client.key")
    install(w, w.closed.address)


NGINX = """daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx.err;
events {{ worker_connections 64; }}
http {{
    access_log {dir}/nginx.log; client_body_temp_path {dir}/n1; proxy_temp_path {dir}/n2; fastcgi_temp_path {dir}/n3;
    uwsgi_temp_path {dir}/n4; scgi_temp_path {dir}/n5;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
        ssl_client_certificate {dir}/ca.pem; ssl_verify_client {verify};
        location / {{ proxy_pass http://{target}; proxy_set_header Host $http_host; }}
    }}
}}
"""


def nginx(w, verify):
    need("nginx")
    for _ in range(5):  # nginx wants a number, and somebody else may have taken it
        port = w.free_port()
        w.write("nginx.log", "")
        config = w.write("nginx.conf", NGINX.format(dir=w.dir, port=port, verify=verify, target=w.plain.address))
        child = w.start("nginx", "-c", config, log=w.path("nginx.out"))
        wait_for(lambda: w.answers(port) or child.poll() is not None, 20, "nginx starts")
        if child.poll() is None:
            return child, f"127.0.0.1:{port}"
    raise Failure("nginx does not start")


def http_2(w):
    child, address = nginx(w, "off")
    install(w, address, *w.ca)
    w.clean()
    w.stop(child)
    with open(w.path("nginx.log"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    equal(len(lines), 5, "requests")
    for line in lines:  # bodies of blobs are faster each on a connection of its own
        expect("HTTP/2.0" in line or "/blobs/" in line, line)


def certificates_of_clients_at_nginx(w):
    child, address = nginx(w, "on")
    install(w, address, *w.ca, *w.certificate)
    install(w, address, *w.ca, code=6)
    w.stop(child)


def never_down_to_http(w):
    down = redirector(w, w.plain.url, w.path("server.pem"), w.path("server.key"))
    w.plain.requests()
    done = install(w, down.address, *w.ca, code=6)
    expect("http" in done.err, str(done))
    equal(w.plain.requests(), [], "requests without TLS")
    expect(down.seen, "nothing was asked")
    aside = redirector(w, w.registry.url, w.path("server.pem"), w.path("server.key"))
    install(w, aside.address, *w.ca)


main(["docker-registry", "skopeo", "openssl"], set_up, an_authority_that_nobody_knows,
     an_authority_from_the_command_line, an_authority_from_certs_d, a_name_that_is_not_in_the_certificate,
     certificates_of_clients, http_2, certificates_of_clients_at_nginx, never_down_to_http)
