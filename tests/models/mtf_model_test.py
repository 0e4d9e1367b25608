"""The published Python API, every method, and that no call leaves traces."""

import inspect
import json
import math

import gin
import pytest

from t5_mtf import errors, gin_config
from t5_mtf.data.tasks import mini
from t5_mtf.models import checkpoints
from t5_mtf.models.mtf_model import MtfModel
from t5_mtf.models.periodic_evaluation import PeriodicEvaluation

TASK = mini.COLUMNS[0].tasks[0].name
SMALL = [
    "d_model = 16",
    "d_ff = 32",
    "num_layers = 1",
    "num_heads = 2",
    "d_kv = 8",
]


def _model(folder, **changes):
  return MtfModel(**{
      "model_dir": str(folder),
      "batch_size": 4,
      "sequence_length": {"inputs": 16, "targets": 8},
      "save_checkpoints_steps": 2,
      "extra_gin_bindings": SMALL,
      "gin_files": [
          "models/mini.gin",
          "learning_rate_schedules/constant_0_001.gin",
      ],
      **changes,
  })


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """Trained to step 4, in a process whose gin had something of its own."""
  gin.clear_config()
  folder = tmp_path_factory.mktemp("trained")
  _model(folder).train(TASK, 4)
  assert gin_config.snapshot() == {}
  return folder


@pytest.fixture(autouse=True)
def own_gin():
  gin.clear_config()
  yield
  gin.clear_config()


def _again(folder, **changes):
  """A model of which only the directory is known."""
  few = ["mesh_eval_dataset_fn.num_eval_examples = 8"]
  return MtfModel(
      str(folder), batch_size=4, extra_gin_bindings=few, **changes
  )


def test_the_arguments_are_the_published_ones():
  published = {
      "train": "mixture_or_task_name steps init_checkpoint split",
      "eval": "mixture_or_task_name checkpoint_steps summary_dir split"
      " eval_with_score compute_sequence_length",
      "finetune": "mixture_or_task_name finetune_steps pretrained_model_dir"
      " pretrained_checkpoint_step split",
      "predict": "input_file output_file checkpoint_steps beam_size temperature"
      " keep_top_k vocabulary",
      "score": "inputs targets mixture_or_task_name mixture_or_task_split"
      " scores_file checkpoint_steps vocabulary",
      "export": "export_dir checkpoint_step beam_size temperature keep_top_k"
      " vocabulary eval_with_score",
      "__init__": "model_dir tpu tpu_job_name tpu_zone gcp_project tpu_topology"
      " model_parallelism batch_size sequence_length model_type layout_rules"
      " mesh_shape mesh_devices autostack learning_rate_schedule"
      " keep_checkpoint_max save_checkpoints_steps optimizer predict_fn"
      " variable_filter ensemble_inputs iterations_per_loop"
      " extra_gin_bindings",
  }
  for name, arguments in published.items():
    parameters = inspect.signature(getattr(MtfModel, name)).parameters
    positional = [
        p.name for p in parameters.values()
        if p.kind == p.POSITIONAL_OR_KEYWORD
    ]
    assert positional[1:] == arguments.split(), name


def test_training_saves_what_the_next_object_needs(trained):
  assert checkpoints.step_of(checkpoints.find(str(trained))) == 4
  config = (trained / "operative_config.gin").read_text()
  assert "'inputs': 16" in config and TASK in config


def test_evaluation_of_several_checkpoints(trained, tmp_path):
  found = _again(trained).eval(
      TASK, [2, 4], str(tmp_path), eval_with_score=True
  )
  assert [result.step for result in found] == [2, 4]
  assert found[0].metrics["perplexity"] > 1
  assert found[0].truncated_inputs == 0, "lengths are those of the data"
  cut = _again(trained).eval(
      TASK, 4, str(tmp_path), eval_with_score=True,
      compute_sequence_length=False,
  )
  assert cut[0].truncated_inputs > 0 and cut[0].examples == 8


def test_answers_are_greedy_unless_asked_otherwise(trained, tmp_path):
  questions = tmp_path / "questions.txt"
  questions.write_text("one\ntwo\nthree\n")
  model = _again(trained)
  [path] = model.predict(str(questions), str(tmp_path / "greedy"))
  assert path.endswith("greedy-4")
  with open(path) as f:
    assert len(f.read().splitlines()) == 3
  [sampled] = model.predict(
      str(questions), str(tmp_path / "sampled"), temperature=2.0, keep_top_k=9
  )
  how = json.loads(open(sampled + ".json").read())["decoding"]
  assert (how["temperature"], how["sampling_keep_top_k"]) == (2.0, 9)
  [again] = model.predict(str(questions), str(tmp_path / "again"))
  assert open(again).read() == open(path).read(), "nothing was left behind"
  assert gin_config.snapshot() == {}


def test_scores_of_texts_and_of_a_task(trained, tmp_path):
  model = _again(trained)
  found = model.score(
      ["one", "two"], ["yes"], scores_file=str(tmp_path / "out")
  )
  assert len(found) == 2 and all(score < 0 for score in found)
  assert len((tmp_path / "out.scores").read_text().split()) == 2
  with pytest.raises(errors.UserError, match="either targets"):
    model.score(["one"])


def test_fine_tuning_counts_from_the_pretrained_step(trained, tmp_path):
  with pytest.raises(errors.CheckpointError, match="no checkpoint of step 3"):
    _again(tmp_path / "x").finetune(TASK, 2, str(trained), 3)
  last = _again(tmp_path / "new").finetune(
      TASK, 2, str(trained), evaluation=PeriodicEvaluation()
  )
  assert checkpoints.step_of(last) == 6


def test_the_same_object_answers_after_it_trained(tmp_path):
  model = _model(tmp_path / "model")
  model.train(TASK, 1)
  (tmp_path / "in").write_text("one\n")
  [path] = model.predict(str(tmp_path / "in"), str(tmp_path / "out"))
  assert path.endswith("out-1")


def test_export_answers(trained, tmp_path):
  folder = _again(trained).export(str(tmp_path))
  assert folder == str(tmp_path / "4")


def test_what_the_caller_loaded_into_gin_counts_and_stays(tmp_path):
  gin_config.load(["models/mini.gin"], SMALL)
  before = gin_config.snapshot()
  model = _model(
      tmp_path, gin_files=[], extra_gin_bindings=["dropout_rate = 0.0"]
  )
  last = model.train(TASK, 1)
  size = math.prod(checkpoints.shapes(last)["shared/embedding"])
  assert size == 16 * 3072
  assert gin_config.snapshot() == before


def test_without_a_model_it_says_what_to_give(tmp_path):
  with pytest.raises(errors.UserError, match="nothing says what the model"):
    MtfModel(str(tmp_path)).train(TASK, 1)
  assert not list(tmp_path.iterdir())
