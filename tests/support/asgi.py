"""Requests to an ASGI application, without a server."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

HOST = "127.0.0.1:8765"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        return json.loads(self.body)["error"]

    @property
    def told(self) -> dict[str, str]:
        return json.loads(unquote(self.headers["x-vidpipe"]))


async def request(
    app: Any,
    method: str,
    path: str,
    body: Iterable[bytes] = (),
    gone: asyncio.Event | None = None,
    **headers: str,
) -> Reply:
    """Send a request, its body in chunks; `gone` is set when the user goes."""
    path, _, query = path.partition("?")
    names = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in names.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8765),
    }
    chunks = iter(body)
    sent: list[dict[str, Any]] = []
    read = False

    async def receive() -> dict[str, Any]:
        nonlocal read
        if not read:
            if (chunk := next(chunks, None)) is not None:
                return {"type": "http.request", "body": chunk, "more_body": True}
            read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], told, b"".join(m.get("body", b"") for m in sent[1:]))
