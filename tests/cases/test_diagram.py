"""The generated page about the lifecycle."""

from cases.actions import TABLE
from cases.diagram import page


def test_the_page_in_the_documentation_is_the_table_of_today(project):
    text = (project / "docs" / "lifecycle.md").read_text("utf-8")
    assert text == page(), "stale: run tip12350 lifecycle docs/lifecycle.md"


def test_every_action_is_in_it():
    text = page()
    assert all(f"`{action.name}`" in text for action in TABLE)
    assert "replied --> verifying: 异议成立" in text and "```mermaid\nstateDiagram-v2\n" in text
