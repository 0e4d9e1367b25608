"""A model that is loaded once, and decodes and scores many times.

One TensorFlow graph and session are kept. Mesh TF needs static shapes, so each
shape of a batch has its own part of the graph, built at its first use; all
parts share the variables. The shapes are few: see `Shapes`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from t5_mtf import gin_config
from t5_mtf.models import (
    decode_options,
    estimator,
    initialization,
    master_dtype,
    model_fn,
    predict_step,
    prepared_weights,
    rows,
    score_step,
    seeds,
)
from t5_mtf.models.batch_shapes import Shapes, smallest
from t5_mtf.models.decode_options import DecodeOptions
from t5_mtf.models.settings import Batch, RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import mtf, tf

_DTYPES = ("", "mesh_tensorflow.transformer.utils.get_variable_dtype")
UNFILLED = -1e6  # beam search scores places that no beam filled far below


@dataclasses.dataclass(frozen=True)
class Output:
  """One output of a model.

  Attributes:
    ids: its token ids, up to EOS if it came to one.
    score: its log-likelihood given the input, EOS included; None if it was
      not asked for.
  """

  ids: tuple[int, ...]
  score: float | None = None

  @property
  def ended(self) -> bool:
    """Whether it ends in EOS, rather than at the length limit."""
    return bool(self.ids) and self.ids[-1] == mtf.beam_search.EOS_ID


class ResidentModel:
  """A checkpoint in memory, on CPU or GPU; use it as a context manager."""

  def __init__(
      self,
      settings: RunSettings,
      checkpoint: str,
      options: DecodeOptions,
      shapes: Shapes | None = None,
  ) -> None:
    """Prepares a model, as gin configures it now.

    Args:
      settings: of the run; its mesh must not be a TPU.
      checkpoint: path of the checkpoint.
      options: of decoding, with a `max_length`.
      shapes: None for those up to the settings' batch.

    Raises:
      UserError: the options do not fit the vocabulary.
    """
    options.check_vocabulary(settings.vocabulary[1].vocab_size)
    master_dtype.match(checkpoint)
    self.settings = _on_its_devices(settings)
    self.checkpoint = checkpoint
    self.options = options
    self.shapes = shapes or Shapes.up_to(
        settings.batch.sequences, inputs_length(settings)
    )
    self._replicas = settings.mesh.num_replicas
    self.part = Part(self.settings)
    self._graph = tf.Graph()
    self._kept = prepared_weights.KeptWeights(self._graph)
    self._session = tf.compat.v1.Session(
        settings.mesh.target,
        graph=self._graph,
        config=estimator.session_config(settings),
    )
    self._steps: dict[tuple, Callable[..., Any]] = {}
    self._copy: Any = None
    self._restored = False

  def __enter__(self) -> ResidentModel:
    return self

  def __exit__(self, *unused: Any) -> None:
    self.close()

  def close(self) -> None:
    """Frees the session; the model answers no more."""
    self._session.close()

  def load(self) -> None:
    """Loads the weights now, not at the first use, and builds one shape.

    Raises:
      CheckpointError: the checkpoint does not fit the model.
    """
    if not self._restored:
      [(_, size, [length])] = self._batches([[[0]]])
      self._decode_step(size, length)

  def use(self, checkpoint: str) -> None:
    """Answers with another checkpoint of the same model from now on.

    Raises:
      CheckpointError: it does not fit the model.
    """
    if checkpoint != self.checkpoint:
      self.checkpoint, self._restored = checkpoint, False

  @property
  def variables(self) -> list[Any]:
    """The TensorFlow variables of the model."""
    self.load()
    with self._graph.as_default():
      return tf.compat.v1.global_variables()

  def decode(
      self,
      inputs: rows.Rows,
      scores: bool = False,
      progress: Callable[[int, int], None] | None = None,
  ) -> list[tuple[Output, ...]]:
    """Decodes rows of ids, those of similar length together.

    Args:
      inputs: rows that are not longer than the inputs length.
      scores: whether greedy and sampled outputs are to be scored; those of
        beam search always are.
      progress: called with how many rows are decoded, of how many.

    Returns:
      For each row, in order, its outputs: `options.num_outputs` of them, or
      fewer if no more beams came to an end.
    """
    repeats = self.options.num_outputs if self.options.is_sampling else 1
    repeated = [row for row in inputs for _ in range(repeats)]
    found: list[tuple[Output, ...]] = [()] * len(repeated)
    done = 0
    for indices, size, [length] in self._batches([repeated]):
      step = self._decode_step(size, length)
      batch = padded([repeated[i] for i in indices], size, length)
      values = step(batch)
      for place, i in enumerate(indices):
        row = {name: value[place] for name, value in values.items()}
        found[i] = outputs_of_row(row, self.options)
      done += len(indices)
      if progress:
        progress(done // repeats, len(inputs))
    if scores and self.options.beam_size == 1:
      found = self._with_scores(repeated, found)
    return [
        tuple(itertools.chain.from_iterable(found[i : i + repeats]))
        for i in range(0, len(found), repeats)
    ]

  def score(
      self,
      inputs: rows.Rows | None,
      targets: rows.Rows,
      progress: Callable[[int, int], None] | None = None,
  ) -> list[tuple[float, int]]:
    """Scores rows of ids; see `score_step.predictions`.

    A language model (`lm`) reads inputs, which have no EOS, before targets.

    Args:
      inputs: rows that are not longer than the inputs length; None for a
        language model without.
      targets: as many rows.
      progress: called with how many rows are scored, of how many.

    Returns:
      For each row its log-likelihood and how many tokens were scored.
    """
    if inputs is not None and self.settings.model_type == "lm":
      inputs, targets = None, score_step.behind_inputs(inputs, targets)
    features = [targets] if inputs is None else [inputs, targets]
    found = [(0.0, 0)] * len(targets)
    done = 0
    for indices, size, lengths in self._batches(features):
      step = self._score_step(size, *lengths)
      values = step(*(
          padded([feature[i] for i in indices], size, length)
          for feature, length in zip(features, lengths, strict=True)
      ))
      for place, i in enumerate(indices):
        found[i] = float(values["scores"][place]), int(values["tokens"][place])
      done += len(indices)
      if progress:
        progress(done, len(targets))
    return found

  def _with_scores(
      self, inputs: rows.Rows, found: Sequence[tuple[Output, ...]]
  ) -> list[tuple[Output, ...]]:
    """The only output of each row, scored."""
    outputs = [output for (output,) in found]
    scored = self.score(inputs, [output.ids for output in outputs])
    return [
        (dataclasses.replace(output, score=score),)
        for output, (score, _) in zip(outputs, scored, strict=True)
    ]

  def _batches(
      self, features: Sequence[rows.Rows]
  ) -> Iterator[tuple[list[int], int, list[int]]]:
    """Yields indices of rows, and the number of rows and lengths to build."""
    order = rows.longest_first(*features)
    sizes = self.shapes.rows
    for start in range(0, len(order), sizes[-1]):
      indices = order[start : start + sizes[-1]]
      # What is left after full batches is filled up: that costs less than
      # building another shape.
      size = sizes[-1] if start else smallest(sizes, len(indices))
      lengths = [
          smallest(self.shapes.lengths, max(len(rows_[i]) for i in indices))
          for rows_ in features
      ]
      yield indices, -(-size // self._replicas) * self._replicas, lengths

  def _decode_step(self, size: int, length: int) -> Callable[..., Any]:
    def build(features: Mapping[str, Any], context: Any) -> tuple[Any, Any]:
      return predict_step.predictions(
          features["inputs"], context, self.options
      )

    return self._step("decode", size, {"inputs": length}, build)

  def _score_step(self, size: int, *lengths: int) -> Callable[..., Any]:
    names = ("inputs", "targets")[-len(lengths) :]
    return self._step(
        "score", size, dict(zip(names, lengths, strict=True)),
        score_step.predictions,
    )

  def _step(
      self,
      kind: str,
      size: int,
      lengths: Mapping[str, int],
      build: Callable[[Mapping[str, Any], Any], tuple[Any, Any]],
  ) -> Callable[..., Any]:
    """What runs one shape; builds its part of the graph at first use."""
    key = (kind, size, *lengths.values())
    if key not in self._steps:
      self._build(key, size, lengths, build)
    if not self._restored:
      self._restore()
    self._kept.update(self._session)
    return self._steps[key]

  def _build(
      self,
      key: tuple,
      size: int,
      lengths: Mapping[str, int],
      build: Callable[[Mapping[str, Any], Any], tuple[Any, Any]],
  ) -> None:
    with self._graph.as_default():
      tf.compat.v1.set_random_seed(seeds.current())
      features = {
          name: tf.compat.v1.placeholder(tf.int32, [size, length])
          for name, length in lengths.items()
      }
      fetches, lowering = self.part.build(
          Batch(size, {**self.settings.batch.sequence_length, **lengths}),
          functools.partial(build, features),
      )
      # All parts share the slices, as they do the variables.
      self._copy = self._copy or lowering.copy_masters_to_slices()
      self._steps[key] = self._session.make_callable(
          fetches, list(features.values())
      )

  def _restore(self) -> None:
    with self._graph.as_default():
      restore(self._session, self.checkpoint, self.settings.vocabulary)
    self._session.run(self._copy)
    self._kept.expire()
    self._restored = True


def inputs_length(settings: RunSettings) -> int:
  """The inputs length in tokens.

  Those of a language model are a beginning of its targets, and may be as long;
  a config that trains on targets alone may bind 1 for inputs.
  """
  lengths = settings.batch.sequence_length
  if settings.model_type == "bitransformer":
    return lengths["inputs"]
  return max(lengths.values())


def outputs_of_row(
    values: Mapping[str, Any], options: DecodeOptions
) -> tuple[Output, ...]:
  """One row's outputs, from the predictions of `predict_step`."""
  every = [_without_padding(ids) for ids in values["outputs"]]
  if "beam_scores" not in values:
    return tuple(map(Output, every))
  found = []
  for ids, score in zip(every, values["beam_scores"], strict=True):
    output = Output(ids, float(score))
    if output.ended:
      penalty = ((5 + len(ids)) / 6) ** options.alpha
      output = dataclasses.replace(output, score=float(score) * penalty)
    if score > UNFILLED:
      found.append(output)
  return tuple(found)


