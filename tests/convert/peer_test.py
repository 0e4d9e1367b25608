"""Hugging Face's own models and tokenizers beside the converted ones.

Needs a Python with Transformers and PyTorch (and protobuf, for tokenizers):
the running one, or the one that T5_MTF_HF_PYTHON names.
"""

import json
import os
import subprocess
import sys

import pytest

from t5_mtf import data, errors
from t5_mtf.convert import comparison, conversion, hf_weights, tokenizer_files
from tests.convert import tiny_models

ENVIRONMENT_VARIABLE = "T5_MTF_HF_PYTHON"
MAX_DIFFERENCE = 1e-4

# Writes a random model. Norms are no ones, so that they count; the head is the
# embedding, as version 5 makes it, or a matrix of its own, as published.
RANDOM_MODEL = """
import sys, torch, transformers
folder, family, head = sys.argv[1:]
prefix = "MT5" if family == "mT5" else "T5"
new = family != "T5 1.0"
torch.manual_seed(0)
config = getattr(transformers, prefix + "Config")(
    vocab_size=256, d_model=32, d_kv=8, d_ff=48, num_heads=4, num_layers=2,
    num_decoder_layers=3, feed_forward_proj="gated-gelu" if new else "relu",
    tie_word_embeddings=not new)
model = getattr(transformers, prefix + "ForConditionalGeneration")(config)
with torch.no_grad():
  for name, parameter in model.named_parameters():
    if "layer_norm" in name or "relative_attention_bias" in name:
      parameter.uniform_(0.5, 1.5)
  if head == "own":
    own = torch.randn_like(model.shared.weight) * 0.3
    model.lm_head.weight = torch.nn.Parameter(own)
    getattr(model, "all_tied_weights_keys", {}).pop("lm_head.weight", None)
model.save_pretrained(folder)
"""

TOKENIZE = """
import json, sys, transformers
tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
print(json.dumps([tokenizer(t).input_ids for t in json.loads(sys.argv[2])]))
"""

TEXTS = (
    "translate English to German: That is good.",
    "Thank you <extra_id_0> me to your party <extra_id_1> week.",
    "naïve café — 東京",
    "  two  spaces ",
)


@pytest.fixture(scope="module")
def peer() -> str:
  python = os.environ.get(ENVIRONMENT_VARIABLE)
  try:
    found = comparison.find_peer(python)
  except errors.UserError as error:
    pytest.skip(str(error))
  if found is None:
    pytest.skip(
        "needs Transformers and PyTorch: name a Python that has them in"
        f" {ENVIRONMENT_VARIABLE}"
    )
  return found


def _run(python: str, program: str, *arguments: str) -> str:
  run = subprocess.run(
      [python, "-c", program, *arguments],
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 0, run.stderr
  return run.stdout


def _compare(found: conversion.Converted, python: str):
  return comparison.compare(
      found.checkpoint,
      found.architecture.vocab_rows,
      found.dtype,
      found.hf_folder,
      python,
  )


@pytest.mark.slow
@pytest.mark.parametrize(
    "family, head",
    [
        ("T5 1.0", "embedding"),
        ("T5 1.1", "own"),
        ("T5 1.1", "embedding"),
        ("mT5", "own"),
        ("mT5", "embedding"),
    ],
)
def test_a_random_model_has_its_logits_here_and_its_bits_back(
    family, head, tmp_path, peer
):
  folder = str(tmp_path / "hf")
  _run(peer, RANDOM_MODEL, folder, family, head)
  there = conversion.from_hf(folder, str(tmp_path / "mesh"))
  assert there.family == family
  tiny_models.load_gin(tmp_path / "mesh")
  compared = _compare(there, peer)
  print(family, head, compared.describe())
  assert compared.count > 50_000
  assert compared.largest > 0.1
  assert compared.difference < MAX_DIFFERENCE

  back = conversion.to_hf(
      there.checkpoint,
      str(tmp_path / "back"),
      None,
      model_type="mt5" if family == "mT5" else "t5",
  )
  before, after = hf_weights.read(folder), hf_weights.read(back.hf_folder)
  assert set(before) <= set(after) <= {*before, "lm_head.weight"}
  for name, tensor in before.items():
    assert after[name].tobytes() == tensor.tobytes(), name
  assert _compare(back, peer).difference < MAX_DIFFERENCE


@pytest.mark.slow
def test_another_model_is_told_from_it(tmp_path, peer):
  for seed, name in enumerate(("hf", "other")):
    program = RANDOM_MODEL.replace("manual_seed(0)", f"manual_seed({seed})")
    _run(peer, program, str(tmp_path / name), "T5 1.0", "embedding")
  found = conversion.from_hf(str(tmp_path / "hf"), str(tmp_path / "mesh"))
  tiny_models.load_gin(tmp_path / "mesh")
  compared = comparison.compare(
      found.checkpoint, 256, "float32", str(tmp_path / "other"), peer
  )
  assert not compared.equal


@pytest.mark.slow
@pytest.mark.parametrize("family", ["T5 1.0", "mT5"])
def test_its_tokenizer_gives_our_ids(family, tmp_path, peer):
  has_protobuf = "import google.protobuf"
  if subprocess.run([peer, "-c", has_protobuf], check=False).returncode:
    pytest.skip("the Python with Transformers has no protobuf")
  tiny_models.write_model_dir(tmp_path / "mesh", family)
  found = conversion.to_hf(
      str(tmp_path / "mesh" / "model.ckpt-5"),
      str(tmp_path / "hf"),
      tokenizer_files.load(tiny_models.vocabulary_file(family, tmp_path)),
  )
  ids = json.loads(_run(peer, TOKENIZE, found.hf_folder, json.dumps(TEXTS)))
  vocabulary = data.get_mini_vocabulary()
  for text, found_ids in zip(TEXTS, ids, strict=True):
    assert found_ids == [*vocabulary.encode(text), 1], text


def test_a_python_without_transformers_is_said():
  assert comparison.find_peer(None) in (None, sys.executable)
  with pytest.raises(errors.UserError, match="cannot be run"):
    comparison.find_peer("/no/such/python")
  if comparison.find_peer(None) is None:
    with pytest.raises(errors.UserError, match="pip install transformers"):
      comparison.find_peer(sys.executable)
