"""Where the numbers of a profile come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from camsim.spec import Model


class Provenance(Model):
    """Where a number comes from."""

    source: Annotated[str, Field(min_length=1)]
    status: Literal["measured", "datasheet", "derived", "published", "assumed"]
    note: str | None = None
