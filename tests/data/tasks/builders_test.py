"""The paper's tasks on data that the real TFDS builders made of raw files.

The expected texts were compared with the published tasks on the same files;
formats: Raffel et al. 2020, appendix D. Not here, because their builders need
packages and hosts that a test cannot have (language identification, wiki
markup): C4 and Wikipedia, see `unlabeled_test`.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from t5_mtf import data, errors
from t5_mtf.data import preprocessors
from t5_mtf.data.sources import tfds as tfds_source
from tests.data.tasks import expected_texts, raw_datasets


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory):
  """All TFDS tasks read the small data sets; those are prepared once."""
  folder = tmp_path_factory.mktemp("tfds")
  sources = {
      data.TaskRegistry.get(name).source.tfds_name
      for name, *_ in [*expected_texts.CASES, ("trivia_qa_v010",)]
  }
  for tfds_name in sorted(sources):
    raw_datasets.prepare(tfds_name, folder)
  data.set_tfds_data_dir_override(str(folder))
  yield folder
  data.set_tfds_data_dir_override(None)


def _examples(name, split, length=None):
  dataset = data.TaskRegistry.get(name).get_dataset(
      length, split=split, shuffle=False
  )
  return list(dataset.as_numpy_iterator())


@pytest.mark.parametrize(
    ("name", "split", "expected"),
    expected_texts.CASES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_raw_files_become_the_published_texts(name, split, expected):
  task = data.TaskRegistry.get(name)
  dataset = task.source.get_dataset(split, shuffle=False)
  for step in task.preprocessors:
    if step is preprocessors.tokenize:
      break
    dataset = step(dataset)
  found = {}
  for example in dataset.as_numpy_iterator():
    target = example["targets"].decode()
    found[example["inputs"].decode()] = (
        target,
        task.postprocess_fn(target, example=example, is_target=True),
    )
  assert found == expected


def test_ids_are_the_text_and_eos():
  vocabulary = data.get_default_vocabulary()
  for name, split in (
      ("glue_cola_v002", "train"),
      ("wmt_t2t_ende_v003", "train"),
      ("super_glue_boolq_v102", "train"),
  ):
    for example in _examples(name, split):
      for key in ("inputs", "targets"):
        ids, text = example[key], example[f"{key}_pretokenized"].decode()
        assert ids.dtype == np.int32
        assert ids[-1] == vocabulary.eos_id
        assert list(ids[:-1]) == vocabulary.encode(text)
        assert vocabulary.decode(ids) == text


def test_trimmed_sequences_end_with_eos():
  (example,) = _examples(
      "super_glue_copa_v102", "train", {"inputs": 8, "targets": 3}
  )
  assert len(example["inputs"]) == 8
  assert example["inputs"][-1] == 1


def test_trivia_qa_finds_its_answers_in_the_context():
  vocabulary = data.get_default_vocabulary()
  found = {
      (vocabulary.decode(e["inputs"]), vocabulary.decode(e["targets"]))
      for e in _examples(
          "trivia_qa_v010", "validation", {"inputs": 64, "targets": 32}
      )
  }
  assert found == {
      (
          "question: What is the capital of Norway ? context: The capital of"
          " Norway is Oslo .",
          "oslo",
      )
  }


def test_wsc_scores_the_referent_that_is_named():
  name = "super_glue_wsc_v102_simple_eval"
  task = data.TaskRegistry.get(name)
  targets, predictions = [], []
  for example in _examples(name, "validation"):
    assert example["inputs_pretokenized"].decode() == expected_texts.WSC
    text = example["targets_pretokenized"].decode()
    targets.append(task.postprocess_fn(text, example=example, is_target=True))
    predictions.append(
        task.postprocess_fn("The cat", example=example, is_target=False)
    )
  # The cat is the referent: right for it, and right not to be the mouse.
  assert sorted(targets) == [0, 1]
  assert task.metric_fns[0](targets, predictions) == {"accuracy": 100.0}


def test_wnli_is_asked_for_the_referent():
  found = {
      example["inputs_pretokenized"].decode(): None
      for example in _examples("glue_wnli_v002_simple_eval", "validation")
  }
  assert list(found) == [
      "wsc: The drain is clogged with hair. *It* has to be cleaned."
  ]


@pytest.mark.parametrize(
    ("name", "split", "scores"),
    [
        ("glue_cola_v002", "validation", {"matthews_corrcoef": 100.0}),
        ("glue_qqp_v002", "train", {"f1": 100.0, "accuracy": 100.0}),
        (
            "super_glue_multirc_v102_1_sentinel",
            "validation",
            {"f1": 100.0, "exact_match": 100.0},
        ),
        ("super_glue_record_v102", "train", {"em": 100.0, "f1": 100.0}),
        ("squad_v010_allanswers", "validation", {"em": 100.0, "f1": 100.0}),
        ("squad_v010_allanswers_span", "train", {"em": 100.0, "f1": 100.0}),
        ("wmt_t2t_ende_v003", "train", {"bleu": 100.0}),
    ],
)
def test_decoded_targets_score_as_perfect(name, split, scores):
  task = data.TaskRegistry.get(name)
  vocabulary = task.output_features["targets"].vocabulary
  targets, predictions = [], []
  for example in _examples(name, split):
    decoded = vocabulary.decode(example["targets"])
    text = example["targets_pretokenized"].decode()
    if "_sentinel" in name:
      assert decoded == f"<extra_id_0> {text}"
    targets.append(task.postprocess_fn(text, example=example, is_target=True))
    predictions.append(
        task.postprocess_fn(decoded, example=example, is_target=False)
    )
  found = {}
  for metric in task.metric_fns:
    found |= metric(targets, predictions)
  assert found == {key: pytest.approx(s) for key, s in scores.items()}


def test_a_prepared_data_set_is_counted_not_taken_from_the_literature():
  task = data.TaskRegistry.get("glue_cola_v002")
  assert task.num_input_examples("train") == 2
  assert data.rate_num_examples(task) == 2.0


@pytest.mark.parametrize(
    ("config", "folder", "columns"),
    [
        ("cola", "CoLA", ("sentence",)),
        ("stsb", "STS-B", ("sentence1", "sentence2")),
    ],
)
def test_the_official_files_have_the_published_sizes(
    shared_dir, tmp_path, config, folder, columns
):
  import tensorflow_datasets as tfds

  shutil.copytree(shared_dir / "data" / "glue" / folder, tmp_path / folder)
  # The unlabeled test file is not among the shared data.
  test = "".join("\t".join([i, *columns]) + "\n" for i in ("index", "0"))
  (tmp_path / folder / "test.tsv").write_text(test)
  builder = tfds.builder(f"glue/{config}", data_dir=tmp_path)
  raw_datasets.prepare_with(builder, {"": tmp_path}, tmp_path)
  sizes = data.MixtureRegistry.get("glue_v002_proportional").rates()
  train = builder.info.splits["train"].num_examples
  assert train == sizes[f"glue_{config}_v002"]
  step = data.TaskRegistry.get(f"glue_{config}_v002").preprocessors[0]
  rows = step(builder.as_dataset(split="validation"))
  targets = {row["targets"].decode() for row in rows.as_numpy_iterator()}
  if config == "cola":
    assert targets == {"acceptable", "unacceptable"}
  else:
    assert targets == {f"{i / 5:.1f}" for i in range(26)}


def test_a_mixture_draws_by_the_published_sizes():
  mixture = data.MixtureRegistry.get("wsc_dpr_simple_proportional")
  dataset = mixture.get_dataset(
      {"inputs": 64, "targets": 8}, split="train", seed=1
  )
  vocabulary = data.get_default_vocabulary()
  drawn = [
      vocabulary.decode(example["targets"])
      for example in dataset.take(400).as_numpy_iterator()
  ]
  assert set(drawn) == {"the flower", "The cat"}
  share = 1322 / (1322 + 259)
  assert drawn.count("the flower") / 400 == pytest.approx(share, abs=0.06)


def test_a_missing_data_set_says_what_to_run_and_where_it_will_be(
    prepared, tmp_path
):
  data.set_tfds_data_dir_override(str(tmp_path))
  try:
    with pytest.raises(errors.DataError) as error:
      data.TaskRegistry.get("squad_v010_allanswers").get_dataset()
  finally:
    data.set_tfds_data_dir_override(str(prepared))
  message = str(error.value)
  assert "\n  tfds build squad/v1.1:3.0.0" in message
  assert str(tmp_path / "squad" / "v1.1" / "3.0.0") in message


def test_the_newest_version_serves_where_the_pinned_one_cannot_be_made(
    tmp_path, monkeypatch, capsys
):
  raw_datasets.prepare("glue/rte:2.0.0", tmp_path)
  monkeypatch.setattr(tfds_source, "_data_dir_override", str(tmp_path))
  source = data.TfdsDataSource("glue/rte:1.0.0")
  assert source.num_input_examples("train") == 2
  assert "glue/rte:2.0.0 is read in its place" in capsys.readouterr().err
  missing = data.TfdsDataSource("glue/qnli:1.0.0")
  with pytest.raises(errors.DataError, match="tfds build glue/qnli:2.0.0"):
    missing.get_dataset("train")


def test_a_renamed_configuration_is_found(tmp_path, monkeypatch):
  monkeypatch.setattr(tfds_source, "_data_dir_override", str(tmp_path))
  monkeypatch.setattr(tfds_source, "_any_reachable", lambda hosts: False)
  task = data.TaskRegistry.get("c4_webtextlike_v020_unsupervised")
  with pytest.raises(errors.DataError, match="tfds build c4/webtextlike:3"):
    task.get_dataset()
