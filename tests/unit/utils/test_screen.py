import sys

import pytest

from vidpipe.utils.screen import has_screen


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_server_without_a_screen_opens_no_window(monkeypatch, name):
    monkeypatch.setattr(sys, "platform", "linux")
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    assert not has_screen()
    monkeypatch.setenv(name, ":0")
    assert has_screen()
