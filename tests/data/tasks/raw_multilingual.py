"""Small raw files in the formats of the multilingual data sets, handwritten.

`prepare(tfds_name, data_dir)` runs the real builders on them; `prepare_mc4`
writes a few pages as TensorFlow Datasets stores mC4, whose own builder needs
Common Crawl.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from tests.data.tasks import raw_datasets

# XNLI, premise and hypothesis; the other languages get marked English.
_NLI = {
    "en": ("He ran home.", "He stood still."),
    "de": ("Er lief heim.", "Er stand still."),
    "zh": ("他跑回家了。", "他站着不动。"),
}
PAGES = {
    "en": ["Oslo is the capital of Norway and its largest city."] * 6,
    "zh": ["奥斯陆是挪威的首都和最大的城市，也是其经济中心。"] * 3,
}


def _write(path: pathlib.Path, *lines: str) -> pathlib.Path:
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
  return path


def _tsv(path: pathlib.Path, *rows: Sequence[str]) -> pathlib.Path:
  return _write(path, *["\t".join(row) for row in rows])


def _nli(language: str) -> tuple[str, str]:
  english = _NLI["en"]
  return _NLI.get(language, tuple(f"[{language}] {t}" for t in english))


def _multi_nli(root: pathlib.Path) -> raw_datasets.Files:
  rows = [["gold_label", *"abcd", "sentence1", "sentence2"]]
  for label in ("contradiction", "-", "entailment"):
    rows.append([label, *"abcd", *_nli("en")])
  for name in ("train", "dev_matched", "dev_mismatched"):
    _tsv(root / "multinli_1.0" / f"multinli_1.0_{name}.txt", *rows)
  return {"": root}


def _xnli(root: pathlib.Path) -> raw_datasets.Files:
  from tensorflow_datasets.text import xnli

  columns = ("language", "gold_label", "sentence1", "sentence2", "pairID")
  rows = [
      (language, "contradiction", *_nli(language), "1")
      for language in xnli._LANGUAGES
  ]
  for split in ("dev", "test"):
    _tsv(root / "XNLI-1.0" / f"xnli.{split}.tsv", columns, *rows)
  return {"": root}


def _xtreme_xnli(root: pathlib.Path) -> raw_datasets.Files:
  from tensorflow_datasets.text.xtreme_xnli import xtreme_xnli

  files = {}
  for language in xtreme_xnli._LANGUAGES:
    name = f"en-{language}-translated.tsv"
    row = (*_nli("en"), *_nli(language), "contradictory")
    files[name] = _tsv(root / name, row)
  return files


def _paws_x(root: pathlib.Path) -> raw_datasets.Files:
  rows = [
      ("id", "sentence1", "sentence2", "label"),
      ("1", "他生于奥斯陆。", "奥斯陆是他的出生地。", "1"),
      ("2", "他住在奥斯陆。", "奥斯陆住在他那里。", "0"),
      ("3", "NS", "NS", "NS"),  # as in the published files; TFDS skips it
  ]
  for language in ("en", "zh"):
    for name in ("train", "translated_train", "dev_2k", "test_2k"):
      _tsv(root / "x-final" / language / f"{name}.tsv", *rows)
  return {"": root}


def _xtreme_pawsx(root: pathlib.Path) -> raw_datasets.Files:
  row = ("He ran.", "He sat.", "他跑了。", "他坐着。", "0")
  return {"": _tsv(root / "translated.tsv", row)}


def _question(key: str) -> dict[str, Any]:
  answer = {"text": "奥斯陆", "answer_start": 0}
  qas = [{"id": key, "question": "挪威的首都是哪里？", "answers": [answer]}]
  context = "奥斯陆是挪威的首都，也是最大的城市。"
  paragraphs = [{"context": context, "qas": qas}]
  return {"data": [{"title": "Oslo", "paragraphs": paragraphs}]}


def _squad_like(root: pathlib.Path, name: str, key: str) -> pathlib.Path:
  return _write(root / name, json.dumps(_question(key)))


def _xquad(root: pathlib.Path) -> raw_datasets.Files:
  return {"": _squad_like(root, "xquad.zh.json", "x1")}


def _mlqa(root: pathlib.Path) -> raw_datasets.Files:
  for split in ("dev", "test"):
    name = f"MLQA_V1/{split}/{split}-context-zh-question-zh.json"
    _squad_like(root, name, "m1")
  return {"": root}


def _tydi_qa(root: pathlib.Path) -> raw_datasets.Files:
  from tensorflow_datasets.question_answering import tydi_qa

  english, korean = _question("english-1-0"), _question("korean-1-0")
  both = {"data": english["data"] + korean["data"]}
  gold = _write(root / "gold.json", json.dumps(both))
  folder = root / "dev"
  for name in tydi_qa.LANGUAGES.values():
    path = f"tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json"
    _squad_like(folder, path, f"{name}-2-0")
  return {
      "train.json": gold,
      "dev.json": gold,
      "dev.tgz": folder,
      "translate.train": _squad_like(root, "tt.json", "translated-1-0"),
  }


def _wikiann(root: pathlib.Path) -> raw_datasets.Files:
  lines = ["zh:奥\tB-LOC", "zh:斯\tI-LOC", "zh:陆\tI-LOC", "zh:。\tO", ""]
  for split in ("train", "dev", "test"):
    _write(root / "zh" / split, *lines)
  return {"": root}


_WRITERS = {
    "multi_nli": _multi_nli,
    "xnli": _xnli,
    "xtreme_xnli": _xtreme_xnli,
    "paws_x_wiki/en": _paws_x,
    "paws_x_wiki/zh": _paws_x,
    "xtreme_pawsx/zh": _xtreme_pawsx,
    "xquad/zh": _xquad,
    "mlqa/zh": _mlqa,
    "tydi_qa/goldp": _tydi_qa,
    "wikiann/zh": _wikiann,
}


class _ArchivedFiles(raw_datasets.LocalFiles):
  """Answers `extract` with the folder that an archive was packed from."""

  def extract(self, paths: Any) -> Any:
    if not paths:
      return paths
    return pathlib.Path(str(paths).removesuffix(".tar.gz"))


def prepare(tfds_name: str, data_dir: pathlib.Path) -> None:
  """Runs the real builder of TensorFlow Datasets on the raw files."""
  import tensorflow_datasets as tfds

  name, version = tfds_name.split(":")
  raw = data_dir / "raw" / name.replace("/", "_")
  raw.mkdir(parents=True)
  files = _WRITERS[name](raw)
  builder = tfds.builder(tfds_name, data_dir=data_dir)
  assert str(builder.version) == version
  builder._make_download_manager = lambda *_, **__: _ArchivedFiles(files, raw)
  builder.download_and_prepare(
      file_format="tfrecord",
      download_config=tfds.download.DownloadConfig(try_download_gcs=False),
  )


def prepare_mc4(
    data_dir: pathlib.Path, pages: Mapping[str, Sequence[str]]
) -> None:
  """Writes pages as the splits `LANGUAGE` and `LANGUAGE-validation`."""
  import tensorflow_datasets as tfds

  class C4(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """mC4's name, features and splits."""

    VERSION = tfds.core.Version("3.1.0")
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name="multilingual")]

    def _info(self) -> tfds.core.DatasetInfo:
      names = ("text", "url", "content-type", "content-length", "timestamp")
      return tfds.core.DatasetInfo(
          builder=self,
          features=tfds.features.FeaturesDict(
              {name: tfds.features.Text() for name in names}
          ),
      )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
      found = {}
      for language, texts in pages.items():
        found[language] = self._generate_examples(texts)
        found[f"{language}-validation"] = self._generate_examples(texts[:1])
      return found

    def _generate_examples(self, texts: Sequence[str]) -> Any:
      for i, text in enumerate(texts):
        yield i, {
            "text": text,
            "url": f"http://example.org/{i}",
            "content-type": "text/plain",
            "content-length": str(len(text)),
            "timestamp": "2020-01-01T00:00:00Z",
        }

  C4(data_dir=data_dir, config="multilingual").download_and_prepare(
      file_format="tfrecord"
  )
