"""Tests of t5_mtf.data.corpus: whole corpora, made on Beam."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import pytest

from t5_mtf import data, errors
from t5_mtf.data.corpus import building, pipeline
from t5_mtf.data.corpus import sentences as sentence_models
from t5_mtf.data.corpus.corpus_build import CLEAN, CorpusBuild
from t5_mtf.data.corpus.settings import CorpusSettings
from tests.data.corpus.raw_text import pages_of, sentences, wet_record

pytest.importorskip("apache_beam")

_NOTICE = "This very line is on every page of the site."


@pytest.fixture
def crawl(write_file, tmp_path):
  """Three WET files with copies of URLs and lines across them."""
  for number in range(3):
    records = wet_record(None, "software: x", kind="warcinfo")
    for i in range(8):
      lines = [sentences(f"page {number}-{i}"), _NOTICE, "Menu"]
      records += wet_record(f"http://a.org/{number}/{i}", "\n".join(lines))
    date = f"2019-04-{18 + number}T00:00:00Z"
    copy = sentences(f"the same URL, crawl {number}")
    records += wet_record("https://www.a.org/same/?utm_x=1", copy, date)
    records += wet_record(f"http://b.org/{number}", "Too short.")
    write_file(f"crawl/{number}.warc.wet.gz", records)
  return str(tmp_path / "crawl" / "*.gz")


def _contents(folder: pathlib.Path) -> dict[str, bytes]:
  return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_corpus_is_that_of_tensorflow_datasets_own_pipeline(
    crawl, make_corpus, tmp_path, monkeypatch
):
  import apache_beam as beam
  from tensorflow_datasets.text import c4_utils

  monkeypatch.setattr(
      c4_utils, "_SENTENCE_TOKENIZER", sentence_models.tokenizer("rules")
  )
  stats = make_corpus(crawl)
  ours = pages_of(tmp_path / "corpus", "*")
  paths = sorted(map(str, tmp_path.glob("crawl/*")))
  with beam.Pipeline() as p:  # as tensorflow_datasets.text.c4 composes it
    pages = (
        p
        | beam.Create(paths)
        | beam.FlatMap(c4_utils.split_wet_file)
        | beam.Map(lambda page: (page.normalized_url, page))
        | beam.CombinePerKey(c4_utils.select_newest_page)
        | beam.Values()
        | beam.FlatMap(c4_utils.get_clean_page_fn())
    )
    _ = (
        c4_utils.remove_duplicate_text(pages)
        | beam.Map(dataclasses.asdict)
        | beam.Map(json.dumps)
        | beam.io.WriteToText(str(tmp_path / "theirs"))
    )
  theirs = {}
  for path in tmp_path.glob("theirs*"):
    for page in map(json.loads, path.read_text("utf-8").splitlines()):
      theirs[page["url"]] = {
          name: page[name.replace("-", "_")]
          for name in (
              "text", "url", "timestamp", "content-type", "content-length"
          )
      }  # fmt: skip
  assert {page["url"]: page for page in ours} == theirs
  assert len(ours) == len(theirs) == 25
  assert sum(_NOTICE in page["text"] for page in ours) == 1
  assert stats["counts"]["line dropped: duplicate"] == 23


def test_every_page_is_accounted_for(crawl, make_corpus):
  counts = make_corpus(crawl)["counts"]
  gone = {n: c for n, c in counts.items() if n.startswith("page dropped: ")}
  assert gone == {
      "page dropped: older page of the same URL": 2,
      "page dropped: too few sentences": 3,
  }
  written = sum(c for n, c in counts.items() if n.startswith("pages written"))
  assert counts["pages read"] == written + sum(gone.values())


def test_corpus_does_not_depend_on_the_run_or_the_engine_options(
    crawl, make_corpus, tmp_path
):
  make_corpus(crawl, "one")
  build = CorpusBuild(crawl, str(tmp_path / "two"), CorpusSettings(), 2)
  pipeline.run(
      build,
      ["--direct_running_mode=multi_threading", "--direct_num_workers=2"],
      say=lambda line: None,
  )
  assert _contents(tmp_path / "one") == _contents(tmp_path / "two")


def test_interrupted_corpus_goes_on_where_it_was(
    crawl, make_corpus, tmp_path, monkeypatch
):
  make_corpus(crawl, "whole")
  folder = str(tmp_path / "resumed")
  build = CorpusBuild(crawl, folder, CorpusSettings(), 2)
  build.begin()
  building.clean_file(build.plan, 1)
  with monkeypatch.context() as m:  # break off in the middle of a file
    m.setattr(building, "_piece_line", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
      building.clean_file(build.plan, 2)
  note = pathlib.Path(build.plan.note_path(CLEAN, 1))
  finished_at = note.stat().st_mtime_ns
  removed = []
  with monkeypatch.context() as m:
    m.setattr(CorpusBuild, "finish", lambda self: removed.append(
        note.stat().st_mtime_ns))  # fmt: skip
    lines = []
    pipeline.run(CorpusBuild(crawl, folder, CorpusSettings(), 2), (),
                 lines.append)  # fmt: skip
  assert removed == [finished_at]
  assert "clean: 1 of 3 parts are finished already" in lines
  assert not (tmp_path / "resumed" / "stats.json").exists()
  CorpusBuild(crawl, folder, CorpusSettings(), 2).finish()
  assert _contents(tmp_path / "whole") == _contents(tmp_path / "resumed")


def test_other_settings_or_files_are_refused(crawl, make_corpus, tmp_path):
  make_corpus(crawl)
  folder = str(tmp_path / "corpus")
  assert CorpusBuild(crawl, folder, CorpusSettings(), 2).is_complete
  with pytest.raises(errors.UserError, match="min_sentences was 3, now is 5"):
    CorpusBuild(crawl, folder, CorpusSettings(min_sentences=5), 2)
  with pytest.raises(errors.UserError, match="num_shards was 2, now is 4"):
    CorpusBuild(crawl, folder, CorpusSettings(), 4)
  inputs = str(tmp_path / "crawl" / "[01].*")
  with pytest.raises(errors.UserError, match="1 are no longer among them"):
    CorpusBuild(inputs, folder, CorpusSettings(), 2)
  build = CorpusBuild(inputs, folder, CorpusSettings(), 1, overwrite=True)
  pipeline.run(build, say=lambda line: None)
  assert len(list((tmp_path / "corpus").glob("train.*"))) == 1


def test_folder_with_other_files_is_left_alone(crawl, write_file, tmp_path):
  write_file("mine/thesis.txt", "Text.")
  for overwrite in (False, True):
    with pytest.raises(errors.UserError, match="of no corpus"):
      CorpusBuild(
          crawl, str(tmp_path / "mine"), CorpusSettings(), 2, overwrite
      ).begin()
  assert (tmp_path / "mine" / "thesis.txt").exists()


def test_three_sentence_spans_occur_once(write_file, make_corpus, tmp_path):
  shared = "One is here. Two is here. Three is here, too."
  for name in "ab":
    write_file(f"{name}.txt", f"{sentences(name)}\n{shared} Then comes {name}.")
  make_corpus(str(tmp_path / "*.txt"), dedup="three_sentences")
  texts = [page["text"] for page in pages_of(tmp_path / "corpus", "train")]
  assert sum(shared in text for text in texts) == 1
  assert sum("Two is here" in text for text in texts) == 1
  assert all("Then comes" in text for text in texts)


def test_without_deduplication_copies_stay(write_file, make_corpus, tmp_path):
  for name in "ab":
    write_file(f"{name}.txt", sentences("the same"))
  make_corpus(str(tmp_path / "*.txt"), dedup="none")
  first, second = pages_of(tmp_path / "corpus", "train")
  assert first["text"] == second["text"] == sentences("the same")


def test_nothing_left_is_an_error_that_says_why(write_file, make_corpus):
  path = write_file("a.txt", "Too short.")
  with pytest.raises(errors.DataError, match="too few sentences"):
    make_corpus(path)


def test_tfrecords_are_read_by_the_builder_and_the_tasks_of_c4(
    crawl, make_corpus, tmp_path
):
  import tensorflow_datasets as tfds

  stats = make_corpus(
      crawl, "data/c4/en/2.2.0", output_format="tfrecord", validation_every=5
  )
  builder = tfds.builder("c4/en:2.2.0", data_dir=str(tmp_path / "data"))
  for split, count in stats["pages"].items():
    assert count > 0
    assert builder.info.splits[split].num_examples == count
    pages = list(tfds.as_numpy(builder.as_dataset(split=split)))
    assert len(pages) == count
    assert set(pages[0]) == {
        "text", "url", "timestamp", "content-type", "content-length"
    }  # fmt: skip
    assert b"is kept." in pages[0]["text"]
  data.set_tfds_data_dir_override(str(tmp_path / "data"))
  try:
    source = data.TaskRegistry.get("c4_v220_span_corruption").source
    pages = list(source.get_dataset("train", shuffle=False))
    assert len(pages) == stats["pages"]["train"]
  finally:
    data.set_tfds_data_dir_override(None)
