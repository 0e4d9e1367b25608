"""The published modes that score targets, from text files or from a task.

They write the published files: `scores_filename` with `.scores` (one
log-likelihood a line) and, with `save_example_text`, `.targets`, `.lengths`
(tokens) and `.inputs`. Beside them `.jsonl` has all of an example in an object
a line: input, target, log_likelihood, tokens, mean, perplexity.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import gin

from t5_mtf import errors, gin_config
from t5_mtf.evaluation import files
from t5_mtf.models import checkpoints, evaluating, rows, scoring
from t5_mtf.models.settings import RunSettings

_UNSET = ("/path/to/inputs", "/path/to/targets", "/path/to/scores")


@dataclasses.dataclass(frozen=True)
class Source:
  """What is scored.

  Attributes:
    inputs: a text for each target; None if there are none.
    targets: the texts.
    input_rows: token ids of the inputs, ended with EOS; None likewise.
    target_rows: token ids of the targets.
  """

  inputs: Sequence[str] | None
  targets: Sequence[str]
  input_rows: rows.Rows | None
  target_rows: rows.Rows


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
  source = from_texts(
      settings,
      bound.get("inputs"),
      bound.get("targets"),
      bound.get("score_eos", True),
  )
  return _score(settings, "score_from_strings", source)


def score_from_dataset(settings: RunSettings) -> list[str]:
  """The published mode: scores the targets of a task's or mixture's split.

  The data come from gin's `score_from_dataset.score_dataset_fn`.

  Returns:
    The names of the files written, without their endings; one a checkpoint.

  Raises:
    UserError: a binding is missing.
  """
  dataset_fn = gin_config.bound("score_from_dataset", "score_dataset_fn")
  if dataset_fn:
    settings = dataclasses.replace(settings, eval_dataset_fn=dataset_fn)
  return _score(settings, "score_from_dataset", from_tasks(settings))


def from_texts(
    settings: RunSettings,
    inputs: str | Sequence[str] | None,
    targets: str | Sequence[str] | None,
    score_eos: bool = True,
) -> Source:
  """What is scored, from texts or files of them; see `score_from_strings`.

  Args:
    settings: of the run.
    inputs: texts with their task prefixes, a file, or None.
    targets: texts, or a file.
    score_eos: whether the end of a target counts too, as published; without
      it the scores are those of a beginning of any text.
  """
  targets = _texts("targets", targets)
  if inputs is not None:
    inputs, targets = pair(_texts("inputs", inputs), targets)
  target_rows = rows.encode(settings.vocabulary[1], targets)
  if not score_eos:
    target_rows = [row[:-1] for row in target_rows]
  return Source(
      inputs,
      targets,
      None if inputs is None else rows.encode(settings.vocabulary[0], inputs),
      target_rows,
  )


def from_tasks(settings: RunSettings) -> Source:
  """What is scored, from the tasks that the settings evaluate, one by one."""
  every = evaluating.read_examples(settings)
  has_inputs = every[0].inputs is not None
  return Source(
      [text for e in every for text in e.task.inputs] if has_inputs else None,
      [text for e in every for text in e.task.targets],
      [row for e in every for row in e.inputs or ()] if has_inputs else None,
      [row for e in every for row in e.targets],
  )


def _score(settings: RunSettings, mode: str, source: Source) -> list[str]:
  written = []
  for path, output in _outputs(settings, mode):
    scores = scoring.score(
        settings, source.input_rows, source.target_rows, path
    )
    save(output, scores, source)
    written.append(output)
  return written


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


def _texts(name: str, value: str | Sequence[str] | None) -> list[str]:
  if not value or value in _UNSET:
    raise errors.UserError(
        f"there are no {name} to score. In gin, with"
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


def save(output: str, scores: scoring.Scores, source: Source) -> None:
  """Writes scores to the files that the top of this module names.

  Args:
    output: their name, without its endings.
    scores: of the source.
    source: what was scored.
  """
  inputs, targets = source.inputs, source.targets
  numbers = (f"{score:g}" for score in scores.log_likelihoods)
  files.write_lines(f"{output}.scores", numbers)
  if gin_config.bound("save_scores", "save_example_text") is not False:
    files.write_lines(f"{output}.targets", targets)
    files.write_lines(f"{output}.lengths", map(str, scores.tokens))
    if inputs is not None:
      files.write_lines(f"{output}.inputs", inputs)
  files.write_json_lines(
      f"{output}.jsonl",
      {
          "input": inputs,
          "target": targets,
          "log_likelihood": scores.log_likelihoods,
          "tokens": scores.tokens,
          "mean": scores.means,
          # Infinity is no number in JSON.
          "perplexity": [
              p if math.isfinite(p) else None for p in scores.perplexities
          ],
      },
  )
  print(f"{len(targets):,} targets scored to {output}.jsonl", flush=True)
  for count, what in (
      (scores.truncated_inputs, "inputs"),
      (scores.truncated_targets, "targets"),
  ):
    if count:
      print(f"{count:,} {what} were longer than their length, and cut")
