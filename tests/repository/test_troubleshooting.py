"""What the page *Troubleshooting* quotes is what a reader sees."""

import re

import structure

ROOT = structure.ROOT


def quoted():
    """The messages in the first columns, without what is left out."""
    page = (ROOT / "book" / "troubleshooting.md").read_text(encoding="utf-8")
    first = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]
    words = [found.strip("… .") for cell in first for found in re.findall(r"`([^`]+)`", cell)]
    return [found for found in words if found.count(" ") >= 2]


def sources():
    files = [
        ROOT / "Makefile",
        *(path for folder in ("theory", "tools", "tests/built") for path in (ROOT / folder).rglob("*.py")),
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_message_is_one_of_the_package_or_its_tools():
    messages, text = quoted(), sources()
    assert len(messages) >= 7
    assert [message for message in messages if message not in text] == []
