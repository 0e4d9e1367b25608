"""`t5_mtf checkpoints` lists at once, and makes new checkpoints of old ones."""

import json
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from t5_mtf.cli import t5_mtf
from t5_mtf.evaluation import results
from t5_mtf.models import checkpoints
from tests.models import written


@pytest.fixture
def model_dir(tmp_path):
  folder = tmp_path / "m"
  for step in (100, 200, 300):
    written.checkpoint(folder, step, a__kernel=(50, 10), a__kernel_slot_v=(5,))
  (folder / "operative_config.gin").write_text("x = 1\n")
  return folder


def _task(step, split="validation", **metrics):
  return results.TaskResult("mini_a", split, step, metrics, examples=5)


def _write_scores(model_dir, *tasks, folder="validation_eval"):
  results.write_results(
      model_dir / folder / "results.json", results.Results(list(tasks))
  )


def _run(capsys, *words, code=0):
  assert t5_mtf.main(["checkpoints", *map(str, words)]) == code
  captured = capsys.readouterr()
  return captured.err if code else captured.out


def test_lists_step_size_state_scores_and_the_best(model_dir, capsys):
  _write_scores(
      model_dir,
      _task(100, accuracy=50.0, f1=9.0),
      _task(200, accuracy=70.0, f1=8.0),
      _task(250, accuracy=90.0, f1=1.0),
      _task(300, accuracy=float("nan"), f1=1.0),
  )
  (model_dir / "model.ckpt-300.data-00000-of-00001").write_bytes(b"short")
  lines = _run(capsys, model_dir).splitlines()
  assert lines[0].split()[:4] == ["step", "size", "age", "state"]
  assert lines[0].split()[4:] == ["mini_a/accuracy", "mini_a/f1"]
  assert re.match(r" 100  2.\d kB  +\d+ s  complete +50.00 +9.00$", lines[2])
  assert "cut short: 5 of 2,028 bytes" in lines[4] and "nan" in lines[4]
  assert (
      "best by mini_a/accuracy: step 200 (70.00); step 250, which is not there"
      " any more, had 90.00"
  ) in lines
  assert "best by mini_a/f1: step 100 (9.00)" in lines


def test_a_metric_is_chosen_by_name_and_lower_may_be_better(model_dir, capsys):
  _write_scores(model_dir, _task(100, perplexity=3.0, b=1.0, c=1, d=1, e=1))
  _write_scores(model_dir, _task(200, perplexity=2.0), folder="b_eval")
  out = _run(capsys, model_dir)
  assert "1 more scores, with --metric: mini_a/e" in out
  out = _run(capsys, model_dir, "--metric=mini_a/perplexity")
  assert "best by mini_a/perplexity: step 200 (2.00)" in out
  assert "mini_a/b" not in out
  error = _run(capsys, model_dir, "--metric=mini_a/perplexty", code=1)
  assert "'mini_a/perplexity'" in error


def test_scores_of_two_splits_are_told_apart(model_dir, capsys):
  _write_scores(model_dir, _task(100, accuracy=50.0))
  _write_scores(model_dir, _task(100, "test", accuracy=40.0), folder="t_eval")
  out = _run(capsys, model_dir)
  assert "mini_a/validation/accuracy" in out and "mini_a/test/accuracy" in out


def test_unreadable_scores_are_said(model_dir, capsys):
  (model_dir / "validation_eval").mkdir()
  (model_dir / "validation_eval" / "results.json").write_text("{")
  out = _run(capsys, model_dir)
  assert "left out: " in out and "results.json:1: not JSON" in out
  assert "No scores" in out


def test_wrong_bytes_show_with_verify(model_dir, capsys):
  data = model_dir / "model.ckpt-200.data-00000-of-00001"
  data.write_bytes(b"?" + data.read_bytes()[1:])
  assert _run(capsys, model_dir).count("complete") == 3
  out = _run(capsys, model_dir, "--verify")
  assert out.count("verified") == 2 and "Checksum" in out


