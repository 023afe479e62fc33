"""What colour-science has by name, written out: an editor completes it, and a profile is checked without that library,
which takes a second to import. A test holds the lists against it."""

from __future__ import annotations

from typing import Literal

CameraName = Literal["Nikon 5100 (NPL)", "Sigma SDMerill (NPL)"]
"""Measured sensitivities of cameras."""

IlluminantName = Literal[
    "A",
    "B",
    "C",
    "D50",
    "D55",
    "D60",
    "D65",
    "D75",
    "E",
    "ID50",
    "ID65",
    "FL1",
    "FL2",
    "FL3",
    "FL4",
    "FL5",
    "FL6",
    "FL7",
    "FL8",
    "FL9",
    "FL10",
    "FL11",
    "FL12",
    "FL3.1",
    "FL3.2",
    "FL3.3",
    "FL3.4",
    "FL3.5",
    "FL3.6",
    "FL3.7",
    "FL3.8",
    "FL3.9",
    "FL3.10",
    "FL3.11",
    "FL3.12",
    "FL3.13",
    "FL3.14",
    "FL3.15",
    "HP1",
    "HP2",
    "HP3",
    "HP4",
    "HP5",
    "LED-B1",
    "LED-B2",
    "LED-B3",
    "LED-B4",
    "LED-B5",
    "LED-BH1",
    "LED-RGB1",
    "LED-V1",
    "LED-V2",
]
"""CIE illuminants: incandescent, daylight, fluorescent, high-pressure, LED."""

ReflectanceName = Literal["CIE 2017", "BabelColor Average", "ColorChecker N Ohta", "ISO 17321-1"]
"""Sets of measured surfaces: the 99 test colours of CIE 224:2017, chosen to stand for all; and three measurements of
the 24 patches of a ColorChecker."""
