"""The folder of a corpus: begins or continues it, and completes it.

A corpus is complete once it has `stats.json`, which is written last.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import files
from t5_mtf.data.corpus import building, reading, tfds_layout
from t5_mtf.data.corpus.building import CorpusPlan
from t5_mtf.data.corpus.settings import CorpusSettings
from t5_mtf.data.corpus.tally import Tally
from t5_mtf.tf_compat import tf

STATS = "stats.json"
_BUILDING = "BUILDING"
_PLAN = "plan.json"
_BYTES_A_SHARD = 64 << 20  # of input
_MOST_SHARDS = 256
CLEAN, WRITE = "clean", "write"


class CorpusBuild:
  """The building of one corpus.

  Attributes:
    folder: of the corpus.
    plan: what its parts are made by.
    is_complete: whether the folder holds this very corpus already.
    input_bytes: sizes of the input files.
  """

  def __init__(
      self,
      inputs: str | Sequence[str],
      folder: str,
      settings: CorpusSettings,
      num_shards: int | None = None,
      overwrite: bool = False,
  ):
    """Plans the corpus; nothing is written before `begin`.

    Args:
      inputs: patterns of the input files.
      folder: where the corpus goes.
      settings: every choice that changes its pages.
      num_shards: of the corpus; by default one for 64 MB of input, and 256 at
        most.
      overwrite: whether to remove what is in the folder.

    Raises:
      UserError: a file is missing or of unknown format, or the folder holds
        another corpus.
    """
    paths = files.expand(inputs)
    for path in paths:
      reading.format_of(path, settings.input_format)
    self.input_bytes = [tf.io.gfile.stat(path).length for path in paths]
    self.folder = folder
    self.plan = CorpusPlan(
        os.path.join(folder, _BUILDING),
        tuple(paths),
        num_shards or self._default_shards(),
        settings,
    )
    self._overwrite = overwrite
    self.is_complete = False
    if not overwrite:
      self._check_folder()

  def begin(self) -> None:
    """Begins the folder, or continues an interrupted build."""
    if self._overwrite and tf.io.gfile.exists(self.folder):
      self._remove_files()
    tf.io.gfile.makedirs(self.plan.folder)
    files.write_json(os.path.join(self.plan.folder, _PLAN), self._wanted())

  def count(self, stage: str) -> int:
    """Parts of a stage, finished or not."""
    return len(self.plan.inputs) if stage == CLEAN else self.plan.num_shards

  def pending(self, stage: str) -> list[int]:
    """The parts of a stage that are not finished."""
    return [
        index
        for index in range(self.count(stage))
        if not tf.io.gfile.exists(self.plan.note_path(stage, index))
    ]

  @property
  def has_duplicates(self) -> bool:
    """Whether the windows that go are known, or none are looked for."""
    return self.plan.settings.dedup == "none" or tf.io.gfile.exists(
        self.plan.note_path("deduplicate", 0)
    )

  def mark_duplicates(self) -> None:
    """Says that the windows that go are all known."""
    files.write_json(self.plan.note_path("deduplicate", 0), {})

  def tally(self, stages: Sequence[str] = (CLEAN, WRITE)) -> Tally:
    """What the finished parts have counted."""
    total = Tally()
    for stage in stages:
      for note in self._notes(stage):
        total.merge(note)
    return total

  def finish(self) -> dict[str, Any]:
    """Gives the files their names, and writes the statistics.

    Returns:
      The statistics.

    Raises:
      DataError: no page is left.
    """
    tally = self.tally()
    pages = tally.starting(building.PAGES_WRITTEN)
    if not pages:
      raise errors.DataError(_nothing_left(tally))
    notes = list(self._notes(WRITE))
    names = {}
    if pages.get("train"):
      names["train"] = self._move_train(notes)
    if pages.get("validation"):
      names["validation"] = self._join_validation(notes)
    stats = {
        "pages": pages,
        "characters": tally.starting(building.CHARACTERS_WRITTEN),
        "files": names,
        **tally.to_json(),
        **self._wanted(),
    }
    if self.plan.settings.output_format == "tfrecord":
      tfds_layout.write_metadata(self.folder, self._pages_of_files(notes))
    files.write_json(os.path.join(self.folder, STATS), stats)
    tf.io.gfile.rmtree(self.plan.folder)
    return stats

  def read_stats(self) -> dict[str, Any]:
    """The statistics of the complete corpus."""
    return _read_json(os.path.join(self.folder, STATS)) or {}

  def _default_shards(self) -> int:
    shards = math.ceil(sum(self.input_bytes) / _BYTES_A_SHARD)
    return min(max(1, shards), _MOST_SHARDS)

  def _wanted(self) -> dict[str, Any]:
    """What the corpus is made of and by, as JSON holds it."""
    sizes = zip(self.plan.inputs, self.input_bytes, strict=True)
    settings = dataclasses.asdict(self.plan.settings)
    return {
        "settings": {**settings, "badwords": list(settings["badwords"])},
        "num_shards": self.plan.num_shards,
        "inputs": {os.path.abspath(p) if not files.is_remote(p) else p: n
                   for p, n in sizes},
    }

  def _check_folder(self) -> None:
    """Finds out what is in the folder; a different corpus is an error."""
    if not tf.io.gfile.exists(self.folder):
      return
    found = self.read_stats()
    self.is_complete = bool(found)
    found = found or _read_json(os.path.join(self.plan.folder, _PLAN))
    if not found:
      if tf.io.gfile.listdir(self.folder) not in ([], [_BUILDING]):
        raise errors.UserError(
            f"{self.folder} holds files that are of no corpus. Give another"
            " --output."
        )
      return
    differences = _differences(found, self._wanted())
    if differences:
      raise errors.UserError(
          f"{self.folder} holds a corpus that was made otherwise:"
          f" {'; '.join(differences)}. Give the same flags and files to go on"
          " with it, another --output, or --overwrite to remove it."
      )

  def _remove_files(self) -> None:
    """Removes a corpus, and nothing else; `stats.json` first."""
    stats = self.read_stats()
    plan = _read_json(os.path.join(self.plan.folder, _PLAN))
    names = tf.io.gfile.listdir(self.folder)
    if not stats and not plan and names not in ([], [_BUILDING]):
      raise errors.UserError(
          f"{self.folder} holds files that are of no corpus, so --overwrite"
          " does not remove them. Give another --output."
      )
    own = [n for ns in stats.get("files", {}).values() for n in ns]
    for name in (STATS, *own, *tfds_layout.METADATA):
      path = os.path.join(self.folder, name)
      if tf.io.gfile.exists(path):
        tf.io.gfile.remove(path)
    if tf.io.gfile.exists(self.plan.folder):
      tf.io.gfile.rmtree(self.plan.folder)

  def _notes(self, stage: str) -> Iterator[dict[str, Any]]:
    for index in range(self.count(stage)):
      note = _read_json(self.plan.note_path(stage, index))
      if note is None:
        raise errors.DataError(
            f"part {index} of {stage!r} in {self.plan.folder} is not finished."
            " Run the same command again."
        )
      yield note

  def _file_names(self, split: str, count: int) -> list[str]:
    if self.plan.settings.output_format == "tfrecord":
      return [tfds_layout.file_name(split, i, count) for i in range(count)]
    return [f"{split}.{i:05d}-of-{count:05d}.jsonl.gz" for i in range(count)]

  def _move_train(self, notes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Renames the shards that hold a page; readers refuse empty files."""
    sources = [n["files"]["train"] for n in notes if _pages(n, "train")]
    names = self._file_names("train", len(sources))
    for source, name in zip(sources, names, strict=True):
      if tf.io.gfile.exists(source):  # else an interrupted run has moved it
        target = os.path.join(self.folder, name)
        tf.io.gfile.rename(source, target, overwrite=True)
    return names

  def _join_validation(self, notes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Puts the few validation pages of all shards into one file."""
    names = self._file_names("validation", 1)
    temporary = os.path.join(self.plan.folder, names[0])
    with tf.io.gfile.GFile(temporary, "wb") as out:
      for note in notes:
        if _pages(note, "validation"):
          with tf.io.gfile.GFile(note["files"]["validation"], "rb") as f:
            shutil.copyfileobj(f, out)
    target = os.path.join(self.folder, names[0])
    tf.io.gfile.rename(temporary, target, overwrite=True)
    return names

  def _pages_of_files(
      self, notes: Sequence[Mapping[str, Any]]
  ) -> dict[str, list[int]]:
    """Split -> pages of each of its files."""
    train = [_pages(n, "train") for n in notes if _pages(n, "train")]
    validation = sum(_pages(n, "validation") for n in notes)
    return {
        split: pages
        for split, pages in (("train", train), ("validation", [validation]))
        if sum(pages)
    }


def _pages(note: Mapping[str, Any], split: str) -> int:
  return note["counts"].get(building.PAGES_WRITTEN + split, 0)


def _read_json(path: str) -> dict[str, Any] | None:
  """The object in a JSON file; None if there is no such file."""
  if not tf.io.gfile.exists(path):
    return None
  try:
    with tf.io.gfile.GFile(path, "r") as f:
      return json.load(f)
  except ValueError as error:
    raise errors.DataError(
        f"{path} is damaged ({error}). Remove its folder, and run the command"
        " again."
    ) from error


def _differences(
    found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> list[str]:
  """What two plans do not have in common, for people."""
  differences = [
      f"{name} was {found['settings'].get(name)!r}, now is {value!r}"
      if name != "badwords"
      else "the list of bad words was another one"
      for name, value in wanted["settings"].items()
      if found["settings"].get(name) != value
  ]
  old, new = found["inputs"], wanted["inputs"]
  for paths, what in (
      ([p for p in new if p not in old], "new"),
      ([p for p in old if p not in new], "no longer among them"),
      ([p for p in new if p in old and old[p] != new[p]], "of another size"),
  ):
    if paths:
      differences.append(
          f"of the input files, {len(paths)} are {what}, {paths[0]} for one"
      )
  if not differences and found["num_shards"] != wanted["num_shards"]:
    differences.append(
        f"num_shards was {found['num_shards']}, now is"
        f" {wanted['num_shards']}"
    )
  return differences


def _nothing_left(tally: Tally) -> str:
  reasons = [
      f"{name} ({count:,})"
      for name, count in tally.counts.most_common()
      if "dropped: " in name or "skipped: " in name or "broken: " in name
  ]
  return (
      "no page is left. What went: "
      + (", ".join(reasons[:6]) or "nothing; the files are empty")
      + ". Give other files, or looser --rules, --min_sentences or"
      " --min_words_per_line."
  )
