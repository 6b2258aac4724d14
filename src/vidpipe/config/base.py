"""The base class of all blocks of `params.yaml`, and the types that their fields share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

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


class ConfigBlock(BaseModel):
    """A block of `params.yaml`: frozen, without type conversion; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
