"""Gin's errors become errors that say what to do."""

import pytest

from t5_mtf import errors, gin_config
from t5_mtf.tf_compat import mtf_utils


@pytest.fixture(autouse=True)
def _mesh_names():
  assert mtf_utils.run


@pytest.mark.parametrize(
    "binding, message",
    [
        ("rn.mode = 'train'", "unknown gin configurable 'rn'. .*'ru"),
        ("utils.run.mod = 'train'", "parameter of gin's utils.run 'mod'.*mode"),
        ("utils.run.optimizer = @AdafactrOptimizer", "AdafactorOptimizer"),
        ("utils.run.mode", "not of the form"),
        ("utils.run.mode = train me", "cannot read the configuration"),
        ("utils.run.train_steps = %STEPS", "STEPS"),
    ],
)
def test_a_binding_that_cannot_be_read_is_explained(binding, message):
  with pytest.raises(errors.UserError, match=message):
    gin_config.load([], [binding])


def test_a_missing_file_lists_where_it_was_searched():
  with pytest.raises(errors.UserError, match="(?s)elsewhere.*models/mini.gin"):
    gin_config.load(["models/mni.gin"], search_paths=["elsewhere"])


def test_a_typo_in_an_import_is_an_error(tmp_path):
  path = tmp_path / "a.gin"
  path.write_text("import mesh_tensorflow.optimiz\n")
  with pytest.raises(errors.UserError, match="a.gin.*optimiz"):
    gin_config.load([str(path)])


def test_published_imports_are_read_as_ours(tmp_path):
  path = tmp_path / "a.gin"
  path.write_text(
      "import t5.models.mesh_transformer\n"
      "utils.run.train_dataset_fn ="
      " @t5.models.mesh_transformer.mesh_train_dataset_fn\n"
  )
  gin_config.load([str(path)])
  assert gin_config.is_reference_to(
      gin_config.run_bindings()["train_dataset_fn"], "mesh_train_dataset_fn"
  )


def test_legacy_bindings_are_skipped_and_reported():
  name = "get_sentencepiece_model_path"
  report = gin_config.load([], [f"{name}.mixture_or_task_name = 'c4'"])
  assert report.skipped == (name,)


def test_priority_is_defaults_files_overrides_bindings(tmp_path):
  path = tmp_path / "a.gin"
  path.write_text("A = 'file'\nB = 'file'\nC = 'file'\n")
  gin_config.load(
      [str(path)],
      ["C = 'binding'", "utils.run.export_path = [%A, %B, %C, %D]"],
      defaults=["A = 'default'", "D = 'default'"],
      overrides=["B = 'override'", "C = 'override'"],
  )
  found = gin_config.resolve(gin_config.run_bindings()["export_path"])
  assert found == ["file", "override", "binding", "default"]


def test_the_operative_config_can_be_loaded_again(tmp_path):
  gin_config.load(
      ["models/mini.gin"],
      [
          "utils.run.train_steps = 7",
          "utils.run.batch_size = ('tokens_per_batch', 64)",
      ],
  )
  path = tmp_path / "operative_config.gin"
  path.write_text(gin_config.operative_config())
  gin_config.load([str(path)])
  found = gin_config.run_bindings()
  assert found["train_steps"] == 7
  assert found["batch_size"] == ("tokens_per_batch", 64)
