"""A wrong TensorFlow or Python is one clear line."""

import importlib.metadata
import pathlib
import subprocess
import sys

import pytest

import t5_mtf
from t5_mtf import tf_compat


@pytest.mark.parametrize("found", ["2.16.1", None])
def test_another_tensorflow_is_named_with_the_one_that_works(
    monkeypatch, found
):
  def version(name):
    if name == "tensorflow" and found:
      return found
    raise importlib.metadata.PackageNotFoundError(name)

  monkeypatch.setattr(importlib.metadata, "version", version)
  lazy = tf_compat._LazyModule("tensorflow")
  with pytest.raises(tf_compat.VersionError) as caught:
    _ = lazy.constant
  message = str(caught.value)
  assert "needs TensorFlow 2.15.1" in message and "pip install" in message
  assert (found or "not installed") in message


def test_another_python_is_named_with_the_one_that_works():
  source = pathlib.Path(t5_mtf.__file__).read_text(encoding="utf-8")
  code = (
      "import sys, pathlib\n"
      "sys.version_info = (3, 12, 0, 'final', 0)\n"
      "exec(compile(sys.stdin.read(), 't5_mtf', 'exec'))\n"
  )
  run = subprocess.run(
      [sys.executable, "-c", code],
      input=source,
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 1
  assert "runs on Python 3.11" in run.stderr.splitlines()[-1]
  assert "this is Python 3.12" in run.stderr.splitlines()[-1]


def test_the_tpu_code_of_mesh_tf_leaves_our_command_line_alone():
  """Its absl flags would be parsed from it, and fail at the first of ours."""
  code = (
      "from t5_mtf.tf_compat import mtf, mtf_utils\n"
      "print(mtf_utils.tpu_mesh_shape('2x2', 2).to_string)\n"
      "print(mtf.simd_mesh_impl.auto_logical_to_physical_tpu([8], [2, 2, 2]))"
  )
  run = subprocess.run(
      [sys.executable, "-c", code, "--model_dir=x", "--tpu=y"],
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 0, run.stderr
  assert "Shape[batch=4, model=2]" in run.stdout
