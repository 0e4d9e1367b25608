"""Loads gin for a run: first what gin files refer to, then the files."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from t5_mtf import gin_config, gin_legacy

# Off-TPU what is saved is float32 too, unless a config says otherwise: then a
# run that continues has exactly the weights of the run that was stopped.
_DEFAULTS_OFF_TPU = (
    "utils.get_variable_dtype.master_dtype = 'float32'",
    "utils.serialize_num_microbatches.tokens_per_microbatch_per_replica = None",
    "transformer.get_vocab_embedding_cls.cls ="
    " @t5_mtf.models.embedding.GatherVocabEmbedding",
    "transformer.Unitransformer.loss_fn = @t5_mtf.models.token_loss.token_loss",
)
# Published configs ask for bfloat16, for which CPU kernels are missing.
_OVERRIDES_OFF_TPU = (
    "utils.get_variable_dtype.slice_dtype = 'float32'",
    "utils.get_variable_dtype.activation_dtype = 'float32'",
)


def load(
    gin_files: Sequence[str],
    bindings: Sequence[str],
    search_paths: Sequence[str] = (),
    defaults: Sequence[str] = (),
    on_tpu: bool = False,
    ignored: gin_legacy.Ignored = gin_legacy.NOTHING_IGNORED,
) -> None:
  """Imports what gin files refer to, loads them, and says what was skipped.

  Args:
    gin_files: see `gin_config.load`.
    bindings: see `gin_config.load`.
    search_paths: see `gin_config.load`.
    defaults: see `gin_config.load`.
    on_tpu: whether the run is on a TPU; elsewhere all is float32, ids are
      looked up by a gather, and the loss is one operation.
    ignored: see `gin_config.load`.
  """
  for module in (
      "t5_mtf.data.first_tokens",
      "t5_mtf.data.preprocessors",
      "t5_mtf.data.tasks.mc4",
      "t5_mtf.data.vocabularies",
      "t5_mtf.models.mesh_transformer",
      "t5_mtf.models.inference",
      "t5_mtf.models.embedding",
      "t5_mtf.models.initialization",
      "t5_mtf.models.mixed_precision",
      "t5_mtf.models.periodic_evaluation",
      "t5_mtf.models.planning.capacity",
      "t5_mtf.models.token_loss",
      "t5_mtf.models.unfreezing",
  ):
    importlib.import_module(module)
  report = gin_config.load(
      gin_files,
      bindings,
      search_paths,
      defaults if on_tpu else (*_DEFAULTS_OFF_TPU, *defaults),
      () if on_tpu else _OVERRIDES_OFF_TPU,
      ignored,
  )
  for note in report.notes:
    print(f"gin: {note}")
