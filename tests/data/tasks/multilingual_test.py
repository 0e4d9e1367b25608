"""The multilingual tasks on data that the real TFDS builders made."""

from __future__ import annotations

import pytest

from t5_mtf import data
from t5_mtf.data import preprocessors
from t5_mtf.data.tasks import multilingual
from tests.data.tasks import raw_multilingual

_ENGLISH_NLI = "xnli: premise: He ran home. hypothesis: He stood still."
_CHINESE_NLI = "xnli: premise: 他跑回家了。 hypothesis: 他站着不动。"
_QUESTION = (
    "question: 挪威的首都是哪里 ？ context: 奥斯陆是挪威的首都 ，"
    " 也是最大的城市 。 "
)
_PAWS = {
    "paws sentence1: 他生于奥斯陆。 sentence2: 奥斯陆是他的出生地。": (
        "paraphrase"
    ),
    "paws sentence1: 他住在奥斯陆。 sentence2: 奥斯陆住在他那里。": (
        "different_meaning"
    ),
}

# Task without its prefix, split -> inputs and targets; and its scores when
# the targets are the predictions.
_CASES = [
    ("xnli_train", "train", {_ENGLISH_NLI: {"0", "2"}}, {"accuracy": 100.0}),
    (
        "xnli_translate_train.zh",
        "train",
        {_CHINESE_NLI: "2"},
        {"accuracy": 100.0},
    ),
    (
        "xnli_dev_test.zh",
        "validation",
        {_CHINESE_NLI: "2"},
        {"accuracy": 100.0},
    ),
    ("pawsx_dev_test.zh", "test", _PAWS, {"accuracy": 100.0}),
    ("paws", "train", _PAWS, {"accuracy": 100.0}),
    (
        "pawsx_translate_train.zh",
        "train",
        {"paws sentence1: 他跑了。 sentence2: 他坐着。": "different_meaning"},
        {"accuracy": 100.0},
    ),
    ("pawsx_translate_train_original.zh", "train", _PAWS, {"accuracy": 100.0}),
    (
        "xquad_test.zh",
        "test",
        {_QUESTION: "奥斯陆"},
        {"em": 100.0, "f1": 100.0},
    ),
    (
        "xquad_translate_train_dev.zh",
        "validation",
        {_QUESTION: "奥斯陆"},
        {"em": 100.0, "f1": 100.0},
    ),
    (
        "mlqa_dev_test.zh",
        "validation",
        {_QUESTION: "奥斯陆"},
        {"em": 100.0, "f1": 100.0},
    ),
    (
        "tydiqa_dev.ko",
        "validation",
        {_QUESTION: "奥斯陆"},
        {"em": 100.0, "f1": 100.0},
    ),
    (
        "tydiqa_translate_train.ko",
        "train",
        {_QUESTION: "奥斯陆"},
        {"em": 100.0, "f1": 100.0},
    ),
    (
        "ner_eval.zh",
        "test",
        {"tag: 奥 斯 陆 。": "LOC: 奥 斯 陆"},
        {"span_f1": 100.0},
    ),
]


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory):
  """All tasks read the small data sets; those are prepared once."""
  folder = tmp_path_factory.mktemp("tfds")
  sources = {
      data.TaskRegistry.get(f"byt5_{case[0]}").source.tfds_name
      for case in _CASES
  }
  for tfds_name in sorted(sources):
    raw_multilingual.prepare(tfds_name, folder)
  data.set_tfds_data_dir_override(str(folder))
  yield folder
  data.set_tfds_data_dir_override(None)


@pytest.mark.parametrize(
    ("name", "split", "texts", "scores"), _CASES, ids=[c[0] for c in _CASES]
)
def test_raw_files_become_text_and_bytes_and_scores(
    name, split, texts, scores
):
  task = data.TaskRegistry.get(f"byt5_{name}")
  vocabulary = task.output_features["targets"].vocabulary
  found, targets, predictions = {}, [], []
  for example in task.get_dataset(
      None, split, shuffle=False
  ).as_numpy_iterator():
    assert example["inputs"][-1] == example["targets"][-1] == 1
    text, target = (
        vocabulary.decode(example[key]) for key in ("inputs", "targets")
    )
    found.setdefault(text, set()).add(target)
    targets.append(task.postprocess_fn(target, example=example, is_target=True))
    predictions.append(
        task.postprocess_fn(target, example=example, is_target=False)
    )
  assert found == {
      text: {target} if isinstance(target, str) else target
      for text, target in texts.items()
  }
  (metric,) = task.metric_fns
  assert metric(targets, predictions) == scores


