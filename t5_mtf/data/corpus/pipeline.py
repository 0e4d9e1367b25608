"""Runs the making of a corpus on Apache Beam: three pipelines, in order.

By default that is Beam's direct runner, on this machine; its options name any
other engine. The folder must then be one that all workers see.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data.corpus import building, deduplication
from t5_mtf.data.corpus.building import CorpusPlan, Place
from t5_mtf.data.corpus.corpus_build import CLEAN, WRITE, CorpusBuild
from t5_mtf.data.corpus.progress import Progress
from t5_mtf.data.corpus.tally import Tally

_PARTS = {CLEAN: building.clean_file, WRITE: building.write_shard}


def run(
    build: CorpusBuild,
    pipeline_options: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
  """Makes a corpus; parts that are finished already are kept.

  Args:
    build: of the corpus.
    pipeline_options: Beam's own options, such as "--runner=FlinkRunner".
    say: takes the lines that tell the progress.

  Returns:
    The statistics of the corpus.

  Raises:
    UserError: Beam is not installed.
    DataError: no page is left.
  """
  _import_beam()
  build.begin()
  _run_parts(build, CLEAN, pipeline_options, say)
  if not build.has_duplicates:
    say("de-duplicating ...")
    start = time.monotonic()
    _find_duplicates(build.plan, pipeline_options)
    build.mark_duplicates()
    say(f"de-duplicating: done in {time.monotonic() - start:.0f} s")
  _run_parts(build, WRITE, pipeline_options, say)
  return build.finish()


def _import_beam() -> Any:
  try:
    import apache_beam
  except ImportError as error:
    raise errors.UserError(
        "making a corpus needs the package apache-beam, which is not installed."
        ' Run `pip install "t5_mtf[beam]"`.'
    ) from error
  return apache_beam


def _pipeline(pipeline_options: Sequence[str]) -> Any:
  beam = _import_beam()
  from apache_beam.options import pipeline_options as beam_options

  return beam.Pipeline(
      options=beam_options.PipelineOptions(list(pipeline_options))
  )


def _run_parts(
    build: CorpusBuild,
    stage: str,
    pipeline_options: Sequence[str],
    say: Callable[[str], None],
) -> None:
  pending = build.pending(stage)
  kept = build.count(stage) - len(pending)
  if kept:
    say(f"{stage}: {kept} of {build.count(stage)} parts are finished already")
  if not pending:
    return
  beam = _import_beam()
  with Progress(build, stage, say):
    pipeline = _pipeline(pipeline_options)
    _ = (
        pipeline
        | "Parts" >> beam.Create(pending)
        | "Spread" >> beam.Reshuffle()
        | stage.capitalize() >> beam.Map(_make_part, build.plan, stage)
    )
    pipeline.run().wait_until_finish()


def _make_part(index: int, plan: CorpusPlan, stage: str) -> None:
  """Makes a part on a worker, and adds its counts to Beam's."""
  from apache_beam import metrics

  tally: Tally = _PARTS[stage](plan, index)
  for name, count in tally.counts.items():
    metrics.Metrics.counter("t5_mtf.corpus", name).inc(count)


def _find_duplicates(plan: CorpusPlan, pipeline_options: Sequence[str]) -> None:
  """Writes the windows that go. Only hashes travel, not texts."""
  beam = _import_beam()
  pipeline = _pipeline(pipeline_options)
  _ = (
      pipeline
      | "Shards" >> beam.Create(list(range(plan.num_shards)))
      | "Spread" >> beam.Reshuffle()
      | "Windows" >> beam.FlatMap(_hashed_windows, plan)
      | "Equal" >> beam.GroupByKey()
      | "AllButOne" >> beam.FlatMap(_all_but_one)
      | "OfShard" >> beam.GroupByKey()
      | "Write" >> beam.Map(_write_duplicates, plan)
  )
  pipeline.run().wait_until_finish()


def _hashed_windows(
    shard: int, plan: CorpusPlan
) -> Iterator[tuple[bytes, tuple[bytes, int, int]]]:
  for digest, (key, position) in building.shard_windows(plan, shard):
    yield digest, (key, position, shard)


def _all_but_one(
    group: tuple[bytes, Iterable[tuple[bytes, int, int]]],
) -> Iterator[tuple[int, Place]]:
  for key, position, shard in deduplication.all_but_least(group[1]):
    yield shard, (key, position)


def _write_duplicates(
    group: tuple[int, Iterable[Place]], plan: CorpusPlan
) -> None:
  building.write_duplicates(plan, *group)
