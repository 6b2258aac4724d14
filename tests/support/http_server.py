"""A web server on this machine that serves a folder, with the faults that real ones have."""

import datetime
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


@dataclass
class Faults:
    """What goes wrong; each is used up as it happens.

    Attributes:
        cuts: After how many bytes of its body each next answer breaks off.
        codes: What each next request is answered with instead of the file.
        stalls: After how many bytes each next answer falls silent.
        ranges: Whether an answer may be a part of the file.
        tags: Whether the version of a file is named.
        length: Whether the length of a file is named.
    """

    cuts: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    stalls: list[int] = field(default_factory=list)
    ranges: bool = True
    tags: bool = True
    length: bool = True


@dataclass
class Mirror:
    """A running server: its address, its faults, and what was asked of it."""

    url: str
    faults: Faults
    asked: list[dict[str, str]]
    ended: threading.Event


@contextmanager
def serve(folder: Path, wrap: Callable[[Any], Any] = lambda socket: socket) -> Iterator[Mirror]:
    """Serve a folder until the block ends.

    Args:
        folder: What is served.
        wrap: Puts TLS around the listening socket.
    """
    mirror = Mirror("", Faults(), [], threading.Event())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self, folder, mirror)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client that gives up is no error here
        server.socket = wrap(server.socket)
        mirror.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield mirror
        finally:
            mirror.ended.set()
            server.shutdown()


def answer(handler: BaseHTTPRequestHandler, folder: Path, mirror: Mirror) -> None:
    """One request, with the next fault."""
    faults, path = mirror.faults, folder / unquote(handler.path).lstrip("/")
    mirror.asked.append({"path": handler.path, **handler.headers})
    handler.close_connection = True
    if faults.codes or not path.is_file():
        handler.send_response(faults.codes.pop(0) if faults.codes else 404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    data = path.read_bytes()
    tag = f'"{sha256(data).hexdigest()[:16]}"'
    start = asked_start(handler, tag) if faults.ranges else 0
    if start >= len(data) > 0:
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(data)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    if faults.tags:
        handler.send_header("ETag", tag)
    if faults.length:
        handler.send_header("Content-Length", str(len(data) - start))
    handler.end_headers()
    body = data[start:]
    if faults.stalls:
        handler.wfile.write(body[: faults.stalls.pop(0)])
        handler.wfile.flush()
        mirror.ended.wait(30)
        return
    handler.wfile.write(body[: faults.cuts.pop(0)] if faults.cuts else body)


def asked_start(handler: BaseHTTPRequestHandler, tag: str) -> int:
    """The byte to start at, if the client asks for a part of this version."""
    wanted = handler.headers.get("Range", "")
    if not wanted or handler.headers.get("If-Range", tag) != tag:
        return 0
    return int(wanted.removeprefix("bytes=").removesuffix("-"))


def secure(certificate: Path) -> Callable[[Any], Any]:
    """For `serve`: puts TLS around a socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda socket: context.wrap_socket(socket, server_side=True)


def self_signed(path: Path) -> Path:
    """A key and a certificate for localhost in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path
