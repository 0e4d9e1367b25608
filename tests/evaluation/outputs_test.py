from __future__ import annotations

import json

from t5_mtf.evaluation import evaluator, outputs, results

TASK = evaluator.EvalTask(
    "t", "validation", ["in\nput", "ü"], ["a", "b"], [{}, {}], str
)


def test_text_files_have_one_line_an_example(tmp_path) -> None:
  outputs.write_examples(str(tmp_path), TASK)
  outputs.write_predictions(
      str(tmp_path), TASK, 7, evaluator.Predictions(["a\r\nb", ""])
  )
  assert (tmp_path / "t_inputs").read_text("utf-8") == "in put\nü\n"
  assert (tmp_path / "t_7_predictions").read_text("utf-8") == "a b\n\n"


def test_json_lines_have_the_texts_as_they_are(tmp_path) -> None:
  outputs.write_predictions(
      str(tmp_path), TASK, 7, evaluator.Predictions(["a\nb", "c"])
  )
  outputs.write_predictions(
      str(tmp_path), TASK, 8, evaluator.Predictions(None, [-1.5, -2], [3, 4])
  )
  first = (tmp_path / "t_7.jsonl").read_text("utf-8").splitlines()[0]
  assert json.loads(first) == {
      "example": 0, "input": "in\nput", "target": "a", "prediction": "a\nb"
  }
  last = (tmp_path / "t_8.jsonl").read_text("utf-8").splitlines()[1]
  assert json.loads(last) == {
      "example": 1, "input": "ü", "target": "b", "log_likelihood": -2,
      "tokens": 4,
  }
  assert not (tmp_path / "t_8_predictions").exists()


def test_a_folder_without_results_has_none(tmp_path) -> None:
  assert outputs.read_results(str(tmp_path)) == results.Results([])
