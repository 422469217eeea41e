"""Small servers in threads of the test: a token server, a forward proxy, a relay that cuts, a redirector."""

import base64
import http.client
import http.server
import json
import secrets
import select
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from urllib.parse import parse_qs, urlsplit


class Threads(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a client that goes away is no news


def serve(world, handler, **attributes):
    """A server on a free port; handler.server has the attributes."""
    server = Threads(("127.0.0.1", 0), handler)
    server.address = f"127.0.0.1:{server.server_address[1]}"
    for name, value in attributes.items():
        setattr(server, name, value)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    world.at_end.append(server.server_close)
    world.at_end.append(server.shutdown)
    return server


def certificates(world):
    """ca.pem and what it signed: server.pem for the loopback, client.pem; and other.pem, an authority of no use."""
    script = """set -e
    key() { echo "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key"; }
    for name in ca other; do
        openssl req -x509 $(key $name) -days 2 -out $name.pem -subj "/CN=$name" \
            -addext basicConstraints=critical,CA:TRUE
    done
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\n' > ext
    for name in server client; do
        openssl req $(key $name) -out $name.csr -subj "/CN=$name"
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $name.pem -extfile ext
    done"""
    world.run("sh", "-c", script)


# --- tokens ---


def plain64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        user = self.user()
        self.server.asked.append((user, query.get("scope", [])))
        if user is False:
            self.answer(401, {"details": "no such login"})
            return
        access = [self.granted(user, scope) for scope in query.get("scope", [])]
        token = self.server.token(user or "", query["service"][0], [a for a in access if a])
        self.answer(200, {"token": token, "expires_in": self.server.told})

    def user(self):
        """Who asks: a name, None without a login, False with a wrong one."""
        login = self.headers.get("Authorization")
        if not login:
            return None
        user, _, word = base64.b64decode(login.split()[1]).decode().partition(":")
        return user if self.server.users.get(user) == word else False

    def granted(self, user, scope):
        kind, name, actions = scope.split(":")
        if user is None:
            actions = "pull" if name.startswith("public/") else ""
        return {"type": kind, "name": name, "actions": actions.split(",")} if actions else None

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def token_server(world, users):
    """asked: (user, scopes) of each request. life: how long docker-registry takes a token; told: expires_in."""
    key, certificate = world.path("token.key"), world.path("token.pem")
    world.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tokens",
              "-keyout", key, "-out", certificate)
    with open(certificate, encoding="ascii") as f:
        chain = [base64.b64encode(ssl.PEM_cert_to_DER_cert(f.read())).decode()]

    def token(user, service, access):
        # docker-registry goes on for 60 seconds past the end of a token.
        now = int(time.time())
        claims = {"iss": "tokens", "sub": user, "aud": service, "iat": now, "nbf": now - 120,
                  "exp": now - 60 + server.life, "jti": secrets.token_hex(8), "access": access}
        head = {"typ": "JWT", "alg": "RS256", "x5c": chain}
        text = plain64(json.dumps(head).encode()) + "." + plain64(json.dumps(claims).encode())
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True,
                                capture_output=True)
        server.tokens.append(text + "." + plain64(signed.stdout))
        return server.tokens[-1]

    server = serve(world, TokenHandler, users=users, asked=[], tokens=[], token=token, life=300, told=300)
    server.auth = {"token": {"realm": f"http://{server.address}/token", "service": "real", "issuer": "tokens",
                             "rootcertbundle": certificate}}
    return server


# --- what is between client and server ---


def connect(place):
    host, _, port = place.rpartition(":")
    return socket.create_connection((host, int(port)), 10)


def pump(a, b):
    ends = {a: b, b: a}
    while True:
        for end in select.select(list(ends), [], [], 60)[0]:
            data = end.recv(65536)
            if not data:
                return
            ends[end].sendall(data)


class RelayHandler(socketserver.BaseRequestHandler):
    """Passes on to `target`; of the first `cuts` connections that send more than `after` bytes, that much alone.
    The same with `up_cuts` and `up_after` for what goes to it."""

    def handle(self):
        upstream = connect(self.server.target)
        sent, taken, ends = 0, 0, {self.request: upstream, upstream: self.request}
        while True:
            for end in select.select(list(ends), [], [], 60)[0]:
                data = end.recv(16384)
                if not data:
                    return
                ends[end].sendall(data)
                taken += len(data) if end is self.request else 0
                if end is upstream:
                    sent += len(data)
                    if self.server.rate:
                        time.sleep(len(data) / self.server.rate)
            if sent > self.server.after and self.server.cuts > 0:
                self.server.cuts -= 1
                return
            if taken > self.server.up_after and self.server.up_cuts > 0:
                self.server.up_cuts -= 1
                return


def relay(world, target, cuts=0, after=0, rate=0):
    return serve(world, RelayHandler, target=target, cuts=cuts, after=after, rate=rate, up_cuts=0, up_after=0)


class LimitHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def refused(self):
        if int(self.headers.get("Content-Length") or 0) <= self.server.most:
            return False
        self.server.refused.append(self.command)
        self.close_connection = True
        self.send_response(413)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def handle_expect_100(self):
        return not self.refused() and super().handle_expect_100()

    def pass_on(self):
        if self.refused():
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection(self.server.target, timeout=60)
        upstream.request(self.command, self.path, body or None, dict(self.headers))
        answer = upstream.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("date", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = pass_on


def limiter(world, target, most):
    """A proxy in front of `target` that takes bodies of `most` bytes. refused: the methods of larger ones."""
    return serve(world, LimitHandler, target=target, most=most, refused=[])


class ProxyHandler(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.request.recv(65536)
            if not data:
                return
            head += data
        top, rest = head.split(b"\r\n\r\n", 1)
        lines = top.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split()
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        wanted = self.server.login and "Basic " + base64.b64encode(self.server.login.encode()).decode()
        if wanted and fields.get("proxy-authorization") != wanted:
            self.server.seen.append((407, method, target))
            self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                                 b'Proxy-Authenticate: Basic realm="p"\r\n'
                                 b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self.server.seen.append((200, method, target))
        if method == "CONNECT":
            upstream = connect(target)
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            url = urlsplit(target)
            upstream = connect(url.netloc)
            path = url.path + ("?" + url.query if url.query else "")
            kept = [line for line in lines[1:] if not line.lower().startswith(("proxy-", "connection:"))]
            text = "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""])
            upstream.sendall(text.encode("latin-1") + rest)
        pump(self.request, upstream)


def proxy(world, login=None):
    """seen: (status, method, target) of each request. login: "user:password" that it demands."""
    return serve(world, ProxyHandler, login=login, seen=[])


class RedirectHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(307)
        self.send_header("Location", self.server.to + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET


def redirector(world, to, certificate=None, key=None):
    """Sends everything to `to`; speaks TLS with a certificate."""
    server = serve(world, RedirectHandler, to=to, seen=[])
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    return server
