"""The error for mistakes that a user can correct."""


class UserError(ValueError):
    """Message: the place, what was expected, what was got, what to do. Shown without traceback."""
