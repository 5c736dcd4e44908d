"""What the first job proposes."""

from cases.dispatch import proposal
from cases.understanding import LOW_CONFIDENCE, _with_choice

ROWS = [{"type": "hot_work", "confidence": 0.8, "words": []}, {"type": "no_ppe", "confidence": 0.1, "words": []}]


def test_the_reporters_choice_stands_first_and_is_marked():
    assert [row["type"] for row in _with_choice(ROWS, "")] == ["hot_work"]
    chosen = _with_choice(ROWS, "no_ppe")
    assert [row["type"] for row in chosen] == ["no_ppe", "hot_work"]
    assert chosen[0]["chosen"] and chosen[0]["confidence"] == 0.1 < LOW_CONFIDENCE
    assert _with_choice(ROWS, "three_in_one")[0] == {
        "type": "three_in_one", "confidence": 0.0, "words": [], "chosen": True
    }  # fmt: skip


def test_the_reporters_choice_is_no_proposal_of_the_program():
    """Else a correction would say that the model had read what it had not."""
    assert proposal({"types": _with_choice(ROWS, "no_ppe")})["types"] == ["hot_work"]
    assert proposal({"types": _with_choice(ROWS, "hot_work")})["types"] == ["hot_work"]
