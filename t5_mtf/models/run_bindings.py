"""Gin bindings that say what a run reads and how it decodes."""

from __future__ import annotations


def vocabulary(name: str) -> list[str]:
  """Takes the vocabulary of a task or mixture."""
  return [
      f"mesh_transformer.get_vocabulary.mixture_or_task_name = {name!r}",
      "utils.run.vocabulary = @mesh_transformer.get_vocabulary()",
  ]


def evaluation(name: str) -> list[str]:
  """Evaluates a task, or every task of a mixture."""
  return [
      f"mesh_eval_dataset_fn.mixture_or_task_name = {name!r}",
      "utils.run.eval_dataset_fn ="
      " @t5.models.mesh_transformer.mesh_eval_dataset_fn",
  ]


def decoding(
    beam_size: int, temperature: float, keep_top_k: int
) -> list[str]:
  """Decodes with the published options, whatever the type of the model."""
  bindings = [f"Bitransformer.decode.beam_size = {beam_size}"]
  for function in ("Bitransformer.decode", "sample_autoregressive"):
    bindings += [
        f"{function}.temperature = {float(temperature)}",
        f"{function}.sampling_keep_top_k = {keep_top_k}",
    ]
  return bindings
