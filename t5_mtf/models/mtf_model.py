"""The published Python API: a model directory as an object.

```python
model = MtfModel(
    "my_model",
    batch_size=16,
    sequence_length={"inputs": 128, "targets": 32},
    gin_files=["models/t5.1.1.small.gin"],
)
model.train("my_task", steps=1000)
model.eval("my_task", checkpoint_steps="all")
model.predict("questions.txt", "answers.txt")
```

The arguments are the published ones; where a default differs, its docstring
says so. No call leaves anything in gin's configuration for the next: what a
method binds is gone when it returns.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gin

from t5_mtf import errors, gin_config
from t5_mtf.evaluation import files
from t5_mtf.evaluation.results import TaskResult
from t5_mtf.models import (
    checkpoints,
    evaluating,
    export,
    gin_loading,
    inference,
    layouts,
    run_bindings,
    score_files,
    scoring,
    settings,
    training,
)
from t5_mtf.models.periodic_evaluation import PeriodicEvaluation
from t5_mtf.models.settings import RunSettings

_RUN = "utils.run"
# Arguments of a model that are parameters of the published `run`.
_RUN_ARGUMENTS = (
    "batch_size",
    "sequence_length",
    "model_type",
    "layout_rules",
    "mesh_shape",
    "mesh_devices",
    "autostack",
    "learning_rate_schedule",
    "keep_checkpoint_max",
    "save_checkpoints_steps",
    "optimizer",
    "predict_fn",
    "variable_filter",
    "ensemble_inputs",
    "iterations_per_loop",
)


class MtfModel:
  """A T5 model on Mesh TensorFlow: trains, evaluates, answers, exports.

  What a call is configured by, the later over the earlier: the
  `operative_config.gin` of the model directory, if the model was trained
  before; the gin files given here; what the caller has bound in gin; the
  arguments given here; the arguments of the call. Training itself is described
  by the files and the caller's gin alone, where there are any.
  """

  def __init__(
      self,
      model_dir: str,
      tpu: str | None = None,
      tpu_job_name: str | None = None,
      tpu_zone: str | None = None,
      gcp_project: str | None = None,
      tpu_topology: str = "v2-8",
      model_parallelism: int = 8,
      batch_size: int | tuple[str, int] | None = None,
      sequence_length: Mapping[str, int] | None = None,
      model_type: str | None = None,
      layout_rules: Any = None,
      mesh_shape: Any = None,
      mesh_devices: Sequence[str] | None = None,
      autostack: bool | None = None,
      learning_rate_schedule: Any = None,
      keep_checkpoint_max: int | None = None,
      save_checkpoints_steps: int | None = None,
      optimizer: Any = None,
      predict_fn: Any = None,
      variable_filter: Any = None,
      ensemble_inputs: int | None = None,
      iterations_per_loop: int | None = None,
      extra_gin_bindings: Sequence[str] | None = None,
      *,
      gin_files: Sequence[str] = (),
  ) -> None:
    """Describes a model; nothing is read or written yet.

    An argument that is None is what gin binds, and if it does not, the
    published default: one sequence a batch, lengths of 512 and 512,
    "bitransformer", a checkpoint every 5000 steps, ...

    Args:
      model_dir: where checkpoints, logs and the operative config are.
      tpu: name or grpc:// address of a Cloud TPU; None for the GPUs that are
        visible, else the CPU. (Published without a default.)
      tpu_job_name: of the TPU's workers.
      tpu_zone: of the TPU.
      gcp_project: of the TPU.
      tpu_topology: of the TPU; used with `tpu` only.
      model_parallelism: cores of a model replica; used with `tpu` only.
      batch_size: sequences, or a pair such as ("tokens_per_batch", 65536).
      sequence_length: feature -> length in tokens.
      model_type: see `settings.MODEL_TYPES`.
      layout_rules: which tensor dimension is split over which mesh dimension.
      mesh_shape: of the mesh; None for what fits the devices.
      mesh_devices: names of the mesh's devices.
      autostack: Mesh TF's stacking of equal variables.
      learning_rate_schedule: a number, or a function of `step`.
      keep_checkpoint_max: how many checkpoints to keep; None for all.
      save_checkpoints_steps: steps between checkpoints.
      optimizer: a Mesh TF optimizer class.
      predict_fn: not supported.
      variable_filter: regular expression for what is trained.
      ensemble_inputs: see `settings`.
      iterations_per_loop: steps between returns to the host, on a TPU.
      extra_gin_bindings: gin bindings that win over all else.
      gin_files: gin files that describe the model. (Not published: there, the
        caller loads them with gin beforehand, which works here too.)
    """
    arguments = locals()
    given = {
        name: arguments[name]
        for name in _RUN_ARGUMENTS
        if arguments[name] is not None
    }
    self._model_dir = os.fspath(model_dir)
    self._tpu = (
        layouts.Tpu(tpu, tpu_zone, gcp_project, tpu_job_name) if tpu else None
    )
    self._gin_files = tuple(gin_files)
    # What has a literal goes into the operative config, too.
    self._bindings = [
        f"{_RUN}.{name} = {value!r}"
        for name, value in given.items()
        if _is_literal(value)
    ]
    self._changes = {n: v for n, v in given.items() if not _is_literal(v)}
    if tpu:
      self._bindings += [
          f"utils.tpu_mesh_shape.tpu_topology = {tpu_topology!r}",
          f"utils.tpu_mesh_shape.model_parallelism = {model_parallelism}",
      ]
    self._bindings += extra_gin_bindings or ()

  def train(
      self,
      mixture_or_task_name: str,
      steps: int,
      init_checkpoint: str | None = None,
      split: str = "train",
      *,
      evaluation: PeriodicEvaluation | None = None,
  ) -> str:
    """Trains to the absolute step `steps`, from wherever the model stands.

    Args:
      mixture_or_task_name: a registered name.
      steps: the step to train to.
      init_checkpoint: where the first weights come from, or None.
      split: the split to train on.
      evaluation: whether to evaluate meanwhile. (Not published.)

    Returns:
      The path of the last checkpoint. (Published: nothing.)

    Raises:
      UserError: there is no model, or names or files that cannot be used.
    """
    bindings = [
        f"MIXTURE_NAME = {mixture_or_task_name!r}",
        *run_bindings.evaluation(mixture_or_task_name),
        f"{_RUN}.train_steps = {steps}",
        f"{_RUN}.init_checkpoint = {init_checkpoint!r}",
        f"{_RUN}.dataset_split = {split!r}",
    ]
    with self._configured(["dataset.gin"], bindings, mode="train") as run:
      return training.train(run, evaluation=evaluation)

  def finetune(
      self,
      mixture_or_task_name: str,
      finetune_steps: int,
      pretrained_model_dir: str,
      pretrained_checkpoint_step: int = -1,
      split: str = "train",
      *,
      evaluation: PeriodicEvaluation | None = None,
  ) -> str:
    """Trains a pre-trained model, as its operative config describes it.

    Args:
      mixture_or_task_name: a registered name.
      finetune_steps: steps beyond those of the pre-trained checkpoint.
      pretrained_model_dir: holds it, and its `operative_config.gin`.
      pretrained_checkpoint_step: which one; -1 for the latest.
      split: the split to train on.
      evaluation: whether to evaluate meanwhile. (Not published.)

    Returns:
      The path of the last checkpoint. (Published: nothing.)
    """
    [path] = checkpoints.select(
        pretrained_model_dir, pretrained_checkpoint_step
    )
    config = os.path.join(pretrained_model_dir, training.OPERATIVE_CONFIG)
    pretrained = copy.copy(self)
    pretrained._gin_files = (config, *self._gin_files)
    return pretrained.train(
        mixture_or_task_name,
        checkpoints.step_in(path) + finetune_steps,
        path,
        split,
        evaluation=evaluation,
    )

  def eval(
      self,
      mixture_or_task_name: str,
      checkpoint_steps: int | str | Sequence[int] | None = None,
      summary_dir: str | None = None,
      split: str = "validation",
      eval_with_score: bool = False,
      compute_sequence_length: bool = True,
  ) -> list[TaskResult]:
    """Evaluates checkpoints on a task, or on every task of a mixture.

    Args:
      mixture_or_task_name: a registered name.
      checkpoint_steps: a step, a list of steps, -1 or "latest", or "all"; None
        waits for checkpoints as they come, up to the step that training ends
        at.
      summary_dir: where the results go; by default `MODEL_DIR/SPLIT_eval`.
      split: the split to evaluate.
      eval_with_score: whether to score targets instead of decoding.
      compute_sequence_length: whether the lengths are those of the longest
        example, so that nothing is cut; else the model's own.

    Returns:
      The results. (Published: nothing.)
    """
    changes = {
        "mode": "score_eval" if eval_with_score else "eval",
        "eval_checkpoint_step": (
            evaluating.WAIT if checkpoint_steps is None else checkpoint_steps
        ),
        "dataset_split": split,
    }
    if summary_dir:
      changes["eval_summary_dir"] = summary_dir
    bindings = [
        *run_bindings.vocabulary(mixture_or_task_name),
        *run_bindings.evaluation(mixture_or_task_name),
    ]
    with self._configured([], bindings, **changes) as run:
      if not compute_sequence_length:
        return evaluating.evaluate(run)
      every = evaluating.read_examples(run)
      longest = {
          "inputs": max(_longest(e.inputs) for e in every),
          "targets": max(_longest(e.targets) for e in every),
      }
      lengths = run.batch.sequence_length
      batch = dataclasses.replace(
          run.batch,
          sequence_length={f: longest.get(f) or n for f, n in lengths.items()},
      )
      return evaluating.evaluate(dataclasses.replace(run, batch=batch), every)

  def predict(
      self,
      input_file: str,
      output_file: str,
      checkpoint_steps: int | str | Sequence[int] = -1,
      beam_size: int = 1,
      temperature: float = 0.0,
      keep_top_k: int = -1,
      vocabulary: Any = None,
  ) -> list[str]:
    """Answers a file of inputs, one a line.

    Args:
      input_file: texts with their task prefixes.
      output_file: the step is appended to the name, as published.
      checkpoint_steps: as for `eval`.
      beam_size: 1 for greedy decoding or sampling.
      temperature: 0 for greedy decoding. (Published: 1.0, which samples.)
      keep_top_k: sample from so many of the likeliest tokens; -1 for all.
      vocabulary: by default that of the model's config; else one for inputs and
        targets, or a pair.

    Returns:
      The files written. (Published: nothing.)
    """
    bindings = [
        *run_bindings.decoding(beam_size, temperature, keep_top_k),
        "infer_model.decode_fn = @decode_from_file",
        f"decode_from_file.input_filename = {input_file!r}",
        f"decode_from_file.output_filename = {output_file!r}",
    ]
    with self._configured(
        [],
        bindings,
        mode="infer",
        eval_checkpoint_step=checkpoint_steps,
        **({"vocabulary": vocabulary} if vocabulary else {}),
    ) as run:
      return inference.infer(run)

  def score(
      self,
      inputs: str | Sequence[str] | None = None,
      targets: str | Sequence[str] | None = None,
      mixture_or_task_name: str | None = None,
      mixture_or_task_split: str | None = None,
      scores_file: str | None = None,
      checkpoint_steps: int | str | Sequence[int] = -1,
      vocabulary: Any = None,
  ) -> list[float]:
    """Scores targets by their log-likelihood, given inputs.

    Args:
      inputs: texts, or a file of them, one a line; None for a language model.
      targets: texts, or a file of them.
      mixture_or_task_name: a registered name, instead of inputs and targets.
      mixture_or_task_split: its split; by default "validation".
      scores_file: where to write scores and texts, see `score_files`; None to
        only return them.
      checkpoint_steps: as for `eval`, but one checkpoint.
      vocabulary: as for `predict`.

    Returns:
      The log-likelihood of each target, in order.

    Raises:
      UserError: neither targets nor a task, or both; or several checkpoints.
    """
    if (targets is None) == (mixture_or_task_name is None):
      raise errors.UserError(
          "score needs either targets (with inputs) or mixture_or_task_name."
      )
    changes = {"vocabulary": vocabulary} if vocabulary else {}
    if mixture_or_task_name:
      bindings = [
          *run_bindings.vocabulary(mixture_or_task_name),
          *run_bindings.evaluation(mixture_or_task_name),
      ]
      changes["dataset_split"] = mixture_or_task_split or "validation"
    else:
      bindings = []
    with self._configured([], bindings, mode="eval", **changes) as run:
      path = _one_checkpoint(run.model_dir, checkpoint_steps)
      source = (
          score_files.from_tasks(run)
          if mixture_or_task_name
          else score_files.from_texts(run, inputs, targets)
      )
      scores = scoring.score(run, source.input_rows, source.target_rows, path)
      if scores_file:
        score_files.save(scores_file, scores, source)
      return list(scores.log_likelihoods)

  def export(
      self,
      export_dir: str | None = None,
      checkpoint_step: int | str = -1,
      beam_size: int = 1,
      temperature: float = 0.0,
      keep_top_k: int = -1,
      vocabulary: Any = None,
      eval_with_score: bool = False,
  ) -> str:
    """Exports a checkpoint as a SavedModel.

    Args:
      export_dir: where it goes, into a folder named by the step; by default
        `MODEL_DIR/export`. (Published: the model directory itself.)
      checkpoint_step: a step, or -1 for the latest.
      beam_size: as for `predict`.
      temperature: as for `predict`.
      keep_top_k: as for `predict`.
      vocabulary: as for `predict`.
      eval_with_score: accepted, and not needed: the signature that scores is
        always there.

    Returns:
      The folder of the SavedModel. (Published: the same, as bytes.)
    """
    del eval_with_score
    with self._configured(
        [],
        run_bindings.decoding(beam_size, temperature, keep_top_k),
        mode="export",
        export_checkpoint_step=checkpoint_step,
        export_path=export_dir or os.path.join(self._model_dir, "export"),
        **({"vocabulary": vocabulary} if vocabulary else {}),
    ) as run:
      return export.export(run)

  @contextlib.contextmanager
  def _configured(
      self, gin_files: Sequence[str], bindings: Sequence[str], **changes: Any
  ) -> Iterator[RunSettings]:
    """The settings of a call; gin is afterwards what it was before."""
    own = gin_config.snapshot()
    with (
        gin.unlock_config(),
        gin_config.using(own),
        tempfile.TemporaryDirectory() as folder,
    ):
      described = [*self._describing_files(own, changes["mode"])]
      if own:
        described.append(_write_config(folder))
      gin_loading.load(
          [*described, *gin_files],
          [*self._bindings, *bindings],
          defaults=[f"{_RUN}.batch_size = 1"],
          on_tpu=self._tpu is not None,
      )
      yield settings.from_gin(
          self._model_dir, self._tpu, **self._changes, **changes
      )

  def _describing_files(
      self, own: Mapping[Any, Any], mode: str
  ) -> Sequence[str]:
    """The gin files that say what the model is.

    Raises:
      UserError: nothing says it.
    """
    config = os.path.join(self._model_dir, training.OPERATIVE_CONFIG)
    is_described = bool(self._gin_files) or any(
        name.endswith("make_layer_stack") for _, name in own
    )
    if mode == "train" and is_described:
      return self._gin_files
    if files.exists(config):
      return [config, *self._gin_files]
    if is_described:
      return self._gin_files
    raise errors.UserError(
        f"nothing says what the model in {self._model_dir} is: it has no"
        f" {training.OPERATIVE_CONFIG}. Give gin_files, such as"
        ' ["models/t5.1.1.small.gin"], or load some with gin first.'
    )


def _write_config(folder: str) -> str:
  """Writes what is bound in gin as a gin file."""
  path = os.path.join(folder, "bound_by_the_caller.gin")
  files.write_atomically(path, gin.config_str())
  return path


def _is_literal(value: Any) -> bool:
  if isinstance(value, (list, tuple)):
    return all(map(_is_literal, value))
  if isinstance(value, dict):
    return all(map(_is_literal, value.values()))
  return isinstance(value, (bool, int, float, str))


def _one_checkpoint(model_dir: str, steps: Any) -> str:
  paths = checkpoints.select(model_dir, steps)
  if len(paths) != 1:
    raise errors.UserError(
        f"checkpoint_steps is {steps!r}, {len(paths)} checkpoints, but targets"
        " are scored with one. Give one step."
    )
  return paths[0]


def _longest(rows: Sequence[Sequence[int]] | None) -> int:
  return max(map(len, rows or ()), default=0)
