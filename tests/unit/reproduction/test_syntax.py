import pytest

from vidpipe.reproduction.syntax import first_difference

SOURCE = '''\
"""Numbers."""

from dataclasses import dataclass

RATE: float = 0.5


@dataclass
class Row:
    """A row."""

    value: int = 3


class Network:
    def forward(self, x: int) -> int:
        """Double."""
        twice: int = x * 2  # not thrice
        return twice


def double(x, *, by=1.0):
    """Double it."""
    y = x * 2

    return y
'''


def difference(old, new, **options):
    assert old in SOURCE
    return first_difference(SOURCE.encode(), SOURCE.replace(old, new, 1).encode(), **options)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Numbers."""', '"""Digits.\n\nAnd more.\n"""'),
        ('"""Numbers."""\n', ""),
        ('        """Double."""\n', ""),
        ('"""A row."""', '"""Row."""'),
        ("  # not thrice", ""),
        ("def double", "# Twice.\ndef double"),
        ("x: int) -> int", "x) -> float"),
        ("double(x, *, by=1.0)", "double(x: int, *, by: float = 1.0) -> int"),
        ("RATE: float = 0.5", "RATE = 0.5"),
        ("twice: int = x * 2", "twice = x * 2"),
        ("y = x * 2\n\n", "y = (\n        x\n        * 2\n    )\n"),
        ("0.5", ".50"),
    ],
)
def test_comments_docstrings_annotations_and_layout_do_not_count(old, new):
    assert difference(old, new) is None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("RATE: float = 0.5", "RATE: float = 0.6", 5),
        ("RATE: float = 0.5", "RATE: float", 5),
        ("RATE: float", "SHARE: float", 5),
        ("by=1.0", "by=1", 22),
        ("by=1.0", "by=True", 22),
        ("value: int", "value: float", 12),
        ("value: int = 3", "value = 3", 12),
        (
            "twice: int = x * 2  # not thrice\n        return twice",
            "t = x * 2\n        return t",
            18,
        ),
        ("    return y\n", "", 24),
        ("    return y\n", "    print(y)\n    return y\n", 26),
        ("@dataclass", "@dataclass()", 8),
        ("from dataclasses import dataclass", "from dataclasses import dataclass, field", 3),
        ("    y = x", "   y = x", 24),
    ],
)
def test_everything_else_counts_and_its_line_is_named(old, new, line):
    assert difference(old, new) == line


def test_a_source_that_reads_its_docstrings_is_compared_with_them():
    old, new = (f'"""{word}."""\nprint(__doc__)\n'.encode() for word in ("One", "Two"))
    assert first_difference(old, new) == 1


@pytest.mark.parametrize(
    "source",
    [
        "@register\ndef area(x: {}): ...\n",
        "def area(x: {}): ...\nprint(area.__annotations__)\n",
        "from typing import get_type_hints\nx: {} = 1\n",
    ],
)
def test_annotations_that_somebody_reads_count(source):
    assert first_difference(source.format("int").encode(), source.format("str").encode())


def test_annotations_count_where_one_asks_for_it():
    assert difference("x: int) -> int", "x) -> int", hints=True) == 16
    assert difference('"""Double."""', '"""Twice."""', hints=True) is None


def test_the_annotation_of_a_function_with_a_plain_decorator_does_not_count():
    old = b"@torch.no_grad()\ndef sample(x: int): ...\n"
    assert first_difference(old, old.replace(b": int", b"")) is None
