"""Before anything imports torch: the instruction set that the project promises its bits for."""

import os

from vidpipe.training.runtime import pin_instructions

pin_instructions("portable")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
