"""Packaging of t5_mtf. The tested set of versions is in constraints.txt."""

import pathlib
import re

import setuptools

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "([^"]+)"$',
    (ROOT / "t5_mtf" / "__init__.py").read_text(encoding="utf-8"),
    re.MULTILINE,
).group(1)

INSTALL_REQUIRES = [
    # The last TensorFlow with tf.estimator and TPUEstimator.
    "tensorflow>=2.15.1,<2.16",
    # Its ops are built against one TensorFlow version.
    "tensorflow-text==2.15.0",
    # The model; variable names and gin names come from this release.
    "mesh-tensorflow==0.1.21",
    # Data sets of the published tasks; 4.9 still reads with protobuf 4.
    "tensorflow-datasets>=4.9,<4.10",
    # TensorFlow Datasets imports it without requiring it on Python 3.11.
    "importlib_resources>=6",
    # Later ones bring protobuf 5 code. TensorFlow Datasets needs it.
    "tensorflow-metadata<1.17",
    # TensorFlow 2.15 does not import under protobuf 5.
    "protobuf>=4.25,<5",
    # TensorFlow 2.15 is built against numpy 1.
    "numpy>=1.23.5,<2",
    # The text vocabularies; later releases ship protobuf 5 code.
    "sentencepiece==0.2.0",
    # TensorFlow Hub, under TensorFlow Text, imports pkg_resources, which
    # setuptools 81 removed.
    "setuptools<81",
    # TensorFlow's own, asked here whether the other hosts of a run are there.
    "grpcio>=1.48",
    # Compares versions with the ones above, for `t5_mtf doctor`.
    "packaging>=23",
    # Configuration, as published.
    "gin-config>=0.5,<0.6",
    # BLEU.
    "sacrebleu>=2.3,<3",
    # ROUGE.
    "rouge-score>=0.1.2,<0.2",
    # Sentences of a corpus, as TensorFlow Datasets' C4 counts them.
    "nltk>=3.9",
    # Matthews correlation, F1 and the other classification metrics.
    "scikit-learn>=1.3",
    # Pearson and Spearman correlation.
    "scipy>=1.11",
    # ROUGE and bootstrap on all cores, and their progress bar.
    "joblib>=1.3",
    "tqdm>=4.60",
]

EXTRAS_REQUIRE = {
    # Corpora and caches on a cluster (or on all cores of one machine).
    "beam": ["apache-beam>=2.65"],
    # Hugging Face's weights; needs numpy only.
    "convert": ["safetensors>=0.8"],
    # The language of the pages of a corpus.
    "langdetect": ["langdetect>=1.0.9"],
    # Rebuilds the embedded data from its sources: names, dates and amounts in
    # four languages (CLDR).
    "build": ["Babel>=2.14"],
    # The plots of `t5_mtf demo`.
    "demo": ["matplotlib>=3.8"],
    # What `make test` runs.
    "test": ["pytest>=8", "pytest-xdist>=3.5", "ruff>=0.9"],
}

setuptools.setup(
    name="t5_mtf",
    version=VERSION,
    description=(
        "T5 as first published: Mesh TensorFlow under TPUEstimator, for"
        " Python 3.11 and TensorFlow 2.15"
    ),
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    python_requires="==3.11.*",
    packages=setuptools.find_packages(include=["t5_mtf", "t5_mtf.*"]),
    package_data={
        "t5_mtf": [
            "gin/**/*.gin",
            "data/vocabs/*",
            "data/embedded/**/*",
            "evaluation/*.json",
            "ablations/**/*.json",
        ],
    },
    install_requires=INSTALL_REQUIRES,
    extras_require=EXTRAS_REQUIRE,
    entry_points={
        "console_scripts": [
            "t5_mesh_transformer = t5_mtf.cli.t5_mesh_transformer:main",
            "t5_mtf = t5_mtf.cli.t5_mtf:main",
        ],
    },
    classifiers=[
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
