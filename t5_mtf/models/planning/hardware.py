"""Hardware that a run is planned for: a table, and names that stand for it.

Numbers of TPUs: Jouppi et al. 2020, "A Domain-Specific Supercomputer for
Training Deep Neural Networks", table 1, where a chip is two cores; half of one
ring over the chip's links goes to each core. Numbers of GPUs: NVIDIA's data
sheets of the SXM modules; off-TPU runs compute in float32 (the A100 in TF32,
TensorFlow's default), and the link is NVLink in one direction.
"""

from __future__ import annotations

import dataclasses
import os
import re
import time

from t5_mtf import errors

_GB = 1e9
_GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Device:
  """One device: a TPU core, a GPU, or a share of this machine's CPU.

  Attributes:
    kind: "tpu", "gpu" or "cpu".
    memory: in bytes.
    flops: peak of matrix products a second, in the type they are computed in.
    link: bytes a second that it can send to other devices.
    reached: the part of `flops` that a training step is taken to reach.
  """

  kind: str
  memory: float
  flops: float
  link: float
  reached: float = 0.5


@dataclasses.dataclass(frozen=True)
class Hardware:
  """Equal devices.

  Attributes:
    name: "v3-1024", "4xV100", "cpu:4".
    devices: how many there are.
    device: one of them.
  """

  name: str
  devices: int
  device: Device

  @property
  def on_tpu(self) -> bool:
    """Whether XLA compiles for it."""
    return self.device.kind == "tpu"

  def describe(self) -> str:
    """One line: what and how much of it."""
    device = self.device
    kinds = {"tpu": "TPU cores", "gpu": "GPUs", "cpu": "CPU devices"}
    return (
        f"{self.name}: {self.devices:,} {kinds[device.kind]} of"
        f" {device.memory / _GB:.1f} GB and {device.flops / 1e12:.3g} TFLOP/s"
    )


TPUS = {
    "v2": Device("tpu", 8 * _GIB, 23e12, 62e9),
    "v3": Device("tpu", 16 * _GIB, 61.5e12, 82e9),
}
TPU_SLICES = {  # version -> numbers of cores that slices are offered with
    "v2": (8, 32, 128, 256, 512),
    "v3": (8, 32, 64, 128, 256, 512, 1024, 2048),
}
GPUS = {
    "T4": Device("gpu", 16 * _GB, 8.1e12, 16e9),
    "V100": Device("gpu", 16 * _GIB, 15.7e12, 150e9),
    "V100-32GB": Device("gpu", 32 * _GIB, 15.7e12, 150e9),
    "A100": Device("gpu", 40 * _GIB, 156e12, 300e9),
    "A100-80GB": Device("gpu", 80 * _GIB, 156e12, 300e9),
}
_CPU_LINK = 5e9  # copies within memory; a guess
_MEASURED_SECONDS = 0.3


def names() -> list[str]:
  """Names that `parse` takes, one for each kind."""
  slices = [f"{v}-{n}" for v, sizes in TPU_SLICES.items() for n in sizes]
  return [*slices, *GPUS, *(f"8x{name}" for name in GPUS), "cpu", "cpu:4"]


def parse(name: str) -> Hardware:
  """Returns the hardware of a name: "v3-8", "A100", "4xV100", "cpu:4".

  A CPU is measured by a short matrix product.

  Raises:
    UnknownNameError: there is no such hardware.
  """
  if match := re.fullmatch(r"(v\d)-(\d+)", name):
    version, cores = match[1], int(match[2])
    if cores in TPU_SLICES.get(version, ()):
      return Hardware(name, cores, TPUS[version])
  if match := re.fullmatch(r"(?:(\d+)x)?([A-Z].*)", name):
    count = int(match[1] or 1)
    if match[2] in GPUS and count:
      return Hardware(name, count, GPUS[match[2]])
  if match := re.fullmatch(r"cpu(?::([1-9]\d*))?", name):
    return this_cpu(int(match[1] or 1))
  raise errors.unknown_name("hardware", name, names())


def this_cpu(devices: int, measured: bool = True) -> Hardware:
  """This machine's CPU, divided into logical devices.

  Args:
    devices: how many.
    measured: whether to measure how fast it is; where only its memory matters,
      it need not be.
  """
  name = f"cpu:{devices}" if devices > 1 else "cpu"
  device = Device(
      "cpu",
      memory=(host_memory() or 0) / devices,
      flops=measured_flops() / devices if measured else 0,
      link=_CPU_LINK,
      reached=0.6,
  )
  return Hardware(name, devices, device)


def host_memory() -> int | None:
  """Bytes of memory this process may use; None if the system does not say."""
  try:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
  except (ValueError, OSError, AttributeError):
    return None
  for path in (
      "/sys/fs/cgroup/memory.max",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes",
  ):
    try:
      with open(path, encoding="ascii") as f:
        total = min(total, int(f.read()))
    except (OSError, ValueError):
      continue  # no such file, or "max"
  return total


def measured_flops() -> float:
  """FLOP/s of float32 matrix products in TensorFlow on all cores."""
  from t5_mtf.tf_compat import tf

  size = 1024
  with tf.Graph().as_default(), tf.device("cpu:0"):
    a = tf.random.uniform([size, size], seed=0)
    held = tf.compat.v1.Variable(a, use_resource=True)
    product = tf.reduce_sum(tf.matmul(held, held))
    config = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
    with tf.compat.v1.Session(config=config) as session:
      session.run(held.initializer)
      session.run(product)
      runs, start = 0, time.perf_counter()
      while time.perf_counter() - start < _MEASURED_SECONDS:
        session.run(product)
        runs += 1
      seconds = time.perf_counter() - start
  return runs * 2 * size**3 / seconds


def visible() -> Hardware:
  """What a run on this machine would use: its GPUs, else its CPU."""
  from t5_mtf.tf_compat import tf

  gpus = tf.config.list_physical_devices("GPU")
  if not gpus:
    return this_cpu(1)
  details = tf.config.experimental.get_device_details(gpus[0])
  said = str(details.get("device_name", ""))
  for name in sorted(GPUS, key=len, reverse=True):
    if name.split("-")[0] in said and name.split("-")[-1] in said:
      return Hardware(f"{len(gpus)}x{name}", len(gpus), GPUS[name])
  raise errors.UserError(
      f"the GPU {said!r} is not in the table of hardware. Name what comes near"
      f" it with --hardware: {', '.join(GPUS)}."
  )


def gigabytes(number: float) -> str:
  """A size for people.

  >>> gigabytes(16 * 2**30), gigabytes(3.4e6)
  ('17.2 GB', '3.4 MB')
  """
  if number >= 1e9:
    return f"{number / 1e9:,.1f} GB"
  return f"{number / 1e6:,.1f} MB"
