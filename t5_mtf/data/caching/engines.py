"""Ways to write the files of a cache: in this machine, or on Apache Beam.

Both call `building.write_shard` for every file, so they write the same.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import multiprocessing
import time
from collections.abc import Callable, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import sources
from t5_mtf.data.caching import building
from t5_mtf.data.caching.building import ShardWork
from t5_mtf.durations import duration

_SECONDS_BETWEEN_LINES = 2.0


def run_locally(
    works: Sequence[ShardWork],
    workers: int = 1,
    module_imports: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> None:
  """Writes the files without Beam.

  Args:
    works: the files.
    workers: number of processes. One alone uses several cores, too, since
      TensorFlow tokenizes in parallel.
    module_imports: the modules that register the tasks; for further processes.
    say: takes the lines that tell the progress.
  """
  progress = _Progress(len(works), say)
  if workers <= 1:
    for work in works:
      progress.add(work, building.write_shard(work))
    return
  with concurrent.futures.ProcessPoolExecutor(
      min(workers, len(works) or 1),
      mp_context=multiprocessing.get_context("spawn"),
      initializer=_prepare,
      initargs=(list(module_imports), sources.get_tfds_data_dir_override()),
  ) as pool:
    futures = {
        pool.submit(building.write_shard, work): work for work in works
    }
    for future in concurrent.futures.as_completed(futures):
      progress.add(futures[future], future.result())


def run_on_beam(
    works: Sequence[ShardWork],
    pipeline_options: Sequence[str] = (),
    module_imports: Sequence[str] = (),
) -> dict[str, int]:
  """Writes the files on Apache Beam, by default with its direct runner.

  Args:
    works: the files.
    pipeline_options: Beam's own options, such as "--runner=FlinkRunner".
    module_imports: the modules that register the tasks, for the workers.

  Returns:
    Beam's counters by name: the files and the examples that were written.

  Raises:
    UserError: Beam is not installed.
  """
  try:
    import apache_beam as beam
    from apache_beam.options import pipeline_options as beam_options
  except ImportError as error:
    raise errors.UserError(
        "caching on Apache Beam needs the package apache-beam, which is not"
        " installed. Run `pip install t5_mtf[beam]`, or add --local to build"
        " the cache without it."
    ) from error
  options = beam_options.PipelineOptions(list(pipeline_options))
  prepared = (list(module_imports), sources.get_tfds_data_dir_override())
  pipeline = beam.Pipeline(options=options)
  _ = (
      pipeline
      | "Files" >> beam.Create(list(works))
      | "Spread" >> beam.Reshuffle()
      | "Write" >> beam.Map(_write_on_worker, *prepared)
  )
  result = pipeline.run()
  result.wait_until_finish()
  return {
      counter.key.metric.name: counter.committed
      for counter in result.metrics().query()["counters"]
      if counter.key.metric.namespace == "t5_mtf"
  }


def _write_on_worker(
    work: ShardWork, module_imports: Sequence[str], tfds_data_dir: str | None
) -> None:
  from apache_beam import metrics

  _prepare(module_imports, tfds_data_dir)
  stats = building.write_shard(work)
  metrics.Metrics.counter("t5_mtf", "files").inc()
  metrics.Metrics.counter("t5_mtf", "examples").inc(stats["examples"])


def _prepare(module_imports: Sequence[str], tfds_data_dir: str | None) -> None:
  """Makes a worker know the tasks."""
  if tfds_data_dir:
    sources.set_tfds_data_dir_override(tfds_data_dir)
  for module in module_imports:
    importlib.import_module(module)


class _Progress:
  """Says now and then how many are done, and how long the rest takes."""

  def __init__(self, total: int, say: Callable[[str], None]):
    self._total = total
    self._say = say
    self._start = self._said = time.monotonic()
    self._done = 0
    self._examples = 0

  def add(self, work: ShardWork, stats: dict[str, Any]) -> None:
    self._done += 1
    self._examples += stats["examples"]
    now = time.monotonic()
    if self._done < self._total and now - self._said < _SECONDS_BETWEEN_LINES:
      return
    self._said = now
    seconds = now - self._start
    left = seconds / self._done * (self._total - self._done)
    self._say(
        f"{work.task} {work.split}: {self._done} of {self._total} files,"
        f" {self._examples:,} examples"
        f" ({self._examples / max(seconds, 1e-3):,.0f}/s),"
        f" {duration(left)} left"
    )
