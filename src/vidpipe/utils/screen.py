"""The screen of this machine."""

import os
import sys


def has_screen() -> bool:
    """Return True where a browser can open a window; in a terminal it would take that over."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in screens)
