"""`t5_mtf corpus`: a C4-style corpus from local text, to pre-train on."""

from __future__ import annotations

import argparse
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import console, terminal
from t5_mtf.data.corpus import settings as corpus_settings
from t5_mtf.data.corpus.settings import CorpusSettings

_DESCRIPTION = """\
Turns WET, WARC, JSON-lines or text files into a corpus that is cleaned and
de-duplicated as C4 is (Raffel et al. 2020, section 2.2), on Apache Beam:

  t5_mtf corpus --input 'crawl/*.warc.wet.gz' --output my_corpus
  t5_mtf corpus --input 'gs://bucket/crawl/*' --output gs://bucket/corpus \\
    -- --runner=DataflowRunner --project=... --region=... --temp_location=...

Without options of Beam after ` -- ` its direct runner works on this machine.
After an interruption, run the same command again: finished parts are kept.
"""
# Settings that have a flag of the same name and type.
_COPIED = (
    "rules", "dedup", "min_words_per_line", "min_sentences", "max_word_length",
    "max_page_characters", "min_probability", "input_format", "text_separator",
    "output_format", "validation_every",
)  # fmt: skip
_ANY = "any"
_GROUPS = (
    ("pages read", "pages read"),
    ("page dropped: ", "pages dropped"),
    ("pages written: ", "pages written"),
    ("line dropped: ", "lines dropped"),
    ("record skipped: ", "records skipped"),
    ("file broken: ", "files broken"),
)


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Adds the command's parser."""
  parser = commands.add_parser(
      "corpus",
      help="make a C4-style corpus from raw text",
      description=_DESCRIPTION,
  )
  default = CorpusSettings()
  add = parser.add_argument
  add("--input", nargs="+", required=True, metavar="FILES",
      help="files or patterns: .warc.wet, .wet, .warc, .jsonl, .json or .txt,"
      " also with .gz")
  add("--output", required=True, metavar="DIR", help="the corpus's folder")
  add("--input_format", metavar="NAME", help="warc, jsonl (keys text, and if"
      " known url and timestamp) or text (default: by the ending of the name)")
  add("--text_separator", metavar="WHAT", default=default.text_separator,
      help="what ends a page of a text file: file (the default: a file is a"
      " page), blank_line, or line")
  add("--output_format", metavar="NAME", default=default.output_format,
      help="jsonl (the default), or tfrecord in the layout of TensorFlow"
      " Datasets' C4")
  add("--num_shards", type=int, metavar="N",
      help="files of the corpus (default: one for 64 MB of input)")
  add("--overwrite", action="store_true",
      help="remove the corpus that is in the folder, and make it anew")
  add("--dry_run", action="store_true", help="say what would be done")
  group = parser.add_argument_group("what is kept")
  add = group.add_argument
  add("--rules", metavar="NAME", default=default.rules,
      help=f"{', '.join(corpus_settings.RULES)} (default %(default)s)")
  add("--min_words_per_line", type=int, metavar="N",
      default=default.min_words_per_line, help="default %(default)s")
  add("--min_sentences", type=int, metavar="N", default=default.min_sentences,
      help="of a page; default %(default)s")
  add("--max_word_length", type=int, metavar="N",
      default=default.max_word_length, help="in a line; default %(default)s")
  add("--max_page_characters", type=int, metavar="N",
      default=default.max_page_characters, help="default %(default)s")
  add("--dedup", metavar="WHAT", default=default.dedup,
      help="lines (the default, as in the published C4), three_sentences (as"
      " the paper says), or none")
  add("--language", metavar="CODE", help="keep this language alone, as the"
      " package langdetect sees it; any: do not check (default: en, if"
      " langdetect is installed)")
  add("--min_probability", type=float, metavar="P",
      default=default.min_probability,
      help="of the language; default %(default)s")
  add("--badwords", metavar="FILE", help="drop pages with one of these words,"
      " one a line; no list comes with t5_mtf")
  add("--validation_every", type=int, metavar="N",
      default=default.validation_every, help="one page of N, by a hash of its"
      " URL, is for validation; 0: none; default %(default)s, as in C4")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Makes the corpus."""
  console.quiet_tensorflow()
  from t5_mtf.data.corpus import corpus_build

  settings = _settings(flags)
  if flags.num_shards is not None and flags.num_shards < 1:
    raise errors.UserError(
        f"--num_shards is {flags.num_shards}, but must be 1 or more."
    )
  build = corpus_build.CorpusBuild(
      flags.input, flags.output, settings, flags.num_shards, flags.overwrite
  )
  if build.is_complete:
    print(f"{flags.output} is complete already; --overwrite makes it anew.")
    _say_next(flags.output, build.read_stats())
    return 0
  size = sum(build.input_bytes) / 1e6
  print(
      f"{len(build.plan.inputs)} input files ({size:,.1f} MB),"
      f" {build.plan.num_shards} shards"
  )
  _say_limits(settings)
  if flags.dry_run:
    print(f"would write {flags.output}")
    return 0
  from t5_mtf.data.corpus import pipeline

  stats = pipeline.run(build, flags.after_dashes, _say)
  print(table_of(stats["counts"]))
  for name, place in stats["first"].items():
    print(f"{name}; the first: {place}")
  for split, names in stats["files"].items():
    print(
        f"{split}: {stats['pages'][split]:,} pages,"
        f" {stats['characters'][split]:,} characters, {len(names)} files"
    )
  if settings.validation_every and "validation" not in stats["files"]:
    print(
        "validation: no page. A corpus so small needs a smaller"
        f" --validation_every than {settings.validation_every}."
    )
  _say_next(flags.output, stats)
  return 0


def table_of(counts: dict[str, int]) -> str:
  """A table of the counts, the most frequent of each kind first.

  >>> print(table_of({"pages read": 2, "page dropped: lorem ipsum": 1}))
  what           why          number
  -------------  -----------  ------
  pages read                       2
  pages dropped  lorem ipsum       1
  """
  rows = [["what", "why", "number"]]
  for prefix, what in _GROUPS:
    named = [name for name in counts if name.startswith(prefix)]
    for name in sorted(named, key=lambda name: -counts[name]):
      rows.append([what, name.removeprefix(prefix), f"{counts[name]:,}"])
      what = ""
  return terminal.table(rows, [2], 60)


def _settings(flags: argparse.Namespace) -> CorpusSettings:
  from t5_mtf.data.corpus import cleaning, sentences

  language = flags.language
  if language is None:
    language = "en" if cleaning.can_detect_language() else _ANY
  elif language != _ANY and not cleaning.can_detect_language():
    raise errors.UserError(
        "--language needs the package langdetect, which is not installed. Run"
        ' `pip install "t5_mtf[langdetect]"`, or leave the flag out: then the'
        " language is not checked."
    )
  return CorpusSettings(
      **{name: getattr(flags, name) for name in _COPIED},
      language="" if language == _ANY else language,
      badwords=cleaning.read_badwords(flags.badwords) if flags.badwords else (),
      sentence_model=sentences.installed_model(),
  )


def _say_limits(settings: CorpusSettings) -> None:
  """Says in what the corpus differs from C4 for want of something."""
  if not settings.language:
    print("language: NOT checked (C4 keeps what langdetect calls English)")
  if not settings.badwords:
    print("bad words: NOT checked (--badwords FILE; C4 drops such pages)")
  if settings.sentence_model == "rules":
    print(
        "sentences: by rules, since NLTK's punkt_tab model is not on this"
        " machine"
    )


def _say(line: str) -> None:
  print(line, flush=True)


def _say_next(folder: str, stats: dict[str, Any]) -> None:
  if "train" not in stats["files"]:
    return
  folder = folder.rstrip("/")
  print("To pre-train on it:")
  if stats["settings"]["output_format"] == "tfrecord":
    parts = folder.rsplit("/c4/en/2.2.0", 1)
    if len(parts) == 2 and not parts[1]:
      print(
          f"  t5_mesh_transformer --t5_tfds_data_dir={parts[0]}"
          " --gin_param=\"MIXTURE_NAME = 'c4_v220_span_corruption'\" ..."
      )
    else:
      print(
          f"  a Task with TfdsDataSource over `c4/en:2.2.0`; move {folder} to"
          " DATA_DIR/c4/en/2.2.0, and give --t5_tfds_data_dir=DATA_DIR"
      )
    return
  print(
      "  t5_mesh_transformer --model_dir=pretrained"
      f" --train_file='{folder}/train.*.jsonl.gz'"
      " --objective=span_corruption --train_steps=1000"
  )
