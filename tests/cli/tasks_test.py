"""Tests of `t5_mtf tasks`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from t5_mtf import data
from t5_mtf.cli import t5_mtf
from t5_mtf.data import file_task

LISTING = """
import sys
from t5_mtf.cli import t5_mtf
status = t5_mtf.main(["tasks"])
assert not {"tensorflow", "tensorflow_datasets"} & set(sys.modules)
sys.exit(status)
"""


def _run(capsys, *argv):
  status = t5_mtf.main(["tasks", *argv])
  captured = capsys.readouterr()
  return status, captured.out, captured.err


@pytest.fixture(name="missing")
def fixture_missing(tmp_path):
  """A task whose TFDS data set is not prepared."""
  source = data.TfdsDataSource(
      "glue/cola:1.0.0",
      tfds_data_dir=str(tmp_path),
      splits={"train": "train", "dev": "validation"},
  )
  data.TaskRegistry.add(
      "cli_missing",
      source=source,
      output_features={"targets": data.Feature(data.ByteVocabulary())},
      preprocessors=[data.preprocessors.tokenize],
      metric_fns=[],
      provenance=data.Provenance("someone", "CC0", "by hand"),
  )
  yield tmp_path
  data.TaskRegistry.remove("cli_missing")


def test_every_task_is_listed_without_tensorflow(repository_root):
  run = subprocess.run(
      [sys.executable, "-c", LISTING],
      cwd=repository_root,
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 0, run.stderr
  first_words = {line.split(" ")[0] for line in run.stdout.splitlines()}
  registered_here = {file_task.NAME}  # by other tests, perhaps
  assert first_words >= set(data.TaskRegistry.names()) - registered_here
  assert "\x1b" not in run.stdout


@pytest.mark.parametrize("pattern", ["mini_sglue", "mini_sglue_*"])
def test_a_pattern_or_a_part_of_the_name_chooses(capsys, pattern):
  status, out, _ = _run(capsys, pattern)
  assert status == 0
  names = [line.split()[0] for line in out.splitlines()[2:4]]
  assert names == ["mini_sglue_boolq", "mini_sglue_copa"]
  assert "2 tasks." in out


def test_no_match_names_the_nearest(capsys):
  status, _, err = _run(capsys, "mini_sqad")
  assert status == 1
  assert "Did you mean 'mini_squad'" in err


def test_show_tells_all_of_a_task_and_truncation(capsys):
  status, out, _ = _run(
      capsys, "show", "--sequence_length=targets=3", "mini_squad", "-n", "1"
  )
  assert status == 0
  for part in (
      "6,000 examples",
      "Unicode License v3",
      "3,072 ids, pad 0, eos 1, unk 2",
      "1. fill_templates",
      "targets = '{answer}'",
      "5. append_eos_after_trim",
      "metrics     squad",
      "text      question: ",
      "4 ids, CUT to 3 of 3",
      "cut off   Real",
  ):
    assert part in " ".join(out.split()) or part in out, part


def test_raw_examples_are_shown_whole(capsys):
  status, out, _ = _run(
      capsys, "show", "mini_cnndm", "-n", "1", "--raw", "--split=test"
  )
  assert status == 0
  [row] = data.TaskRegistry.get("mini_cnndm").source.get_dataset(
      "test", shuffle=False
  ).take(1).as_numpy_iterator()  # fmt: skip
  shown = " ".join(out.split())
  assert " ".join(row["article"].decode().split()) in shown
  assert "more characters" not in out


def test_a_task_without_its_data_is_shown_but_for_examples(capsys, missing):
  status, out, _ = _run(capsys, "show", "cli_missing")
  assert status == 0
  shown = " ".join(out.split())
  assert "TFDS glue/cola:1.0.0" in shown
  assert "TFDS split validation" in shown
  assert "1. tokenize" in shown
  assert "CC0" in shown
  assert f"tfds build glue/cola:1.0.0 --data_dir={missing}" in shown


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["show"], "tasks show NAME"),
        (["show", "mini_all"], "is a mixture: `t5_mtf mixtures show mini_all`"),
        (["show", "mini_squad", "--split=dev"], "The splits are: train, val"),
        (["show", "mini_squad", "-n", "-1"], "0 or more"),
        (["a", "b"], r"must be `t5_mtf tasks [PATTERN]`"),
        (["--module_import=no_such_module_at_all"], "no module of that name"),
        (["show", "mini_squad", "--splitt=dev"], "Did you mean '--split'"),
    ],
)
def test_wrong_use_says_what_is_right(capsys, argv, message):
  status, _, err = _run(capsys, *argv)
  assert status == 1
  assert message in err


def test_tasks_of_the_users_own_module_are_listed(
    capsys, tmp_path, monkeypatch
):
  (tmp_path / "own_tasks_for_listing.py").write_text(
      "from t5_mtf import data\n"
      "data.TaskRegistry.add('own_listed', source=data.TextLineDataSource("
      "{'train': 'a.txt'}), output_features={})\n"
  )
  monkeypatch.syspath_prepend(tmp_path)
  status, out, _ = _run(
      capsys, "own_listed", "--module_import=own_tasks_for_listing"
  )
  data.TaskRegistry.remove("own_listed")
  assert status == 0
  assert "own_listed" in out
