"""The machine and the packages that results were made with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

from t5_mtf.models.planning import hardware

_PACKAGES = ("t5_mtf", "tensorflow", "mesh-tensorflow", "numpy")


def describe() -> dict[str, Any]:
  """Returns the CPU's model, the number of cores, and the memory in GB.

  The memory is None where the system does not say.
  """
  memory = hardware.host_memory()
  return {
      "cpu": _cpu_model(),
      "cores": os.cpu_count() or 1,
      "memory_gb": memory and round(memory / 1e9),
  }


def usable_cores() -> list[int]:
  """Returns the numbers of the cores that this process may use."""
  return sorted(os.sched_getaffinity(0))


def versions() -> dict[str, str]:
  """Returns the versions of what results depend on."""
  found = {"python": platform.python_version()}
  for package in _PACKAGES:
    try:
      found[package] = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
      continue  # run from its sources
  return found


def _cpu_model() -> str:
  try:
    with open("/proc/cpuinfo", encoding="utf-8") as f:
      for line in f:
        if line.startswith("model name"):
          return line.partition(":")[2].strip()
  except OSError:
    pass
  return platform.processor() or platform.machine()
