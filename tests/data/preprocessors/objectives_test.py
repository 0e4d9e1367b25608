"""Tests of the unsupervised objectives (Raffel et al. 2020, section 3.3).

Each is checked against the paper's worked example (table 3), and, as the
published gin file sets it, against the statistics that define it, measured on
the embedded text.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf

from t5_mtf import data, errors, gin_config
from t5_mtf.data import preprocessors
from t5_mtf.data.embedded import files
from t5_mtf.data.preprocessors import objectives

_VOCABULARY = data.get_default_vocabulary()
_FEATURES = {
    "inputs": data.Feature(_VOCABULARY),
    "targets": data.Feature(_VOCABULARY),
}
_LENGTHS = {"inputs": 512, "targets": 512}
_FIRST_SENTINEL = 32099
# Half of 511 tokens make about 128 spans, more than there are sentinels: as
# published, they run on into the last pieces. Texts with these are left out.
_LAST_SENTINEL = 31920

_WORDS = "Thank you for inviting me to your party last week .".split()
# <X> is the sentinel that table 3 calls <M> where it is the only one.
_SENTINELS = ["<Z>", "<Y>", "<X>"]


class _Words:
  """A vocabulary of the words of the example, with three sentinels."""

  words = [*_WORDS, "apple", *_SENTINELS]
  vocab_size = len(words)

  def encode(self, text: str) -> tf.Tensor:
    return tf.constant([self.words.index(word) for word in text.split()])

  def decode(self, ids: tf.Tensor) -> str:
    return " ".join(self.words[i] for i in ids.numpy())


_FOR_INVITING_LAST = ("for", "inviting", "last")
_TABLE_3 = {
    "prefix_lm": (
        _WORDS[:4], "drop_nonnoise_tokens", "Thank you for inviting",
        "drop_noise_tokens", "me to your party last week .",
    ),
    "iid_15_m_f": (
        _FOR_INVITING_LAST, "noise_token_to_sentinel",
        "Thank you <X> <X> me to your party <X> week .", None, None,
    ),
    "iid_15_u_u": (
        _FOR_INVITING_LAST, "noise_span_to_unique_sentinel",
        "Thank you <X> me to your party <Y> week .",
        "nonnoise_span_to_unique_sentinel", "<X> for inviting <Y> last <Z>",
    ),
    "iid_15_d_d": (
        _FOR_INVITING_LAST, "drop_noise_tokens",
        "Thank you me to your party week .",
        "drop_nonnoise_tokens", "for inviting last",
    ),
    "span_3_15_u_u": (
        ("for", "inviting", "me", "your", "party", "last"),
        "noise_span_to_unique_sentinel", "Thank you <X> to <Y> week .",
        "nonnoise_span_to_unique_sentinel",
        "<X> for inviting me <Y> your party last <Z>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _TABLE_3)
def test_functions_of_the_gin_file_give_the_example_of_table_3(name):
  noise, inputs_fn, inputs, targets_fn, targets = _TABLE_3[name]
  gin_config.load([f"objectives/{name}.gin"])
  vocabulary = _Words()
  tokens = vocabulary.encode(" ".join(_WORDS))
  mask = tf.constant([word in noise for word in _WORDS])
  for parameter, function, text in (
      ("inputs_fn", inputs_fn, inputs),
      ("targets_fn", targets_fn, targets),
  ):
    bound = _bound(f"denoise.{parameter}")
    if function is None:
      assert bound is None
      continue
    assert bound.__name__ == function
    assert vocabulary.decode(bound(tokens, mask, vocabulary, seeds=[])) == text


def _bound(name):
  """The value of a preprocessor's parameter in gin's present configuration."""
  import gin

  value = gin.query_parameter(f"preprocessors.{name}")
  return getattr(value, "scoped_configurable_fn", value)


def test_bert_style_example_of_table_3():
  gin_config.load(["objectives/iid_15_r10s90_f.gin"])
  fn = _bound("denoise.inputs_fn")
  assert _bound("denoise.targets_fn") is None
  vocabulary = _Words()
  tokens = vocabulary.encode(" ".join(_WORDS))
  mask = tf.constant([word in _FOR_INVITING_LAST for word in _WORDS])
  found = [
      vocabulary.decode(fn(tokens, mask, vocabulary, [(seed, 0), (0, seed)]))
      for seed in (249, *range(20))
  ]
  # One seed in about two thousand draws "apple" there, and only there.
  assert found[0] == "Thank you <X> <X> me to your party apple week ."
  for text in found:
    changed = [a for a, b in zip(_WORDS, text.split(), strict=True) if a != b]
    assert set(changed) <= set(_FOR_INVITING_LAST)


def test_deshuffling_keeps_the_words_of_table_3():
  gin_config.load(["objectives/all_permute.gin"])
  fn = _bound("denoise.inputs_fn")
  vocabulary = _Words()
  tokens = vocabulary.encode(" ".join(_WORDS))
  shuffled = vocabulary.decode(
      fn(tokens, tf.ones([len(_WORDS)], tf.bool), vocabulary, [(1, 2)])
  )
  assert sorted(shuffled.split()) == sorted(_WORDS)
  assert shuffled.split() != _WORDS


@functools.cache
def _documents() -> list[np.ndarray]:
  rows = files.read_rows("austen", "validation")[:400]
  documents = [
      np.array(_VOCABULARY.encode(row["text"]), np.int32) for row in rows
  ]
  return [ids for ids in documents if ids.max() < _LAST_SENTINEL]


def _source() -> tf.data.Dataset:
  documents = _documents()
  ragged = tf.RaggedTensor.from_row_splits(
      np.concatenate(documents), np.cumsum([0, *map(len, documents)])
  )
  return tf.data.Dataset.from_tensor_slices({"targets": ragged})


def _examples(objective, lengths=None) -> list[dict[str, list[int]]]:
  with data.map_seed_manager(1):
    dataset = objective(
        _source(),
        sequence_length=lengths or _LENGTHS,
        output_features=_FEATURES,
    )
  return [
      {key: value.tolist() for key, value in example.items()}
      for example in dataset.as_numpy_iterator()
  ]


def _of_gin_file(name: str) -> list[dict[str, list[int]]]:
  gin_config.load([f"objectives/{name}.gin"])
  return _examples(preprocessors.unsupervised)


def _is_sentinel(token: int) -> bool:
  return _LAST_SENTINEL <= token <= _FIRST_SENTINEL


def _parts(ids: list[int]) -> list[list[int]]:
  """The spans between sentinels, from the start to the end."""
  parts = [[]]
  for token in ids:
    if _is_sentinel(token):
      parts.append([])
    else:
      parts[-1].append(token)
  return parts


def _noise_spans(example) -> list[list[int]]:
  """The corrupted spans, of which each has its sentinel in the inputs.

  Sentinels are numbered apart in inputs and targets, so a text that begins
  with noise has it before the first sentinel of the targets.
  """
  return [span for span in _parts(example["targets"]) if span]


def _restored(example) -> list[int]:
  first, *others = _parts(example["inputs"])
  spans = _noise_spans(example)
  assert len(spans) == len(others)
  text = list(first)
  for span, kept in zip(spans, others, strict=True):
    text += span + kept
  return text


def _joined(examples, text_of) -> list[int]:
  return [token for example in examples for token in text_of(example)]


def _text() -> list[int]:
  return np.concatenate(_documents()).tolist()


_REPLACED_SPANS = {
    # Published file: share of noise, mean length of its spans.
    "iid_15_u_u": (0.15, 1 / 0.85),
    "iid_10_u_u": (0.10, 1 / 0.90),
    "iid_25_u_u": (0.25, 1 / 0.75),
    "iid_50_u_u": (0.50, 1 / 0.50),
    "span_2_15_u_u": (0.15, 2.0),
    "span_3_15_u_u": (0.15, 3.0),
    "span_5_15_u_u": (0.15, 5.0),
    "span_10_15_u_u": (0.15, 10.0),
}


@pytest.mark.parametrize("name", _REPLACED_SPANS)
def test_replaced_spans_restore_the_text_and_have_the_rates_they_are_named_for(
    name,
):
  density, span_length = _REPLACED_SPANS[name]
  examples = _of_gin_file(name)
  assert _joined(examples, _restored) == _text()
  spans = [len(span) for example in examples for span in _noise_spans(example)]
  assert sum(spans) / len(_text()) == pytest.approx(density, rel=0.04)
  # Full sequences: a short one has one span at least, of any length.
  full = [e for e in examples if len(_restored(e)) > 400]
  spans = [len(span) for example in full for span in _noise_spans(example)]
  assert np.mean(spans) == pytest.approx(span_length, rel=0.04)
  for example in examples:
    for key in "inputs", "targets":
      sentinels = [token for token in example[key] if _is_sentinel(token)]
      assert sentinels == [
          _FIRST_SENTINEL - i for i in range(len(sentinels))
      ]


@pytest.mark.parametrize(
    ("name", "random_share"), [("iid_15_m_f", 0.0), ("iid_15_r10s90_f", 0.1)]
)
def test_masked_tokens_are_15_percent_and_targets_the_whole_text(
    name, random_share
):
  examples = _of_gin_file(name)
  targets = _joined(examples, lambda example: example["targets"])
  inputs = np.array(_joined(examples, lambda example: example["inputs"]))
  assert targets == _text()
  changed = inputs[inputs != targets]
  # A random token may be the one that it replaces, but hardly ever is.
  assert len(changed) / len(inputs) == pytest.approx(0.15, rel=0.04)
  masked = np.mean(changed == _FIRST_SENTINEL)
  assert masked == pytest.approx(1 - random_share, abs=0.015)


def test_dropped_tokens_are_15_percent_and_keep_their_order():
  examples = _of_gin_file("iid_15_d_d")
  kept = _joined(examples, lambda example: example["inputs"])
  dropped = _joined(examples, lambda example: example["targets"])
  assert len(dropped) / len(_text()) == pytest.approx(0.15, rel=0.04)
  assert sorted(kept + dropped) == sorted(_text())
  for part in kept, dropped:
    rest = iter(_text())
    assert all(token in rest for token in part), "not in the text's order"


def test_deshuffling_permutes_all_tokens_and_targets_the_text():
  examples = _of_gin_file("all_permute")
  moved = 0
  for example in examples:
    assert sorted(example["inputs"]) == sorted(example["targets"])
    moved += example["inputs"] != example["targets"]
  assert _joined(examples, lambda example: example["targets"]) == _text()
  assert moved / len(examples) > 0.95


def test_prefix_lm_cuts_anywhere_and_loses_nothing():
  examples = _of_gin_file("prefix_lm")
  assert (
      _joined(examples, lambda e: e["inputs"] + e["targets"]) == _text()
  )
  long = [e for e in examples if len(e["inputs"]) + len(e["targets"]) > 100]
  shares = [
      len(e["inputs"]) / (len(e["inputs"]) + len(e["targets"])) for e in long
  ]
  assert np.mean(shares) == pytest.approx(0.5, abs=0.1)
  assert min(shares) < 0.1
  assert max(shares) > 0.9


def test_language_model_has_targets_only_of_the_full_length():
  examples = _of_gin_file("lm")
  assert {tuple(example) for example in examples} == {("targets",)}
  assert _joined(examples, lambda example: example["targets"]) == _text()
  # 128 documents are joined; the last piece of each is shorter.
  lengths = [len(example["targets"]) for example in examples]
  assert sum(length != 511 for length in lengths) <= 4


def test_published_functions_equal_their_gin_files():
  assert _examples(preprocessors.iid_denoising) == _of_gin_file("iid_15_u_u")
  assert _examples(preprocessors.prefix_lm) == _of_gin_file("prefix_lm")


def test_full_lm_ends_each_text_with_eos():
  examples = _examples(preprocessors.full_lm)
  with_eos = [[*document, 1] for document in _documents()]
  assert _joined(examples, lambda e: e["targets"]) == sum(with_eos, [])


def test_rows_for_packed_prefix_lm_are_padded_to_their_length():
  rows = _examples(preprocessors.targets_for_prefix_lm_objective)
  full = _examples(preprocessors.full_lm)
  for row, unpadded in zip(rows, full, strict=True):
    missing = 512 - len(unpadded["targets"])
    assert row["targets"] == unpadded["targets"] + [0] * missing


def test_unsupervised_without_an_objective_is_an_error():
  with pytest.raises(errors.UserError, match="objectives/span_3_15_u_u.gin"):
    preprocessors.unsupervised(_source())


def test_docstring_examples(run_examples):
  run_examples(objectives)
