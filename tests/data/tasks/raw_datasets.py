"""Small raw files in the formats of the paper's data sets, handwritten.

`prepare(tfds_name, data_dir)` writes them and runs the real builder of
TensorFlow Datasets on them. Only the download is replaced: each URL that the
builder asks for is answered with a local file or folder.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.data.tasks import raw_glue
from tests.data.tasks.raw_files import Files, write_jsonl, write_lines


class LocalFiles:
  """Answers a builder's download manager from local files."""

  downloaded_size = 0

  def __init__(self, files: Files, folder: pathlib.Path):
    """`files`: part of a URL -> path."""
    self._files = files
    self.download_dir = self.manual_dir = folder
    self.register_checksums = False

  def download(self, urls: Any) -> Any:
    if isinstance(urls, Mapping):
      return {key: self.download(url) for key, url in urls.items()}
    if isinstance(urls, (list, tuple)):
      return [self.download(url) for url in urls]
    found = [path for part, path in self._files.items() if part in urls]
    assert len(found) == 1, f"{urls} is answered by {found}"
    return found[0]

  def extract(self, paths: Any) -> Any:
    assert not paths, paths
    return paths

  download_and_extract = download


def prepare(tfds_name: str, data_dir: pathlib.Path) -> pathlib.Path:
  """Runs the builder on the raw files; returns the folder of its data.

  TensorFlow Datasets prepares the newest version of a data set alone. An
  older one is the same data under its own number, as an older release left
  it.
  """
  import tensorflow_datasets as tfds

  name, version = tfds_name.split(":")
  raw = data_dir / "raw" / name.replace("/", "_")
  raw.mkdir(parents=True, exist_ok=True)
  builder = tfds.builder(name, data_dir=data_dir)
  prepare_with(builder, _WRITERS[name](raw), raw)
  newest = pathlib.Path(builder.data_dir)
  if newest.name != version:
    info = newest / "dataset_info.json"
    content = json.loads(info.read_text("utf-8")) | {"version": version}
    info.write_text(json.dumps(content), "utf-8")
    newest = newest.rename(newest.parent / version)
  return newest


def prepare_with(builder: Any, files: Files, folder: pathlib.Path) -> None:
  """Runs a builder on the given local files."""
  builder._make_download_manager = lambda *_, **__: LocalFiles(files, folder)
  import tensorflow_datasets as tfds

  builder.download_and_prepare(
      file_format="tfrecord",
      download_config=tfds.download.DownloadConfig(try_download_gcs=False),
  )


def _dpr(root: pathlib.Path) -> Files:
  lines = [
      "The bee landed on the flower because it had pollen.",
      "it",
      "The bee,the flower",
      "the flower",
      "",
  ]
  files = {}
  for split in ("train", "test"):
    files[f"/{split}.c.txt"] = write_lines(root / f"{split}.c.txt", lines)
  return files


def _squad(root: pathlib.Path) -> Files:
  context = "Oslo is the capital of Norway, and its largest city."
  qas = [
      {
          "id": "a1",
          "question": "What is the capital of Norway?",
          "answers": [
              {"text": "Oslo", "answer_start": 0},
              {"text": "Oslo is", "answer_start": 0},
          ],
      }
  ]
  squad = {
      "version": "1.1",
      "data": [
          {
              "title": "Oslo",
              "paragraphs": [{"context": context, "qas": qas}],
          }
      ],
  }
  return {
      f"{split}-v1.1.json": write_jsonl(root / f"{split}-v1.1.json", squad)
      for split in ("train", "dev")
  }


