"""The scheduler: order, sharing, failures, locks, interruptions, resumption."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from t5_mtf import errors
from t5_mtf.ablations import run_folder, running, runs

PRETRAINING = runs.Run(runs.PRETRAINING, "base", steps=100)
OTHER = runs.Run(runs.PRETRAINING, "other", steps=100)


def fine_tuning(label: str, parent: runs.Run = PRETRAINING) -> runs.Run:
  return runs.Run(runs.FINE_TUNING, label, steps=20, parents=(parent,))


def prepare() -> None:
  """What worker processes do first: nothing."""


def pretend(run: runs.Run, output: str) -> None:
  """Stands for `executing.carry_out`; the label says what happens."""
  folder = run_folder.RunFolder(run, output)
  with folder.held():
    if folder.read_done():
      return
    pathlib.Path(folder.file(run_folder.LOG)).touch()
    for parent in run.parents:
      if not run_folder.RunFolder(parent, output).read_done():
        raise RuntimeError("its parent has not ended")
    _note(output, run.label)
    if run.label == "fails":
      raise errors.UserError("no such task")
    if run.label == "dies":
      os.kill(os.getpid(), signal.SIGKILL)
    if run.label.startswith("slow"):
      time.sleep(60)
    while run.label == "awaits" and not os.path.exists(f"{output}/go"):
      time.sleep(0.05)
    folder.write_done(run_folder.Facts(1, 2.0, 3), {"cores": 1}, {})


def pretend_and_let_go(run: runs.Run, output: str) -> None:
  """`pretend`; what awaits it in another process goes on once it is met."""
  try:
    pretend(run, output)
  except run_folder.Held:
    pathlib.Path(f"{output}/go").touch()
    raise


def _note(output: str, label: str) -> None:
  with open(os.path.join(output, "order"), "a", encoding="utf-8") as f:
    f.write(f"{label} {sorted(os.sched_getaffinity(0))}\n")


def _order(output) -> list[str]:
  lines = (pathlib.Path(output) / "order").read_text().splitlines()
  return [line.split()[0] for line in lines]


def _run(wanted, output, jobs=1, **options) -> running.Ending:
  options.setdefault("carry_out", pretend)
  return running.run_all(wanted, str(output), jobs, prepare, **options)


def test_parents_come_first_and_what_is_shared_is_done_once(tmp_path):
  wanted = [fine_tuning("a"), fine_tuning("b"), fine_tuning("c", OTHER)]
  ended = []
  ending = _run(
      wanted, tmp_path, ended=lambda run, done: ended.append(run.label)
  )
  assert ending == running.Ending({}, ())
  assert _order(tmp_path) == ["base", "a", "b", "other", "c"] == ended


def test_a_second_call_does_nothing_again(tmp_path, capsys):
  _run([fine_tuning("a")], tmp_path)
  capsys.readouterr()
  ended = []
  _run([fine_tuning("a")], tmp_path, ended=lambda r, d: ended.append(r.label))
  assert _order(tmp_path) == ["base", "a"]
  assert ended == ["base", "a"]
  assert capsys.readouterr().out == "2 runs, 2 of them done before, 0 to do\n"


def test_cores_are_divided_among_jobs(tmp_path):
  cores = sorted(os.sched_getaffinity(0))
  if len(cores) < 2:
    pytest.skip("one core cannot be divided")
  _run([PRETRAINING, OTHER], tmp_path, jobs=2)
  lines = (tmp_path / "order").read_text().splitlines()
  used = [json.loads(line.split(" ", 1)[1]) for line in lines]
  assert sorted(core for share in used for core in share) == cores


def test_a_failure_is_named_and_only_stops_what_needs_it(tmp_path, capsys):
  bad = runs.Run(runs.PRETRAINING, "fails")
  wanted = [fine_tuning("a", bad), fine_tuning("b")]
  ending = _run(wanted, tmp_path)
  assert ending.failed == {bad: "UserError: no such task"}
  assert ending.left == (wanted[0],)
  assert _order(tmp_path) == ["fails", "base", "b"]
  log = run_folder.RunFolder(bad, str(tmp_path)).file(run_folder.LOG)
  assert f"FAILED {bad.name}: UserError: no such task\n       see {log}" in (
      capsys.readouterr().out
  )
  assert "Traceback" in pathlib.Path(log).read_text()


def test_a_process_that_dies_is_a_failure_and_others_go_on(tmp_path):
  bad = runs.Run(runs.PRETRAINING, "dies")
  ending = _run([bad, PRETRAINING], tmp_path)
  assert "SIGKILL" in ending.failed[bad]
  assert _order(tmp_path) == ["dies", "base"]


def test_a_failed_run_is_tried_again_by_the_next_call(tmp_path):
  bad = runs.Run(runs.PRETRAINING, "fails")
  for _ in range(2):
    assert _run([bad], tmp_path).failed
  assert _order(tmp_path) == ["fails", "fails"]


def _in_another_process(run: runs.Run, output) -> subprocess.Popen:
  """Starts `run_all` on one run, and waits until it is being done."""
  code = (
      "from tests.ablations import running_test as t; import sys;"
      f" e = t._run([t.runs.Run({run.kind!r}, {run.label!r})],"
      f" {str(output)!r}); sys.exit(128 + e.signal if e.signal else 0)"
  )
  process = subprocess.Popen([sys.executable, "-c", code])
  until = time.monotonic() + 30
  while not (output / "order").exists() and time.monotonic() < until:
    time.sleep(0.05)
  return process


def test_a_run_is_not_done_twice_at_the_same_time(tmp_path):
  slow = runs.Run(runs.PRETRAINING, "slow")
  process = _in_another_process(slow, tmp_path)
  try:
    with pytest.raises(run_folder.Held):
      pretend(slow, str(tmp_path))
  finally:
    process.kill()
    process.wait()


def test_what_another_process_does_is_waited_for(tmp_path, capsys):
  run = runs.Run(runs.PRETRAINING, "awaits")
  process = _in_another_process(run, tmp_path)
  ending = _run([run], tmp_path, carry_out=pretend_and_let_go)
  assert process.wait(30) == 0
  assert ending == running.Ending({}, ())
  assert _order(tmp_path) == ["awaits"]
  assert f"wait   {run.name}: another process" in capsys.readouterr().out


def test_a_lock_ends_with_its_process_and_seconds_add_up(tmp_path):
  slow = runs.Run(runs.PRETRAINING, "slow")
  process = _in_another_process(slow, tmp_path)
  process.kill()  # its worker notices, and ends too
  process.wait()
  folder = run_folder.RunFolder(slow, str(tmp_path))
  until = time.monotonic() + 10
  while time.monotonic() < until:
    try:
      with folder.held():
        break
    except run_folder.Held:
      time.sleep(0.1)
  else:
    pytest.fail("the lock is still held")
  before = folder.seconds()
  with folder.held():
    time.sleep(0.3)
  assert folder.seconds() >= before + 0.2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_leaves_the_rest(tmp_path, number):
  process = _in_another_process(runs.Run(runs.PRETRAINING, "slow"), tmp_path)
  process.send_signal(number)
  assert process.wait(30) == 128 + number


def test_run_json_tells_a_run_by_itself(tmp_path):
  run = fine_tuning("a")
  _run([run], tmp_path)
  folder = pathlib.Path(run.folder(str(tmp_path)))
  spec = json.loads((folder / "run.json").read_text())
  assert spec["name"] == run.name and spec["parents"] == [PRETRAINING.name]
  assert spec["total_steps"] == 120
  assert spec["commands"][0].startswith("t5_mesh_transformer --model_dir=")


def test_a_torn_marker_is_named(tmp_path):
  _run([PRETRAINING], tmp_path)
  path = pathlib.Path(PRETRAINING.folder(str(tmp_path))) / run_folder.DONE
  path.write_text("{")
  with pytest.raises(errors.DataError, match="done.json cannot be read"):
    _run([PRETRAINING], tmp_path)


def test_remote_folders_are_refused():
  with pytest.raises(errors.UserError, match="local folder only"):
    _run([PRETRAINING], "gs://bucket/tables")


def test_default_jobs_are_from_one_to_the_cores():
  assert 1 <= running.default_jobs() <= multiprocessing.cpu_count()
