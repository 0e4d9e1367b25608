"""The table of the published model sizes on TPU slices."""

from __future__ import annotations

from collections.abc import Iterator

from t5_mtf.models.planning import configured, estimate, hardware, report

SIZES = ("small", "base", "large", "3B", "11B")
SLICES = ("v2-8", "v3-8", "v3-32", "v3-64", "v3-128", "v3-256", "v3-512",
          "v3-1024")
# Pre-training of the released models (Raffel et al. 2020, section 3.7): 2,048
# sequences of 512 tokens, targets of 114.
BINDINGS = (
    "utils.run.sequence_length = {'inputs': 512, 'targets': 114}",
    "utils.run.batch_size = ('tokens_per_batch', 1048576)",
    "utils.run.train_steps = 1000000",
)
_HEAD = ("model", "slice", "mesh", "fits", "memory a core", "recomputed",
         "sent a core", "step")


def gin_files(size: str) -> list[str]:
  """Gin files of a released model's pre-training."""
  return [
      f"models/t5.1.0.{size}.gin",
      "learning_rate_schedules/rsqrt_no_ramp_down.gin",
  ]


def table() -> Iterator[str]:
  """Yields the lines of a Markdown table, one for each model and slice.

  The mesh is the published one: as many cores share a model as its gin file
  says, the rest are data-parallel, with micro-batches of 2,048 tokens.
  """
  yield f"| {' | '.join(_HEAD)} |"
  yield "|" + "---|" * len(_HEAD)
  for size in SIZES:
    for name in SLICES:
      yield f"| {' | '.join(_row(size, name))} |"


def _row(size: str, name: str) -> list[str]:
  there = hardware.parse(name)
  configured.load_gin(gin_files(size), BINDINGS, there)
  found = configured.configured(there)
  if found.problem:
    return [size, name, "-", f"no: {found.problem}", "", "", "", ""]
  plan = estimate.make_plan(found.settings, there)
  [_, cells] = report.cells([plan])
  mesh, fits, *numbers = cells
  if plan.settings.mesh.shape.size != there.devices:
    return [size, name, mesh, f"no: {plan.problem()}", "", "", "", ""]
  return [size, name, mesh, fits, *numbers]
