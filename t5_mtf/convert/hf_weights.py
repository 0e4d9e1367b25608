"""The weights of a Hugging Face folder: safetensors, in one file or several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from t5_mtf import errors
from t5_mtf.convert import json_files
from t5_mtf.tf_compat import tf

FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"


def read(folder: str) -> dict[str, Any]:
  """Reads all tensors of a folder: name -> numpy array.

  Raises:
    CheckpointError: there are none, or a file is missing, damaged or not what
      the index says.
  """
  path = os.path.join(folder, FILE)
  if os.path.isfile(path):
    return _read_file(path)
  index = os.path.join(folder, INDEX)
  if os.path.isfile(index):
    return _read_shards(folder, index)
  there = sorted(os.listdir(folder))
  hint = ""
  if any(name.startswith("pytorch_model") for name in there):
    hint = (
        " It has weights as pickles, which may hold programs and are not read;"
        " loading it with Transformers and save_pretrained() makes safetensors."
    )
  raise errors.CheckpointError(
      f"{folder} has neither {FILE} nor {INDEX}.{hint}"
  )


def write(path: str, tensors: Mapping[str, Any]) -> None:
  """Writes one safetensors file."""
  numpy_safetensors = _safetensors().numpy
  with open(path, "wb"):  # so that it has the usual rights; the library's
    usual = os.stat(path).st_mode  # file is for its owner only
  numpy_safetensors.save_file(dict(tensors), path, {"format": "pt"})
  os.chmod(path, usual)


def _read_shards(folder: str, index: str) -> dict[str, Any]:
  places = json_files.read(index).get("weight_map")
  if not isinstance(places, dict):
    raise errors.CheckpointError(f"{index} has no weight_map.")
  tensors: dict[str, Any] = {}
  for shard in sorted(set(places.values())):
    path = os.path.join(folder, shard)
    if not os.path.isfile(path):
      raise errors.CheckpointError(
          f"{path} is missing, which {INDEX} names. Download it again."
      )
    for name, tensor in _read_file(path).items():
      if places.get(name) != shard:
        raise errors.CheckpointError(
            f"{path} holds {name!r}, which {INDEX} has in"
            f" {places.get(name, 'no file')}."
        )
      tensors[name] = tensor
  absent = sorted(set(places) - set(tensors))
  if absent:
    raise errors.CheckpointError(
        f"{places[absent[0]]} does not hold {absent[0]!r}, as {INDEX} says"
        f" ({len(absent)} tensors are absent). Download it again."
    )
  return tensors


def _read_file(path: str) -> dict[str, Any]:
  safetensors = _safetensors()
  try:
    with safetensors.safe_open(path, framework="np") as f:
      return {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118
  except safetensors.SafetensorError as error:
    raise errors.CheckpointError(
        f"{path} is not a safetensors file, or is damaged: {error}."
    ) from error


def _safetensors() -> Any:
  """The library; numpy then knows bfloat16, which comes with TensorFlow."""
  _ = tf.bfloat16.as_numpy_dtype
  try:
    import safetensors.numpy
  except ImportError as error:
    raise errors.UserError(
        "Hugging Face's files need the library safetensors: install"
        " `t5_mtf[convert]`, or `pip install safetensors`."
    ) from error
  return safetensors