class Part:
  """Builds a model's steps into TensorFlow graphs, as gin is bound now."""

  def __init__(self, settings: RunSettings) -> None:
    self._settings = settings
    self._bindings = gin_config.snapshot()
    if settings.mesh.shape.size == 1:
      # Weights are kept once, so as they are computed with.
      types = self._bindings.setdefault(_DTYPES, {})
      types["master_dtype"] = types.get("slice_dtype", "float32")
    with gin_config.using(self._bindings):
      self._model = model_fn.build_model(settings)

  def build(
      self, batch: Batch, step: Callable[[Any], tuple[Any, Any]]
  ) -> tuple[Any, Any]:
    """Builds one shape into the default graph, over the variables there are.

    Args:
      batch: the shape.
      step: makes TensorFlow tensors with a `model_fn.StepContext`.

    Returns:
      What the step returns: the tensors, and the `mtf.Lowering`.
    """
    settings = dataclasses.replace(self._settings, batch=batch)
    context = model_fn.make_context(settings, self._model, StartReport())
    scope = tf.compat.v1.variable_scope(
        tf.compat.v1.get_variable_scope(), reuse=tf.compat.v1.AUTO_REUSE
    )
    with gin_config.using(self._bindings), scope:
      with model_fn.seeded_operations():
        return step(context)


