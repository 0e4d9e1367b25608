"""`--use_model_api`: every published mode, from the command line."""

import json

import gin
import pytest

from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.data.tasks import mini
from t5_mtf.models import checkpoints

TASK = mini.COLUMNS[0].tasks[0].name
SMALL = (
    "--gin_param=d_model = 16",
    "--gin_param=d_ff = 32",
    "--gin_param=num_layers = 1",
    "--gin_param=num_heads = 2",
    "--gin_param=d_kv = 8",
)
FEW = "--gin_param=mesh_eval_dataset_fn.num_eval_examples = 4"


def _run(mode, folder, *words):
  return t5_mesh_transformer.main([
      "--use_model_api", f"--mode={mode}", f"--model_dir={folder}", *words
  ])


@pytest.fixture(autouse=True)
def own_gin():
  gin.clear_config()
  yield
  gin.clear_config()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  gin.clear_config()
  folder = tmp_path_factory.mktemp("trained")
  assert _run(
      "train", folder, f"--mixture_or_task={TASK}", "--train_steps=4",
      "--save_checkpoints_steps=2", "--batch_size=2",
      "--input_sequence_length=16", "--target_sequence_length=8",
      "--gin_file=models/mini.gin",
      "--gin_file=learning_rate_schedules/constant_0_001.gin", *SMALL,
  ) == 0
  return folder


def test_evaluation_of_all_checkpoints(trained, tmp_path, capsys):
  assert _run(
      "eval", trained, f"--mixture_or_task={TASK}", "--checkpoint_mode=all",
      f"--eval_summary_dir={tmp_path}", "--batch_size=4", FEW,
  ) == 0
  assert capsys.readouterr().out.count("accuracy") >= 3
  found = json.loads((tmp_path / "results.json").read_text())["tasks"]
  assert [result["step"] for result in found] == [0, 2, 4]


def test_fine_tuning_from_a_chosen_step(trained, tmp_path):
  assert _run(
      "finetune", tmp_path / "new", f"--mixture_or_task={TASK}",
      f"--pretrained_model_dir={trained}", "--checkpoint_steps=2",
      "--train_steps=1", "--batch_size=2",
  ) == 0
  last = checkpoints.find(str(tmp_path / "new"))
  assert checkpoints.step_of(last) == 3


def test_answers_and_scores_of_files(trained, tmp_path):
  (tmp_path / "in").write_text("one\ntwo\n")
  (tmp_path / "targets").write_text("yes\nno\n")
  assert _run(
      "predict", trained, f"--input_file={tmp_path}/in",
      f"--output_file={tmp_path}/out", "--checkpoint_steps=2,4",
      "--beam_size=2", "--batch_size=2",
  ) == 0
  assert len((tmp_path / "out-2").read_text().splitlines()) == 2
  assert (tmp_path / "out-4").exists()
  assert _run(
      "score", trained, f"--input_file={tmp_path}/in", "--batch_size=2",
      f"--target_file={tmp_path}/targets", f"--output_file={tmp_path}/scores",
  ) == 0
  assert len((tmp_path / "scores.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["export_predict", "export_score"])
def test_exports(mode, trained, tmp_path, capsys):
  assert _run(mode, trained, f"--export_dir={tmp_path}", "--batch_size=2") == 0
  assert f"exported step 4 to {tmp_path}/4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--use_model_api"], "unknown --mode 'None'"),
        (["--use_model_api", "--mode=evla"], "Did you mean 'eval'"),
        (["--use_model_api", "--mode=train"], "needs --mixture_or_task"),
        (["--use_model_api", "--mode=finetune", f"--mixture_or_task={TASK}"],
         "needs --pretrained_model_dir"),
        (["--use_model_api", "--mode=score"], "needs --target_file"),
        (["--use_model_api", "--mode=eval", "--mixture_or_task=mini_squat"],
         "Did you mean 'mini_squad'"),
        (["--use_model_api", "--mode=export_score", "--checkpoint_mode=all"],
         "works with one checkpoint"),
        (["--use_model_api", "--mode=export_score", "--checkpoint_steps=1k"],
         "Give numbers"),
        (["--use_model_api", "--mode=export_score",
          "--checkpoint_mode=specific"], "go together"),
        (["--use_model_api", "--mode=train", f"--mixture_or_task={TASK}",
          "--train_file=x.tsv"], "--train_file is not for"),
        (["--use_model_api", "--mode=export_score", "--tpu_topology=v2-8"],
         "without --tpu"),
        (["--mode=eval"], "utils.run.mode = 'eval'"),
        (["--temperature=0.5", "--gin_file=infer.gin"],
         "Bitransformer.decode.temperature"),
        (["--use_model_api", "--mode=eval", f"--mixture_or_task={TASK}"],
         "nothing says what the model"),
    ],
)
def test_flags_that_do_not_go_together_are_explained(
    words, message, tmp_path, capsys
):
  assert t5_mesh_transformer.main([f"--model_dir={tmp_path}/x", *words]) == 1
  assert message in capsys.readouterr().err
  assert not (tmp_path / "x").exists()


def test_a_dry_run_checks_the_names(tmp_path, capsys):
  words = [f"--mixture_or_task={TASK}", "--dry_run"]
  assert _run("eval", tmp_path / "x", *words) == 0
  assert f"would eval on {TASK}" in capsys.readouterr().out
