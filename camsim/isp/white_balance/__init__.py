"""White balance: fixed gains, or gains taken from the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from camsim.isp.white_balance.cct import CctBalance, white_balance_cct
from camsim.isp.white_balance.cct_curve import CctCurve, white_balance_cct_curve
from camsim.isp.white_balance.fixed import WhiteBalance, WhiteBalanceStage, white_balance
from camsim.isp.white_balance.grey_world import GreyWorld, white_balance_grey_world
from camsim.isp.white_balance.shades_of_grey import ShadesOfGrey, white_balance_shades_of_grey
from camsim.isp.white_balance.white_patch import WhitePatch, white_balance_white_patch


def _fixed_unless_said(given: Any) -> Any:
    return {"method": "fixed", **given} if isinstance(given, Mapping) else given


Balance = Annotated[
    Annotated[
        WhiteBalance | CctBalance | CctCurve | GreyWorld | ShadesOfGrey | WhitePatch, Field(discriminator="method")
    ],
    BeforeValidator(_fixed_unless_said),
]

__all__ = [
    "Balance",
    "CctBalance",
    "CctCurve",
    "GreyWorld",
    "ShadesOfGrey",
    "WhiteBalance",
    "WhiteBalanceStage",
    "WhitePatch",
    "white_balance",
    "white_balance_cct",
    "white_balance_cct_curve",
    "white_balance_grey_world",
    "white_balance_shades_of_grey",
    "white_balance_white_patch",
]
