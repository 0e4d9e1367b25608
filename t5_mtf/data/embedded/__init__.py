"""The data that ships inside the package; README.md here says what it is."""
