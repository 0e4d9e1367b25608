"""The data type of a checkpoint's weights, found out by itself.

Mesh TF keeps master copies of its variables in the type that gin binds
(`get_variable_dtype.master_dtype`; bfloat16 by default, float32 by default off
TPU). TensorFlow restores a variable only into its own type, so a model has to
be built with that of its checkpoint.
"""

from __future__ import annotations

import collections

from t5_mtf import errors, gin_config
from t5_mtf.tf_compat import tf

_NAME = "get_variable_dtype", "master_dtype"
_DEFAULT = "bfloat16"  # of Mesh TF's `get_variable_dtype`


def of_checkpoint(path: str) -> str | None:
  """Returns the type of most weights, for example "float32".

  Args:
    path: the checkpoint.

  Returns:
    The name of the type; None if there are no weights, or none can be read.
  """
  try:
    types = tf.train.load_checkpoint(path).get_variable_to_dtype_map()
  except (tf.errors.OpError, ValueError, RuntimeError):
    return None  # restoring it says what is wrong with it
  counts = collections.Counter(
      dtype.name
      for name, dtype in types.items()
      if "_slot_" not in name and dtype.is_floating
  )
  return counts.most_common(1)[0][0] if counts else None


def match(path: str) -> str | None:
  """Binds the type of a checkpoint's weights, unless gin has it already.

  Args:
    path: the checkpoint that the model is restored from.

  Returns:
    A note if a binding was replaced; None if there was nothing to do.

  Raises:
    UserError: another type was asked for on the command line.
  """
  found = of_checkpoint(path)
  bound = gin_config.bound(*_NAME) or _DEFAULT
  if found is None or found == bound:
    return None
  name = ".".join(_NAME)
  if gin_config.is_given(*_NAME):
    raise errors.UserError(
        f"{name} is {bound!r}, but the weights of {path} are {found}. Leave"
        " the binding out: the type is found out from the checkpoint."
    )
  gin_config.bind_found(name, found)
  return f"weights are kept in {found}, as in {path} (gin: {bound})"
