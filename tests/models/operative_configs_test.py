"""A published operative config drives all modes; only a task is added."""

import json
import pathlib

import pytest

from t5_mtf.cli import t5_mesh_transformer
from t5_mtf.models import checkpoints

_CONFIGS = pathlib.Path(__file__).parents[1] / "gin" / "operative_configs"
_TASK = "--gin_param=MIXTURE_NAME = 'mini_glue_acceptability'"


def _run(folder, config, *words):
  words = [f"--model_dir={folder}/m", f"--gin_file={config}", *words, _TASK]
  assert t5_mesh_transformer.main(words) == 0


def _of_facts(shared_dir, folder) -> pathlib.Path:
  """The operative config of a published checkpoint."""
  text = (shared_dir / "facts" / "model_variables.json").read_text()
  facts = json.loads(text)
  lines = [f"{name} = {value!r}" for name, value in facts["macros"].items()]
  lines += [f"{name} = {value}" for name, value in facts["operative_config"]]
  lines.insert(0, "import t5.models.mesh_transformer")
  path = folder / "operative_config.gin"
  path.write_text("\n".join(lines) + "\n")
  return path


@pytest.mark.slow
def test_the_oldest_trains_evaluates_predicts_and_exports(tmp_path, capsys):
  config = _CONFIGS / "t5_1_0.gin"
  _run(tmp_path, config)
  out = capsys.readouterr().out
  assert "step 10 of 10" in out
  notes = [line for line in out.splitlines() if line.startswith("gin: ")]
  assert len(notes) == 11, out
  for name in (
      "use_universal_transformer",
      "get_sentencepiece_model_path",
      "num_parallel_calls",
      "maybe_print_dataset",
      "run.vocabulary",
      "activation_dtype",
  ):
    assert any(name in note for note in notes)

  # What is evaluated is said by the published file; few examples, for time.
  _run(
      tmp_path,
      config,
      "--gin_file=eval.gin",
      "--gin_param=utils.run.batch_size = 16",
      "--gin_param=mesh_eval_dataset_fn.num_eval_examples = 16",
      "--gin_param=utils.run.dataset_split = 'validation'",
      "--gin_param=Bitransformer.decode.max_decode_length = 4",
  )
  assert "16 examples" in capsys.readouterr().out

  (tmp_path / "in.txt").write_text("a text\nanother\n")
  _run(
      tmp_path,
      config,
      "--gin_file=infer.gin",
      f"--gin_param=input_filename = '{tmp_path}/in.txt'",
      f"--gin_param=output_filename = '{tmp_path}/out.txt'",
      "--gin_param=Bitransformer.decode.max_decode_length = 4",
  )
  assert len((tmp_path / "out.txt-10").read_text().splitlines()) == 2

  _run(
      tmp_path,
      config,
      "--gin_param=utils.run.mode = 'export_infer'",
      f"--gin_param=utils.run.export_path = '{tmp_path}/export'",
      "--gin_param=Bitransformer.decode.max_decode_length = 4",
  )
  assert (tmp_path / "export" / "10" / "saved_model.pb").exists()


@pytest.mark.slow
def test_that_of_mt5_trains(tmp_path, capsys):
  _run(tmp_path, _CONFIGS / "mt5.gin")
  assert "step 10 of 10" in capsys.readouterr().out


@pytest.mark.slow
def test_that_of_a_published_checkpoint_trains_with_its_data_types(
    tmp_path, shared_dir
):
  config = _of_facts(shared_dir, tmp_path)
  _run(
      tmp_path,
      config,
      "--gin_param=utils.run.train_steps = 2",
      "--gin_param=utils.run.batch_size = 2",
  )
  types = checkpoints.types(checkpoints.find(f"{tmp_path}/m"))
  facts = json.loads(
      (shared_dir / "facts" / "model_variables.json").read_text()
  )["variables"]
  found = {name: types[name] for name in facts if name in types}
  assert len(found) == len(facts)
  assert found == {name: fact["dtype"] for name, fact in facts.items()}


@pytest.mark.parametrize("path", sorted(_CONFIGS.glob("*.gin")))
def test_what_a_user_binds_wins_over_every_generation(path, tmp_path, capsys):
  words = [
      "--dry_run",
      "--gin_param=utils.run.batch_size = 3",
      "--gin_param=utils.get_variable_dtype.activation_dtype = 'bfloat16'",
      "--gin_param=utils.run.train_steps = 77",
  ]
  _run(tmp_path, path, *words)
  out = capsys.readouterr().out
  assert "3 sequences" in out and "steps     77" in out
  assert "activation_dtype" not in out
