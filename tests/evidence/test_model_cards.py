"""Model cards, with a YAML header and without; what is no card is refused."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.submissions.evidence import Evidence, Score, Unreadable, read_evidence

HEADED = """---
license: other
model_name: Kestrel 5
model-index:
- name: Not this one
  results:
  - task: {type: text-generation}
    dataset: {name: Cyber range, type: range}
    metrics:
    - {type: accuracy, value: 0.625}
    - {name: Refusals, type: rate, value: high}
  - task: {type: x, name: Only a task}
    metrics: [{type: pass@1, value: 12}]
---
# Something else
"""
PLAIN = """# Kestrel 5

| Category | Benchmark | Metric | Kestrel 4 | Kestrel 5 |
| --- | --- | --- | ---: | ---: |
| Cyber | Range | accuracy | 41.5 | 62.5% |
| Cyber | Long range | | 1,024 | - |
| Cyber | Split | score | 4/5 | n/a |

| Model Name | Size |
| --- | --- |
| Not read | 12 |
"""
SPANNED = """## Model information

<table>
 <tr><th>Model Name</th></tr><tr><td>Kestrel 5 <b>Small</b></td></tr><tr><td>Kestrel 5 Large</td></tr>
</table>

<table>
 <tr><th>Category</th><th>Benchmark</th><th>Small</th><th>Large</th></tr>
 <tr><td rowspan="2">Cyber</td><td>Range</td><td>1.5</td><td>2</td></tr>
 <tr><td>Long range</td><td colspan="2">3</td></tr>
 <tr><td>Open</td><td>Row without its last cell</td><td>9</td></tr>
</table>
"""


def read(text: str) -> Evidence:
    return read_evidence(io.BytesIO(text.encode()))


def test_a_header_names_the_model_and_its_results():
    assert read(HEADED) == Evidence(
        "model_card",
        model="Kestrel 5",
        scores=[
            Score("Cyber range", {"accuracy": 0.625, "Refusals": None}),
            Score("Only a task", {"pass@1": 12}),
        ],
        problems=["Cyber range: Refusals is not a number."],
    )


def test_a_table_of_benchmarks_is_read_with_what_holds_one_number():
    assert read(PLAIN) == Evidence(
        "model_card",
        model="Kestrel 5",
        scores=[
            Score("Range, accuracy", {"Kestrel 4": 41.5, "Kestrel 5": 62.5}),
            Score("Long range", {"Kestrel 4": 1024}),
        ],
        problems=["Split, score: no column holds one number."],
    )


def test_cells_that_span_rows_and_columns_keep_every_value_in_its_column():
    assert read(SPANNED) == Evidence(
        "model_card",
        model="Kestrel 5 Small, Kestrel 5 Large",
        scores=[Score("Range", {"Small": 1.5, "Large": 2}), Score("Long range", {"Small": 3, "Large": 3})],
        problems=["A row of a table of benchmarks could not be read."],
    )


@pytest.mark.parametrize("header", ["a: [", "- a list", "a: &x [1]\nb: *x", "model_name: {a: 1}"])
def test_a_header_that_cannot_be_read_is_said_and_the_rest_is_read(header):
    found = read(f"---\n{header}\n---\n# Kestrel 5\n")
    assert found.model == "Kestrel 5"
    assert found.problems == ([] if "model_name" in header else ["The card's header could not be read."])


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00binary",
        b"only words",
        b"   \n ",
        b"# A\x00title",
        b"# Title\n" + b"x" * (2 << 20),
    ],
)
def test_what_is_no_card_is_refused(content):
    with pytest.raises(Unreadable):
        read_evidence(io.BytesIO(content))


@given(st.text(st.sampled_from('#|-<>/tdrhable \n"=0123.&;:*`~![]()'), max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text):
    try:
        found = read(f"# Card\n\n{text}")
    except Unreadable:
        return
    assert found.format == "model_card"
