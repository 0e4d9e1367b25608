"""The doctor finds what is wrong, and says what to do; each failing line."""

import importlib.metadata

import pytest

from t5_mtf import data
from t5_mtf.cli import doctor, t5_mtf


def _failed(finding):
  assert str(finding).startswith("FAIL") and "\n      -> " in str(finding)
  return f"{finding.text} -> {finding.advice}"


def test_another_python_fails():
  assert doctor.check_python((3, 11, 9)).advice is None
  assert "3.12.1 -> make an env" in _failed(doctor.check_python((3, 12, 1)))


def _version_of(name):
  versions = {"numpy": "2.1.0", "nltk": "3.9.1", "Some_Lib": "1.0"}
  if name not in versions:
    raise importlib.metadata.PackageNotFoundError(name)
  return versions[name]


def test_a_missing_and_a_wrong_library_fail_each_with_the_command():
  wanted = ["numpy<2,>=1.23", "nltk>=3.9", "absent==1", 'x==1; extra == "beam"']
  wrong, absent, right = doctor.check_versions(wanted, _version_of, {})
  assert "numpy is 2.1.0" in _failed(wrong)
  assert "pip install 'numpy" in wrong.advice
  assert "absent is not installed -> python -m pip" in _failed(absent)
  assert right.text == "1 libraries are of the required versions"


def test_versions_in_range_that_were_not_tested_are_named():
  tested = {"some-lib": "1.1", "nltk": "3.9.1"}
  [found] = doctor.check_versions(
      ["Some_Lib>=1", "nltk"], _version_of, tested
  )
  assert found.advice is None
  assert found.text.endswith("constraints.txt: Some_Lib 1.0 (tested with 1.1)")


def test_the_pins_of_this_checkout_are_what_is_installed():
  found = list(
      doctor.check_versions(importlib.metadata.requires("t5_mtf"))
  )
  assert len(found) == 1 and found[0].advice is None
  assert doctor._constraints()["tensorflow"] == "2.15.1"


def test_another_vocabulary_fails():
  found = doctor.check_vocabulary(data.ByteVocabulary())
  assert "sentencepiece==0.2.0 again" in _failed(found)


def test_little_memory_fails():
  assert "0.5 GB available -> end other" in _failed(doctor.check_memory(0.5))


def test_what_the_environment_says_of_threads_is_named():
  found = doctor.check_cores({"OMP_NUM_THREADS": "1", "HOME": "/"})
  assert found.text.endswith("; OMP_NUM_THREADS=1")


def test_a_folder_that_cannot_be_written_fails(tmp_path):
  (tmp_path / "file").write_text("")
  [found] = doctor.check_output(str(tmp_path / "file" / "model"))
  assert "cannot be written: Not a directory -> give" in _failed(found)


def test_a_full_disk_fails_and_no_trace_is_left(tmp_path):
  model_dir = tmp_path / "new" / "model"
  written, disk = doctor.check_output(str(model_dir), least_disk=1e9)
  assert written.advice is None and "-> free 1000000000 GB" in _failed(disk)
  assert not list(tmp_path.iterdir())


def test_a_gpu_that_tensorflow_does_not_see_fails(tmp_path):
  (tmp_path / "nvidia0").write_text("")
  found = doctor.check_devices([], str(tmp_path / "nvidia0"))
  assert "tensorflow[and-cuda]" in _failed(found)


def test_an_error_of_a_check_is_a_failing_line():
  def check():
    raise ImportError("libcuda.so\nmore")

  found = doctor._guarded("devices", check)
  assert "ImportError: libcuda.so -> mend" in _failed(found)


@pytest.mark.parametrize("found", [True, False])
def test_the_exit_status_says_whether_all_is_well(tmp_path, found, capsys):
  (tmp_path / "file").write_text("")
  model_dir = tmp_path if found else tmp_path / "file" / "model"
  words = ["doctor", "--light", f"--model_dir={model_dir}"]
  assert t5_mtf.main(words) == (0 if found else 1)
  out = capsys.readouterr().out
  assert ("all is well" if found else "1 to mend") in out
  assert "ok    vocabulary" in out and "one step" not in out


def test_a_step_is_trained_on_the_cpu():
  kinds: list[str] = []
  assert doctor.check_devices(kinds, "/no/such").advice is None
  assert kinds[0] == "cpu"
  assert "on cpu:0" in doctor.check_step("cpu").text