def test_listing_needs_no_tensorflow(model_dir):
  _write_scores(model_dir, _task(100, accuracy=50.0))
  program = (
      "import sys\nfrom t5_mtf.cli import t5_mtf\n"
      f"assert t5_mtf.main(['checkpoints', {str(model_dir)!r}]) == 0\n"
      "assert 'tensorflow' not in sys.modules\n"
  )
  subprocess.run([sys.executable, "-c", program], check=True)


def test_averages_the_last_or_the_steps_named(model_dir, tmp_path, capsys):
  new = tmp_path / "new"
  flags = ["average", model_dir, f"--output={new}"]
  out = _run(capsys, *flags, "--last=2", "--dry_run")
  assert "model.ckpt-200" in out and "model.ckpt-100" not in out
  assert not new.exists()
  _run(capsys, *flags, "--steps=100,300")
  [path] = checkpoints.list_checkpoints(str(new))
  assert (checkpoints.reader(path).get_tensor("a/kernel") == 200).all()
  assert (new / "operative_config.gin").read_text() == "x = 1\n"
  error = _run(capsys, *flags, "--steps=100,300", code=1)
  assert "holds model.ckpt-300: nothing was written" in error


def test_renames_and_drops_and_shows_it_before(model_dir, tmp_path, capsys):
  flags = ["rewrite", model_dir, "--rename=^a/=b/", "--drop=_slot_"]
  flags.append(f"--output={tmp_path}/new")
  out = _run(capsys, *flags, "--dry_run")
  assert "a/kernel -> b/kernel" in out and "a/kernel_slot_v dropped" in out
  assert "1 renamed, 1 dropped, 1 kept" in out
  assert not (tmp_path / "new").exists()
  _run(capsys, *flags)
  [path] = checkpoints.list_checkpoints(str(tmp_path / "new"))
  assert sorted(checkpoints.shapes(path)) == ["b/kernel", "global_step"]
  source = json.loads((tmp_path / "new/checkpoint_source.json").read_text())
  assert source["dropped"] == ["a/kernel_slot_v"]


@pytest.mark.parametrize(
    "words, message",
    [
        (["no_such"], "'no_such' is no directory"),
        (["{m}", "more"], "must be `t5_mtf checkpoints MODEL_DIR`"),
        (["{m}", "--metric=accuracy"], "must be TASK/METRIC"),
        (["{m}", "--last=2"], "--last is for `checkpoints average`"),
        (["average", "{m}"], "needs --output"),
        (["average", "{m}", "--output=o"], "either --steps.* or --last"),
        (["average", "{m}", "--output=o", "--last=9"], "from 2 to .* 3"),
        (["average", "{m}", "--output=o", "--steps=1,x"], "with commas"),
        (["average", "{m}", "--output=o", "--steps=100,7"], "no .* step 7"),
        (["rewrite", "{m}", "--output=o"], "needs --rename or --drop"),
        (["rewrite", "{m}", "--output=o", "--rename=a"], "'REGEX=NEW'"),
        (["rewrite", "{m}/model.ckpt-9", "--output=o", "--drop=a"], "There:"),
    ],
)
def test_one_clear_error_each(words, message, model_dir, capsys):
  words = [word.replace("{m}", str(model_dir)) for word in words]
  error = _run(capsys, *words, code=1)
  assert error.startswith("error: ") and re.search(message, error), error


def test_the_commands_of_the_document_parse(repository_root):
  text = pathlib.Path(repository_root / "docs" / "checkpoints.md").read_text()
  lines = re.findall(
      r"^t5_mtf (checkpoints .*)$", text.replace("\\\n", " "), re.M
  )
  assert len(lines) >= 4
  for line in lines:
    t5_mtf.make_parser().parse_strictly(shlex.split(line, comments=True))
