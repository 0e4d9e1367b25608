"""TensorFlow and Mesh TensorFlow, imported when first used.

Every module of the package takes `tf` (and `mtf`, and Mesh TF's submodules)
from here, so that the version check and the one alias that Mesh TF 0.1.21
needs on TensorFlow 2.15 stand in one place, and so that listing tasks or
printing help costs no TensorFlow import.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import types
from typing import Any

TENSORFLOW_VERSION = "2.15.1"


class VersionError(ImportError):
  """TensorFlow is missing or of another line; says which is needed."""


def _check_tensorflow_version() -> None:
  for distribution in ("tensorflow", "tensorflow-cpu"):
    try:
      found = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
      continue
    if found.split(".")[:2] == TENSORFLOW_VERSION.split(".")[:2]:
      return
    raise VersionError(
        f"t5_mtf needs TensorFlow {TENSORFLOW_VERSION} (the last line with"
        f" TPUEstimator), but {distribution} {found} is installed. Install it"
        " with `pip install -c constraints.txt t5_mtf`."
    )
  raise VersionError(
      f"t5_mtf needs TensorFlow {TENSORFLOW_VERSION}, which is not installed."
      " Install it with `pip install -c constraints.txt t5_mtf`."
  )


def _prepare_mesh_tensorflow() -> None:
  """Restores the name under which Mesh TF registers its tensor conversion.

  Its TPU code also reads absl flags of its own (cores a chip, folded tori), for
  which absl would parse our command line and stop at our flags. They keep their
  defaults.
  """
  from tensorflow.python.framework import ops, tensor_conversion_registry
  from tensorflow.python.platform import flags

  if not hasattr(ops, "register_tensor_conversion_function"):
    ops.register_tensor_conversion_function = (
        tensor_conversion_registry.register_tensor_conversion_function
    )
  flags.FLAGS([__name__])  # an empty command line


class _LazyModule(types.ModuleType):
  """A module that is imported at the first access to one of its attributes."""

  def __getattr__(self, name: str) -> Any:
    _check_tensorflow_version()
    if self.__name__.startswith("mesh_tensorflow"):
      _prepare_mesh_tensorflow()
    module = importlib.import_module(self.__name__)
    self.__dict__.update(module.__dict__)
    return getattr(module, name)


tf = _LazyModule("tensorflow")
tf_text = _LazyModule("tensorflow_text")
mtf = _LazyModule("mesh_tensorflow")
mtf_transformer = _LazyModule("mesh_tensorflow.transformer.transformer")
mtf_layers = _LazyModule("mesh_tensorflow.transformer.transformer_layers")
mtf_utils = _LazyModule("mesh_tensorflow.transformer.utils")
