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


def test_legacy_bindings_are_left_out_with_one_line_each(tmp_path):
  path = tmp_path / "a.gin"
  path.write_text(
      "get_sentencepiece_model_path.mixture_or_task_name = 'c4'\n"
      "make_layer_stack.use_universal_transformer = False\n"
      "utils.run.mode = 'eval'\n"
  )
  report = gin_config.load([str(path)])
  first, second = report.notes
  assert first.startswith("get_sentencepiece_model_path.mixture_or_task_name")
  assert second.startswith("make_layer_stack.use_universal_transformer")
  assert gin_config.run_bindings()["mode"] == "eval"


def test_an_overruled_value_of_a_file_is_noted_and_the_command_line_wins(
    tmp_path,
):
  path = tmp_path / "a.gin"
  path.write_text("get_variable_dtype.slice_dtype = 'bfloat16'\n")
  name = "utils.get_variable_dtype.slice_dtype"
  overrides = [f"{name} = 'float32'"]
  report = gin_config.load([str(path)], overrides=overrides)
  assert len(report.notes) == 1 and "'bfloat16' of a file" in report.notes[0]
  assert gin_config.bound("get_variable_dtype", "slice_dtype") == "float32"
  assert not gin_config.is_given("get_variable_dtype", "slice_dtype")

  given = [f"{name} = 'bfloat16'"]
  assert not gin_config.load([str(path)], given, overrides=overrides).notes
  assert gin_config.bound("get_variable_dtype", "slice_dtype") == "bfloat16"
  assert gin_config.is_given("get_variable_dtype", "slice_dtype")


def test_a_misspelt_macro_of_the_command_line_is_an_error():
  with pytest.raises(errors.UserError, match="'d_modle'.*'d_model'"):
    gin_config.load(["models/mini.gin"], ["d_modle = 8"])


def test_a_macro_that_a_file_binds_but_nothing_uses_is_noted(tmp_path):
  path = tmp_path / "a.gin"
  path.write_text("MIXTURE_NAME = 'c4'\n")
  report = gin_config.load([str(path)], ["MIXTURE_NAME = 'mini_all'"])
  assert "nothing refers to %MIXTURE_NAME" in report.notes[0]


@pytest.mark.parametrize(
    "binding, message",
    [
        ("utils.run.train_steps = %STEPS", "STEPS"),
        (
            "utils.run.mesh_shape ="
            " @mesh_tensorflow.transformer.utils.tpu_mesh_shape()",
            "tpu_mesh_shape.tpu_topology is not bound",
        ),
    ],
)
def test_what_is_not_bound_is_named(binding, message):
  name = binding.partition(" ")[0].rpartition(".")[2]
  with pytest.raises(errors.UserError, match=message):
    gin_config.load([], [binding])
    gin_config.resolve(gin_config.run_bindings()[name])


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
