"""C4-style corpora from raw text (Raffel et al. 2020, section 2.2).

`reading` turns local files into pages, `cleaning` judges a page, and
`deduplication` finds text that occurs twice. `building` plans the work and
does its parts; `pipeline` runs them on Apache Beam.
"""
