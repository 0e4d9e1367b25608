"""The graph of an exported model: any number of rows, in TensorFlow alone.

Mesh TF needs static shapes. A request is therefore computed in chunks of a few
shapes: one row or `Shapes.rows[-1]`, each at the shortest of `Shapes.lengths`
that its rows fit. What a chunk lacks is filled with its last row.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from t5_mtf.models import predict_step, resident, score_step
from t5_mtf.models.batch_shapes import Shapes
from t5_mtf.models.decode_options import DecodeOptions
from t5_mtf.models.resident import Part
from t5_mtf.models.settings import Batch, RunSettings
from t5_mtf.tf_compat import mtf, tf

_ROWS = 8  # computed together

# Makes tensors by name, and an `mtf.Lowering`, of features and a context.
Step = Callable[[Mapping[str, Any], Any], tuple[dict[str, Any], Any]]


def shapes(settings: RunSettings) -> Shapes:
  """The shapes a model is exported for."""
  length = resident.inputs_length(settings)
  short = min(length, -(-length // 4 // 16) * 16 or length)
  return Shapes((1, _ROWS), tuple(sorted({short, length})))


class Server:
  """Builds what is served into the default graph.

  The model's variables must be in the graph already.
  """

  def __init__(
      self, settings: RunSettings, options: DecodeOptions, part: Part
  ) -> None:
    """Initializes the builder.

    Args:
      settings: of the run, on one device.
      options: of decoding, with a `max_length`.
      part: builds the model's steps.
    """
    self._settings = settings
    self._options = options
    self._part = part
    self._shapes = shapes(settings)
    self._lengths = {
        "inputs": resident.inputs_length(settings),
        "targets": settings.batch.sequence_length["targets"],
    }

  def predict_ids(self, ids: Any) -> dict[str, Any]:
    """Decodes int32 ids [rows, any length], padded with 0.

    Returns:
      `outputs`, int32 [rows, decode length], 0 after EOS; `truncated`, bool
      [rows]. With several outputs of a row also `all_outputs`, int32 [rows,
      outputs, decode length], and their log-likelihoods `scores`, float32
      [rows, outputs]; a place that no beam filled has -infinity.
    """
    options = self._options
    ids, truncated = cut(ids, self._lengths["inputs"])
    repeats = options.num_outputs if options.is_sampling else 1
    repeated = tf.repeat(ids, repeats, axis=0)
    each = options.num_outputs // repeats
    specs = {
        "outputs": tf.TensorSpec([_ROWS, each, options.max_length], tf.int32)
    }
    if options.beam_size > 1:
      specs["beam_scores"] = tf.TensorSpec([_ROWS, each], tf.float32)
    found = self._in_chunks(
        {"inputs": repeated},
        lambda features, context: predict_step.predictions(
            features["inputs"], context, options
        ),
        specs,
    )
    outputs = tf.reshape(
        found["outputs"], [-1, options.num_outputs, options.max_length]
    )
    answer = {"outputs": outputs[:, 0], "truncated": truncated}
    if options.num_outputs > 1:
      answer["all_outputs"] = outputs
      answer["scores"] = self._scores(repeated, outputs, found)
    return answer

  def _scores(
      self, inputs: Any, outputs: Any, found: Mapping[str, Any]
  ) -> Any:
    """Log-likelihoods [rows, outputs]."""
    if "beam_scores" in found:
      return _log_likelihoods(
          outputs, found["beam_scores"], self._options.alpha
      )
    flat = tf.reshape(outputs, [-1, self._options.max_length])
    scores = self.score_ids({"inputs": inputs, "targets": flat}, shorten=False)
    return tf.reshape(scores["scores"], [-1, self._options.num_outputs])

  def score_ids(
      self, features: Mapping[str, Any], shorten: bool = True
  ) -> dict[str, Any]:
    """Scores targets given inputs, int32 [rows, any length], padded with 0.

    Returns:
      `scores`, float32 [rows]: log-likelihoods; `tokens`, int32 [rows]: how
      many tokens were scored; `truncated`, bool [rows]: whether one of the two
      was cut.
    """
    fitting, truncated = {}, tf.constant(False)
    for name, ids in features.items():
      length = self._lengths[name] if shorten else ids.shape[-1]
      fitting[name], longer = cut(ids, length)
      truncated = tf.logical_or(truncated, longer)
    specs = {
        "scores": tf.TensorSpec([_ROWS], tf.float32),
        "tokens": tf.TensorSpec([_ROWS], tf.int32),
    }
    found = self._in_chunks(fitting, score_step.predictions, specs)
    return {**found, "truncated": truncated}

  def _in_chunks(
      self, features: Mapping[str, Any], step: Step, found: Mapping[str, Any]
  ) -> dict[str, Any]:
    """Computes a step over any number of rows.

    Args:
      features: int32 [rows, length] by name.
      step: makes tensors [rows, ...] of features of a static shape.
      found: name -> `tf.TensorSpec` of a full chunk of those tensors.
    """
    count = tf.shape(next(iter(features.values())))[0]
    lengths = self._shapes.lengths if "inputs" in features else (None,)
    branches = [
        (rows, length) for rows in self._shapes.rows for length in lengths
    ]

    def compute(
        chunk: Mapping[str, Any], rows: int, length: int | None
    ) -> list[Any]:
      static = {name: ids[:rows] for name, ids in chunk.items()}
      if length:
        static["inputs"] = static["inputs"][:, :length]
      shape = {name: ids.shape[-1] for name, ids in static.items()}
      batch = Batch(rows, {**self._settings.batch.sequence_length, **shape})
      values, _ = self._part.build(batch, functools.partial(step, static))
      return [tf.repeat(values[name], _ROWS // rows, axis=0) for name in found]

    def one_chunk(start: Any) -> dict[str, Any]:
      at = tf.minimum(tf.range(start, start + _ROWS), count - 1)
      chunk = {name: tf.gather(ids, at) for name, ids in features.items()}
      index = tf.where(count > 1, len(lengths), 0)
      if len(lengths) > 1:
        longest = tf.reduce_max(_lengths(chunk["inputs"]))
        index += tf.reduce_sum(tf.cast(longest > lengths[:-1], tf.int32))
      values = tf.switch_case(
          index, [functools.partial(compute, chunk, *b) for b in branches]
      )
      return dict(zip(found, values, strict=True))

    values = tf.map_fn(
        one_chunk,
        tf.range(0, count, _ROWS),
        fn_output_signature=dict(found),
        parallel_iterations=1,
    )
    return {
        name: tf.reshape(value, [-1, *value.shape[2:]])[:count]
        for name, value in values.items()
    }


def cut(ids: Any, length: int) -> tuple[Any, Any]:
  """Cuts or pads ids [rows, any] to `length`, keeping each row's last id.

  Returns:
    The ids [rows, length], and which rows were longer.
  """
  ids = tf.cast(ids, tf.int32)
  lengths = _lengths(ids)
  longer = lengths > length
  fitting = tf.pad(ids, [[0, 0], [0, length]])[:, :length]
  last = tf.gather(
      tf.pad(ids, [[0, 0], [0, 1]]), tf.maximum(lengths - 1, 0), batch_dims=1
  )
  is_last = tf.equal(tf.range(length), length - 1)
  fitting = tf.where(
      longer[:, tf.newaxis] & is_last, last[:, tf.newaxis], fitting
  )
  return tf.ensure_shape(fitting, [None, length]), longer


def _lengths(ids: Any) -> Any:
  """How long each row is without the padding behind it."""
  positions = tf.range(1, tf.shape(ids)[1] + 1)
  return tf.reduce_max(
      tf.where(tf.not_equal(ids, 0), positions, 0), axis=1
  )


def _log_likelihoods(outputs: Any, scores: Any, alpha: float) -> Any:
  """Takes the length penalty off beam search's scores; see `predict_step`."""
  is_end = tf.equal(outputs, mtf.beam_search.EOS_ID)
  ends = tf.argmax(tf.cast(is_end, tf.int32), axis=-1) + 1
  lengths = tf.cast(ends, tf.float32)
  ended = tf.reduce_any(is_end, axis=-1)
  penalty = tf.where(ended, ((5.0 + lengths) / 6.0) ** alpha, 1.0)
  unfilled = scores < resident.UNFILLED
  return tf.where(unfilled, -float("inf"), scores * penalty)
