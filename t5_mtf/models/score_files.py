"""The published modes that score targets, from text files or from a task.

They write the published files: `scores_filename` with `.scores` (one
log-likelihood a line) and, with `save_example_text`, `.targets`, `.lengths`
(tokens) and `.inputs`. Beside them `.jsonl` has all of an example in an object
a line: input, target, log_likelihood, tokens, mean, perplexity.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import gin

from t5_mtf import errors, gin_config
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoints, evaluating, scoring
from t5_mtf.models.settings import RunSettings

_UNSET = ("/path/to/inputs", "/path/to/targets", "/path/to/scores")


def score_from_strings(settings: RunSettings) -> list[str]:
  """The published mode: scores lines of targets, given lines of inputs.

  Reads gin's `score_from_strings.inputs`, `targets` and `score_eos`; the first
  two are files or lists of texts. One input may have several targets in a row,
  and one target may be scored for all inputs.

  Returns:
    The names of the files written, without their endings; one a checkpoint.

  Raises:
    UserError: a binding is missing, or the numbers of lines do not fit.
  """
  bound = gin.get_bindings("score_from_strings")
  targets = _texts(bound, "targets")
  inputs = _texts(bound, "inputs") if bound.get("inputs") is not None else None
  if inputs is not None:
    inputs, targets = pair(inputs, targets)
  return [
      _save(
          output,
          scoring.score_texts(
              settings, inputs, targets, path, bound.get("score_eos", True)
          ),
          inputs,
          targets,
      )
      for path, output in _outputs(settings, "score_from_strings")
  ]


def score_from_dataset(settings: RunSettings) -> list[str]:
  """The published mode: scores the targets of a task's or mixture's split.

  The data come from gin's `score_from_dataset.score_dataset_fn`.

  Returns:
    The names of the files written, without their endings; one a checkpoint.

  Raises:
    UserError: a binding is missing.
  """
  dataset_fn = gin_config.bound("score_from_dataset", "score_dataset_fn")
  every = evaluating.read_examples(
      dataclasses.replace(
          settings, eval_dataset_fn=dataset_fn or settings.eval_dataset_fn
      )
  )
  has_inputs = every[0].inputs is not None
  rows = [row for e in every for row in e.inputs or ()]
  target_rows = [row for e in every for row in e.targets]
  inputs = [text for e in every for text in e.task.inputs]
  targets = [text for e in every for text in e.task.targets]
  return [
      _save(
          output,
          scoring.score(
              settings, rows if has_inputs else None, target_rows, path
          ),
          inputs if has_inputs else None,
          targets,
      )
      for path, output in _outputs(settings, "score_from_dataset")
  ]


def pair(
    inputs: Sequence[str], targets: Sequence[str]
) -> tuple[list[str], list[str]]:
  """Gives each target its input, as the published mode does.

  >>> pair(["a", "b"], ["1", "2", "3", "4"])
  (['a', 'a', 'b', 'b'], ['1', '2', '3', '4'])
  >>> pair(["a", "b"], ["1"])
  (['a', 'b'], ['1', '1'])

  Raises:
    UserError: the number of inputs does not divide that of the targets, and
      there is more than one target.
  """
  inputs, targets = list(inputs), list(targets)
  if len(targets) == 1:
    return inputs, targets * len(inputs)
  if not inputs or len(targets) % len(inputs):
    raise errors.UserError(
        f"there are {len(inputs):,} inputs and {len(targets):,} targets. Give"
        " one target for each input, the same number of targets in a row for"
        " each input, or one target for all."
    )
  each = len(targets) // len(inputs)
  return [text for text in inputs for _ in range(each)], targets


def _texts(bound: dict[str, object], name: str) -> list[str]:
  value = bound.get(name)
  if not value or value in _UNSET:
    raise errors.UserError(
        f"score_from_strings.{name} is not bound. With"
        " --gin_file=score_from_file.gin, add"
        f" --gin_param=\"{name}_filename = '{name}.txt'\"."
    )
  return files.read_lines(value) if isinstance(value, str) else list(value)


def _outputs(settings: RunSettings, mode: str) -> list[tuple[str, str]]:
  """Checkpoints, and where the scores of each go."""
  save_fn = gin_config.bound(mode, "score_postprocess_fn")
  if save_fn is not None and not gin_config.is_reference_to(
      gin.get_bindings(mode, resolve_references=False)["score_postprocess_fn"],
      "save_scores",
  ):
    raise errors.UserError(
        f"{mode}.score_postprocess_fn is {save_fn!r}; @save_scores is the one"
        " that is supported. It writes text and JSON lines."
    )
  name = gin_config.bound("save_scores", "scores_filename")
  if not name or name in _UNSET:
    raise errors.UserError(
        "save_scores.scores_filename is not bound. Add"
        " --gin_param=\"scores_filename = 'scores'\"."
    )
  paths = checkpoints.select(settings.model_dir, settings.checkpoint_step)
  if len(paths) == 1:
    return [(paths[0], name)]
  return [(path, f"{name}-{checkpoints.step_of(path)}") for path in paths]


def _save(
    output: str,
    scores: scoring.Scores,
    inputs: Sequence[str] | None,
    targets: Sequence[str],
) -> str:
  columns = {
      "input": inputs,
      "target": targets,
      "log_likelihood": scores.log_likelihoods,
      "tokens": scores.tokens,
      "mean": scores.means,
      "perplexity": scores.perplexities,
  }
  columns = {name: c for name, c in columns.items() if c is not None}
  rows = (
      json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)
      for row in zip(*columns.values(), strict=True)
  )
  numbers = (f"{score:g}" for score in scores.log_likelihoods)
  files.write_lines(f"{output}.scores", numbers)
  if gin_config.bound("save_scores", "save_example_text") is not False:
    files.write_lines(f"{output}.targets", targets)
    files.write_lines(f"{output}.lengths", map(str, scores.tokens))
    if inputs is not None:
      files.write_lines(f"{output}.inputs", inputs)
  files.write_atomically(f"{output}.jsonl", "".join(r + "\n" for r in rows))
  print(f"{len(targets):,} targets scored to {output}.jsonl", flush=True)
  for count, what in (
      (scores.truncated_inputs, "inputs"),
      (scores.truncated_targets, "targets"),
  ):
    if count:
      print(f"{count:,} {what} were longer than their length, and cut")
  return output
