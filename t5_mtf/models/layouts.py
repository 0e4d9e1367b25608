"""The mesh of devices: chosen from what is visible, checked before any graph.

A mesh has named dimensions ("batch", "model"); layout rules say which tensor
dimension is split over which mesh dimension. See Raffel et al. 2020, section
2.1 ("Mesh TensorFlow"), and the published `utils.run.mesh_shape`,
`mesh_devices` and `layout_rules`.
"""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.tf_compat import mtf, tf


@dataclasses.dataclass(frozen=True)
class Tpu:
  """A Cloud TPU.

  Attributes:
    name: its name, or its grpc:// address.
    zone: None to find out.
    project: None to find out.
    job_name: of its workers; None for TensorFlow's own.
  """

  name: str
  zone: str | None = None
  project: str | None = None
  job_name: str | None = None


def is_on_one_device(model: Any) -> bool:
  """Whether a Mesh TF model is built for a mesh on which nothing is split."""
  return model.mesh_shape is not None and model.mesh_shape.size == 1


@dataclasses.dataclass(frozen=True)
class Mesh:
  """Where a model runs.

  Attributes:
    shape: the `mtf.Shape` of the mesh; empty for one device.
    layout: the `mtf.LayoutRules`.
    devices: one TensorFlow device name for each mesh position; empty on TPU.
    description: one line for the start report.
    tpu: the TPU, or None.
    target: what TensorFlow sessions connect to; empty for this process alone.
  """

  shape: Any
  layout: Any
  devices: tuple[str, ...]
  description: str
  tpu: Tpu | None = None
  target: str = ""

  def split_of(self, dimension: str) -> int:
    """Into how many parts the tensor dimension is split."""
    return mtf.tensor_dim_to_mesh_dim_size(
        self.layout, self.shape, mtf.Dimension(dimension, 0)
    )

  @property
  def num_replicas(self) -> int:
    """How many groups of devices hold different sequences of a batch."""
    return self.split_of("batch") * self.split_of("outer_batch")

  @property
  def is_one_cpu_or_gpu(self) -> bool:
    """Whether nothing is split, and no TPU compiles what is computed."""
    return self.shape.size == 1 and self.tpu is None

  @property
  def has_gpus(self) -> bool:
    """Whether a GPU is among the devices."""
    return any("gpu" in device.lower() for device in self.devices)

  @property
  def num_logical_cpus(self) -> int:
    """How many CPU devices TensorFlow has to make for this mesh."""
    return max(1, sum("cpu" in d.lower() for d in self.devices))


def choose_mesh(
    mesh_shape: Any,
    layout_rules: Any,
    mesh_devices: Sequence[str] | str | None = None,
    tpu: Tpu | None = None,
) -> Mesh:
  """Makes the mesh of a run.

  Args:
    mesh_shape: what `mtf.convert_to_shape` takes ("batch:2,model:2", a list of
      pairs, an `mtf.Shape`), or None to choose from the visible devices: all
      GPUs data-parallel, else one CPU device that uses every core.
    layout_rules: what `mtf.convert_to_layout_rules` takes.
    mesh_devices: device names in mesh order; "cpu" or "gpu" for as many of
      that kind as the mesh has positions; None to take the visible ones.
    tpu: the TPU, or None.

  Raises:
    UserError: the shape and the devices do not have the same size, or a device
      is not there.
  """
  layout = mtf.convert_to_layout_rules(layout_rules)
  gpus = [] if tpu else tf.config.list_physical_devices("GPU")
  kind = _kind_of(mesh_devices)
  if mesh_shape is None:
    if mesh_devices and not kind:
      count = len(mesh_devices)
    else:
      count = 1 if kind == "cpu" else max(1, len(gpus))
    mesh_shape = [("batch", count)] if count > 1 else []
  shape = _parse_shape(mesh_shape)
  if tpu:
    what = f"TPU {tpu.name}; mesh {named(shape)}"
    return Mesh(shape, layout, (), what, tpu)
  if kind:
    devices = tuple(f"{kind}:{i}" for i in range(shape.size))
  elif mesh_devices:
    devices = tuple(mesh_devices)
  elif gpus and shape.size <= len(gpus):
    devices = tuple(f"gpu:{i}" for i in range(shape.size))
  else:
    devices = tuple(f"cpu:{i}" for i in range(shape.size))
  if len(devices) != shape.size:
    raise errors.UserError(
        f"mesh_shape {named(shape)} needs {shape.size} devices, but"
        f" mesh_devices names {len(devices)}: {', '.join(devices)}."
        f" Give {shape.size} devices, or a shape whose sizes multiply to"
        f" {len(devices)}."
    )
  _check_gpus(devices, len(gpus))
  return Mesh(shape, layout, devices, _describe(shape, devices, len(gpus)))


