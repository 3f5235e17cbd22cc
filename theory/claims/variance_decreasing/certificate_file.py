"""A certificate as data that a reader can check without this package: forms, minors in powers of b - start, and minors of one step."""

from __future__ import annotations

import json
from typing import Any

from theory.claims.variance_decreasing.certificates import Certificate

ABOUT = (
    "S = (1/b) sum of b matrices x x^T, x ~ N(0, I) in the plane; eps = 1/b; tau = S_11 + S_22, u = S_11 - S_22, v = 2 S_12, "
    "rho = u^2 + v^2. A block belongs to the polynomials tau^i rho^j times the root mean square of z^m, z = u + i v, m its frequency: "
    "G = E[tau^(i+i') rho^(j+j'+m)]. Its form is (1 + eps) G - E[tau^i rho^j] E[tau^i' rho^j'] for the trace, the product of means for "
    "m = 0 only, and eps G for the traceless part; an entry lists the coefficients of eps^0, eps^1, ... A minor is that of the form's "
    "derivative in eps, times a power of b, in powers of b - start; a step minor is that of the form at 1/(start - 1) less that at 1/start."
)


def certificate_data(certificate: Certificate) -> dict[str, Any]:
    """What the file holds. ValueError for a certificate that proves nothing before some b."""
    first = certificate.decreasing_from
    if first is None:
        raise ValueError(f"the certificate for p = {certificate.p} and {certificate.depth} layers must prove something")
    start = first + 1
    blocks = [
        {
            "part": block.part,
            "frequency": block.frequency,
            "powers_of_tau_and_rho": [list(pair) for pair in block.monomials],
            "form": [[[int(c) for c in entry.coeffs()] for entry in row] for row in block.form],
            "minors": block.minors_beyond(start),
            "step_minors": [str(minor) for minor in block.step_minors(first)],
        }
        for block in certificate.blocks
    ]
    return {"about": ABOUT, "inputs": certificate.p, "layers": certificate.depth, "start": start, "blocks": blocks}


def certificate_text(certificate: Certificate) -> str:
    """The file: JSON, a line for each list of numbers."""
    data = certificate_data(certificate)
    blocks = [",\n".join(f"   {json.dumps(name)}: {_lines(value)}" for name, value in block.items()) for block in data.pop("blocks")]
    head = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in data.items())
    return f'{{\n{head},\n "blocks": [\n' + ",\n".join(f"  {{\n{block}\n  }}" for block in blocks) + "\n ]\n}\n"


def _lines(value: Any) -> str:
    if not isinstance(value, list) or not isinstance(value[0], list):
        return json.dumps(value)
    return "[\n" + ",\n".join(f"    {json.dumps(row)}" for row in value) + "\n   ]"
