"""Export of a checkpoint as SavedModels for one device.

The exported folder is a SavedModel that takes and gives text; it needs
TensorFlow and tensorflow-text to be loaded. Its folder `ids` is a second one
that takes and gives token ids, and needs TensorFlow alone. Neither needs this
package. `ask.py` is written beside them as an example client.
"""

from __future__ import annotations

import dataclasses
import filecmp
import importlib.resources
import os
import random
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.evaluation import files
from t5_mtf.models import (
    checkpoints,
    decoding,
    initialization,
    layouts,
    resident,
    serving,
)
from t5_mtf.models import rows as rows_lib
from t5_mtf.models.settings import RunSettings
from t5_mtf.tf_compat import tf

CLIENT = "ask.py"
IDS = "ids"  # the folder of the SavedModel without texts
_TAG = "serve"
_MAX_DIFFERENCE = 1e-3  # of log-likelihoods, relative

# Inputs and outputs by name, of each signature.
Signatures = dict[str, tuple[dict[str, Any], dict[str, Any]]]


class ExportMismatch(RuntimeError):
  """The exported model does not answer as the model itself does."""


def export(settings: RunSettings, examples: Sequence[str] = ()) -> str:
  """Exports the chosen checkpoint, and compares its answers.

  Signatures, each for any number of rows:
    serving_default: texts `input` -> `inputs` (what the model read), `outputs`.
    score: texts `inputs` and `targets` -> `scores`, `tokens`.
    predict_ids and score_ids: the same with token ids, in the folder `ids`.
  See `serving.Server` for what they give beside that.

  Args:
    settings: of the run; `export_path` must be set.
    examples: texts to compare the answers of; some of our own by default.

  Returns:
    The folder of the SavedModel, `export_path/STEP`.

  Raises:
    UserError: no export path is given, or it is on a TPU.
    ExportMismatch: the answers differ. Nothing is left behind.
  """
  if not settings.export_path:
    raise errors.UserError(
        "export needs a folder to write to. Add"
        " --gin_param=\"utils.run.export_path = 'export'\"."
    )
  [path] = checkpoints.select(settings.model_dir, settings.checkpoint_step)
  step = checkpoints.step_of(path)
  target = os.path.join(settings.export_path, str(step))
  if files.exists(target):
    print(
        f"{target} is there already: nothing exported. Remove it to export"
        " this step again.",
        flush=True,
    )
    return target
  options = decoding.options_of(settings)
  settings = _on_one_device(settings)
  partial = f"{target}.partial"
  _remove(partial)
  with resident.ResidentModel(
      settings, path, options, serving.shapes(settings)
  ) as model:
    try:
      _write(partial, model)
      compared = _compare(partial, model, examples or _some_texts(settings))
    except BaseException:
      _remove(partial)
      raise
  client = importlib.resources.files("t5_mtf.models") / "saved_model_client.py"
  files.write_atomically(os.path.join(partial, CLIENT), client.read_bytes())
  tf.io.gfile.rename(partial, target)
  print(
      f"exported step {step:,} to {target} ({options.describe()}); {compared}."
      f" Ask it: python {os.path.join(target, CLIENT)} 'your text'",
      flush=True,
  )
  return target


def _on_one_device(settings: RunSettings) -> RunSettings:
  """Whatever mesh it was trained on, the model is served on one device."""
  if settings.use_tpu:
    raise errors.UserError(
        "models are exported on a CPU or GPU: leave --tpu out."
    )
  return dataclasses.replace(settings, mesh=layouts.choose_mesh([], ""))


def _write(folder: str, model: resident.ResidentModel) -> None:
  """Writes both SavedModels; their equal files of weights are shared."""
  apart = _apart(folder)  # TensorFlow writes to empty folders alone
  with tf.Graph().as_default() as graph:
    for variable in model.variables:
      tf.compat.v1.get_variable(
          variable.op.name,
          variable.shape,
          variable.dtype.base_dtype,
          tf.compat.v1.zeros_initializer(),
      )
    signatures = _ids_signatures(model)
    meta_graph = tf.compat.v1.train.export_meta_graph(graph=graph)
    _write_saved_model(apart, model, signatures)
  names = {
      name: {feature: tensor.name for feature, tensor in outputs.items()}
      for name, (_, outputs) in signatures.items()
  }
  with tf.Graph().as_default():
    _write_saved_model(
        folder, model, _text_signatures(model, meta_graph, names)
    )
  ids = os.path.join(folder, IDS)
  tf.io.gfile.rename(apart, ids)
  if files.is_remote(folder):
    return
  for name in os.listdir(os.path.join(folder, "variables")):
    first, second = (os.path.join(f, "variables", name) for f in (folder, ids))
    if filecmp.cmp(first, second, shallow=False):
      os.link(first, f"{second}.link")
      os.replace(f"{second}.link", second)