def check_divides(mesh: Mesh, sizes: Mapping[str, int], what: str) -> None:
  """Checks that the mesh splits each tensor dimension evenly.

  Args:
    mesh: the mesh.
    sizes: tensor dimension -> its size, for example {"heads": 8}.
    what: whose dimensions these are, for the message.

  Raises:
    UserError: a size is not a multiple of the number of its parts.
  """
  for dimension, size in sizes.items():
    parts = mesh.split_of(dimension)
    if size % parts:
      divisors = [n for n in range(1, size + 1) if size % n == 0]
      shown = ", ".join(map(str, [n for n in divisors if n <= 1024]))
      raise errors.UserError(
          f"the mesh {named(mesh.shape)} splits {dimension!r} of {what} into"
          f" {parts} parts, but its size {size} is not a multiple of {parts}."
          f" Sizes of that mesh dimension that fit: {shown}."
      )


def _parse_shape(mesh_shape: Any) -> Any:
  try:
    return mtf.convert_to_shape(mesh_shape)
  except (ValueError, TypeError, AttributeError) as error:
    raise errors.UserError(
        f"mesh_shape {mesh_shape!r} cannot be read ({error}). Write it as"
        ' "batch:2,model:2".'
    ) from error


def _kind_of(mesh_devices: Sequence[str] | str | None) -> str | None:
  """"cpu" or "gpu" where only the kind of the devices is given."""
  if not isinstance(mesh_devices, str):
    return None
  if mesh_devices not in ("cpu", "gpu"):
    raise errors.unknown_name(
        "kind of mesh_devices",
        mesh_devices,
        ("cpu", "gpu"),
        "Or give a list of device names, such as ['gpu:0', 'gpu:1'].",
    )
  return mesh_devices


def _check_gpus(devices: Sequence[str], num_gpus: int) -> None:
  for device in devices:
    kind, _, index = device.lower().strip("/").rpartition(":")
    if "job:" in kind:
      continue  # of another host, perhaps; it was found there
    if kind.endswith("gpu") and index.isdigit() and int(index) >= num_gpus:
      raise errors.UserError(
          f"mesh_devices names {device!r}, but TensorFlow sees {num_gpus} GPUs"
          f" ({'gpu:0 and on' if num_gpus else 'none'}). Leave mesh_devices out"
          " to use what is visible."
      )


def named(shape: Any) -> str:
  """A mesh's shape for people: "batch:2xmodel:4"."""
  return "x".join(f"{d.name}:{d.size}" for d in shape.dims) or "of one device"


def _describe(shape: Any, devices: Sequence[str], num_gpus: int) -> str:
  unused = num_gpus - sum("gpu" in d.lower() for d in devices)
  text = f"{', '.join(devices)}; mesh {named(shape)}"
  if unused > 0:
    text += f"; {unused} visible GPU left unused"
  return text + "".join(f"; {note}" for note in unused_accelerators(num_gpus))


def unused_accelerators(num_gpus: int) -> list[str]:
  """Accelerators that are there and that a run without --tpu cannot use.

  Args:
    num_gpus: how many GPUs TensorFlow sees.
  """
  notes = []
  nvidia = len(glob.glob("/dev/nvidia[0-9]*"))
  if nvidia > num_gpus:
    notes.append(
        f"{nvidia - num_gpus} NVIDIA GPU left unused, which TensorFlow does not"
        " see (driver, CUDA or CUDA_VISIBLE_DEVICES)"
    )
  name = os.environ.get("TPU_NAME")
  if name or glob.glob("/dev/accel[0-9]*"):
    notes.append(f"a TPU left unused: --tpu={name or 'NAME'} takes it")
  return notes
