"""Markdown made to run scripts or to cost time: it renders to harmless HTML, and within a second."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_app.chat import markdown
from channels_app.chat.markdown import MENTION, Mentioned

TAGS = {
    "p",
    "br",
    "hr",
    "strong",
    "em",
    "s",
    "del",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "span",
    "input",
    "a",
}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "input", "h1", "h2", "h3", "h4", "h5", "h6"}
ATTRIBUTES = {"href", "title", "rel", "class", "data-person", "start", "align", "checked", "type", "disabled"}
SCHEMES = ("http:", "https:", "mailto:", "xmpp:", "tel:", "ftp:")


class Reader(HTMLParser):
    """Reads HTML as a browser does and complains about what may not be in it."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        for name, value in attrs:
            if name == "href":
                seen = "".join(c for c in (value or "").lower() if c > " ")  # what a browser makes of it
                scheme = seen.partition(":")[0] + ":"
                assert scheme in SCHEMES or not scheme[:-1].replace("+", "").isalnum() or ":" not in seen, value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def assert_harmless(text: str) -> None:
    html = markdown.render(text, {"bob": Mentioned("ID", '<b onclick="x">')})
    Reader(convert_charrefs=True).feed(html)


LINKS = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)", "\x01javascript:a",
    " javascript:alert(1)", "&#106;avascript:alert(1)", "&#x6A&#x61;vascript:alert(1)", "javascript&colon;alert(1)",
    "javascript&#58;alert(1)", "&Tab;javascript:alert(1)", "java&NewLine;script:alert(1)", "javascript%3Aalert(1)",
    "vbscript:msgbox(1)", "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,<svg onload=alert(1)>", "feed:javascript:alert(1)", "//evil.test", "\\\\evil.test", "blob:x",
    "file:///etc/passwd", "jar:javascript:alert(1)", "livescript:x", "http://a\"onmouseover=\"alert(1)", "about:blank",
    "javascript\\:alert(1)", "javascript://a.test/%0Aalert(1)", "j&#x00;avascript:a", "view-source:x", "filesystem:x",
]  # fmt: skip
FORMS = [
    "[x]({})", "[x](<{}>)", '[x]({} "t")', "![x]({})", "<{}>", "[x][1]\n\n[1]: {}", "[x]: {}\n\n[x]", "{}",
    "<a href='{}'>", "[![x]({})]({})", "[x]({}", "@**{}**", "`{}`", "| [x]({}) |\n|-|", "- [ ] [x]({})",
    "```{}\nx\n```",
]  # fmt: skip
TEXTS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<iframe srcdoc='<script>'>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img>'>", "<!--><script>alert(1)</script>-->", "<![CDATA[<script>]]>", "<?php x ?>",
    "<style>@import'x'</style>", "<base href=x>",
    '[x](http://a "onclick=alert(1)")', "[x](http://a 't\" onclick=\"alert(1)')", '<a title="`">`"onclick=alert(1)>',
    "```\n</code></pre><script>alert(1)</script>\n```", '```"><script>\nx\n```', "<x onclick=a>", "&lt;script&gt;",
    "![a\"onerror=\"alert(1)](x)", "@bob<script>", "<plaintext>", "</p><script>x</script>", "<p\nonclick=x>",
    "\u2028<b>",
    '|<img src=x onerror="a|b">|\n|-|-|', "<a href=\"javas\x00cript:x\">", "<sc<script>ript>", "<template><script>",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_no_link_runs(form: str) -> None:
    for link in LINKS:
        assert_harmless(form.replace("{}", link))


@pytest.mark.parametrize("text", TEXTS)
def test_no_html_comes_through(text: str) -> None:
    for around in ("{}", "**{}**", "> {}", "- {}", "# {}", "a {}\nb", "|{}|\n|-|\n|{}|"):
        assert_harmless(around.replace("{}", text))


@given(st.lists(st.sampled_from([*LINKS, *TEXTS, *"[]()<>!`*_~|\\\n&;:@\"'= "]) | st.text(max_size=3), max_size=12))
@settings(max_examples=400, derandomize=True, deadline=None)
def test_no_mixture_of_them_does(pieces: list[str]) -> None:
    assert_harmless("".join(pieces))


REPEATED = [
    "[", "](", "[a](", "![", "[![", "![a](", "<", "<a ", "<!--", "<![CDATA[", "*a **a", "_a __a", "`", "`a``", "> ",
    ">", "- ", "-", "1. ", "    a\n", "&", "&#1", "|", "|a", "a|b\n", "~~a", "~", "http://a.", "http://a[", "http://a(",
    "www.", "a@b.", "a.com ", "@", "@a", "@**a", '@"a', "@a @b ", "\\", "\n", "# a\n", "[a]: b\n", "- [ ] a\n", "=\n",
    "```\n", "~~~\n", "a*", "**a_", "[a][b]", "<http://a>", "mailto:", "//a", "é", "\u202e", "a:b", "1) [x] a\n",
]  # fmt: skip
SHAPES = {
    "a list in a list": "\n".join(" " * level + "- a" for level in range(270)),
    "a wide table": "|a" * 6000 + "\n" + "|-" * 6000 + "\n" + "|b" * 8000,
    "a tall table": "|a|b|\n|-|-|\n" + "|a\n" * 8000,
    "a table of missing cells": "|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|\n" * 15_000,
    "a smaller one": "|a" * 130 + "\n" + "|-" * 130 + "\n" + "|\n" * 15_000,
    "references": "\n".join(f"[{n}]: a" for n in range(2000)) + "\n" + "[a]" * 5000,
}
CODE = [
    f"```{language}\n{piece * (size // len(piece))}\n```"
    for language in ("make", "rst", "http", "yaml", "perl", "js", "ruby", "powershell", "python", "html", "php")
    for piece in ("a", "<", "a.", "::", "@", "[", "<<a\n", "(", "'", "a\n")
    for size in (7_900, 19_900)
]


@pytest.mark.timeout(300)
def test_nothing_takes_longer_than_a_second() -> None:
    long = [(piece * 40_000)[:40_000] for piece in REPEATED]
    known = {"a": Mentioned("I", "A")}
    slow = {}
    for text in [*long, *(text[:40_000] for text in SHAPES.values()), *CODE]:
        began = time.process_time()
        markdown.render(text, known)
        list(MENTION.finditer(text))
        if (took := time.process_time() - began) > 1:
            slow[text[:30]] = took
    assert slow == {}
