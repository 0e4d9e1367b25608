"""What the raw files of `raw_datasets` become: task, split and texts.

Compared with the published tasks on the same files; formats: Raffel et al.
2020, appendix D.
"""

from __future__ import annotations

_SQUAD_CONTEXT = (
    "Oslo is the capital of Norway , and its largest city . "
)
WSC = "wsc: The cat ate the mouse because *it* was hungry."
_WNLI = "The drain is clogged with hair. It has to be cleaned."

# Task, split, inputs -> (target, what the postprocessor makes of it).
CASES = [
    (
        "glue_cola_v002",
        "train",
        {
            "cola sentence: The sailors rode the breeze.": ("acceptable", 1),
            "cola sentence: Breeze the rode sailors the.": (
                "unacceptable",
                0,
            ),
        },
    ),
    (
        "glue_cola_v002",
        "test",
        {"cola sentence: Bill whistled past the house.": ("<unk>", -1)},
    ),
    (
        "glue_sst2_v002",
        "validation",
        {
            "sst2 sentence: a gripping tale . ": ("positive", 1),
            "sst2 sentence: dull and far too long ": ("negative", 0),
        },
    ),
    (
        "glue_mrpc_v002",
        "validation",
        {
            "mrpc sentence1: He paid the bill. sentence2: She sang.": (
                "not_equivalent",
                0,
            )
        },
    ),
    (
        "glue_qqp_v002",
        "train",
        {
            "qqp question1: How old is she? question2: What is her age?": (
                "duplicate",
                1,
            ),
            "qqp question1: Where is Oslo? question2: Why is the sky blue?": (
                "not_duplicate",
                0,
            ),
        },
    ),
    (
        "glue_stsb_v002",
        "train",
        {
            "stsb sentence1: A plane takes off. sentence2: A plane flies.": (
                "3.2",
                3.2,
            ),
            "stsb sentence1: A man eats. sentence2: A woman sings.": (
                "0.4",
                0.4,
            ),
        },
    ),
    (
        "glue_mnli_v002",
        "train",
        {
            "mnli hypothesis: He moved. premise: He ran home.": (
                "entailment",
                0,
            ),
            "mnli hypothesis: He is fast. premise: He ran home.": (
                "neutral",
                1,
            ),
            "mnli hypothesis: He stood still. premise: He ran home.": (
                "contradiction",
                2,
            ),
        },
    ),
    (
        "glue_mnli_matched_v002",
        "validation",
        {
            "mnli hypothesis: He moved. premise: He ran home.": (
                "entailment",
                0,
            )
        },
    ),
    (
        "glue_mnli_mismatched_v002",
        "validation",
        {
            "mnli hypothesis: He is fast. premise: He ran home.": (
                "neutral",
                1,
            )
        },
    ),
    (
        "glue_qnli_v002",
        "train",
        {
            "qnli question: Who wrote it? sentence: Austen wrote it.": (
                "entailment",
                0,
            ),
            "qnli question: Who wrote it? sentence: It is long.": (
                "not_entailment",
                1,
            ),
        },
    ),
    (
        "glue_rte_v002",
        "train",
        {
            "rte sentence1: A man sleeps on a bench."
            " sentence2: A man sleeps.": (
                "entailment",
                0,
            ),
            "rte sentence1: A man sleeps. sentence2: A dog barks.": (
                "not_entailment",
                1,
            ),
        },
    ),
    (
        "glue_wnli_v002",
        "train",
        {
            f"wnli sentence1: {_WNLI} sentence2: The hair has to be cleaned.": (
                "not_entailment",
                0,
            ),
            f"wnli sentence1: {_WNLI}"
            " sentence2: The drain has to be cleaned.": (
                "entailment",
                1,
            ),
        },
    ),
    (
        "glue_ax_v002",
        "test",
        {
            "mnli hypothesis: The cat did not sit. premise: The cat sat.": (
                "<unk>",
                -1,
            )
        },
    ),
    (
        "super_glue_boolq_v102",
        "validation",
        {
            "boolq passage: It is hot. question: is it hot": ("True", 1),
            "boolq passage: It is hot. question: is it cold": ("False", 0),
        },
    ),
    (
        "super_glue_cb_v102",
        "validation",
        {
            "cb hypothesis: he came premise: I doubt that he came.": (
                "contradiction",
                1,
            ),
            "cb hypothesis: he came premise: I know that he came.": (
                "entailment",
                0,
            ),
        },
    ),
    (
        "super_glue_copa_v102",
        "validation",
        {
            "copa choice1: It broke. choice2: It sang. premise: The glass fell."
            " question: effect": ("choice1", 0)
        },
    ),
    (
        "super_glue_multirc_v102",
        "validation",
        {
            "multirc question: Where did Ann go? answer: To the sea. paragraph:"
            " Sent 1: Ann went to the sea. ": (
                "True",
                {"group": 7, "value": 1},
            ),
            "multirc question: Where did Ann go? answer: To bed. paragraph:"
            " Sent 1: Ann went to the sea. ": (
                "False",
                {"group": 7, "value": 0},
            ),
        },
    ),
    (
        "super_glue_record_v102",
        "validation",
        {
            "record query: @placeholder and Ann talked in Oslo. entities: Ann,"
            " Bob, Oslo passage: Ann met Bob in Oslo. They talked": (
                "Bob",
                {"group": (0, 5), "value": ["Bob"]},
            )
        },
    ),
    (
        "super_glue_rte_v102",
        "validation",
        {
            "rte hypothesis: A man sleeps. premise: A man sleeps on a bench.": (
                "entailment",
                0,
            )
        },
    ),
    (
        "super_glue_wic_v102",
        "validation",
        {
            "wic sentence1: the bank of the river sentence2: a bank with money"
            " word: bank": ("False", 0)
        },
    ),
    (
        "super_glue_axb_v102",
        "test",
        {
            "rte hypothesis: The cat did not sit. premise: The cat sat.": (
                "not_entailment",
                1,
            )
        },
    ),
    (
        "super_glue_axg_v102",
        "test",
        {
            "rte hypothesis: The nurse smiled. premise: The nurse met the man"
            " and she smiled.": ("entailment", 0)
        },
    ),
    (
        "dpr_v001_simple",
        "train",
        {
            "wsc: The bee landed on the flower because *it* had pollen.": (
                "the flower",
                "the flower",
            )
        },
    ),
    ("super_glue_wsc_v102_simple_train", "train", {WSC: ("The cat",) * 2}),
    (
        "squad_v010_allanswers",
        "validation",
        {
            "question: What is the capital of Norway ? context:"
            f" {_SQUAD_CONTEXT}": ("Oslo", ["Oslo", "Oslo is"])
        },
    ),
    (
        "squad_v010_context_free",
        "train",
        {
            "squad trivia question: What is the capital of Norway ? ": (
                "Oslo",
                ["Oslo", "Oslo is"],
            )
        },
    ),
    (
        "squad_v010_allanswers_span",
        "train",
        {
            "question: What is the capital of Norway ? context:"
            f" {_SQUAD_CONTEXT}": (
                "start: 0 end: 0",
                {"answers": ["Oslo", "Oslo is"], "context": _SQUAD_CONTEXT},
            )
        },
    ),
    (
        "cnn_dailymail_v002",
        "validation",
        {
            "summarize: (CNN) A ship left the harbour. Nobody knows why.": (
                ("A ship left.\nNobody knows why.",) * 2
            )
        },
    ),
    (
        "wmt_t2t_ende_v003",
        "validation",
        {
            "translate English to German: That is good.": (
                ("Das ist gut.",) * 2
            )
        },
    ),
    (
        "wmt16_enro_v003",
        "test",
        {"translate English to Romanian: Thank you.": (("Mulțumesc.",) * 2)},
    ),
]
