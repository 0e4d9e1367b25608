"""`t5_mtf tasks`: the registered tasks, and one of them in full."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import registered, terminal

_SHOWN_CHARACTERS = 320  # of a text
_SHOWN_IDS = 24
_EXAMPLES = """\
examples:
  t5_mtf tasks
  t5_mtf tasks 'mini_glue*'
  t5_mtf tasks show mini_squad -n 1 --sequence_length=inputs=48,targets=8
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "tasks",
      help="list the tasks; `tasks show NAME` shows one with examples",
      usage="t5_mtf tasks [PATTERN] | t5_mtf tasks show NAME [flags]",
      description=(
          "Lists the registered tasks whose names match a pattern (or hold a"
          " word),\nor shows one: its source, features, steps and metrics, and"
          " examples from\nraw text to ids and back."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("words", nargs="*", metavar="PATTERN | show NAME",
      help="a glob such as 'glue_*', or a part of the names")
  add("--split", metavar="NAME", help="show examples of this split (default"
      " train, or the first there is)")
  add("-n", "--num_examples", type=int, default=2, metavar="N",
      help="examples to show (default 2)")
  registered.add_length_flag(parser, "as examples are made and cut")
  add("--raw", action="store_true",
      help="show raw examples only, whole, before any step")
  add("--full", action="store_true", help="abbreviate no text and no ids")
  registered.add_flags(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Carries out the command; returns its exit status."""
  from t5_mtf import data

  show, word = registered.words_of(flags, "tasks")
  if flags.num_examples < 0:
    raise errors.UserError(
        f"-n is {flags.num_examples}, but must be 0 or more."
    )
  registered.prepare(flags)
  if not show:
    names = registered.matching("task", word, data.TaskRegistry.names())
    if not flags.dry_run:
      print(_listing(names))
    return 0
  if word in data.MixtureRegistry.names():
    raise errors.UserError(
        f"{word!r} is a mixture: `t5_mtf mixtures show {word}` shows it."
    )
  task = data.TaskRegistry.get(word)
  lengths = registered.lengths(flags.sequence_length, task.output_features)
  split = _split(task, flags.split)
  if flags.dry_run:
    return 0
  print("\n".join(_description(task)))
  _show_examples(task, split, lengths, flags)
  return 0


def _listing(names: list[str]) -> str:
  """One line a task, beneath a heading."""
  from t5_mtf import data
  from t5_mtf.data import describe

  rows = [["task", "source", "metrics", "splits"]]
  for name in names:
    task = data.TaskRegistry.get(name)
    splits = describe.splits(task)
    metrics = [describe.short_name(fn).lstrip("_") for fn in task.metric_fns]
    rows.append([
        name,
        describe.source_of(task).removeprefix("TFDS "),
        " ".join(metrics) or "-",
        "?" if splits is None else " ".join(map(_short, splits)),
    ])
  count = f"{len(names)} task{'s' if len(names) != 1 else ''}"
  narrow = (terminal.width() or 200) < 120
  widest = (28, 22, 24, 20) if narrow else (52, 34, 40, 20)
  lines = [terminal.table(rows, widest=widest), ""]
  lines.append(f"{count}. `t5_mtf tasks show NAME` tells more.")
  if any(row[-1] == "?" for row in rows):
    lines.append("?: known once the TFDS data set is prepared.")
  return "\n".join(lines)


def _short(split: str) -> str:
  return {"validation": "val"}.get(split, split)


def _split(task: Any, asked: str | None) -> str | None:
  """The split to take examples of; None if that is known to the data only."""
  from t5_mtf.data import describe

  known = describe.splits(task)
  if asked and known is not None and asked not in known:
    raise errors.unknown_name(
        "split", asked, known, f"The splits are: {', '.join(known)}."
    )
  if asked or known is None:
    return asked
  return "train" if "train" in known else known[0]


def _description(task: Any) -> list[str]:
  """All that is known without reading data."""
  from t5_mtf.data import describe

  lines = [task.name, ""]
  lines += _source_lines(task)
  if task.provenance:
    lines.append(terminal.labelled("origin", task.provenance.origin))
    lines.append(terminal.labelled("licence", task.provenance.licence))
    if task.provenance.construction:
      lines.append(terminal.labelled("made", task.provenance.construction))
  lines.append(terminal.labelled("cached", _cache_text(task)))
  lines.append("")
  lines += _feature_lines(task)
  lines.append("")
  for i, fn in enumerate(task.preprocessors):
    label = "steps" if i == 0 else ""
    lines += _step_lines(label, f"{i + 1}. ", describe.step(fn))
  if task.postprocessor is None:
    lines.append(terminal.labelled("answer", "the decoded text, as it is"))
  else:
    lines += _step_lines("answer", "", describe.step(task.postprocessor))
  for i, fn in enumerate(task.metric_fns):
    kind = " (of scores)" if fn in task.score_metric_fns else ""
    step = describe.step(fn)
    lines.append(terminal.labelled("" if i else "metrics", f"{step}{kind}"))
  if not task.metric_fns:
    lines.append(terminal.labelled("metrics", "none"))
  return lines


def _cache_text(task: Any) -> str:
  if task.cache_dir:
    return task.cache_dir
  text = "no: examples are processed as they are read"
  if task.supports_caching:
    text += f" (`t5_mtf cache {task.name}` makes a cache)"
  return text


def _source_lines(task: Any) -> list[str]:
  from t5_mtf.data import describe

  kind = f"{type(task.source).__name__}: {describe.source_of(task)}"
  lines = [terminal.labelled("source", kind)]
  folder = describe.tfds_folder(task.source)
  if folder:
    state = "" if folder.splits is not None else " (not there)"
    lines.append(terminal.labelled("", folder.path + state))
  for split in describe.splits(task) or ():
    count = describe.num_examples(task, split)
    text = "? examples" if count is None else f"{count:,} examples"
    stored = getattr(task.source, "split_map", None) or {}
    if stored.get(split, split) != split:
      text += f", TFDS split {stored[split]}"
    lines.append(terminal.labelled("", f"{split:<12}{text}"))
  return lines


def _feature_lines(task: Any) -> list[str]:
  from t5_mtf.data import describe

  lines, shown = [], []
  for i, (name, feature) in enumerate(task.output_features.items()):
    traits = [f"{getattr(feature.dtype, 'name', feature.dtype)} ids"]
    if feature.rank != 1:
      traits.append(f"rank {feature.rank}")
    traits.append("EOS at the end" if feature.add_eos else "no EOS")
    if not feature.required:
      traits.append("may be absent")
    text = f"{name}: {', '.join(traits)}"
    lines.append(terminal.labelled("" if i else "features", text))
    if feature.vocabulary not in shown:
      shown.append(feature.vocabulary)
  for i, vocabulary in enumerate(shown):
    text = describe.vocabulary_text(vocabulary)
    lines.append(terminal.labelled("" if i else "vocabulary", text))
  return lines


def _step_lines(label: str, number: str, step: Any) -> list[str]:
  """The step with what it does, and its arguments one a line."""
  head = f"{number}{step.name}"
  if step.summary:
    head += f": {step.summary}"
  lines = [terminal.labelled(label, head)]
  lines += [
      terminal.labelled("", f"{name} = {value}", indent=15)
      for name, value in step.arguments.items()
  ]
  return lines


def _show_examples(
    task: Any,
    split: str | None,
    lengths: Mapping[str, int],
    flags: argparse.Namespace,
) -> None:
  """Prints examples, or why there are none."""
  from t5_mtf.data import describe, worked_examples

  if not flags.num_examples:
    return
  print()
  missing = describe.missing_data(task)
  if missing or split is None:
    for i, line in enumerate(f"none: {missing}".splitlines()):
      if line.startswith("tfds build"):  # to be copied, so not wrapped
        print(f"  {line}")
      else:
        print(terminal.labelled("" if i else "examples", line))
    return
  if flags.raw:
    found = worked_examples.raw_examples(task, split, flags.num_examples)
  else:
    found = worked_examples.worked_examples(
        task, split, flags.num_examples, lengths
    )
  for example in found:
    print("\n".join(_example_lines(example, split, lengths, flags)))
  if len(found) < flags.num_examples:
    print(
        f"{len(found)} of {flags.num_examples} examples: no more are made of"
        f" the first rows of {split}, each processed alone."
    )


def _example_lines(
    example: Any,
    split: str,
    lengths: Mapping[str, int],
    flags: argparse.Namespace,
) -> list[str]:
  from t5_mtf.data import worked_examples

  most = None if flags.full or flags.raw else _SHOWN_CHARACTERS

  def text(value: Any) -> str:
    shown = terminal.visible(worked_examples.as_text(value))
    return terminal.shortened(shown, most)

  number = f", example {example.number + 1} of it" if example.number else ""
  lines = [f"-- {split}, row {example.index + 1:,}{number} --"]
  raw = example.raw if isinstance(example.raw, dict) else {"": example.raw}
  for i, (name, value) in enumerate(raw.items()):
    label = "raw" if i == 0 else ""
    head = f"{name}: " if name else ""
    lines.append(terminal.labelled(label, head + text(value)))
  for name, feature in example.features.items():
    lines.append("")
    lines.append(name)
    if feature.text is not None:
      lines.append(terminal.labelled("  text", text(feature.text)))
    lines.append(terminal.labelled("  ids", _ids(feature.ids, flags.full)))
    if feature.decoded is not None:
      lines.append(terminal.labelled("  back", text(feature.decoded)))
    lines.append(terminal.labelled("  length", _fit(feature, lengths[name])))
    if feature.lost:
      lines.append(terminal.labelled("  cut off", text(feature.lost)))
  return [*lines, ""]


def _ids(ids: Any, full: bool) -> str:
  if not isinstance(ids, list) or full or len(ids) <= _SHOWN_IDS:
    return " ".join(map(str, ids)) if isinstance(ids, list) else str(ids)
  head, tail = ids[: _SHOWN_IDS - 4], ids[-4:]
  left_out = f"… ({len(ids) - _SHOWN_IDS:,} more) …"
  return " ".join(map(str, [*head, left_out, *tail]))


def _fit(feature: Any, limit: int) -> str:
  if not isinstance(feature.ids, list):
    return "a single value"
  kept = len(feature.ids)
  if feature.length is not None and feature.length > kept:
    return f"{feature.length:,} ids, CUT to {kept:,} of {limit:,}"
  return f"{kept:,} ids of {limit:,}"
