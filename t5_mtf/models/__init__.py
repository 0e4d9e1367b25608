"""The Mesh TensorFlow model under TPUEstimator.

How a run goes: `settings` reads one from gin and checks it; `runner` sends it
to `training`, `evaluating`, `decoding` or `export`; each builds an `estimator`,
whose `model_fn` lowers one step of the model onto the mesh of `layouts`.
"""
