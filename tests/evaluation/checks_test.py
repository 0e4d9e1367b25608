from __future__ import annotations

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.evaluation import checks


def test_numbers_flattens_and_keeps_nan() -> None:
  found = checks.numbers("m", "target", [[1], [True], [np.float32("nan")]])
  np.testing.assert_array_equal(found, [1.0, 1.0, np.nan])


def test_numbers_names_the_first_that_is_none() -> None:
  with pytest.raises(errors.DataError, match="m: score 1 is '2', not a number"):
    checks.numbers("m", "score", [1, "2", "x"])


def test_pairs_may_be_all_bytes_but_not_bytes_and_text() -> None:
  checks.check_pairs("m", [b"a"], [b"b"])
  with pytest.raises(errors.DataError, match="never equal"):
    checks.check_pairs("m", [b"a"], ["a"])


def test_texts_must_be_texts() -> None:
  checks.check_texts("m", "target", ["a", np.str_("b")])
  with pytest.raises(errors.DataError, match="target 1 is '7', a int"):
    checks.check_texts("m", "target", ["a", 7])
