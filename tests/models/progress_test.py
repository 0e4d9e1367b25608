"""What a run shows and records."""

import doctest
import io
import json

from t5_mtf.models import progress


def _record(step, loss=1.5):
  return progress.StepRecord(step, loss, 0.001, 1234.0, 0.0)


def test_doctests():
  assert doctest.testmod(progress).failed == 0


def test_records_after_the_checkpoint_are_dropped_and_torn_lines_too(tmp_path):
  metrics = progress.MetricsFile(str(tmp_path), 0)
  for step in (1, 10, 20):
    metrics.append(_record(step))
  path = tmp_path / "metrics.jsonl"
  with open(path, "a", encoding="utf-8") as f:
    f.write('{"step": 3')
  progress.MetricsFile(str(tmp_path), 10).append(_record(11))
  steps = [json.loads(line)["step"] for line in path.read_text().splitlines()]
  assert steps == [1, 10, 11]


def test_a_terminal_gets_one_live_line_and_a_file_plain_lines():
  class Terminal(io.StringIO):

    def isatty(self):
      return True

  plain, live = io.StringIO(), Terminal()
  for stream in (plain, live):
    line = progress.ProgressLine(200, stream)
    line.show(_record(100), seconds_per_step=0.5)
    line.show(_record(101), seconds_per_step=None)
    line.close()
  assert plain.getvalue().splitlines()[0] == (
      "step 100 of 200  loss 1.5000  lr 1.00e-03  1,234 tokens/s  50s left"
  )
  assert plain.getvalue().splitlines()[1:] == [
      "step 101 of 200  loss 1.5000  lr 1.00e-03"
  ]
  assert live.getvalue().count("\r") == 2
  assert live.getvalue().count("\n") == 1
