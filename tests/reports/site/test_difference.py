"""What differs between print and correction is marked, without cutting formulas or tags."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from reports.site.difference import mark_differences


def test_differing_formulas_are_marked_whole() -> None:
    left, right = mark_differences(r"<p>of degree \(3^t - 1\) in</p>", r"<p>of degree \(3^t - t\) in</p>")
    assert left == r"<p>of degree <del>\(3^t - 1\)</del> in</p>"
    assert right == r"<p>of degree <ins>\(3^t - t\)</ins> in</p>"


def test_unmarking_gives_the_texts_back() -> None:
    old, new = "<p>a b c d e</p><ul><li>f g h</li></ul>", "<p>a c d e x</p><ul><li>f h</li><li>y</li></ul>"
    left, right = mark_differences(old, new)
    assert re.sub(r"</?del>", "", left) == old
    assert re.sub(r"</?ins>", "", right) == new


def test_marks_never_cross_tags() -> None:
    _, right = mark_differences("<p>a b c d</p>", "<p>a b x</p><p>y c d</p>")
    stack: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert stack.pop() == tag

    Parser().feed(right)
    assert not stack


def test_texts_that_share_too_little_are_left_alone() -> None:
    assert mark_differences("<p>one two three</p>", "four five six seven") == (
        "<p>one two three</p>",
        "four five six seven",
    )


def test_scattered_common_words_do_not_break_a_difference_into_shreds() -> None:
    left, right = mark_differences(
        "there is a bound of one kind for all of the steps", "there is a limit of two kinds for all of the steps"
    )
    assert left == "there is a <del>bound of one kind</del> for all of the steps"
    assert right == "there is a <ins>limit of two kinds</ins> for all of the steps"
