"""Models of the user's own: a torch module, its loss and its data set, and what the noise of its gradients is."""

from empirics.extra import require_extra

require_extra(__name__)
