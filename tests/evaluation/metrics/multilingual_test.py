from __future__ import annotations

import doctest
import math

import pytest

from t5_mtf import errors
from t5_mtf.evaluation import metrics
from t5_mtf.evaluation.metrics import multilingual


def test_examples() -> None:
  result = doctest.testmod(multilingual)
  assert (result.attempted, result.failed) == (3, 0)


def test_chinese_characters_count_one_by_one() -> None:
  # SQuAD's words are what stands between spaces: all or nothing.
  gold, answer = [["北京大学"]], ["北京的大学"]
  assert metrics.squad(gold, answer) == {"em": 0.0, "f1": 0.0}
  scores = multilingual.mlqa(gold, answer, lang="zh")
  assert scores["f1"] == pytest.approx(100 * 2 * 4 / 9)


def test_latin_words_in_chinese_stay_words() -> None:
  assert multilingual.mlqa([["在 NBA 中"]], ["在NBA中"], lang="zh")["em"] == 100


@pytest.mark.parametrize(
    ("lang", "gold", "answer"),
    [
        ("ar", "الكتاب", "كتاب"),
        ("de", "Die „Zeit“", "zeit"),
        ("en", "the U.S.", "US"),
        ("es", "¿los Andes?", "andes"),
        ("hi", "दिल्ली।", "दिल्ली"),
        ("vi", "những ngày", "ngày"),
        ("zh", "《红楼梦》", "红楼梦"),
    ],
)
def test_articles_and_punctuation_of_the_language_do_not_count(
    lang: str, gold: str, answer: str
) -> None:
  assert multilingual.mlqa([[gold]], [answer], lang=lang)["em"] == 100.0
  assert multilingual.mlqa([[gold, "x"]], ["y"], lang=lang)["em"] == 0.0


def test_articles_of_another_language_count() -> None:
  assert multilingual.mlqa([["the sea"]], ["sea"], lang="de")["em"] == 0.0


def test_unknown_language_is_an_error() -> None:
  with pytest.raises(errors.UnknownNameError, match="'fr'"):
    multilingual.mlqa([["a"]], ["a"], lang="fr")


def test_an_entity_counts_as_often_as_it_is_there() -> None:
  twice = "PER: Ann $$ PER: Ann"
  assert multilingual.span_f1([twice], ["PER: Ann"]) == {
      "span_f1": pytest.approx(200 / 3)
  }
  assert multilingual.span_f1([twice], [twice]) == {"span_f1": 100.0}


def test_the_kind_and_the_sentence_of_an_entity_count() -> None:
  assert multilingual.span_f1(["PER: Ann"], ["ORG: Ann"]) == {"span_f1": 0.0}
  assert multilingual.span_f1(["PER: Ann", "None"], ["None", "PER: Ann"]) == {
      "span_f1": 0.0
  }


def test_text_that_is_no_entity_is_none() -> None:
  assert multilingual.span_f1(["PER: Ann"], ["Ann $$ PER:"]) == {"span_f1": 0.0}
  assert math.isnan(multilingual.span_f1(["None"], ["what"])["span_f1"])


def test_different_lengths_are_an_error() -> None:
  with pytest.raises(errors.DataError):
    multilingual.span_f1(["None"], [])
