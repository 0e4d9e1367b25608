from __future__ import annotations

import time

import gin
import pytest

from t5_mtf import data, errors
from t5_mtf.data import registries
from t5_mtf.data.tasks import mc4
from tests.data.tasks import raw_multilingual


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
  folder = tmp_path_factory.mktemp("tfds")
  raw_multilingual.prepare_mc4(folder, raw_multilingual.PAGES)
  data.set_tfds_data_dir_override(str(folder))
  yield folder
  data.set_tfds_data_dir_override(None)


def test_examples(run_examples):
  run_examples(mc4)


def test_there_is_a_task_for_every_language_of_the_data_set():
  from tensorflow_datasets.text import c4

  assert list(mc4.LANGUAGES) == list(c4.MC4_LANGUAGES)
  config = {c.name: c for c in c4.C4.BUILDER_CONFIGS}["multilingual"]
  assert mc4.DATA_SET == f"c4/multilingual:{config.version}"
  assert sum(not code.endswith("-Latn") for code in mc4.LANGUAGES) == 101
  for prefix in ("mc4", "byt5_mc4"):
    names = [f"{prefix}.{code.replace('-', '_')}" for code in mc4.LANGUAGES]
    mixture = data.MixtureRegistry.get(prefix)
    assert list(mixture.rate_per_task_name) == names
    assert [task.name for task in mixture.tasks] == names


def test_registration_is_quick_and_reads_nothing(monkeypatch):
  def used(*args, **kwargs):
    raise AssertionError(f"read at registration: {args}")

  monkeypatch.setattr("t5_mtf.data.files.exists", used)
  monkeypatch.setattr("tensorflow_datasets.builder", used)
  for registry in (data.TaskRegistry, data.MixtureRegistry):
    names = [n for n in registry.names() if n.startswith(("mc4", "byt5_mc4"))]
    for name in names:
      monkeypatch.delitem(registry._items, name)
  seconds = time.process_time()
  mc4.register()
  assert time.process_time() - seconds < 0.05
  mixture = data.MixtureRegistry.get("mc4")
  assert mixture.splits == ["train", "validation"]
  assert mixture.output_features == mixture.tasks[5].output_features


def test_languages_are_sampled_by_size_to_the_power_of_alpha():
  sizes = {code: 10.0**6 for code in mc4.LANGUAGES} | {"en": 10.0**9}
  mixture = data.MixtureRegistry.get("byt5_mc4")
  for alpha, ratio in ((None, 10**0.9), (0.7, 10**2.1), (0.2, 10**0.6), (0, 1)):
    gin.clear_config()
    gin.bind_parameter("rate_language.sizes", sizes)
    if alpha is not None:
      gin.parse_config(f"rate_language.alpha = {alpha}")
    rates = mixture.rates()
    others = {rate for name, rate in rates.items() if name != "byt5_mc4.en"}
    assert len(others) == 1
    assert rates["byt5_mc4.en"] / others.pop() == pytest.approx(ratio)


def test_sizes_of_the_prepared_data_set_are_counted(prepared):
  task = data.TaskRegistry.get("byt5_mc4.en")
  assert mc4.rate_language(task) == pytest.approx(6**0.3)
  assert mc4.rate_language(task, alpha=1.0) == 6.0


def test_wrong_sizes_and_alphas_are_errors():
  task = data.TaskRegistry.get("mc4.zh_Latn")
  assert mc4.rate_language(task, 1.0, {"zh-Latn": 3}) == 3
  with pytest.raises(errors.UserError, match="alpha is 1.5"):
    mc4.rate_language(task, alpha=1.5)
  with pytest.raises(errors.UnknownNameError, match="'zh_Latn'.*sizes"):
    mc4.rate_language(task, sizes={"en": 1})
  with pytest.raises(errors.UserError, match="has 0 for 'zh_Latn'"):
    mc4.rate_language(task, sizes={"zh-Latn": 0})


def test_a_mixture_of_languages_draws_at_those_rates(prepared):
  mixture = registries.Mixture(
      "two", ["byt5_mc4.en", "byt5_mc4.zh"], default_rate=mc4.rate_language
  )
  drawn = mixture.get_dataset(
      {"inputs": 64, "targets": 32}, "train", seed=3
  ).take(300)
  # UTF-8 begins Chinese characters with the bytes 228 to 233; byte b is b + 3.
  leading = set(range(228 + 3, 233 + 3 + 1))
  chinese = sum(
      bool(leading & {*example["inputs"], *example["targets"]})
      for example in drawn.as_numpy_iterator()
  )
  share = 3**0.3 / (3**0.3 + 6**0.3)
  assert chinese / 300 == pytest.approx(share, abs=0.08)


def _restored(example, first_sentinel, count):
  """Puts the spans of the targets back into the inputs."""
  sentinels = [first_sentinel - i for i in range(count)]
  spans, current = {}, None
  for token in example["targets"]:
    if token in sentinels:
      current = spans.setdefault(token, [])
    elif token != 1:
      current.append(int(token))
  restored = []
  for token in example["inputs"]:
    restored += spans.get(token, [int(token)])
  return restored[:-1], list(spans)


def test_span_corruption_of_bytes_restores_the_pages(prepared):
  task = data.TaskRegistry.get("byt5_mc4.zh")
  lengths = {"inputs": 100, "targets": 40}
  vocabulary = task.output_features["targets"].vocabulary
  dataset = task.get_dataset(lengths, "train", shuffle=False, seed=1)
  text = bytearray()
  for example in dataset.as_numpy_iterator():
    ids, sentinels = _restored(example, vocabulary.vocab_size - 1, 5)
    assert sentinels == [258 - i for i in range(len(sentinels))]
    assert example["inputs"][-1] == example["targets"][-1] == 1
    text += bytes(i - 3 for i in ids)
  assert text.decode("utf-8") == "".join(raw_multilingual.PAGES["zh"])


def test_bytes_have_longer_spans_than_pieces():
  objective = {
      name: data.TaskRegistry.get(name).preprocessors[-2]
      for name in ("mc4.en", "byt5_mc4.en")
  }
  assert objective["mc4.en"] is data.preprocessors.span_corruption
  assert objective["byt5_mc4.en"].keywords == {"mean_noise_span_length": 20.0}


def test_pieces_of_mt5_restore_the_page(prepared, shared_dir):
  path = shared_dir / "data" / "vocabs" / "mt5" / "spiece.model"
  if not path.is_file():
    pytest.skip("needs mT5's vocabulary in the folder `shared`")
  from t5_mtf.data.tasks import multilingual_features

  gin.parse_config(f"mt5_vocabulary.file = '{path}'")
  features = multilingual_features._features(
      multilingual_features.MT5Vocabulary()
  )
  task = data.TaskRegistry.get("mc4.zh").replace(output_features=features)
  vocabulary = features["targets"].vocabulary
  lengths = {"inputs": 16, "targets": 12}
  ids = []
  dataset = task.get_dataset(lengths, "validation", shuffle=False, seed=1)
  for example in dataset.as_numpy_iterator():
    part, sentinels = _restored(example, 250099, 100)
    assert sentinels == [250099 - i for i in range(len(sentinels))]
    ids += part
  assert ids == vocabulary.encode(raw_multilingual.PAGES["zh"][0])
