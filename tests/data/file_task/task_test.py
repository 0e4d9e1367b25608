"""Tests of t5_mtf.data.file_task: a person's files as a task."""

from __future__ import annotations

import doctest
import functools
import gzip
import json

import gin
import pytest
import tensorflow as tf

from t5_mtf import data, errors
from t5_mtf.data import file_task, preprocessors


@pytest.fixture
def register(tmp_path):
  """Writes files, and registers the task that a specification makes."""

  def write_and_register(written, vocabulary=None, /, **fields):
    for name, content in written.items():
      raw = content if isinstance(content, bytes) else content.encode("utf-8")
      packed = gzip.compress(raw) if name.endswith(".gz") else raw
      (tmp_path / name).write_bytes(packed)
    for field in ("files", "targets_files"):
      fields[field] = {
          split: tuple(f"{tmp_path}/{name}" for name in names)
          for split, names in fields.get(field, {}).items()
      }
    spec = file_task.FileSpec(**fields)
    vocabulary = vocabulary or data.get_mini_vocabulary()
    return file_task.register_file_task(spec, vocabulary)

  yield write_and_register
  if file_task.NAME in data.TaskRegistry.names():
    data.TaskRegistry.remove(file_task.NAME)


def _texts(task, split="train"):
  rows = task.get_dataset(split=split, shuffle=False).as_numpy_iterator()
  keys = ("inputs_pretokenized", "targets_pretokenized")
  return [tuple(row[key].decode() for key in keys) for row in rows]


def test_examples_of_the_documentation():
  scope = {"tf": tf}
  assert doctest.testmod(file_task, extraglobs=scope).failed == 0


_PAIRS = [("1 + 1", "two"), ("1 + 2", 'three "3"')]
_FORMS = {
    "a.tsv": 'q\tx\ta\n1 + 1\t-\ttwo\n1 + 2\t-\tthree "3"\n',
    "a.csv": 'q,x,a\r\n1 + 1,-,two\r\n1 + 2,-,"three ""3"""\r\n',
    "a.jsonl": "".join(
        json.dumps({"q": q, "x": i, "a": a, "b": None}) + "\n"
        for i, (q, a) in enumerate(_PAIRS)
    ),
}


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("name", _FORMS)
def test_rows_of_every_form_become_inputs_and_targets(register, name, ending):
  task, found = register(
      {name + ending: _FORMS[name]},
      files={"train": [name + ending]},
      input_template="sum: {q}",
      target_column="a",
  )
  assert _texts(task) == [(f"sum: {q}", a) for q, a in _PAIRS]
  assert task.num_input_examples("train") == 2
  assert found == []


def test_lists_and_patterns_of_files_are_one_split(register):
  one = "inputs\ttargets\n{}\ta\n"
  task, _ = register(
      {name: one.format(name) for name in ("b1.tsv", "b2.tsv", "c.tsv")},
      files={"train": ["b*.tsv", "c.tsv"], "validation": ["b2.tsv"]},
  )
  assert [i for i, _ in _texts(task)] == ["b1.tsv", "b2.tsv", "c.tsv"]
  assert [i for i, _ in _texts(task, "validation")] == ["b2.tsv"]


def test_two_text_files_are_pairs(register):
  files = {"a.en": "1\n2\n", "a.de": "eins\nzwei\n"}
  files |= {"b.en": "3", "b.de": "drei"}
  task, _ = register(
      files,
      files={"train": ["a.en", "b.en"]},
      targets_files={"train": ["a.de", "b.de"]},
  )
  assert _texts(task) == [("1", "eins"), ("2", "zwei"), ("3", "drei")]
  with pytest.raises(errors.DataError, match="2 files of inputs.*1 of targ"):
    register(
        files,
        files={"train": ["a.en", "b.en"]},
        targets_files={"train": ["a.de"]},
    )


def test_a_share_of_the_rows_is_held_out(register):
  rows = [(f"text {i}", str(i)) for i in range(300)]
  table = "inputs\ttargets\n" + "".join(f"{i}\t{t}\n" for i, t in rows)
  task, found = register(
      {"a.tsv": table}, files={"train": ["a.tsv"]}, validation_fraction=0.2
  )
  train, held = _texts(task), _texts(task, "validation")
  assert sorted(train + held) == sorted(rows)
  assert 30 < len(held) < 90
  assert task.num_input_examples("validation") == len(held)
  assert found[0].startswith(f"validation: {len(held)} of 300 rows")
  more = table + "".join(f"new {i}\t{i}\n" for i in range(50))
  task, _ = register(
      {"a.tsv": more}, files={"train": ["a.tsv"]}, validation_fraction=0.2
  )
  assert set(held) <= set(_texts(task, "validation"))
  assert set(train) <= set(_texts(task))


def test_a_share_that_leaves_no_row_is_refused(register):
  with pytest.raises(errors.DataError, match="no row is left for 'validation'"):
    register(
        {"a.tsv": "inputs\ttargets\n1\t1\n"},
        files={"train": ["a.tsv"]},
        validation_fraction=0.0001,
    )


def test_labels_become_classes_where_a_metric_needs_them(register):
  task, found = register(
      {"a.tsv": "inputs\ttargets\n1\tyes\n2\tno\n3\tyes\n"},
      files={"train": ["a.tsv"]},
      metrics=("f1_score_with_invalid", "accuracy"),
  )
  assert found == ["labels: no, yes"]
  assert task.source.labels == ("no", "yes")
  assert [task.postprocess_fn(t) for t in ("yes", "no", "?")] == [1, 0, -1]
  assert len(task.predict_metric_fns) == 2


