"""Before anything imports torch: the instruction set that the project promises its bits for."""

import os

from hypothesis import settings

from vidpipe.training.runtime import pin_instructions

pin_instructions("portable")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

# A busy machine makes nothing wrong: no test asks the clock.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
