"""The datasets and vocabularies that published configs bind."""

import itertools

import pytest

from t5_mtf import data, errors
from t5_mtf.models import mesh_transformer

LENGTHS = {"inputs": 64, "targets": 24}


def _first_rows(count, **kwargs):
  dataset = mesh_transformer.mesh_train_dataset_fn(
      "mini_sglue", LENGTHS, **kwargs
  )
  return [
      {name: row.tolist() for name, row in rows.items()}
      for rows in itertools.islice(dataset.as_numpy_iterator(), count)
  ]


def test_training_rows_are_packed_and_the_same_for_the_same_seed():
  rows = _first_rows(3)
  assert {name: len(row) for name, row in rows[0].items()} == {
      "inputs": 64,
      "inputs_segmentation": 64,
      "inputs_position": 64,
      "targets": 24,
      "targets_segmentation": 24,
      "targets_position": 24,
  }
  assert rows == _first_rows(3)
  assert rows != _first_rows(3, seed=1)


def test_without_packing_a_row_is_one_example():
  [row] = _first_rows(1, pack=False)
  assert set(row) == {"inputs", "targets"}
  assert row["inputs"].count(1) == row["targets"].count(1) == 1


def test_the_vocabulary_is_the_tasks_own():
  mini = data.get_mini_vocabulary()
  assert mesh_transformer.get_vocabulary("mini_austen") == (mini, mini)
  assert mesh_transformer.get_vocabulary()[0].vocab_size == 32_100


def test_what_is_trained_on_and_what_is_cut_is_said():
  text, cut = mesh_transformer.describe_data("mini_sglue", "train", LENGTHS)
  assert text == (
      "mini_sglue, split train, 8,000 examples:"
      " mini_sglue_boolq 50%, mini_sglue_copa 50%"
  )
  assert cut is None or "inputs" in cut
  _, cut = mesh_transformer.describe_data(
      "mini_sglue", "train", {"inputs": 8, "targets": 24}
  )
  assert cut == "longer than their length, and CUT: 200 of 200 inputs"


def test_an_unknown_split_names_those_there_are():
  with pytest.raises(errors.UserError, match="'tran'.*'train'"):
    mesh_transformer.describe_data("mini_sglue", "tran", LENGTHS)
  with pytest.raises(errors.UserError, match="'test'.*train, validation"):
    mesh_transformer.mesh_eval_dataset_fn("mini_sglue", dataset_split="test")


def test_rows_of_a_tsv_file_are_packed_as_published(tmp_path):
  path = tmp_path / "rows.tsv"
  path.write_text("ab\tx\ncd\tyz\n")
  vocabulary = data.ByteVocabulary()
  dataset = mesh_transformer.tsv_dataset_fn(
      str(path), {"inputs": 6, "targets": 8}, "train", (vocabulary, vocabulary)
  )
  row = next(dataset.as_numpy_iterator())
  assert row["inputs_segmentation"].tolist() == [1, 1, 1, 2, 2, 2]
  texts = vocabulary.decode(row["inputs"][:2].tolist())
  assert texts in ("ab", "cd")


def test_a_malformed_row_of_a_tsv_file_is_named(tmp_path):
  path = tmp_path / "rows.tsv"
  path.write_text("ab\tx\ncd\n")
  vocabulary = data.ByteVocabulary()
  with pytest.raises(errors.DataError, match="rows.tsv:2"):
    mesh_transformer.tsv_dataset_fn(
        str(path), {"inputs": 6, "targets": 8}, "train",
        (vocabulary, vocabulary),
    )
