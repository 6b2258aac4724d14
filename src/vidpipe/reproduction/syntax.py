"""Comparison of Python sources by their syntax trees, without comments, docstrings and hints."""

import ast
import re
from itertools import zip_longest
from typing import Any

# A source that reads its own docstrings or annotations is compared with them.
READS_DOCSTRINGS = re.compile(rb"__doc__|getdoc|getsource|inspect")
READS_HINTS = re.compile(
    rb"__annotations__|get_type_hints|get_annotations|signature|inspect|\bjit\b"
    rb"|TypeAdapter|validate_call|validate_arguments|singledispatch"
)
# Decorators that do not read the annotations of their function.
PLAIN_DECORATORS = {
    *("abstractmethod", "cache", "cached_property", "classmethod", "contextmanager", "lru_cache"),
    *("inference_mode", "no_grad", "override", "property", "staticmethod"),
}


def first_difference(old: bytes, new: bytes, *, hints: bool = False) -> int | None:
    """Return the first line of a new source that can behave otherwise than the old one.

    Names count, also those of local variables. Annotations in the body of a class count: they are
    the fields of dataclasses and models. In doubt, a line differs.

    Args:
        old: Source before.
        new: Source after.
        hints: Compare annotations everywhere.

    Returns:
        The line's number; None if both do the same.
    """
    sources = (old, new)
    docstrings = any(READS_DOCSTRINGS.search(source) for source in sources)
    hints = hints or any(READS_HINTS.search(source) for source in sources)
    try:
        before, after = (
            _Behaviour(docstrings=docstrings, hints=hints).visit(ast.parse(source))
            for source in sources
        )
    except SyntaxError as error:
        return error.lineno or 1
    return _difference(before, after, 1)


class _Behaviour(ast.NodeTransformer):
    """Remove docstrings and annotations, unless they are to be kept."""

    def __init__(self, *, docstrings: bool, hints: bool) -> None:
        self.docstrings = docstrings
        self.hints = hints
        self.in_class = False

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._scope(node, in_class=False)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._scope(node, in_class=True)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        names = {ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list}
        if not self.hints and {name.rpartition(".")[2] for name in names} <= PLAIN_DECORATORS:
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        return self._scope(node, in_class=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        # Without a value it makes a name local, so it stays.
        if self.hints or self.in_class or node.value is None:
            return self.generic_visit(node)
        assign = ast.Assign(targets=[node.target], value=node.value)
        return self.generic_visit(ast.copy_location(assign, node))

    def _scope(self, node: Any, *, in_class: bool) -> ast.AST:
        if not self.docstrings and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        # A function in a class is no class body, nor is what follows the class.
        outer = self.in_class
        self.in_class = in_class
        self.generic_visit(node)
        self.in_class = outer
        return node


def _difference(old: Any, new: Any, line: int) -> int | None:
    """Line of the first part of `new` that is not as in `old`; `line` where it has none."""
    if type(old) is not type(new):
        return line
    if isinstance(new, ast.AST):
        line = getattr(new, "lineno", line)
        old, new = (list(ast.iter_fields(node)) for node in (old, new))
    if not isinstance(new, list | tuple):
        return None if repr(old) == repr(new) else line  # 1, 1.0 and True are not the same
    # A part that is missing at the end differs on the line of the last one.
    for before, after in zip_longest(old, new):
        line = getattr(after, "lineno", line)
        if (line_in_part := _difference(before, after, line)) is not None:
            return line_in_part
    return None
