r"""Mathematics in HTML text: LaTeX between \( \) or \[ \] becomes MathML, drawn without scripts or network.

latex2mathml does the translation. What it gets wrong is put right on the element tree (operator names, vertical bars,
bold letters), and what it does not understand is an error here, never a stray command on a page. Long inline formulas
are cut after relations and commas of the outermost level, so that a line of text can break there on a narrow screen;
pieces that are still long, after sums, differences and Kronecker products.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from html import unescape
from itertools import pairwise
from xml.etree import ElementTree

from latex2mathml.converter import convert

MATH = re.compile(r"\\\((?P<inline>.+?)\\\)(?P<after>[,.;:!?)]*)|\\\[(?P<block>.+?)\\\]", re.DOTALL)
BREAKABLE_LEAVES = 12
LONG_LEAVES = 16  # a piece that is longer may break after its binary operators, too
RELATIONS = frozenset("=≔<>≤≥≠≈≡→↦⟹⟺∈∼,;")
BINARY = frozenset("+−⊗")
OPENING, CLOSING = frozenset("([{⟨⌊"), frozenset(")]}⟩⌋")
OPERATORS = {
    "~": "∼",
    "⧵": "∖",
    "±": "±",
    "⟺": "⟺",
    "⟹": "⟹",
}  # symbols that come as identifiers, without an operator's space
LARGE = frozenset("⨂⨁⨀⋃⋂⋁⋀∑∏")
STACKED = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
SPELLINGS = (  # commands that latex2mathml draws badly, and what it draws well
    (re.compile(r"\\begin\{aligned\}"), r"\\begin{align*}"),
    (re.compile(r"\\end\{aligned\}"), r"\\end{align*}"),
    (re.compile(r"\\(math[a-z]+|boldsymbol)\s+([A-Za-z0-9])"), r"\\\1{\2}"),
    (re.compile(r"\\[bB]igg?[lr]?\s*(?=\\(?:\||[lr]?Vert))"), ""),
    (re.compile(r"\\operatorname\*"), r"\\operatorname"),
)


class MathError(ValueError):
    """LaTeX that cannot be turned into MathML, with the text that is at fault."""


def render(text: str) -> str:
    r"""HTML with every \( \) and \[ \] turned into MathML. Raises MathError for unbalanced delimiters and LaTeX that is not understood.

    Examples:
        >>> render(r"so \(b\) is").replace("&#8203;", "")
        'so <math display="inline"><mrow><mi>b</mi></mrow></math> is'
    """
    html = MATH.sub(lambda m: inline(unescape(m["inline"]), m["after"]) if m["inline"] is not None else block(unescape(m["block"])), text)
    stray = re.search(r"\\[()\[\]]", html)
    if stray:
        raise MathError(f"unbalanced {stray.group()} in {text!r}")
    return html


def block(latex: str) -> str:
    """A displayed formula in a box of its own that scrolls when it is wider than the page."""
    math = _serialise(_tree(latex, "block"))  # in a span: a div would end the paragraph that it stands in
    return f'<span class="display" role="group" tabindex="0" aria-label="formula">{math}</span>'


def inline(latex: str, after: str = "") -> str:
    """A formula within a line; a long one may break after its relations, but not before the punctuation after it."""
    *pieces, last = (_serialise(piece) for piece in _pieces(_tree(latex, "inline")))
    return "<wbr>".join([*pieces, f'<span class="nowrap">{last}{after}</span>' if after else last])


@lru_cache(maxsize=4096)
def _source(latex: str, display: str) -> str:
    for pattern, replacement in SPELLINGS:
        latex = pattern.sub(replacement, latex)
    return convert(latex.strip(), display=display)


def _tree(latex: str, display: str) -> ElementTree.Element:
    braces = re.sub(r"\\[{}]", "", latex)
    if braces.count("{") != braces.count("}"):
        raise MathError(f"LaTeX not understood: unbalanced braces in {latex!r}")
    try:
        root = ElementTree.fromstring(_source(latex, display).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', ""))
    except Exception as error:  # the converter raises a dozen kinds, and a bare & is not even XML
        raise MathError(f"LaTeX not understood: {latex!r} ({type(error).__name__}: {error})") from error
    if display == "block":
        _stack_limits(root)
    for node in root.iter():
        words = node.text or ""
        if "\\" in words or (node.tag == "mtext" and "$" in words):
            raise MathError(f"LaTeX not understood: {words!r} in {latex!r}")
        _mend(node)
        _join_upright_letters(node)
    for node in list(root.iter()):
        _lower_prime(node)
        _join_definitions(node)
        _mark_prefixes(node)
        _space_names(node)
    return root


def _mend(node: ElementTree.Element) -> None:
    text = node.text or ""
    variant = node.get("mathvariant")
    if variant in ALPHABETS:  # browsers know no variant but "normal": use the letters of that alphabet themselves
        node.text = "".join(_in_alphabet(letter, ALPHABETS[variant]) for letter in text)
        del node.attrib["mathvariant"]
    if node.tag == "mi" and text in OPERATORS:
        node.tag, node.text = "mo", OPERATORS[text]
    elif node.tag == "mo" and text in ("|", "‖") and node.get("fence") != "true":
        node.attrib.update(stretchy="false", lspace="0", rspace="0")
    elif text == ";":
        node.tag = "mo"
        node.attrib.update(lspace="0", rspace="0.167em")
    elif node.tag == "mo" and text == "/":
        node.attrib.update(lspace="0", rspace="0")
    elif node.tag == "mo" and text == "*":
        node.text = "∗"
    elif node.tag == "mo" and (text == "∞" or (text.isalpha() and len(text) > 1)):
        node.tag = "mi"
    elif node.tag == "mspace" and (node.get("width") or "").startswith("negative"):
        node.set("width", "-0.167em")


def _stack_limits(root: ElementTree.Element) -> None:
    """Displayed, the large operators that latex2mathml does not know have their limits above and below too."""
    for node in root.iter():
        if node.tag in STACKED and len(node) and node[0].tag == "mo" and (node[0].text or "") in LARGE:
            node.tag = STACKED[node.tag]


def _join_upright_letters(node: ElementTree.Element) -> None:
    r"""\mathrm{var} comes as three letters, drawn apart: make it one word."""
    children = list(node)
    if node.tag == "mrow" and len(children) > 1 and all(c.tag == "mi" and c.get("mathvariant") == "normal" for c in children):
        word = ElementTree.Element("mi")
        word.text = "".join(c.text or "" for c in children)
        for child in children:
            node.remove(child)
        node.append(word)


def _lower_prime(node: ElementTree.Element) -> None:
    """A prime is drawn high already: it stands beside its letter, not in the place of a power."""
    if node.tag in ("msup", "msubsup") and (node[-1].text or "").strip("′") == "" and node[-1].text:
        prime = ElementTree.Element("mo", lspace="0", rspace="0")
        prime.text = node[-1].text
        base = node[0]
        if node.tag == "msubsup":
            base = ElementTree.Element("msub")
            base.extend(node[:2])
        for child in list(node):
            node.remove(child)
        node.tag = "mrow"
        node.extend((base, prime))


def _join_definitions(node: ElementTree.Element) -> None:
    """A colon and an equals sign are one relation."""
    for before, after in list(pairwise(node)):
        if before.text == ":" and after.tag == "mo" and after.text == "=":
            node.remove(before)
            after.text = "≔"


def _mark_prefixes(node: ElementTree.Element) -> None:
    """A minus after a bracket, a comma or a relation is a sign, without the space of a difference."""
    for before, after in pairwise(node):
        follows = before.tag == "mo" and (before.text or "") in OPENING | RELATIONS
        if follows and after.tag == "mo" and after.text in ("−", "+", "±"):
            after.attrib.update(form="prefix", lspace="0", rspace="0")


def _space_names(node: ElementTree.Element) -> None:
    """A thin space between the name of a function and an argument without brackets: tr A."""
    children = list(node)
    if node.tag not in ("mrow", "math", "mtd"):
        return
    for i in range(len(children) - 2, -1, -1):
        name, after = children[i], children[i + 1]
        name = name[0] if name.tag in ("munder", "msub") else name
        is_name = name.tag == "mi" and len(name.text or "") > 1 and (name.text or "").isalpha()
        if is_name and after.tag not in ("mo", "mspace"):
            node.insert(i + 1, ElementTree.Element("mspace", width="0.167em"))


ALPHABETS = {"bold": "BOLD", "bold-italic": "BOLD ITALIC", "sans-serif": "SANS-SERIF"}


def _in_alphabet(letter: str, alphabet: str) -> str:
    kind = unicodedata.name(letter, "").replace("LATIN ", "").replace("GREEK ", "").replace(" LETTER", "")
    try:
        return unicodedata.lookup(f"MATHEMATICAL {alphabet} {kind}")
    except KeyError:
        return letter


def _pieces(root: ElementTree.Element) -> list[ElementTree.Element]:
    row = root[0] if len(root) == 1 and root[0].tag == "mrow" else root
    if _leaves([root]) <= BREAKABLE_LEAVES:
        return [root]
    pieces = []
    for piece in _cut(list(row), RELATIONS, outermost=True):
        pieces += [piece] if _leaves(piece) <= LONG_LEAVES else _cut(piece, BINARY, outermost=False)
    whole = []
    for piece in pieces:
        math = ElementTree.Element("math", root.attrib)
        math.extend(piece)
        whole.append(math)
    return whole


def _leaves(nodes: Iterable[ElementTree.Element]) -> int:
    return sum(len(node) == 0 for top in nodes for node in top.iter())


def _cut(row: list[ElementTree.Element], stops: frozenset[str], outermost: bool) -> list[list[ElementTree.Element]]:
    """The row cut after each of the operators `stops`, within brackets too unless `outermost`."""
    pieces: list[list[ElementTree.Element]] = [[]]
    depth = 0
    for child in row:
        pieces[-1].append(child)
        base = child[0] if child.tag in ("msub", "msup", "msubsup") else child  # ")_{k}" closes too
        text = base.text or "" if base.tag == "mo" else ""
        depth += (text in OPENING) - (text in CLOSING)
        is_sign = child.get("form") == "prefix" or len(pieces[-1]) == 1
        if child.tag == "mo" and text in stops and not (outermost and depth) and not is_sign:
            space = "0.167em" if text in ",;" else "0.278em"
            child.attrib.update(form="infix", lspace="0" if text in ",;" else space, rspace=space)
            pieces.append([])
    return [piece for piece in pieces if piece]


def _serialise(node: ElementTree.Element) -> str:
    return ElementTree.tostring(node, encoding="unicode", short_empty_elements=False)
