"""Several processes on one machine train as one does; a lost one stops the
run, and nothing past the last checkpoint is lost with it."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from t5_mtf import errors
from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.models import checkpoints, distributed
from t5_mtf.tf_compat import tf
from tests.models import tiny

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_TINY = [f"--gin_param={binding}" for binding in tiny.BINDINGS[:6]]


@pytest.mark.parametrize(
    "hosts, index, message",
    [
        ("a:1,b", 0, "'b'.*a port"),
        ("a:1,b:x", 0, "'b:x'.*a port"),
        ("a:1,a:1", 0, "twice"),
        ("a:1,b:1", None, "--host_index is not given.*0 to 1"),
        ("a:1,b:1", 2, "--host_index is 2.*0 to 1"),
    ],
)
def test_hosts_that_cannot_be_are_refused(hosts, index, message):
  with pytest.raises(errors.UserError, match=message):
    distributed.parse(hosts, index)


@pytest.mark.parametrize(
    "words, message",
    [
        (["--host_index=1"], "without --hosts"),
        (["--hosts=a:1", "--host_index=0", "--tpu=x"], "do not go together"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(words, message, capsys):
  assert t5_mesh_transformer.main(["--model_dir=x", *words]) == 1
  assert message in capsys.readouterr().err


def _names(*gpus):
  return [
      f"/job:worker/replica:0/task:{task}/device:{kind}"
      for task, count in enumerate(gpus)
      for kind in ("CPU:0", *(f"GPU:{i}" for i in range(count)))
  ]


def test_a_mesh_takes_the_same_devices_of_every_host():
  assert distributed.choose_devices(_names(2, 2), 2, None) == (
      "/job:worker/task:0/gpu:0",
      "/job:worker/task:0/gpu:1",
      "/job:worker/task:1/gpu:0",
      "/job:worker/task:1/gpu:1",
  )
  one_each = ("/job:worker/task:0/gpu:0", "/job:worker/task:1/gpu:0")
  assert distributed.choose_devices(_names(2, 1), 2, None) == one_each
  assert distributed.choose_devices(_names(2, 0), 2, 2) == tuple(
      name.replace("gpu", "cpu") for name in one_each
  )
  assert len(distributed.choose_devices(_names(0, 0), 2, 8)) == 8
  for size in (3, 64):
    with pytest.raises(errors.UserError, match=f"has {size} devices"):
      distributed.choose_devices(_names(0, 0), 2, size)


def test_only_what_the_mesh_does_not_place_is_on_the_first_host():
  graph = tf.Graph()
  with graph.as_default(), graph.device(distributed.on_first_host):
    assert tf.constant(0).device == "/job:worker/task:0"
    with tf.device("/job:worker/task:1/cpu:0"):
      placed = tf.constant(0).device
    with tf.device("cpu:1"):
      assert tf.constant(0).device == "/job:worker/task:0/device:CPU:1"
  assert placed == "/job:worker/task:1/device:CPU:0"


def test_devices_without_their_host_are_refused():
  cluster = distributed.parse("a:1,b:1", 0)
  with pytest.raises(errors.UserError, match="on which host"):
    distributed.mesh_devices(cluster, "batch:2", ["gpu:0", "gpu:1"])


def test_the_clusters_of_the_environment_are_named_not_used(
    monkeypatch, capsys
):
  monkeypatch.setenv("TF_CONFIG", '{"cluster": {"chief": ["h:1"]}}')
  distributed.ignore_tf_config()
  assert "TF_CONFIG is set, but is not used" in capsys.readouterr().out
  assert "TF_CONFIG" not in os.environ


def test_a_port_that_is_taken_is_named():
  with socket.create_server(("", 0)) as taken:
    port = taken.getsockname()[1]
    cluster = distributed.parse(f"localhost:{port}", 0)
    with pytest.raises(errors.UserError, match=f"{port}.*taken"):
      distributed.start_server(cluster)


def _free_ports(count):
  with contextlib.ExitStack() as stack:
    servers = [
        stack.enter_context(socket.create_server(("", 0)))
        for _ in range(count)
    ]
    return [server.getsockname()[1] for server in servers]


@contextlib.contextmanager
def _two_processes(*words):
  """Yields host 0 and host 1 of a run."""
  hosts = ",".join(f"localhost:{port}" for port in _free_ports(2))
  processes = [
      subprocess.Popen(
          [
              *(sys.executable, "-m", "t5_mtf.cli.t5_mesh_transformer"),
              *(*words, f"--hosts={hosts}", f"--host_index={index}"),
          ],
          cwd=_ROOT,
          stdout=subprocess.PIPE,
          stderr=subprocess.STDOUT,
          text=True,
      )
      for index in range(2)
  ]
  try:
    yield processes
  finally:
    for process in processes:
      process.kill()
      process.wait()


def _end(process, code):
  out, _ = process.communicate(timeout=120)
  assert process.returncode == code, out
  return out


def _losses(folder):
  lines = (folder / "metrics.jsonl").read_text().splitlines()
  records = [json.loads(line) for line in lines]
  assert [r["step"] for r in records] == list(range(1, len(records) + 1))
  return [record["loss"] for record in records]


@pytest.mark.slow
def test_a_lost_host_stops_the_run_which_goes_on_as_if_nothing_had_been(
    tmp_path
):
  rows = [f"{i} is\t{i + 1}" for i in range(40)]
  (tmp_path / "train.tsv").write_text("\n".join(["inputs\ttargets", *rows]))
  (tmp_path / "in.txt").write_text("3 is\n4 is\n")

  def words(folder, *more):
    return [
        f"--model_dir={tmp_path / folder}",
        f"--train_file={tmp_path}/train.tsv",
        "--batch_size=4",
        "--save_checkpoints_steps=10",
        "--mixed_precision=off",  # which several hosts do not have
        "--log_every=1",
        *_TINY,
        *more,
    ]

  answered = [
      f"--input_file={tmp_path}/in.txt",
      "--output_file={}/out.txt",
  ]
  with _two_processes(*words("two", "--train_steps=100000")) as (chief, host):
    while not (tmp_path / "two" / "model.ckpt-10.index").exists():
      assert chief.poll() is None and host.poll() is None
      time.sleep(0.1)
    host.send_signal(signal.SIGKILL)
    out = _end(chief, 1)
  assert "error: host 1 (localhost:" in out and "Traceback" not in out
  assert "task:0/cpu:0, /job:worker/task:1/cpu:0; mesh batch:2" in out
  last, broken = checkpoints.latest_readable(str(tmp_path / "two"))
  assert f"The last checkpoint is {last}" in out and not broken

  steps = checkpoints.step_of(last) + 5
  more = [f"--train_steps={steps}", *answered]
  more[-1] = more[-1].format(tmp_path / "two")
  with _two_processes(*words("two", *more)) as (chief, host):
    assert "continued from" in _end(chief, 0)
    assert "so this one ends too" in _end(host, 0)

  more[-1] = answered[-1].format(tmp_path / "one")
  assert t5_mesh_transformer.main(words("one", *more)) == 0
  found, expected = _losses(tmp_path / "two"), _losses(tmp_path / "one")
  assert len(found) == steps
  # Rounding grows with the steps, as the losses of two layouts show.
  np.testing.assert_allclose(found, expected, rtol=1e-5)
  answers = [tmp_path / name / f"out.txt-{steps}" for name in ("one", "two")]
  assert answers[0].read_text() == answers[1].read_text()
