"""The one error for what a user can mend."""


class UserError(ValueError):
    """Says where, what was expected, what was got and what to do; shown without a traceback."""
