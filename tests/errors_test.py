"""Errors name the nearest of what would have been accepted."""

import doctest

from t5_mtf import errors


def test_doctests():
  assert doctest.testmod(errors).failed == 0


def test_an_unknown_name_comes_with_the_nearest_ones():
  error = errors.unknown_name(
      "task", "mini_gleu", ["mini_glue", "mini_squad"], "Import your module."
  )
  assert str(error) == (
      "unknown task 'mini_gleu'. Did you mean 'mini_glue'? Import your module."
  )


def test_without_a_near_name_the_known_ones_are_listed():
  error = errors.unknown_name("task", "zzz", ["b", "a"])
  assert str(error) == "unknown task 'zzz'. Known (2): a, b."
  assert "None is registered" in str(errors.unknown_name("task", "zzz", []))


def test_an_unknown_name_is_caught_as_the_published_code_raises_it():
  error = errors.unknown_name("task", "zzz", ["b"])
  assert isinstance(error, ValueError) and isinstance(error, KeyError)
