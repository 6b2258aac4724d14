"""The page to play on, as an ASGI application for this machine alone."""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vidpipe.serving import jobs
from vidpipe.serving.generation import start_torch
from vidpipe.serving.jobs import MAX_FRAMES, run_job
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
Result = TypeVar("Result")

HOSTS = {"127.0.0.1", "localhost", "::1"}  # names of this machine
MAX_BODY = 32 * 2**20  # bytes of a picture
MAX_DRAINED = 2**30  # bytes of one too large that are read and dropped, so that the answer is heard
MAX_WAITING = 16  # jobs
GONE = 499  # nobody is there to read the answer
# The page has no part that is not in it, and nothing on it may ask another machine.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data: blob:; media-src blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Worker:
    """One thread that generates, so that jobs are made one after another."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, "vidpipe-play")
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.busy = False

    async def run(self, request: Request, work: Callable[[], Result]) -> Result | None:
        """Return what `work` returns, once it is its turn; None: the user has gone.

        Raises:
            UserError: If too many wait already.
        """
        if self.waiting >= MAX_WAITING:
            raise UserError(f"{self.waiting} users wait already; try again in a moment")
        self.waiting += 1
        try:
            async with self.turn:
                if await request.is_disconnected():
                    return None
                return await self._in_thread(work)
        finally:
            self.waiting -= 1

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        def marked() -> Result:
            self.busy = True
            try:
                start_torch()
                return work()
            finally:
                self.busy = False

        return await asyncio.get_running_loop().run_in_executor(self.thread, marked)


def application(worker: Worker) -> ASGIApp:
    """Return the application.

    Args:
        worker: The thread that generates.
    """
    html = resources.files(__package__).joinpath("play.html").read_bytes()

    async def page(_: Request) -> Response:
        return Response(html, media_type="text/html; charset=utf-8", headers=HEADERS)

    async def models(request: Request) -> Response:
        descriptions = await worker.run(request, jobs.offered)
        limits = {"bytes": MAX_BODY, "frames": MAX_FRAMES}
        return JSONResponse({"models": descriptions, "limits": limits}, headers=HEADERS)

    async def make(request: Request) -> Response:
        model, fields = request.path_params["model"], dict(request.query_params)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=GONE)
        answer = await worker.run(request, lambda: run_job(model, fields, body))
        if answer is None:
            return Response(status_code=GONE)
        details = {"command": answer.command, "name": answer.name, "note": answer.note}
        headers = HEADERS | {"X-Vidpipe": quote(json.dumps(details))}
        return Response(answer.file, media_type=answer.media, headers=headers)

    routes = [
        Route("/", page),
        Route("/models", models),
        Route("/make/{model}", make, methods=["POST"]),
    ]
    handlers: Any = {UserError: _answer_user_error, Exception: _answer_bug}
    return _LocalOnly(Starlette(routes=routes, exception_handlers=handlers))


class _LocalOnly:
    """Refuse what another site's page asks, by a name of its own or from its own address.

    A page of a site whose name is changed to that of this machine (DNS rebinding) still sends the
    site's name as Host; one that posts across sites sends its own address as Origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (reason := _reason_to_refuse(Request(scope))):
            await _refused(reason, status=403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _reason_to_refuse(request: Request) -> str:
    """Return why a request is not of the page itself; empty: it is."""
    host = request.headers.get("host", "")
    try:
        is_own_name = urlsplit(f"http://{host}").hostname in HOSTS
    except ValueError:
        is_own_name = False
    if not is_own_name:
        return f"this page is for 127.0.0.1 and localhost alone, not for {host[:100] or 'no host'}"
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    if origin not in (None, f"http://{host}") or site not in ("same-origin", "none"):
        return "other pages may not ask here"
    return ""


async def _body(request: Request) -> bytes:
    """Read the body; of one that is too large no more is kept than the limit.

    Raises:
        UserError: If it is too large.
    """
    content = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY:
            content += chunk
        elif size > MAX_DRAINED:
            break
        else:
            content.clear()
    if size > MAX_BODY:
        raise UserError(f"expected a file of at most {MAX_BODY // 2**20} MiB; take a smaller one")
    return bytes(content)


async def _answer_user_error(_: Request, error: Exception) -> Response:
    return _refused(str(error))


async def _answer_bug(request: Request, error: Exception) -> Response:
    """Answer a bug on the page, and show its traceback in the terminal."""
    log.error("%s", request.url.path, exc_info=error)
    return _refused(f"this went wrong: {error!r}; the terminal says more", status=500)


def _refused(message: str, *, status: int = 400) -> Response:
    content: dict[str, Any] = {"error": message}
    return JSONResponse(content, status_code=status, headers=HEADERS)