def restore(
    session: Any, checkpoint: str, vocabulary: tuple[Any, Any]
) -> None:
  """Gives the variables of the default graph a checkpoint's values.

  Args:
    session: of the default graph.
    checkpoint: path of the checkpoint.
    vocabulary: (inputs, targets) vocabularies, for the error.

  Raises:
    CheckpointError: the checkpoint is of another model.
  """
  variables = initialization.Variables.of_graph(vocabulary=vocabulary)
  # Values of another type are cast.
  untyped = dataclasses.replace(variables, types={})
  initialization.check_same_model(checkpoint, untyped)
  plan = initialization.plan(checkpoint, variables)
  session.run(initialization.scaffold(plan).init_op)


class Reloadable:
  """One model for one checkpoint after the other; a context manager.

  The graph is built once, whatever the number of checkpoints.
  """

  def __init__(self, settings: RunSettings) -> None:
    """Prepares nothing yet.

    Args:
      settings: of the run; its mesh must not be a TPU.
    """
    self._settings = settings
    self._model: ResidentModel | None = None

  def __enter__(self) -> Reloadable:
    return self

  def __exit__(self, *unused: Any) -> None:
    self.close()

  @property
  def is_loaded(self) -> bool:
    """Whether a model was asked for before."""
    return self._model is not None

  def model(self, checkpoint: str) -> ResidentModel:
    """The model with this checkpoint's weights."""
    if self._model is None:
      options = decode_options.from_gin(
          self._settings.batch.sequence_length["targets"],
          self._settings.model_type,
      )
      self._model = ResidentModel(self._settings, checkpoint, options)
    self._model.use(checkpoint)
    return self._model

  def close(self) -> None:
    """Frees the model."""
    if self._model is not None:
      self._model.close()
      self._model = None


def _on_its_devices(settings: RunSettings) -> RunSettings:
  """On one device TensorFlow places all, and weights are kept only once."""
  if settings.mesh.shape.size > 1:
    return settings
  mesh = dataclasses.replace(settings.mesh, devices=("",))
  return dataclasses.replace(settings, mesh=mesh, autostack=False)


def padded(batch: rows.Rows, size: int, length: int) -> Any:
  """An int32 [size, length] array; missing rows repeat the last one.

  A repeated row ends when its original does; an empty one may never end.
  """
  import numpy as np

  array = np.zeros((size, length), np.int32)
  for i, row in enumerate(batch):
    array[i, : len(row)] = row
  array[len(batch) :] = array[len(batch) - 1]
  return array


def _without_padding(ids: Any) -> tuple[int, ...]:
  count = max((i + 1 for i, token in enumerate(ids) if token), default=0)
  return tuple(int(i) for i in ids[:count])
