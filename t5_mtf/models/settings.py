"""The settings of a run, read from gin and checked before any graph is built.

The published entry point, Mesh TF's `utils.run`, takes 38 arguments that gin
binds. Here the same bindings become a few frozen dataclasses, one a concern.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from t5_mtf import errors, gin_config
from t5_mtf.models import (
    distributed,
    initialization,
    layouts,
    mesh_transformer,
)
from t5_mtf.tf_compat import mtf_utils

MODES = (
    "train",
    "eval",
    "score_eval",
    "perplexity_eval",
    "infer",
    "score_from_dataset",
    "score_from_strings",
    "export",
    "export_infer",
)
MODEL_TYPES = ("bitransformer", "lm", "delimited_lm")
_BATCH_METHODS = (
    "sequences_per_batch",
    "tokens_per_batch",
    "sequences_per_replica",
    "tokens_per_replica",
)
# Parameters of the published `run` that are not the user's to set through gin.
_UNSUPPORTED = {
    "predict_fn": "decoding functions of one's own",
    "train_model_fn": "training loops of one's own",
    "ensemble_inputs": "inputs for each model of an ensemble in training (train"
    " the models apart, and join them with `t5_mtf ensemble`)",
    "checkpoint_input_pipeline": "checkpoints of the input pipeline",
}


@dataclasses.dataclass(frozen=True)
class Batch:
  """The shape of one step's data.

  Attributes:
    sequences: number of sequences over the whole mesh.
    sequence_length: feature -> length in tokens, padding included.
  """

  sequences: int
  sequence_length: Mapping[str, int]

  @property
  def tokens(self) -> int:
    """Token positions of a step, inputs and targets, padding included."""
    return self.sequences * sum(self.sequence_length.values())


@dataclasses.dataclass(frozen=True)
class Training:
  """How a model is trained.

  Attributes:
    steps: the absolute step at which training ends.
    optimizer: a Mesh TF optimizer class.
    learning_rate_schedule: a number, or a function of `step`.
    variable_filter: regular expression (or function) for what is trained.
    init_checkpoint: where the first weights come from, or None.
    allow_partial_initialization: whether it may fit the model only in part.
    save_checkpoints_steps: steps between checkpoints.
    keep_checkpoint_max: how many checkpoints to keep; None for all.
    iterations_per_loop: steps between returns to the host, on a TPU.
  """

  steps: int
  optimizer: Any
  learning_rate_schedule: Any
  variable_filter: Any = None
  init_checkpoint: str | None = None
  allow_partial_initialization: bool = False
  save_checkpoints_steps: int = 5000
  keep_checkpoint_max: int | None = None
  iterations_per_loop: int = 100


@dataclasses.dataclass(frozen=True)
class RunSettings:
  """Everything one run needs.

  Attributes:
    mode: one of MODES.
    model_dir: where checkpoints and logs are.
    model_type: one of MODEL_TYPES.
    vocabulary: (inputs, targets) vocabularies.
    batch: the shape of a step's data.
    mesh: where the model runs.
    training: how it is trained.
    train_dataset_fn: makes the training data; see `mesh_train_dataset_fn`.
    eval_dataset_fn: makes the evaluation data; see `mesh_eval_dataset_fn`.
    dataset_split: the split to read.
    checkpoint_step: which checkpoints to evaluate, decode with or export.
    eval_summary_dir: where evaluations go; None for a folder of `model_dir`.
    export_path: where an exported model goes.
    autostack: Mesh TF's stacking of equal variables.
  """

  mode: str
  model_dir: str
  model_type: str
  vocabulary: tuple[Any, Any]
  batch: Batch
  mesh: layouts.Mesh
  training: Training
  train_dataset_fn: Callable | None = None
  eval_dataset_fn: Callable | None = None
  dataset_split: str = "train"
  checkpoint_step: Any = None
  eval_summary_dir: str | None = None
  export_path: str = ""
  autostack: bool = True

  @property
  def use_tpu(self) -> bool:
    """Whether the run is on a TPU."""
    return self.mesh.tpu is not None


def from_gin(
    model_dir: str,
    tpu: layouts.Tpu | None = None,
    cluster: distributed.Cluster | None = None,
    **changes: Any,
) -> RunSettings:
  """Reads and checks the settings of the loaded gin configuration.

  Args:
    model_dir: where checkpoints and logs are.
    tpu: the TPU, or None.
    cluster: the hosts of the run, whose servers answer; None for this process.
    **changes: parameters of the published `run` that replace gin's bindings,
      and `allow_partial_initialization`.

  Raises:
    UserError: a value is missing or cannot be used; it is named with what is
      allowed.
  """
  bound = {**gin_config.run_bindings(), **changes}
  # Our own, which the published `run` does not have.
  bound.setdefault(
      "allow_partial_initialization", initialization.bound_allow_partial()
  )
  value = functools.partial(_value, bound)
  shape, devices = _mesh_shape(bound, tpu), value("mesh_devices")
  if cluster:
    devices = distributed.mesh_devices(cluster, shape, devices)
  mesh = layouts.choose_mesh(shape, value("layout_rules"), devices, tpu)
  if cluster:
    mesh = dataclasses.replace(mesh, target=cluster.target)
  _check_choice("utils.run.mode", value("mode"), MODES)
  _check_choice("utils.run.model_type", value("model_type"), MODEL_TYPES)
  for name, what in _UNSUPPORTED.items():
    if bound.get(name):
      raise errors.UserError(
          f"utils.run.{name} is bound, but {what} are not supported yet."
          " Remove the binding."
      )
  lengths = _sequence_length(value("sequence_length"))
  batch = Batch(_batch_size(value("batch_size"), lengths, mesh), lengths)
  layouts.check_divides(mesh, _split_sizes(batch), "the model and its batch")
  return RunSettings(
      mode=value("mode"),
      model_dir=model_dir,
      model_type=value("model_type"),
      vocabulary=_vocabulary(value("vocabulary")),
      batch=batch,
      mesh=mesh,
      training=_training(value, batch),
      train_dataset_fn=value("train_dataset_fn"),
      eval_dataset_fn=value("eval_dataset_fn"),
      dataset_split=value("dataset_split"),
      checkpoint_step=_checkpoint_step(value),
      eval_summary_dir=value("eval_summary_dir"),
      export_path=value("export_path"),
      autostack=value("autostack"),
  )


def _value(bound: Mapping[str, Any], name: str) -> Any:
  """A parameter of `run`: as bound, else as Mesh TF defaults it."""
  if name in bound:
    return gin_config.resolve(bound[name])
  parameters = inspect.signature(inspect.unwrap(mtf_utils.run)).parameters
  return parameters[name].default


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
  if value not in allowed:
    raise errors.unknown_name(f"value of {name}", value, allowed)


def _mesh_shape(bound: Mapping[str, Any], tpu: layouts.Tpu | None) -> Any:
  """The bound mesh; None where a TPU's mesh is bound but there is no TPU."""
  shape = bound.get("mesh_shape")
  if gin_config.is_reference_to(shape, "tpu_mesh_shape") and not tpu:
    return None
  return gin_config.resolve(shape)


