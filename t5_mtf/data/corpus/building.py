"""Makes a corpus in parts that survive an interruption.

1. Each input file is read and cleaned; its pages go to one piece for each
   shard of the corpus, chosen by a hash of their URLs.
2. Windows of text that occur twice are found over all shards (`pipeline`).
3. Each shard is written: its newest page for every URL, without the windows
   that go, if the language and the words are right.

The parts are made in any order by any number of processes or machines, and the
corpus is the same. Until the end they are in the subfolder `BUILDING`. A part
counts as finished once its note is there, which is written last and names the
part's files; so nothing that is half written is ever read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import json
import os
import struct
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from t5_mtf.data import files
from t5_mtf.data.corpus import deduplication, reading, sentences
from t5_mtf.data.corpus.cleaning import TOO_FEW_SENTENCES, PageRules
from t5_mtf.data.corpus.reading import Page
from t5_mtf.data.corpus.settings import CorpusSettings
from t5_mtf.data.corpus.tally import LINE_DROPPED, PAGE_DROPPED, Tally
from t5_mtf.tf_compat import tf

SPLITS = ("train", "validation")
PAGES_WRITTEN = "pages written: "
CHARACTERS_WRITTEN = "characters written: "
_SECONDS_BETWEEN_NOTES = 2.0
# A window that goes: the key of its page, and the position of its first unit.
_PLACE = struct.Struct(">16sI")

Place = tuple[bytes, int]


@dataclasses.dataclass(frozen=True)
class CorpusPlan:
  """What every part of the work has to know; small, for it goes to workers.

  Attributes:
    folder: where the parts are.
    inputs: the input files.
    num_shards: of the corpus.
    settings: of the corpus.
  """

  folder: str
  inputs: tuple[str, ...]
  num_shards: int
  settings: CorpusSettings

  def note_path(self, stage: str, index: int) -> str:
    """The note of a finished part."""
    return os.path.join(self.folder, f"{stage}-{index:05d}.json")

  def progress_path(self, stage: str, index: int) -> str:
    """The counts of a part that is being made."""
    return os.path.join(self.folder, f"{stage}-{index:05d}.progress")

  def duplicates_path(self, shard: int) -> str:
    """The windows of a shard that go."""
    return os.path.join(self.folder, f"duplicates-{shard:05d}.gz")


def clean_file(plan: CorpusPlan, index: int) -> Tally:
  """Reads and cleans an input file, and writes its pieces and its note.

  Args:
    plan: of the corpus.
    index: of the input file.

  Returns:
    What was read, kept and dropped.
  """
  rules = PageRules(plan.settings)
  pieces = [_new_file(plan, f"piece-{s:05d}") for s in range(plan.num_shards)]
  tally = _NotedTally(plan, "clean", index)
  with contextlib.ExitStack() as stack:
    writers = [stack.enter_context(_writing_gzip(path)) for path in pieces]
    for page in reading.read_pages(
        plan.inputs[index],
        tally,
        plan.settings.input_format,
        plan.settings.text_separator,
    ):
      page = rules.located(page)
      if rules.is_valid_length(page, tally):
        shard = _shard_of(page, plan.num_shards)
        writers[shard].write(_piece_line(page, rules.clean(page, tally)))
      tally.note_progress()
  tally.finish({"pieces": pieces})
  return tally


def shard_windows(
    plan: CorpusPlan, shard: int
) -> Iterator[tuple[bytes, Place]]:
  """Yields the hash and the place of every window of text in a shard."""
  tokenizer = sentences.tokenizer(plan.settings.sentence_model)
  for page in _pages_of_shard(plan, shard, Tally()):
    key = deduplication.page_key(page.url)
    units = deduplication.units_of(page.text, plan.settings.dedup, tokenizer)
    for position, digest in enumerate(units.hashes()):
      yield digest, (key, position)


def write_duplicates(
    plan: CorpusPlan, shard: int, places: Iterable[Place]
) -> None:
  """Writes the windows of a shard that go, all or none of them."""
  path = plan.duplicates_path(shard)
  temporary = _new_file(plan, "duplicates")
  with _writing_gzip(temporary) as f:
    for place in sorted(places):
      f.write(_PLACE.pack(*place))
  tf.io.gfile.rename(temporary, path, overwrite=True)


def write_shard(plan: CorpusPlan, shard: int) -> Tally:
  """Writes the pages of a shard that are left, and its note.

  Args:
    plan: of the corpus.
    shard: its number.

  Returns:
    What was kept and dropped.
  """
  rules = PageRules(plan.settings)
  tally = _NotedTally(plan, "write", shard)
  duplicates = _read_duplicates(plan, shard)
  paths = {split: _new_file(plan, split) for split in SPLITS}
  with contextlib.ExitStack() as stack:
    writers = {
        split: stack.enter_context(
            _writing_pages(path, plan.settings.output_format)
        )
        for split, path in paths.items()
    }
    for page in _pages_of_shard(plan, shard, tally):
      page = _deduplicated(page, plan, duplicates, rules, tally)
      tally.note_progress()
      if page and rules.admit(page, tally):
        split = SPLITS[rules.is_validation(page)]
        writers[split](page)
        tally.add(PAGES_WRITTEN + split)
        tally.add(CHARACTERS_WRITTEN + split, len(page.text))
  tally.finish({"files": paths})
  return tally


def _deduplicated(
    page: Page,
    plan: CorpusPlan,
    duplicates: Mapping[bytes, Sequence[int]],
    rules: PageRules,
    tally: Tally,
) -> Page | None:
  """The page without the windows that go; None if too little is left."""
  windows = duplicates.get(deduplication.page_key(page.url), ())
  text = page.text
  if windows:
    settings = plan.settings
    units = deduplication.units_of(
        text, settings.dedup, sentences.tokenizer(settings.sentence_model)
    )
    text, gone = units.without(set(windows))
    what = "duplicate" if settings.dedup == "lines" else "duplicate sentence"
    tally.add(LINE_DROPPED + what, gone)
    if not text:
      tally.add(PAGE_DROPPED + "all of it duplicate")
      return None
    if not rules.has_enough_sentences(text):
      tally.add(TOO_FEW_SENTENCES + " after de-duplication")
      return None
  return dataclasses.replace(page, text=text)


def _pages_of_shard(
    plan: CorpusPlan, shard: int, tally: Tally
) -> list[Page]:
  """The cleaned pages of a shard in an order that looks random.

  Of pages with one URL the newest counts, as in TensorFlow Datasets, even if
  it is not clean: then there is none.
  """
  newest: dict[str, tuple[str, Page | None]] = {}
  for index in range(len(plan.inputs)):
    with tf.io.gfile.GFile(plan.note_path("clean", index), "r") as f:
      path = json.load(f)["pieces"][shard]
    for line in _gzip_lines(path):
      url, timestamp, fields = json.loads(line)
      page = Page(**fields, normalized_url=url) if fields else None
      if url not in newest:
        newest[url] = timestamp, page
        continue
      older = page
      if timestamp > newest[url][0]:
        older = newest[url][1]
        newest[url] = timestamp, page
      if older:
        tally.add(PAGE_DROPPED + "older page of the same URL")
  found = [
      newest[url][1] for url in sorted(newest, key=_order) if newest[url][1]
  ]
  return found


def _piece_line(page: Page, cleaned: Page | None) -> bytes:
  """A page in a piece; of one that is not clean, what older ones yield to."""
  fields = dataclasses.asdict(cleaned) if cleaned else {}
  for name in ("normalized_url", "language"):
    fields.pop(name, None)
  row = [page.normalized_url, page.timestamp, fields]
  return json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n"


def _order(url: str) -> bytes:
  return hashlib.blake2b(url.encode("utf-8"), digest_size=16).digest()


def _shard_of(page: Page, num_shards: int) -> int:
  # Not of the MD5, whose remainder chooses the validation pages.
  return int.from_bytes(_order(page.normalized_url)[8:], "big") % num_shards


def _read_duplicates(plan: CorpusPlan, shard: int) -> dict[bytes, list[int]]:
  found: dict[bytes, list[int]] = {}
  path = plan.duplicates_path(shard)
  if tf.io.gfile.exists(path):  # none is written for a shard without any
    with tf.io.gfile.GFile(path, "rb") as f:
      for key, position in _PLACE.iter_unpack(gzip.decompress(f.read())):
        found.setdefault(key, []).append(position)
  return found


def example_of(page: Page) -> dict[str, str]:
  """The features of a page, named as TensorFlow Datasets' C4 names them."""
  return {
      "text": page.text,
      "url": page.url,
      "timestamp": page.timestamp,
      "content-type": page.content_type,
      "content-length": page.content_length,
  }