def _trivia_qa(root: pathlib.Path) -> Files:
  article = {
      "Answer": {
          "Aliases": ["Oslo", "Kristiania"],
          "NormalizedAliases": ["oslo", "kristiania"],
          "NormalizedValue": "oslo",
          "Type": "FreeForm",
          "Value": "Oslo",
      },
      "EntityPages": [
          {"DocSource": "Search", "Filename": "Norway.txt", "Title": "Norway"}
      ],
      "SearchResults": [],
      "Question": "What is the capital of Norway?",
      "QuestionId": "q1",
      "QuestionSource": "made up",
  }
  record = json.dumps({"Data": [article]}, indent=4)
  for split in ("web-train", "web-dev", "web-test-without-answers"):
    write_lines(root / "qa" / f"{split}.json", [record])
  for split in ("wikipedia-train", "wikipedia-dev"):
    write_lines(root / "qa" / f"{split}.json", [record])
  write_lines(root / "qa" / "wikipedia-test-without-answers.json", [record])
  write_lines(
      root / "evidence" / "wikipedia" / "Norway.txt",
      ["The capital of Norway is Oslo ."],
  )
  return {"": root}


def _cnn_dailymail(root: pathlib.Path) -> Files:
  story = [
      "(CNN) A ship left the harbour",
      "",
      "Nobody knows why.",
      "",
      "@highlight",
      "",
      "A ship left",
      "",
      "@highlight",
      "",
      "Nobody knows why",
  ]
  # The two archives of stories, by their ids.
  files = {"rfTHk4NFg2SndKcjQ": root, "rfM1BxdkxVaTY2bWs": root}
  for split, publisher in (
      ("train", "cnn"),
      ("val", "dailymail"),
      ("test", "cnn"),
  ):
    url = f"http://example.org/{split}"
    name = hashlib.sha1(url.encode("utf-8")).hexdigest()
    write_lines(root / publisher / "stories" / f"{name}.story", story)
    files[f"all_{split}.txt"] = write_lines(root / f"all_{split}.txt", [url])
  return files


def _parallel(root: pathlib.Path, name: str, lines: Mapping[str, str]) -> None:
  for suffix, text in lines.items():
    path = root / f"{name}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _wmt_t2t(root: pathlib.Path) -> Files:
  english, german = "That is good.", "Das ist gut."
  for name in (
      "training/europarl-v7.de-en",
      "commoncrawl.de-en",
      "training-parallel-nc-v13/news-commentary-v13.de-en",
      "dev/newstest2013",
  ):
    _parallel(root, name, {".de": german, ".en": english})
  for suffix, text in (("src.de", german), ("ref.en", english)):
    _parallel(
        root,
        f"dev/newstest2014-deen-{suffix}",
        {".sgm": f'<seg id="1">{text}</seg>\n'},
    )
  return {"": root}


def _wmt16_ro(root: pathlib.Path) -> Files:
  english, romanian = "Thank you.", "Mulțumesc."
  _parallel(
      root,
      "training-parallel-ep-v8/europarl-v8.ro-en",
      {".ro": romanian, ".en": english},
  )
  for year in ("newsdev2016", "newstest2016"):
    for suffix, text in (("src.ro", romanian), ("ref.en", english)):
      _parallel(
          root,
          f"dev/{year}-roen-{suffix}",
          {".sgm": f'<seg id="1">{text}</seg>\n'},
      )
  tmx = write_lines(
      root / "en-ro.tmx",
      [
          "<tmx><body><tu>",
          f'<tuv xml:lang="en"><seg>{english}</seg></tuv>',
          f'<tuv xml:lang="ro"><seg>{romanian}</seg></tuv>',
          "</tu></body></tmx>",
      ],
  )
  return {"SETIMES": tmx, "statmt.org": root}


_WRITERS: dict[str, Callable[[pathlib.Path], Files]] = {
    **raw_glue.WRITERS,
    "definite_pronoun_resolution": _dpr,
    "squad/v1.1": _squad,
    "trivia_qa/rc": _trivia_qa,
    "cnn_dailymail": _cnn_dailymail,
    "wmt_t2t_translate/de-en": _wmt_t2t,
    "wmt16_translate/ro-en": _wmt16_ro,
}
DATASETS = tuple(_WRITERS)
