"""The TPUEstimator of a run, and the session it runs in."""

from __future__ import annotations

from typing import Any

from t5_mtf.models import (
    checkpoints,
    distributed,
    layouts,
    master_dtype,
    mixed_precision,
    model_fn,
    seeds,
)
from t5_mtf.models.settings import RunSettings
from t5_mtf.models.start_report import StartReport
from t5_mtf.tf_compat import tf

# TensorFlow's rewrites of a graph before its first step. They take a quarter of
# the start of a training, and a step is not quicker for them.
_REWRITES = (
    "arithmetic_optimization",
    "common_subgraph_elimination",
    "constant_folding",
    "dependency_optimization",
    "function_optimization",
    "implementation_selector",
    "layout_optimizer",
    "loop_optimization",
    "remapping",
    "shape_optimization",
)


def make_estimator(
    settings: RunSettings, report: StartReport, resume_from: str | None = None
) -> Any:
  """Returns the TPUEstimator of a run; it runs on CPU and GPU as well.

  Args:
    settings: of the run.
    report: gathers lines while the graph is built.
    resume_from: the checkpoint of `model_dir` that training continues from.
  """
  there = checkpoints.list_checkpoints(settings.model_dir)[-1:]
  for path in [resume_from, *there, settings.training.init_checkpoint]:
    if path:
      note = master_dtype.match(path)
      report.notes([note] if note else [])
      break
  distributed.ignore_tf_config()
  target = settings.mesh.target
  tpu = tf.compat.v1.estimator.tpu
  config = tpu.RunConfig(
      cluster=_cluster(settings.mesh.tpu),
      master=target or None,
      device_fn=distributed.on_first_host if target else None,
      model_dir=settings.model_dir,
      tf_random_seed=seeds.current(),
      session_config=session_config(settings),
      save_checkpoints_steps=settings.training.save_checkpoints_steps,
      save_checkpoints_secs=None,
      save_summary_steps=0,  # the progress hook writes the events
      log_step_count_steps=None,
      tpu_config=tpu.TPUConfig(
          tpu_job_name=settings.mesh.tpu and settings.mesh.tpu.job_name,
          iterations_per_loop=settings.training.iterations_per_loop,
          num_cores_per_replica=1,
          per_host_input_for_training=tpu.InputPipelineConfig.BROADCAST,
      ),
  )
  batch_size = settings.batch.sequences
  return tpu.TPUEstimator(
      model_fn=model_fn.make_model_fn(settings, report, resume_from),
      config=config,
      use_tpu=settings.use_tpu,
      train_batch_size=batch_size,
      eval_batch_size=batch_size,
      predict_batch_size=batch_size,
      export_to_tpu=False,
      params={},
  )


def session_config(settings: RunSettings) -> Any:
  """How TensorFlow runs the graph: devices, memory, rewrites."""
  config = tf.compat.v1.ConfigProto(
      allow_soft_placement=True,
      device_count={"CPU": settings.mesh.num_logical_cpus},
  )
  config.gpu_options.allow_growth = True
  # Sessions of one server would share variables of the same name.
  config.isolate_session_state = bool(settings.mesh.target)
  rewrites = config.graph_options.rewrite_options
  if settings.use_tpu:
    # Rewriting the host's graph costs start-up time and gains nothing there.
    rewrites.disable_meta_optimizer = True
  elif settings.mode == "train" and not settings.mesh.has_gpus:
    for name in _REWRITES:
      setattr(rewrites, name, rewrites.OFF)
    rewrites.memory_optimization = rewrites.NO_MEM_OPT
    rewrites.disable_tfg_optimizer = True
    rewrites.meta_optimizer_iterations = rewrites.ONE
  if mixed_precision.is_used(settings):
    mixed_precision.rewrite(config)
  return config


def _cluster(tpu: layouts.Tpu | None) -> Any:
  if tpu is None:
    return None
  return tf.distribute.cluster_resolver.TPUClusterResolver(
      tpu.name, zone=tpu.zone, project=tpu.project
  )
