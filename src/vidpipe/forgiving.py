"""Patience with a server that others keep: what it misses, it is told later."""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

PAUSE = 30.0  # seconds without a call after one that failed
TRIES = 3  # of a call, after which it is dropped for the sake of the others


class Forgiving:
    """Passes calls on in order, and raises nothing; a call that fails waits, with those after it.

    Args:
        run: Whose methods are called; `end` is tried once all others have been.
        complain: Is told of each failure.
    """

    def __init__(self, run: Any, complain: Callable[[Exception], None]) -> None:
        self._run, self._complain = run, complain
        self._waiting = deque[Callable[[], None]]()
        self._failures, self._again = 0, 0.0

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*args: Any) -> None:
            self._waiting.append(partial(getattr(self._run, name), *args))
            if time.monotonic() >= self._again:
                self._pass_on()

        return call

    def end(self, status: str) -> None:
        """Pass on what waits, as far as that goes, and end the run."""
        for _ in range(TRIES):
            self._pass_on()
        self._waiting = deque([partial(self._run.end, status)])
        self._pass_on()

    def _pass_on(self) -> None:
        """Up to the first call that fails."""
        while self._waiting:
            try:
                self._waiting[0]()
            except Exception as error:  # noqa: BLE001 (whatever it is, training goes on)
                self._complain(error)
                self._failures += 1
                self._again = time.monotonic() + PAUSE
                if self._failures < TRIES:
                    return
            self._waiting.popleft()
            self._failures = 0
