"""`t5_mtf cache`: keeps the processed examples of tasks in files."""

from __future__ import annotations

import argparse
from typing import Any

from t5_mtf import errors
from t5_mtf.cli import registered

_DESCRIPTION = """\
Runs the preprocessors of tasks up to their CacheDatasetPlaceholder once, and
writes the examples as TFRecords with info and statistics, in SeqIO's layout:

  t5_mtf cache my_task --module_import=my_tasks --output_dir=caches --local
  t5_mtf cache my_task --module_import=my_tasks --output_dir=gs://my/caches \\
    -- --runner=DataflowRunner --project=... --region=... --temp_location=...

Without --local it runs on Apache Beam (its direct runner by default); what
follows ` -- ` are Beam's own options. Both ways write the same examples. After
an interruption, run the same command again: finished files are kept. To use
the cache:

  t5_mesh_transformer --additional_task_cache_dirs=caches \\
    --gin_param="mesh_train_dataset_fn.use_cached = True" ...
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Adds the command's parser."""
  parser = commands.add_parser(
      "cache",
      help="write the processed examples of tasks to files",
      description=_DESCRIPTION,
  )
  add = parser.add_argument
  add("tasks", nargs="+", metavar="TASK",
      help="a registered task; a mixture stands for those of its tasks that"
      " can be cached")
  add("--output_dir", required=True, metavar="DIR",
      help="the cache directory; each task has a folder there")
  add("--splits", metavar="train,validation",
      help="the splits to write (default: all)")
  add("--overwrite", action="store_true",
      help="remove what is in the tasks' folders, and build anew")
  add("--min_shards", type=int, metavar="N",
      help="files of a split whose source has fewer (default 16)")
  add("--local", action="store_true", help="do without Apache Beam")
  add("--workers", type=int, default=1, metavar="N",
      help="with --local: number of processes (default 1, which uses several"
      " cores for the tokenizing alone)")
  registered.add_flags(parser)
  return parser


def run(flags: argparse.Namespace) -> int:
  """Builds the caches."""
  if flags.local and flags.after_dashes:
    raise errors.UserError(
        "--local does without Apache Beam, so it takes no options of Beam"
        f" ({' '.join(flags.after_dashes)})."
    )
  if flags.workers != 1 and not flags.local:
    raise errors.UserError(
        "--workers is for --local. On Beam, its own options say how many, for"
        " example ` -- --direct_num_workers=4`."
    )
  registered.prepare(flags)
  from t5_mtf.data.caching import building

  tasks = _tasks(flags.tasks)
  if flags.dry_run:
    print(f"would cache {', '.join(task.name for task in tasks)}")
    return 0
  builds = [
      building.CacheBuild(
          task,
          flags.output_dir,
          flags.splits.split(",") if flags.splits else None,
          flags.min_shards or building.MIN_SHARDS,
          flags.overwrite,
      )
      for task in tasks
  ]
  for build in builds:
    if not build.num_shards:
      print(f"{build.folder} is complete already; --overwrite builds it anew.")
    elif build.kept:
      print(f"{build.folder}: {build.kept} finished files are kept.")
  _write(builds, flags)
  for build in builds:
    for split, stats in build.finish().items():
      numbers = ", ".join(f"{name} {n:,}" for name, n in stats.items())
      print(f"{build.folder} {split}: {numbers}")
  return 0


def _tasks(names: list[str]) -> list[Any]:
  """The tasks of those names, each once."""
  from t5_mtf import data

  found = {}
  for name in names:
    provider = data.get_mixture_or_task(name)
    tasks = data.get_subtasks(provider)
    if provider not in tasks:
      left_out = [t.name for t in tasks if not t.supports_caching]
      tasks = [t for t in tasks if t.supports_caching]
      if left_out:
        print(
            f"{name}: left out, since they have no CacheDatasetPlaceholder:"
            f" {', '.join(left_out)}"
        )
    found.update({task.name: task for task in tasks})
  return list(found.values())


def _write(builds: list[Any], flags: argparse.Namespace) -> None:
  from t5_mtf.data.caching import engines

  works = [work for build in builds for work in build.pending()]
  if not works:
    return
  if flags.local:
    engines.run_locally(works, flags.workers, flags.module_import)
    return
  print(f"writing {len(works)} files on Apache Beam ...", flush=True)
  counters = engines.run_on_beam(
      works, flags.after_dashes, flags.module_import
  )
  if counters:
    print(", ".join(f"{n:,} {name}" for name, n in sorted(counters.items())))
