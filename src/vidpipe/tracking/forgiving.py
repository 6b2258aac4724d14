"""Patience with a server that others keep: it waits for us, and what it misses it is told later."""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

log = logging.getLogger(__name__)
FIRST = 5.0  # seconds that whoever calls is left to its work before the server is looked for
PAUSE = 30.0  # seconds without a call after one that failed, at the least
SHARE = 0.02  # most of the time that may go into waiting for a server that does not answer
LAST = 5.0  # seconds that calls may fail in at the end; what then waits is lost


@dataclass
class Server:
    """What is known of a server, by all that call it.

    Attributes:
        name: For people.
        again: When it may be called again.
        cost: Seconds that its last failure took; none since it has answered.
        silent: It has failed, and that has been said.
    """

    name: str
    again: float = 0.0
    cost: float = 0.0
    silent: bool = False

    def failed(self, error: Exception, begun: float) -> None:
        """Say so once, and leave it alone for a while."""
        if not self.silent:
            first = (str(error).splitlines() or [repr(error)])[0]
            log.warning("%s does not answer as it should, going on: %s", self.name, first)
        now = time.monotonic()
        self.silent, self.cost = True, now - begun
        self.again = now + max(PAUSE, self.cost / SHARE)


class Forgiving:
    """Passes calls on and raises nothing; one that fails is tried again after the others.

    Args:
        opened: Gives whose methods are called, once it is needed; it may fail as any of them.
        server: Where they go.
    """

    def __init__(self, opened: Callable[[], Any], server: Server) -> None:
        self._opened, self._server = opened, server
        self._run: Any = None
        self._waiting = deque[Callable[[], None]]()
        server.again = max(server.again, time.monotonic() + FIRST)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return partial(self.call, name)

    def call(self, name: str, *args: Any) -> None:
        """Call a method, now or later."""
        self._waiting.append(partial(self._pass_on, name, *args))
        while self._waiting and time.monotonic() >= self._server.again:
            self._try_first()

    def end(self, status: str) -> None:
        """Try once more what waits, and end the run, unless the server hangs."""
        if self._server.cost > LAST and time.monotonic() < self._server.again:
            return
        self._waiting.append(partial(self._pass_on, "end", status))
        lost = 0.0
        for _ in range(len(self._waiting)):
            if lost < LAST:
                lost += self._try_first()

    def _pass_on(self, name: str, *args: Any) -> None:
        if self._run is None:
            self._run = self._opened()
        getattr(self._run, name)(*args)

    def _try_first(self) -> float:
        """Make the first call that waits, which goes to the back if it fails; seconds it failed in.

        Or it would hold up the others.
        """
        begun, server = time.monotonic(), self._server
        try:
            self._waiting[0]()
        except Exception as error:  # noqa: BLE001 (whatever it is, training goes on)
            self._waiting.rotate(-1)
            server.failed(error, begun)
        else:
            self._waiting.popleft()
            server.cost = 0.0
        return server.cost