@contextlib.contextmanager
def _writing_pages(path: str, output_format: str) -> Iterator[Any]:
  """Yields a function that writes a page to the file."""
  if output_format == "jsonl":
    with _writing_gzip(path) as f:
      yield lambda page: f.write(
          json.dumps(example_of(page), ensure_ascii=False).encode("utf-8")
          + b"\n"
      )
    return
  with tf.io.TFRecordWriter(path) as writer:
    yield lambda page: writer.write(_serialized(example_of(page)))


def _serialized(example: Mapping[str, str]) -> bytes:
  features = {
      name: tf.train.Feature(
          bytes_list=tf.train.BytesList(value=[text.encode("utf-8")])
      )
      for name, text in example.items()
  }
  return tf.train.Example(
      features=tf.train.Features(feature=features)
  ).SerializeToString(deterministic=True)


@contextlib.contextmanager
def _writing_gzip(path: str) -> Iterator[BinaryIO]:
  """Opens a file whose bytes depend on nothing but what is written."""
  with (
      tf.io.gfile.GFile(path, "wb") as raw,
      gzip.GzipFile("", "wb", 6, raw, mtime=0) as f,
  ):
    yield f


def _gzip_lines(path: str) -> Iterator[bytes]:
  with tf.io.gfile.GFile(path, "rb") as raw, gzip.GzipFile(fileobj=raw) as f:
    yield from f


def _new_file(plan: CorpusPlan, name: str) -> str:
  """A name that no other attempt at the same part uses."""
  return os.path.join(plan.folder, f"{name}-{uuid.uuid4().hex}")


class _NotedTally(Tally):
  """A tally that says in the folder how far its part is."""

  def __init__(self, plan: CorpusPlan, stage: str, index: int):
    super().__init__()
    self._note_path = plan.note_path(stage, index)
    self._progress_path = plan.progress_path(stage, index)
    self._said = time.monotonic()

  def note_progress(self) -> None:
    """Writes the counts, if the last time is some seconds ago."""
    if time.monotonic() - self._said > _SECONDS_BETWEEN_NOTES:
      files.write_json(self._progress_path, self.to_json())
      self._said = time.monotonic()

  def finish(self, parts: Mapping[str, Any]) -> None:
    """Marks the part as finished; it consists of the given files."""
    files.write_json(self._note_path, {**self.to_json(), **parts})
    if tf.io.gfile.exists(self._progress_path):
      tf.io.gfile.remove(self._progress_path)
