"""One run in this process: its parts, and that kills do not change it."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import signal
import time

import pytest

from t5_mtf.ablations import executing, run_folder, runs, watching
from t5_mtf.evaluation import curves

_SAVE = "utils.run.save_checkpoints_steps = 100"
RUN = runs.Run(
    runs.FINE_TUNING,
    "copa",
    gin_files=(
        "dataset.gin",
        "models/bi_v1.gin",
        "learning_rate_schedules/constant_0_001.gin",
    ),
    gin_params=(
        "d_model = 16", "num_layers = 1", "d_ff = 32", "num_heads = 2",
        "d_kv = 8", "dropout_rate = 0.0", "MIXTURE_NAME = 'mini_sglue_copa'",
        "utils.run.sequence_length = {'inputs': 48, 'targets': 8}",
        "utils.run.batch_size = 4", _SAVE,
        "utils.run.keep_checkpoint_max = None",
    ),
    steps=300,
    seed=1,
    tasks=("mini_sglue_copa",),
    eval_params=("Bitransformer.decode.max_decode_length = 8",),
)  # fmt: skip
PRETRAINING = runs.Run(runs.PRETRAINING, "base", steps=300)
FINE_TUNING = runs.Run(
    runs.FINE_TUNING, "x", (), (_SAVE,), steps=200, parents=(PRETRAINING,)
)


def _with_checkpoints(run: runs.Run, output, *steps: int) -> pathlib.Path:
  folder = pathlib.Path(run.folder(str(output)))
  folder.mkdir(parents=True)
  for step in steps:
    for ending in ("index", "data-00000-of-00001", "meta"):
      (folder / f"model.ckpt-{step}.{ending}").touch()
    (folder / f"input_position-{step}.json").touch()
  return folder


@pytest.mark.parametrize(
    ("there", "segments"),
    [
        ((), [500]),
        ((300,), [500]),
        ((300, 350), [400, 500]),
        ((300, 400), [500]),
        ((300, 400, 450), [500]),
        ((300, 400, 500), [500]),
    ],
)
def test_after_an_odd_step_it_goes_to_the_next_even_one(
    tmp_path, there, segments
):
  _with_checkpoints(FINE_TUNING, tmp_path, *there)
  assert executing.segments(FINE_TUNING, str(tmp_path)) == segments


def test_only_the_last_checkpoint_of_an_evaluated_run_stays(tmp_path):
  folder = _with_checkpoints(RUN, tmp_path, 0, 100, 300)
  for name in ("events.out.tfevents.1", "metrics.jsonl"):
    (folder / name).touch()
  executing._prune(RUN, str(folder))
  assert sorted(os.listdir(folder)) == [
      "checkpoint",
      "metrics.jsonl",
      "model.ckpt-300.data-00000-of-00001",
      "model.ckpt-300.index",
  ]
  assert "model.ckpt-300" in (folder / "checkpoint").read_text()


def test_all_kept_checkpoints_of_a_pretraining_stay(tmp_path):
  folder = _with_checkpoints(PRETRAINING, tmp_path, 150, 300)
  executing._prune(PRETRAINING, str(folder))
  assert sorted(p.name for p in folder.glob("*.index")) == [
      "model.ckpt-150.index", "model.ckpt-300.index"
  ]  # fmt: skip


def _start_and_signal(output: str, step: int, number: int) -> None:
  """Starts the run in another process; signals it at a step."""
  context = multiprocessing.get_context("spawn")
  process = context.Process(target=executing.carry_out, args=(RUN, output))
  process.start()
  path = pathlib.Path(RUN.folder(output)) / "metrics.jsonl"
  while process.is_alive():
    record = watching.last_record(str(path))
    if record and record["step"] >= step:
      os.kill(process.pid, number)
      break
    time.sleep(0.02)
  process.join()
  assert process.exitcode != 0, "it ended before it was signalled"


@pytest.mark.slow
def test_kills_change_neither_losses_nor_scores(tmp_path):
  whole, killed = str(tmp_path / "whole"), str(tmp_path / "killed")
  executing.carry_out(RUN, whole)
  _start_and_signal(killed, 120, signal.SIGKILL)
  _start_and_signal(killed, 220, signal.SIGTERM)
  executing.carry_out(RUN, killed)
  losses = []
  scores = []
  for output in (whole, killed):
    rows = curves.read_metrics(f"{RUN.folder(output)}/metrics.jsonl")
    losses.append({r["step"]: r["loss"] for r in rows if r["step"] % 10 == 0})
    path = pathlib.Path(RUN.folder(output)) / "validation_eval/results.json"
    scores.append([
        (task["step"], task["metrics"])
        for task in json.loads(path.read_text())["tasks"]
    ])
    assert run_folder.RunFolder(RUN, output).read_done().facts.tokens == (
        300 * 4 * (48 + 8)
    )
  assert losses[0] == losses[1]
  assert scores[0] == scores[1]
  assert [step for step, _ in scores[0]] == [100, 200, 300]