def _sequence_length(value: Any) -> dict[str, int]:
  if isinstance(value, int):
    value = {"inputs": value, "targets": value}
  if not isinstance(value, Mapping) or not all(
      isinstance(v, int) and v > 0 for v in value.values()
  ):
    raise errors.UserError(
        f"utils.run.sequence_length is {value!r}. Bind it to lengths in tokens:"
        " {'inputs': 512, 'targets': 128}."
    )
  return dict(value)


def _batch_size(
    value: Any, lengths: Mapping[str, int], mesh: layouts.Mesh
) -> int:
  """Number of sequences, from an integer or a published (method, value) pair.

  A pair counts tokens by the longest feature, as published: at lengths 512 and
  114, ("tokens_per_batch", 65536) is 128 sequences.
  """
  if isinstance(value, int) and value > 0:
    return value
  if not isinstance(value, (tuple, list)) or len(value) != 2:
    raise errors.UserError(
        f"utils.run.batch_size is {value!r}. Bind it to a number of sequences,"
        f" or to a pair of one of {', '.join(_BATCH_METHODS)} and a number."
    )
  method, number = value
  _check_choice("utils.run.batch_size", method, _BATCH_METHODS)
  if method.startswith("tokens"):
    longest = max(lengths.values())
    if number % longest:
      fits = max(number // longest, 1) * longest
      raise errors.UserError(
          f"utils.run.batch_size is {value!r}, but {number} tokens are not a"
          f" multiple of the longest sequence ({longest}). {fits} would be."
      )
    number //= longest
  return number * (mesh.num_replicas if method.endswith("replica") else 1)


def _split_sizes(batch: Batch) -> dict[str, int]:
  """Sizes of dimensions that layouts may split, as far as gin binds them."""
  sizes = {"batch": batch.sequences}
  for dimension, configurable, parameter in (
      ("heads", "SelfAttention", "num_heads"),
      ("d_ff", "DenseReluDense", "hidden_size"),
      ("d_model", "Unitransformer", "d_model"),
  ):
    size = gin_config.bound(configurable, parameter)
    if isinstance(size, int):
      sizes[dimension] = size
  return sizes


def _vocabulary(value: Any) -> tuple[Any, Any]:
  if value is None and mesh_transformer.bound_task():
    value = mesh_transformer.get_vocabulary()  # as the published command does
  if value is None:
    raise errors.UserError(
        "utils.run.vocabulary is not bound. Add --gin_file=dataset.gin and name"
        " a task with --gin_param=\"MIXTURE_NAME = 'mini_all'\"."
    )
  return value if isinstance(value, tuple) else (value, value)


def _checkpoint_step(value: Callable[[str], Any]) -> Any:
  if value("mode").startswith("export"):
    return value("export_checkpoint_step")
  return value("eval_checkpoint_step")


def _training(value: Callable[[str], Any], batch: Batch) -> Training:
  steps = value("train_steps")
  if callable(steps):
    steps = steps(batch.sequences, batch.sequence_length)
  schedule = value("learning_rate_schedule")
  total = value("total_run_steps") or steps
  if isinstance(schedule, list):
    from mesh_tensorflow.transformer import learning_rate_schedules

    schedule = functools.partial(
        learning_rate_schedules.product_learning_rate, factors=schedule
    )
  if callable(schedule):
    schedule = functools.partial(schedule, total_train_steps=total)
  return Training(
      steps=steps,
      optimizer=value("optimizer"),
      learning_rate_schedule=schedule,
      variable_filter=value("variable_filter"),
      init_checkpoint=value("init_checkpoint"),
      allow_partial_initialization=value("allow_partial_initialization"),
      save_checkpoints_steps=value("save_checkpoints_steps"),
      keep_checkpoint_max=value("keep_checkpoint_max"),
      iterations_per_loop=value("iterations_per_loop"),
  )
