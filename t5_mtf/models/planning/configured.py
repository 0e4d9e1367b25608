"""The settings that a run would have on hardware that need not be there."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

from t5_mtf import errors, gin_config
from t5_mtf.models import gin_loading, layouts, settings
from t5_mtf.models.planning.hardware import Hardware
from t5_mtf.models.settings import RunSettings

# Rows of the embedding with the published vocabulary: 32,000 pieces, 100
# sentinels, and 28 that round it up.
PUBLISHED_VOCAB_SIZE = 32_128

_TPU_TOPOLOGY = "utils.tpu_mesh_shape.tpu_topology"


@dataclasses.dataclass(frozen=True)
class Vocabulary:
  """Stands for a vocabulary of which only the size is known.

  Attributes:
    vocab_size: number of ids.
  """

  vocab_size: int


@dataclasses.dataclass(frozen=True)
class Configured:
  """A configuration, and what was wrong with it.

  Attributes:
    settings: of the run; on one device, if its own mesh cannot be used.
    problem: why the mesh cannot be used, or None.
    notes: what was taken for what the configuration does not say.
  """

  settings: RunSettings
  problem: str | None
  notes: tuple[str, ...]


def load_gin(
    gin_files: Sequence[str],
    bindings: Sequence[str],
    hardware: Hardware,
    search_paths: Sequence[str] = (),
) -> None:
  """Loads gin as a run on the hardware would; names the slice of a TPU."""
  topology = []
  if hardware.on_tpu:
    topology.append(f"{_TPU_TOPOLOGY} = {hardware.name!r}")
  gin_loading.load(
      gin_files,
      [*topology, *bindings],
      search_paths=search_paths,
      on_tpu=hardware.on_tpu,
  )


def configured(
    hardware: Hardware,
    model_dir: str = "",
    mesh: str | None = None,
    **changes: Any,
) -> Configured:
  """Reads the settings of the loaded gin configuration.

  Args:
    hardware: that the run is planned for.
    model_dir: of the run.
    mesh: a mesh to take in place of the configured one, "batch:4,model:2".
    **changes: parameters of the published `run` that replace gin's bindings.

  Raises:
    UserError: the configuration cannot be used on any mesh.
  """
  vocabulary, notes = _vocabulary()
  changes = {"mode": "train", "vocabulary": vocabulary, **changes}
  # A TPU's devices are not looked for on this machine; nor shall these be.
  somewhere = layouts.Tpu(hardware.name)
  directory = model_dir or os.curdir
  try:
    shape = mesh or _mesh_shape(hardware)
    run = settings.from_gin(directory, somewhere, mesh_shape=shape, **changes)
    return Configured(run, None, notes)
  except errors.UserError as error:
    run = settings.from_gin(directory, somewhere, mesh_shape=[], **changes)
    return Configured(run, str(error), notes)


def _mesh_shape(hardware: Hardware) -> Any:
  """The configured mesh; data parallelism where a TPU's is configured."""
  shape = gin_config.run_bindings().get("mesh_shape")
  of_tpu = gin_config.is_reference_to(shape, "tpu_mesh_shape")
  if shape is None or (of_tpu and not hardware.on_tpu):
    count = hardware.devices
    return [("batch", count)] if count > 1 else []
  return gin_config.resolve(shape)


def _vocabulary() -> tuple[tuple[Any, Any], tuple[str, ...]]:
  """(inputs, targets) vocabularies, and a note if they are not at hand."""
  bound = gin_config.run_bindings().get("vocabulary")
  why = "none is bound"
  if bound is not None:
    try:
      found = gin_config.resolve(bound)
      both = found if isinstance(found, tuple) else (found, found)
      _ = [v.vocab_size for v in both]
      return both, ()
    except (errors.UserError, OSError) as error:
      why = str(error).splitlines()[0]
  stand_in = Vocabulary(PUBLISHED_VOCAB_SIZE)
  note = f"a vocabulary of {PUBLISHED_VOCAB_SIZE:,} ids is assumed ({why})"
  return (stand_in, stand_in), (note,)