def test_a_column_of_many_values_holds_no_labels(register):
  rows = "".join(f"{i}\t{i}\n" for i in range(101))
  with pytest.raises(errors.UserError, match="more than 100 different values"):
    register(
        {"a.tsv": f"inputs\ttargets\n{rows}"},
        files={"train": ["a.tsv"]},
        metrics=("mean_multiclass_f1",),
    )


def test_a_list_of_answers_trains_on_the_first_and_accepts_all(register):
  rows = [{"inputs": "far?", "targets": ["3 km", "3"]}]
  rows += [{"inputs": "near?", "targets": "1 km"}]
  task, _ = register(
      {"a.jsonl": "\n".join(map(json.dumps, rows))},
      files={"train": ["a.jsonl"]},
      metrics=("squad",),
  )
  assert [t for _, t in _texts(task)] == ["3 km", "1 km"]
  examples = list(task.get_dataset(shuffle=False).as_numpy_iterator())
  targets = [task.postprocess_fn("", example=e, is_target=True)
             for e in examples]
  assert targets == [["3 km", "3"], ["1 km"]]
  [squad] = task.predict_metric_fns
  assert squad(targets, ["3", "2 km"])["em"] == 50


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        ("inputs\ttargets\na\n", {}, r"a\.tsv:2: 1 fields"),
        ("inputs\ttargets\na\t\n", {}, r"a\.tsv:2: the target .* is empty"),
        ("inputs\ttargets\n\tb\n", {}, r"a\.tsv:2: the input .* is empty"),
        (
            "inputs\ttargets\na\tys\n",
            {"labels": ("yes", "no")},
            r"a\.tsv:2: unknown label 'ys'. Did you mean 'yes'",
        ),
        (
            "inputs\ttargets\na\thigh\n",
            {"metrics": ("pearson_corrcoef",)},
            r"a\.tsv:2: the target 'high' is no number",
        ),
        (b"inputs\ttargets\na\t\xe9\n", {}, r"a\.tsv:2: not UTF-8.*iconv"),
        ("inputs\ttargets\na\tb\0\n", {}, r"a\.tsv:2: a NUL"),
    ],
)
def test_a_bad_row_is_an_error_or_a_counted_skip(
    register, content, fields, message
):
  spec = {"files": {"train": ["a.tsv"]}, **fields}
  with pytest.raises(errors.DataError, match=message):
    register({"a.tsv": content}, **spec)
  good = "3\tyes\n" if "labels" in fields else "3\t4\n"
  more = content + (good.encode() if isinstance(content, bytes) else good)
  task, found = register({"a.tsv": more}, bad_rows="skip", **spec)
  assert task.num_input_examples("train") == len(_texts(task)) == 1
  assert "1 of 2 rows SKIPPED" in found[0] and "a.tsv:2" in found[0]
  with pytest.raises(errors.DataError, match="none of the 1 rows can be used"):
    register({"a.tsv": content}, bad_rows="skip", **spec)


def test_skipped_rows_are_counted_once_where_a_share_is_held_out(register):
  rows = "".join(f"{i}\t{i}\n" for i in range(50))
  _, found = register(
      {"a.tsv": f"inputs\ttargets\nbad\n{rows}"},
      files={"train": ["a.tsv"]},
      validation_fraction=0.5,
      bad_rows="skip",
  )
  assert len(found) == 2
  assert "1 of 51 rows SKIPPED: wrong number of fields" in found[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "", "a.tsv is empty"),
        ("a.tsv", "inputs\ttargets\n", "the file has no rows"),
        ("a.txt", "a\n", "holds texts only.*--train_targets.*--objective"),
        ("a.tsv", "text\ttargets\na\tb\n", "column .*'inputs'.*--columns"),
        ("a.jsonl", '{"text": "a", "targets": "b"}\n', "no key 'inputs'"),
        ("a.tsv", "inputs\ttargets\tinputs\n1\t2\t3\n", "not distinct"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(
    register, name, content, message
):
  with pytest.raises(errors.UserError, match=message):
    register({name: content}, files={"train": [name]})


def test_a_vocabulary_that_cannot_be_used_is_said_before_rows_are(
    register, tmp_path
):
  (tmp_path / "no.model").write_text("inputs\ttargets\n")
  vocabulary = data.SentencePieceVocabulary(f"{tmp_path}/no.model", 100)
  with pytest.raises(errors.DataError, match="is not a SentencePiece model"):
    register({}, vocabulary, files={"train": ["no.tsv"]})


def test_texts_are_pretrained_on_by_the_objective_that_gin_binds(register):
  text = "It was the best of times, it was the worst of times.\n"
  task, _ = register(
      {"a.jsonl": json.dumps({"text": text, "url": "x"}) + "\n"},
      files={"train": ["a.jsonl"]},
      target_column="text",
      unsupervised=True,
      metrics=(),
  )
  prefix_lm = functools.partial(
      preprocessors.denoise,
      noise_density=0.5,
      noise_mask_fn=preprocessors.random_prefix_noise_mask,
      inputs_fn=preprocessors.drop_nonnoise_tokens,
      targets_fn=preprocessors.drop_noise_tokens,
  )
  gin.bind_parameter(
      "t5.data.preprocessors.unsupervised.preprocessors",
      [preprocessors.split_tokens_to_inputs_length, prefix_lm],
  )
  lengths = {"inputs": 8, "targets": 8}
  pieces = list(task.get_dataset(lengths, shuffle=False).as_numpy_iterator())
  ids = [
      int(i)
      for piece in pieces
      for feature in ("inputs", "targets")
      for i in piece[feature][:-1]
  ]
  assert len(pieces) > 1
  assert data.get_mini_vocabulary().decode(ids) == text.strip()
