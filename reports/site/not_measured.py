"""The page in the place of measurements for which something is missing here, such as data."""

from __future__ import annotations

from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.site.render import page


def not_measured(identity: str, seed: int, reason: str) -> MeasuredPage:
    """It says why, and is no alarm."""
    title = measured.page_of(identity).title
    finding = f"not measured: {reason}"
    html = page(
        "not_measured.html.jinja",
        seed=seed,
        page_title=f"{title}, not measured · batchlaw",
        page_description=f"The paper's {title}: {finding}",
        others=measured.others(identity),
        title=title,
        reason=reason,
    )
    return MeasuredPage(html, finding)
