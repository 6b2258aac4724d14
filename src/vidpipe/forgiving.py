"""Patience with a server that others keep: it waits for us, and what it misses it is told later."""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

FIRST = 5.0  # seconds that whoever calls is left to its work before the server is looked for
PAUSE = 30.0  # seconds without a call after one that failed, at the least
SHARE = 0.02  # most of the time that may go into waiting for a server that does not answer
ROUNDS = 3  # at the end, each to the first call that fails


class Forgiving:
    """Passes calls on and raises nothing; one that fails is tried again after the others.

    Args:
        opened: Gives whose methods are called, once it is needed; it may fail as any of them.
        complain: Is told of each failure.
    """

    def __init__(self, opened: Callable[[], Any], complain: Callable[[Exception], None]) -> None:
        self._opened, self._complain = opened, complain
        self._run: Any = None
        self._waiting = deque[Callable[[], None]]()
        self._again = time.monotonic() + FIRST

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*args: Any) -> None:
            self._waiting.append(partial(self._call, name, *args))
            if time.monotonic() >= self._again:
                self._pass_on()

        return call

    def end(self, status: str) -> None:
        """Pass on what waits, as far as that goes, and end the run."""
        for _ in range(ROUNDS):
            self._pass_on()
        self._waiting = deque([partial(self._call, "end", status)])
        self._pass_on()

    def _call(self, name: str, *args: Any) -> None:
        if self._run is None:
            self._run = self._opened()
        getattr(self._run, name)(*args)

    def _pass_on(self) -> None:
        """Up to the first call that fails, which goes to the back, or it would hold up all."""
        while self._waiting:
            begun = time.monotonic()
            try:
                self._waiting[0]()
            except Exception as error:  # noqa: BLE001 (whatever it is, training goes on)
                self._complain(error)
                self._waiting.rotate(-1)
                now = time.monotonic()
                self._again = now + max(PAUSE, (now - begun) / SHARE)
                return
            self._waiting.popleft()
