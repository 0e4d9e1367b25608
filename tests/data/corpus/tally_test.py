"""Tests of t5_mtf.data.corpus.tally."""

from __future__ import annotations

import doctest

from t5_mtf.data.corpus import tally
from t5_mtf.data.corpus.tally import Tally


def test_examples_of_the_documentation():
  assert doctest.testmod(tally).failed == 0


def test_merged_tallies_add_up_and_keep_the_first_places():
  first, second = Tally(), Tally()
  first.add("record skipped: no URL", place="a")
  second.add("record skipped: no URL", 2, place="b")
  second.add("pages read", 5)
  first.merge(second)
  first.merge(second.to_json())
  assert first.counts == {"record skipped: no URL": 5, "pages read": 10}
  assert first.first == {"record skipped: no URL": "a"}
