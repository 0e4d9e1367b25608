"""Gin text of every older release: renamed, left out and said, or refused."""

import pytest

from t5_mtf import errors, gin_legacy


def _rewrite(text):
  return gin_legacy.rewrite(text, "a.gin", lambda name: False)


@pytest.mark.parametrize("name", sorted(gin_legacy.GONE_CONFIGURABLES))
def test_a_gone_configurable_is_left_out_whatever_its_module(name):
  found = _rewrite(f"x.y.{name}.a = 1\nscope/{name}.b = @f()\nc = 2\n")
  assert found.text == "\n\nc = 2\n"
  assert [note.partition(" ")[0] for note in found.notes] == [
      f"x.y.{name}.a",
      f"scope/{name}.b",
  ]


@pytest.mark.parametrize("key", sorted(gin_legacy.GONE_PARAMETERS))
def test_a_gone_parameter_is_left_out(key):
  gone = gin_legacy.GONE_PARAMETERS[key]
  value = (gone.neutral or (7,))[0]
  found = _rewrite(f"decoder/{key} = {value}\n")
  assert not found.text.strip()
  assert len(found.notes) == 1 and gone.why in found.notes[0]


@pytest.mark.parametrize(
    "key", [k for k, v in gin_legacy.GONE_PARAMETERS.items() if v.neutral]
)
def test_a_gone_parameter_that_asks_for_something_is_an_error(key):
  with pytest.raises(errors.UserError, match=f"{key} = True is no longer"):
    _rewrite(f"{key} = True\n")


@pytest.mark.parametrize("key", sorted(gin_legacy.INEFFECTIVE_PARAMETERS))
def test_a_value_that_nothing_reads_is_said_or_refused(key):
  known = gin_legacy.INEFFECTIVE_PARAMETERS[key]
  assert not _rewrite(f"{key} = {known.default!r}\n").notes
  text = f"{key} = 7\n"
  if known.refused:
    with pytest.raises(errors.UserError, match=f"{key} = 7 cannot be used"):
      _rewrite(text)
  else:
    assert known.why in _rewrite(text).notes[0]
    assert _rewrite(text).text == text


@pytest.mark.parametrize("old, new", sorted(gin_legacy.RENAMED.items()))
def test_a_renamed_parameter_keeps_its_value(old, new):
  assert _rewrite(f"{old} = %x\n").text == f"{new} = %x\n"
  assert _rewrite(f"{old} = 'a b'\n").text == f"{new} = 'a b'\n"


def test_the_vocabulary_of_a_gone_function_becomes_the_tasks():
  name = "t5.data.sentencepiece_vocabulary.SentencePieceVocabulary"
  found = _rewrite(f"run.vocabulary = \\\n    @{name}()\nb = 1\n")
  assert found.text == (
      "run.vocabulary = @t5.models.mesh_transformer.get_vocabulary()\n\nb = 1\n"
  )
  assert name in found.notes[0]


def test_a_binding_to_a_gone_function_is_left_out_at_any_depth():
  found = _rewrite("f.a = [('x', @train_model), 1]\nf.b = 'train_model'\n")
  assert found.text == "\nf.b = 'train_model'\n"
  assert len(found.notes) == 1


def test_a_registered_configurable_of_that_name_is_kept():
  text = "my.train_model.steps = 3\nrun.train_model_fn = @train_model\n"
  found = gin_legacy.rewrite(text, "a.gin", lambda name: "train_model" in name)
  assert found.text == text and not found.notes


def test_lines_keep_their_numbers():
  text = "get_sentencepiece_model_path.a = (\n  1,\n  2,\n)\n\nb = 1\n"
  assert _rewrite(text).text.split("\n").index("b = 1") == 5


@pytest.mark.parametrize(
    "old, new",
    [
        ("t5.models.mtf_model", "t5_mtf.models.mesh_transformer"),
        ("t5.data.sentencepiece_vocabulary", "t5_mtf.data.vocabularies"),
        ("multilingual_t5.tasks", "t5_mtf.data.tasks"),
        ("multilingual_t5.vocab", "t5_mtf.data.tasks"),
        ("seqio", "t5_mtf.data"),
        ("json", "json"),
    ],
)
def test_published_imports_are_read_as_ours(old, new):
  assert _rewrite(f"import {old}\n").text == f"import {new}\n"


def test_the_value_of_a_binding_keeps_its_references_as_text():
  [binding] = _rewrite("a/b.c.d = [@f(), %m, 'x']\n").bindings
  assert binding.key == "c.d"
  assert binding.value == ["@f()", "%m", "x"]


@pytest.mark.parametrize(
    "ignored",
    [
        gin_legacy.Ignored(("gone_layer",)),
        gin_legacy.Ignored(("my.gone_layer",)),
        gin_legacy.Ignored(all_unknown=True),
    ],
)
def test_unknown_names_are_left_out_and_said_where_the_user_wants_it(ignored):
  text = "my.gone_layer.size = 3\nknown.size = 4\n"
  found = gin_legacy.rewrite(
      text, "a.gin", lambda name: name == "known", ignored
  )
  assert found.text == "\nknown.size = 4\n"
  [note] = found.notes
  assert note.startswith("my.gone_layer.size was left out")
