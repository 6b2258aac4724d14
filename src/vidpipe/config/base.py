"""The base class of all blocks of `params.yaml`, and the types that their fields share."""

import warnings
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Whole numbers.
Count = Annotated[int, Field(ge=1)]
CountOrZero = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]

# Real numbers. A `Share` is less than all, a `ShareOrAll` may be all.
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
ShareOrAll = Annotated[float, Field(ge=0, le=1)]

# Text. `Given` is not empty; a `Sha256` is in lower-case hexadecimal digits.
Given = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

FORMER_KEYS = {"slope_every": "penalty_every", "frame_judge": "frame_discriminator"}


class ConfigBlock(BaseModel):
    """A block of `params.yaml`: frozen, without type conversion; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _read_former_keys(cls, values: Any) -> Any:
        """Read a key that was renamed by its former name too, with a warning."""
        if not isinstance(values, dict):
            return values
        for former, key in FORMER_KEYS.items():
            # Where both are there, the former one is an unknown key, which is an error.
            if former in values and key in cls.model_fields and key not in values:
                warnings.warn(
                    f"params.yaml: {former} is now called {key}; rename it",
                    FutureWarning,
                    stacklevel=2,
                )
                values = {key if name == former else name: v for name, v in values.items()}
        return values
