"""Weights in the form in which a loop over tokens reads them fastest.

They are brought into it before the loop. A graph that decodes again and again
keeps them so: for answers of a few tokens that would take as long as the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from t5_mtf.tf_compat import tf

_KEPT = "t5_mtf_kept_weights"


def prepared(fn: Callable[[Any], Any], weights: Any, form: str) -> Any:
  """`fn(weights)`, computed once where the weights are from before a loop.

  Args:
    fn: makes the form.
    weights: the value of a variable, or another tensor.
    form: a name for what `fn` makes.
  """
  graph, read = weights.graph, weights.op
  kept = graph.get_collection(_KEPT)
  with graph.as_default():
    if kept and read.type == "ReadVariableOp":
      return kept[0].value(fn, weights, f"{read.inputs[0].op.name}/{form}")
    return fn(weights)


class KeptWeights:
  """The prepared weights of a graph, from one run of it to the next."""

  def __init__(self, graph: Any) -> None:
    """Has `graph` keep what is prepared in it from now on."""
    graph.add_to_collection(_KEPT, self)
    self._variables: dict[str, Any] = {}
    self._outdated: list[Any] = []

  def value(self, fn: Callable[[Any], Any], weights: Any, name: str) -> Any:
    """The value of the variable `name`, which keeps `fn(weights)`."""
    if name not in self._variables:
      with tf.control_dependencies(None):
        variable = tf.compat.v1.Variable(
            fn(weights),
            trainable=False,
            collections=[tf.compat.v1.GraphKeys.LOCAL_VARIABLES],
            name=name,
            use_resource=True,
        )
      self._variables[name] = variable
      self._outdated.append(variable.initializer)
    return self._variables[name].value()

  def expire(self) -> None:
    """Is told that the weights have changed."""
    self._outdated = [v.initializer for v in self._variables.values()]

  def update(self, session: Any) -> None:
    """Prepares what is new, or has changed, before a run that reads it."""
    if self._outdated:
      session.run(self._outdated)
      self._outdated = []
