"""The classes of transformers that are needed here, whatever torchvision is installed beside torch.

transformers imports torchvision where it is installed, for networks that see. One that was built for another torch raises an error when it
is imported; then transformers is told that there is none.
"""

from __future__ import annotations

import sys

try:
    import torchvision  # noqa: F401
except Exception:  # not installed, or of the wrong kind: RuntimeError, OSError and ImportError have been seen
    sys.modules["torchvision"] = None  # type: ignore[assignment]
    from transformers import XLNetConfig, XLNetForSequenceClassification

    del sys.modules["torchvision"]
else:
    from transformers import XLNetConfig, XLNetForSequenceClassification

__all__ = ["XLNetConfig", "XLNetForSequenceClassification"]
