"""What has no entry says why, in the order of the lines, and is read strictly."""

import pytest

from theory.claims.manuscript_lines import Place
from theory.claims.without_entry import Omission, parse_omissions, read_omissions

HEAD = "# Without an entry\n\n"


def test_every_part_of_an_omission():
    one, two = parse_omissions(HEAD + "- Line 3 · A wish · It says\n  nothing.\n- Lines 5-6, 9, a figure · B · C\n")
    assert one == Omission(Place(((3, 3),)), "A wish", "It says nothing.")
    assert two == Omission(Place(((5, 6), (9, 9)), "a figure"), "B", "C")


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "the first line must be '# Without an entry', but was ''"),
        (HEAD + "stray\n", "a line of a list must begin with '- ' .* but was 'stray'"),
        (HEAD + "- Line 3 · A wish\n", "an item must be 'Lines N-M · what is said · why', but was 'Line 3 · A wish'"),
        (HEAD + "- Section 3 · A wish · Why\n", "a place must be 'Line N' .* but was 'Section 3'"),
        (HEAD + "- Line 5 · A · B\n- Line 3 · C · D\n", "in the order of their lines, but Line 3 comes after Line 5"),
    ],
)
def test_what_breaks_the_form_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_omissions(text)


def test_the_file_is_of_this_form():
    assert len(read_omissions()) > 5
