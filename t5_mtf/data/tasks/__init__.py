"""The tasks of the package; one module a family, each with `register()`."""
