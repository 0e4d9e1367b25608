"""Shapes of batches are few, and reach what is needed."""

from t5_mtf.models.batch_shapes import Shapes, smallest


def test_shapes_are_few_and_reach_the_largest():
  assert Shapes.up_to(32, 512) == Shapes(
      (1, 2, 8, 32), (16, 32, 64, 128, 256, 512)
  )
  assert Shapes.up_to(1, 8) == Shapes((1,), (8,))


def test_what_is_longer_than_the_last_is_a_multiple_of_it():
  assert [smallest((2, 5), n) for n in (1, 2, 3, 5, 6, 11)] == [
      2, 2, 5, 5, 10, 15,
  ]
