"""Reviews from CSV files: what is wrong is named with its line, and two sets drawn from them have nothing in common."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from empirics.experiments.yelp.generated import generated
from empirics.experiments.yelp.reviews import read_polarity, split

GOOD = '"2","It was ""fine"".\\n\\nWe  came back."\n"1","Never again, never."\n'


def written(tmp_path: Path, text: str, name: str = "reviews.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_records_of_the_polarity_data(tmp_path):
    found = read_polarity(written(tmp_path, GOOD))
    assert found.texts == ('It was "fine". We came back.', "Never again, never.") and found.labels == (1, 0)
    assert found.source == "2 reviews of reviews.csv"


def test_a_directory_and_a_byte_order_mark(tmp_path):
    written(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n"), "train.csv")
    assert read_polarity(tmp_path).labels == (1, 0)


@pytest.mark.parametrize(
    "text, message",
    [
        (GOOD + '"1"\n', "line 3 must have two fields, a label and a text, but has 1"),
        (GOOD + '"1","a","b"\n', "line 3 must have two fields, a label and a text, but has 3"),
        (GOOD + "\n", "line 3 must have two fields, a label and a text, but has 0"),
        ("label,text\n" + GOOD, "line 1 must have the label 1 (negative) or 2 (positive), but has 'label'"),
        ('"2","a text\nof two lines"\n"3","three"\n', "line 3 must have the label 1 (negative) or 2 (positive), but has '3'"),
        (GOOD + '"1"," \\n "\n', "line 3 must have a text, but it is empty"),
        (GOOD + '"1","no end\n', "line 3 must be a record of CSV, but is none: unexpected end of data"),
        ('"1","a"\n"1","b"\n', "must have reviews with both labels, but has none with 2"),
        ("", "must have reviews with both labels, but has none with 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        read_polarity(written(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path):
    for missing in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(ValueError, match=r"data must be a CSV file, or a directory with train\.csv, but .*: No such file"):
            read_polarity(missing)
    (tmp_path / "latin.csv").write_bytes(b'"1","caf\xe9"\n')
    with pytest.raises(ValueError, match=r"latin\.csv' must be UTF-8 text, but is not"):
        read_polarity(tmp_path / "latin.csv")


def test_sets_have_nothing_in_common():
    reviews = generated(50, seed=1)
    training, validation = split(reviews, 30, 20, seed=3)
    assert sorted((*training.texts, *validation.texts)) == sorted(reviews.texts)
    assert dict(zip(reviews.texts, reviews.labels, strict=True)).items() >= dict(zip(training.texts, training.labels, strict=True)).items()
    assert split(reviews, 30, 20, seed=3) == (training, validation) != split(reviews, 30, 20, seed=4)
    with pytest.raises(ValueError, match=r"training \+ validation must be at most the number of reviews, 50, but were 31 \+ 20"):
        split(reviews, 31, 20)


def test_generated_reviews_have_a_sentiment_in_their_words():
    """Counting words of either kind, negations turned, finds the label far more often than chance, and not always."""
    from empirics.experiments.yelp.generated import BAD, GOOD

    reviews = generated(2000, seed=5)
    assert reviews == generated(2000, seed=5) != generated(2000, seed=6)
    right = 0.0
    for text, label in zip(reviews.texts, reviews.labels, strict=True):
        score = 0
        for sentence in text.rstrip(".").split(". "):
            words = sentence.split()
            score += (-1 if "not" in words else 1) * ((words[-1] in GOOD) - (words[-1] in BAD))
        right += 0.5 if score == 0 else (score > 0) == label
    assert 0.8 < right / len(reviews) < 0.97