def _apart(folder: str) -> str:
  return f"{folder}-{IDS}"


def _remove(folder: str) -> None:
  """Removes what an export wrote to a folder, or had begun to write."""
  for written in (folder, _apart(folder)):
    if files.exists(written):
      tf.io.gfile.rmtree(written)


def _write_saved_model(
    folder: str, model: resident.ResidentModel, signatures: Signatures
) -> None:
  """Writes the default graph, with the model's weights."""
  variables = initialization.Variables.of_graph()
  plan = initialization.plan(model.checkpoint, variables)
  reader = checkpoints.reader(plan.path)
  assignments, values = [], {}
  # The values are fed: what reads a checkpoint would be exported too.
  for variable in tf.compat.v1.global_variables():
    value = reader.get_tensor(variable.op.name)
    assignments.append(variable.initializer)
    values[variable.initializer.inputs[1]] = value.astype(
        variable.dtype.as_numpy_dtype
    )
  with tf.compat.v1.Session() as session:
    session.run(assignments, values)
    builder = tf.compat.v1.saved_model.Builder(folder)
    builder.add_meta_graph_and_variables(
        session,
        [_TAG],
        {
            name: tf.compat.v1.saved_model.predict_signature_def(*tensors)
            for name, tensors in signatures.items()
        },
        strip_default_attrs=True,
    )
    builder.save()


def _ids_signatures(model: resident.ResidentModel) -> Signatures:
  server = serving.Server(model.settings, model.options, model.part)

  def ids(name: str) -> Any:
    return tf.compat.v1.placeholder(tf.int32, [None, None], name)

  given = ids("ids")
  scored = {"targets": ids("targets")}
  if model.settings.model_type != "lm":
    scored = {"inputs": ids("inputs"), **scored}
  return {
      "predict_ids": ({"ids": given}, server.predict_ids(given)),
      "score_ids": (scored, server.score_ids(scored)),
  }


def _text_signatures(
    model: resident.ResidentModel,
    meta_graph: Any,
    names: Mapping[str, Mapping[str, str]],
) -> Signatures:
  """Puts texts before and behind the graph of ids.

  Args:
    model: the model.
    meta_graph: the graph of ids.
    names: of its outputs, by signature.
  """
  inputs_vocabulary, targets_vocabulary = model.settings.vocabulary
  has_end = model.settings.model_type != "lm"
  with tf.name_scope("text"):
    texts = _texts("input")
    ids = _encode_tf(inputs_vocabulary, texts, has_end)
    scored = {"targets": _texts("targets")}
    input_map = {
        "ids:0": ids,
        "targets:0": _encode_tf(targets_vocabulary, scored["targets"], True),
    }
    if has_end:
      scored = {"inputs": _texts("inputs"), **scored}
      input_map["inputs:0"] = _encode_tf(
          inputs_vocabulary, scored["inputs"], True
      )
  tf.compat.v1.train.import_meta_graph(meta_graph, input_map=input_map)
  graph = tf.compat.v1.get_default_graph()
  found, scores = (
      {feature: graph.get_tensor_by_name(n) for feature, n in outputs.items()}
      for outputs in (names["predict_ids"], names["score_ids"])
  )
  with tf.name_scope("text"):
    read, _ = serving.cut(ids, resident.inputs_length(model.settings))
    answer = {
        "inputs": inputs_vocabulary.decode_tf(read),
        "outputs": targets_vocabulary.decode_tf(found["outputs"]),
        "truncated": found["truncated"],
    }
    if "all_outputs" in found:
      length = model.options.max_length
      flat = tf.reshape(found["all_outputs"], [-1, length])
      answer["scores"] = found["scores"]
      answer["all_outputs"] = tf.reshape(
          targets_vocabulary.decode_tf(flat), tf.shape(found["scores"])
      )
  return {
      "serving_default": ({"input": texts}, answer),
      "score": (scored, scores),
  }


