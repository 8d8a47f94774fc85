"""Markdown: nothing hostile comes through, and the short way round says the same as the long one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.chat import markdown
from channels_app.chat.markdown import Mentioned


@given(st.text(alphabet="abcXYZ äß ,;.!?()'%:-_*`<>&@/\\[]#\n1", max_size=60))
def test_plain_text_renders_as_the_parser_would(text: str) -> None:
    full = markdown._cleaner().clean(markdown._parser().render(text, {"mentions": {}}))
    if text.strip() == text and text:
        assert markdown.render(text) == full


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](data:text/html;base64,xxxx)",
        "<a href='vbscript:x'>y</a>",
        "```<script>\nalert(1)\n```",
        '<svg onload="alert(1)">',
    ],
)
def test_hostile_markdown_is_text(hostile: str) -> None:
    html = markdown.render(hostile)
    for danger in ("<script", "<img", "<svg", 'href="javascript', 'href="vbscript', 'href="data:text'):
        assert danger not in html


@given(st.text(max_size=300) | st.sampled_from(["```python\nx = 1\n```", "    code", "- a", "# b", "> c"]))
def test_every_rendering_ends_in_one_line_end(text: str) -> None:
    html = markdown.render(text.replace("\0", ""))
    assert html == "" or (html.endswith("\n") and not html[:-1].endswith("\n"))


def test_everything_the_chat_promises() -> None:
    html = markdown.render(
        "~~old~~ www.example.org\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n- [x] done\n\n```python\nx = 1\n```\n@bob.",
        {"bob": Mentioned("ID", "Bob")},
    )
    for part in ("<s>old</s>", 'href="http://www.example.org"', '<th align="right">', 'type="checkbox"', 'class="n"'):
        assert part in html
    assert '<span class="mention" data-person="ID">@Bob</span>.' in html
