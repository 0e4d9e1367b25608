"""The shipped files are what the manifest says, and splits are disjoint."""

import doctest
import hashlib

import pytest

from t5_mtf.data.embedded import files
from t5_mtf.data.embedded.builders import (
    cldr,
    cldr_tasks,
    prose,
    prose_tasks,
    ratings,
    splits,
)

FILES = files.read_manifest()["files"]
DATASETS = sorted({name.split("/")[1] for name in FILES})

# What makes an example: no two splits share a value of these columns.
ITEM_COLUMNS = {
    "austen": ["text"],
    "kjv": ["text"],
    "acl": ["text"],
    "sentiment": ["sentence"],
    "rating": ["sentence"],
    "acceptability": ["sentence"],
    "adjacent": ["sentence1"],
    "copa": ["premise", "choice1", "choice2"],
    "cnndm": ["article"],
    "squad": ["item"],
    "boolq": ["item"],
    "ende": ["en"],
    "enfr": ["en"],
    "enro": ["en"],
}


def items(dataset, split):
  columns = ITEM_COLUMNS[dataset]
  return {
      tuple(row[c] for c in columns) for row in files.read_rows(dataset, split)
  }


@pytest.mark.parametrize("name", sorted(FILES))
def test_file_has_the_size_and_sha256_of_the_manifest(name):
  content = (files.ROOT / name).read_bytes()
  assert len(content) == FILES[name]["bytes"]
  assert hashlib.sha256(content).hexdigest() == FILES[name]["sha256"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_manifest_counts_the_rows(dataset):
  for split in files.splits(dataset):
    rows = files.read_rows(dataset, split)
    assert len(rows) == files.num_rows(dataset, split)


def test_manifest_lists_every_file_and_no_other():
  found = {
      p.relative_to(files.ROOT).as_posix()
      for p in (files.ROOT / "datasets").rglob("*.gz")
  }
  assert found == set(FILES)


def test_all_data_together_stay_below_six_megabytes():
  assert sum(entry["bytes"] for entry in FILES.values()) < 6_000_000


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_item_of_train_is_in_another_split(dataset):
  train = items(dataset, "train")
  for split in set(files.splits(dataset)) - {"train"}:
    assert not train & items(dataset, split)


def test_a_reviewed_sentence_is_in_the_same_split_of_both_tasks():
  assert not items("sentiment", "train") & items("rating", "validation")
  assert not items("rating", "train") & items("sentiment", "validation")


def test_an_item_held_out_of_one_cldr_task_is_held_out_of_the_other():
  assert not items("squad", "train") & items("boolq", "validation")
  assert not items("boolq", "train") & items("squad", "validation")


def test_no_training_fact_names_a_held_out_item():
  held_out = {name for (name,) in items("squad", "validation")}
  answers = {
      row["answer"]
      for row in files.read_rows("squad", "train")
      if row["answer"] != row["item"]
  }
  # Names in other languages may coincide with an English name.
  translated = {
      row["answer"]
      for row in files.read_rows("squad", "train")
      if " name " in row["question"]
  }
  assert not (answers - translated) & held_out


def test_validation_sentences_of_tasks_are_not_in_the_training_corpora():
  train = set()
  for corpus in ("austen", "kjv"):
    for row in files.read_rows(corpus, "train"):
      train.update(prose.sentences(row["text"]))
  for row in files.read_rows("acceptability", "validation"):
    if row["label"] == "acceptable":
      assert row["sentence"] not in train
  for row in files.read_rows("adjacent", "validation"):
    assert row["sentence1"] not in train
    assert row["sentence2"] not in train


def test_validation_translations_use_only_held_out_names():
  names = {item.name: item.split for item in _cldr_items()}
  for row in files.read_rows("ende", "validation"):
    assert names.get(row["en"], "validation") == "validation"
  for row in files.read_rows("ende", "train"):
    assert names.get(row["en"], "train") == "train"


def _cldr_items():
  pytest.importorskip("babel", reason="Babel is a build-time dependency")
  return cldr.items()


@pytest.mark.parametrize(
    "dataset", ["sentiment", "acceptability", "adjacent", "boolq", "copa"]
)
def test_no_class_makes_up_more_than_55_percent(dataset):
  for split in files.splits(dataset):
    labels = [row["label"] for row in files.read_rows(dataset, split)]
    assert len(set(labels)) == 2
    assert max(map(labels.count, set(labels))) <= 0.55 * len(labels)


def test_every_squad_answer_stands_in_its_context():
  for split in ("train", "validation"):
    for row in files.read_rows("squad", split):
      assert f" is {row['answer']}." in row["context"]


def test_boolq_labels_say_whether_the_passage_states_it():
  for row in files.read_rows("boolq", "validation"):
    key, value = row["question"][len("is the ") : -1].split(
        f" of {row['item']} "
    )
    stated = (
        f"The {key} of {row['item']} is {value}." in row["passage"]
        or f"Its {key} is {value}." in row["passage"]
    )
    assert stated == (row["label"] == "True")


def test_ratings_are_steps_of_one_half():
  for row in files.read_rows("rating", "train"):
    assert float(row["rating"]) * 2 == round(float(row["rating"]) * 2)
    assert -4 <= float(row["rating"]) <= 4


def test_writing_refuses_a_value_that_breaks_the_table(tmp_path):
  with pytest.raises(ValueError, match="not a table row"):
    files.write_rows("ende", "train", [{"en": "a\tb", "de": "c"}], tmp_path)
  with pytest.raises(ValueError, match="no rows"):
    files.write_rows("ende", "train", [], tmp_path)


@pytest.mark.parametrize(
    "module", [cldr_tasks, files, prose, prose_tasks, ratings, splits]
)
def test_docstring_examples(module):
  result = doctest.testmod(module)
  assert result.attempted > 0
  assert result.failed == 0
