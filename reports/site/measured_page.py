"""What a page of measurements gives to the site."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasuredPage:
    """The page, what it found in one line, and whether that is an alarm: something did not come out as it must."""

    html: str
    finding: str
    alarm: bool = False
