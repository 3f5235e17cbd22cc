"""The certificate behind the conjecture's true part: all blocks and minors of p = 2, H = 2 as a page, and as a file that one can check."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpz_poly

from reports.site.cards import maths
from reports.site.claim_page import page_name
from reports.site.render import page
from theory.claims.record import Claim
from theory.claims.variance_decreasing.certificate_file import certificate_text
from theory.claims.variance_decreasing.certificates import TRACE, Block, certificate

FILE, DATA = "certificate.html", "certificate.json"
CLAIM = "conjecture"
INPUTS, LAYERS = 2, 2
COMMAND = f"python tests/theorems/certificate_checker.py {DATA}"


def make(claims: Sequence[Claim], seed: int = 0) -> dict[str, str]:
    """The page and the file, by their names; it links to the claim's page where that is in the site."""
    found = certificate(INPUTS, LAYERS)
    first, threshold = found.decreasing_from, found.threshold
    assert first is not None and threshold is not None
    html = page(
        "certificate.html.jinja",
        seed=seed,
        page_title="Certificate · batchlaw",
        page_description="After one step, two Gaussian inputs and two linear layers: the variance decreases, with every minor",
        claim={"href": page_name(CLAIM), "name": "the conjecture"} if any(c.id == CLAIM for c in claims) else None,
        first=first,
        start=first + 1,
        threshold=f"{float(threshold[1]):.4f}",
        definition=maths(_DEFINITION),
        blocks=[_block(block, first) for block in found.blocks],
        data=DATA,
        command=COMMAND,
    )
    return {FILE: html, DATA: certificate_text(found)}


def _block(block: Block, first: int) -> dict[str, object]:
    rows = zip(block.minors_beyond(first + 1), block.step_minors(first), strict=True)
    functions = ", ".join(_function(i, j, block.frequency) for i, j in block.monomials)
    part = "trace" if block.part == TRACE else "traceless part"
    return {
        "heading": maths(rf"The {part}, \(m = {block.frequency}\)"),
        "anchor": f"{block.part}-{block.frequency}",
        "functions": maths(rf"\({functions}\)"),
        "form": [maths(_in_a_row(row[k:])) for k, row in enumerate(block.form)],
        "minors": [
            {"order": k, "coefficients": ", ".join(f"{c:,}" for c in minor), "step": maths(rf"\({_rounded(step)}\)")}
            for k, (minor, step) in enumerate(rows, start=1)
        ],
        "threshold": f"for b > {float(block.threshold[1]):.4f}" if block.threshold[1] else "for every b",
    }


def _function(i: int, j: int, m: int) -> str:
    """tau^i rho^j z^m in LaTeX."""
    letters = ((r"\tau", i), (r"\rho", j), ("z", m))
    return " ".join(letter if n == 1 else f"{letter}^{n}" for letter, n in letters if n) or "1"


def _in_a_row(entries: Sequence[fmpz_poly]) -> str:
    polynomials = (_in_eps(list(map(int, entry.coeffs()))) for entry in entries)
    return r"\(" + r"; \; ".join(polynomials) + r"\)"


def _in_eps(coefficients: list[int]) -> str:
    powers = ((f"{c} " if c > 1 else "", f"^{k}" if k > 1 else "") for k, c in enumerate(coefficients) if c)
    return " + ".join(rf"{c}\varepsilon{k}" for c, k in powers)


def _rounded(value: object) -> str:
    mantissa, _, exponent = f"{float(value):.3e}".partition("e")  # type: ignore[arg-type]
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


_DEFINITION = r"""\(S\) is the mean of \(x x^T\) over a batch, \(x \sim N(0, I)\) in the plane; \(\varepsilon = \frac1b\); \(\tau =
S_{11} + S_{22}\), \(z = S_{11} - S_{22} + 2 i S_{12}\), \(\rho = |z|^2\). With \(G = \mathbb{E}[\tau^{i + i'} \rho^{j + j' + m}]\), a block
of the trace's form is \((1 + \varepsilon) G - \mathbb{E}[\tau^i \rho^j]\, \mathbb{E}[\tau^{i'} \rho^{j'}]\), the product of means for
\(m = 0\) only, and one of the traceless part's is \(\varepsilon G\)."""
