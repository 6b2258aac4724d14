"""Variables from outside that would change what torch computes."""

import os
import sys

from vidpipe.utils.errors import UserError

# OpenMP's, of a cluster or a shell: they leave a parallel region fewer threads than it asked for.
# Sums are then cut otherwise, and kernels that count on their threads read memory nobody wrote.
FEWER_THREADS = ("OMP_DYNAMIC", "OMP_MAX_ACTIVE_LEVELS", "OMP_THREAD_LIMIT")


def allow_all_threads() -> None:
    """Take out what would give torch fewer threads than `runtime.threads`.

    OpenMP reads these variables once, as torch is imported.

    Raises:
        UserError: If torch is imported already, and one of them is set.
    """
    limits = [name for name in FEWER_THREADS if name in os.environ]
    if limits and "torch" in sys.modules:
        raise UserError(
            f"{', '.join(limits)}: expected to be unset before torch is imported, but it is "
            f"imported already; start Python by `env {' '.join(f'-u {name}' for name in limits)}`"
        )
    for name in limits:
        del os.environ[name]