def test_all_languages_together_are_each_once():
  task = data.TaskRegistry.get("byt5_xnli_dev_test.all_langs")
  texts = [
      e["inputs_pretokenized"].decode()
      for e in task.get_dataset(
          None, "validation", shuffle=False
      ).as_numpy_iterator()
  ]
  assert len(set(texts)) == len(texts) == len(multilingual.XNLI_LANGUAGES)
  assert {_ENGLISH_NLI, _CHINESE_NLI} < set(texts)


def test_zero_shot_tydi_qa_is_english():
  counts = {
      name: len(list(data.TaskRegistry.get(name).get_dataset(None, "train")))
      for name in ("byt5_tydiqa_train", "byt5_tydiqa_train.en")
  }
  assert counts == {"byt5_tydiqa_train": 2, "byt5_tydiqa_train.en": 1}


def test_wrong_labels_count_as_wrong():
  for name, target in (
      ("mt5_xnli_dev_test.zh", "2"),
      ("mt5_pawsx_dev_test.zh", "paraphrase"),
  ):
    task = data.TaskRegistry.get(name)
    (metric,) = task.metric_fns
    values = [task.postprocess_fn(text) for text in (target, "banana", target)]
    assert metric([values[0]] * 3, values)["accuracy"] == pytest.approx(200 / 3)


def test_the_builders_have_the_languages_and_versions():
  import tensorflow_datasets as tfds

  for name in data.TaskRegistry.names():
    if name.startswith("mt5_"):
      base, version = data.TaskRegistry.get(name).source.tfds_name.split(":")
      dataset, _, config = base.partition("/")
      builder = tfds.builder_cls(dataset)
      found = builder.builder_configs[config].version if config else None
      assert version == str(found or builder.VERSION), name


def test_mt5_and_byt5_have_the_same_tasks_and_mixtures():
  for registry in (data.TaskRegistry, data.MixtureRegistry):
    mt5, byt5 = (
        {n.removeprefix(p) for n in registry.names() if n.startswith(p)}
        - {"mc4"}
        for p in ("mt5_", "byt5_")
    )
    assert mt5 == {n for n in byt5 if not n.startswith("mc4.")}
    assert len(mt5) > 10
  for name in (n for n in data.TaskRegistry.names() if n.startswith("mt5_")):
    one = data.TaskRegistry.get(name)
    other = data.TaskRegistry.get(f"byt5_{name.removeprefix('mt5_')}")
    assert one.source.tfds_name == other.source.tfds_name
    assert preprocessors.tokenize in one.preprocessors
    assert one.output_features != other.output_features


@pytest.mark.parametrize(
    ("mixture", "trained_on"),
    [
        ("xnli_zeroshot", 1),
        ("xnli_translate_train", 15),
        ("pawsx_zeroshot", 1),
        ("pawsx_translate_train", 7),
        ("pawsx_translate_train_original", 7),
        ("xquad_zeroshot", 1),
        ("xquad_translate_train", 11),
        ("mlqa_zeroshot", 1),
        ("mlqa_translate_train", 7),
        ("tydiqa", 1),
        ("tydiqa_zeroshot", 1),
        ("tydiqa_translate_train", 9),
        ("ner_zeroshot", 1),
        ("ner_multilingual", 40),
    ],
)
def test_mixtures_train_on_what_their_setting_allows(mixture, trained_on):
  for prefix in ("mt5_", "byt5_"):
    tasks = data.MixtureRegistry.get(f"{prefix}{mixture}").tasks
    assert sum("train" in task.splits for task in tasks) == trained_on
    assert any(set(task.splits) & {"validation", "test"} for task in tasks)


def test_a_mixture_trains_and_evaluates_on_its_own_splits():
  mixture = data.Mixture(
      "nli", ["byt5_xnli_train", "byt5_xnli_dev_test.zh"], default_rate=1.0
  )
  lengths = {"inputs": 128, "targets": 4}
  (example,) = mixture.get_dataset(lengths, "train", seed=0).take(1)
  vocabulary = mixture.output_features["inputs"].vocabulary
  assert vocabulary.decode(example["inputs"].numpy()) == _ENGLISH_NLI
  (example,) = mixture.get_dataset(lengths, "test", seed=0).take(1)
  assert vocabulary.decode(example["inputs"].numpy()) == _CHINESE_NLI