def _texts(name: str) -> Any:
  return tf.compat.v1.placeholder(tf.string, [None], name)


def _encode_tf(vocabulary: Any, texts: Any, has_end: bool) -> Any:
  """Token ids of texts, padded with 0 to the longest."""
  ids = tf.cast(vocabulary.encode_tf(texts), tf.int32)
  if has_end:
    end = tf.fill([tf.shape(texts)[0], 1], vocabulary.eos_id)
    ids = tf.concat([ids, end], axis=1)
  return ids.to_tensor()


def _some_texts(settings: RunSettings) -> list[str]:
  """Texts of random pieces: short, middling, and longer than the inputs."""
  vocabulary = settings.vocabulary[0]
  length = resident.inputs_length(settings)
  chosen = random.Random(0)
  sizes = [1, length // 8, length // 2, length + 8, *range(2, 9)]
  return [
      vocabulary.decode([
          chosen.randrange(3, vocabulary.vocab_size - vocabulary.extra_ids)
          for _ in range(max(size, 1))
      ])
      for size in sizes
  ]


def _compare(
    folder: str, model: resident.ResidentModel, texts: Sequence[str]
) -> str:
  """Compares the SavedModels with the model in memory; says what was equal.

  Raises:
    ExportMismatch: something differs.
  """
  settings = model.settings
  inputs, _ = rows_lib.cut(
      decoding.encode(settings, texts), resident.inputs_length(settings)
  )
  by_text = _run(folder, {"serving_default": {"input": list(texts)}})
  answers = [text.decode() for text in by_text["serving_default"]["outputs"]]
  own = [outputs[0].ids for outputs in model.decode(inputs)]
  targets = [
      list(row[: settings.batch.sequence_length["targets"]]) or [1]
      for row in own
  ]
  scored = {"targets": _together(targets)}
  if settings.model_type != "lm":
    scored["inputs"] = _together(inputs)
  by_ids = _run(
      os.path.join(folder, IDS),
      {"predict_ids": {"ids": _together(inputs)}, "score_ids": scored},
  )
  if model.options.is_sampling:
    said = "answers are drawn, and not compared"
  else:
    vocabulary = settings.vocabulary[1]
    padded = resident.padded(own, len(own), model.options.max_length)
    _check_equal(texts, [vocabulary.decode(ids) for ids in own], answers)
    _check_equal(
        texts, padded.tolist(), by_ids["predict_ids"]["outputs"].tolist()
    )
    said = f"its answers to {len(texts)} texts equal the model's"
  inputs = inputs if "inputs" in scored else None
  worst = _largest_difference(
      model.score(inputs, targets), by_ids["score_ids"]
  )
  return f"{said}; scores differ by {worst:.1g} at most"


def _check_equal(
    texts: Sequence[str], expected: Sequence[Any], found: Sequence[Any]
) -> None:
  for text, own, exported in zip(texts, expected, found, strict=True):
    if own != exported:
      raise ExportMismatch(
          f"the model answers {own!r} to {text!r}, but exported {exported!r}."
      )


def _largest_difference(
    expected: Sequence[tuple[float, int]], found: Mapping[str, Any]
) -> float:
  """The largest difference of scores, of the score where that is above 1."""
  largest = 0.0
  for (own, tokens), score, count in zip(
      expected, found["scores"], found["tokens"], strict=True
  ):
    difference = abs(own - float(score)) / max(1.0, abs(own))
    largest = max(largest, difference)
    if not difference <= _MAX_DIFFERENCE or tokens != count:
      raise ExportMismatch(
          f"the model scores a target of {tokens} tokens {own:.4f}, but"
          f" exported {score:.4f} ({count} tokens)."
      )
  return largest


def _together(rows: rows_lib.Rows) -> Any:
  return resident.padded(rows, len(rows), max(map(len, rows)))


def _run(folder: str, calls: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
  """Loads a SavedModel into a graph of its own, and calls signatures.

  Args:
    folder: of the SavedModel.
    calls: signature -> inputs by name.

  Returns:
    signature -> outputs by name.
  """
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    loaded = tf.compat.v1.saved_model.load(session, [_TAG], folder)
    found = {}
    for name, values in calls.items():
      signature = loaded.signature_def[name]
      found[name] = session.run(
          {key: info.name for key, info in signature.outputs.items()},
          {signature.inputs[key].name: v for key, v in values.items()},
      )
    return found
