"""Markdown to sanitized HTML: CommonMark, tables, strikethrough, task lists, highlighted code, autolinks, mentions.

The source is never trusted: raw HTML is shown as text, and what the renderer makes goes through an allow-list (nh3).
"""

from __future__ import annotations

import html as html_lib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MENTION = re.compile(r'(?<![\w@/.])@(?:\*\*([^*\n]{1,100})\*\*|"([^"\n]{1,100})"|([\w][\w.-]{0,60}))')
# Text that renders as itself inside one <p>: begins with a letter and has nothing Markdown or the linkifier reacts to.
_PLAIN = re.compile(r"[^\W\d_](?:[\w ,;?()'%$€£§=–—…“”„]|[.:](?= |$)|!(?!\[))*")
_UNDERSCORE = re.compile(r"_")
_ALIGNED = re.compile(r'style="text-align:(left|right|center)"')
_TASK = re.compile(r"^[ >]*[-*+\d.)]+ +\[[ xX]\]", re.MULTILINE)
# Some lexers take time by the square of a line, or of the whole.
_HIGHLIGHT_LIMIT = 8_000
_HIGHLIGHT_LINE_LIMIT = 300
_WORD_LIMIT, _TASK_LIMIT, _CELL_LIMIT, _BRACKET_LIMIT = 2_000, 1_000, 10_000, 5_000


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Somebody a message names: `id` is None for @channel and @here."""

    id: str | None
    name: str


Mentions = Mapping[str, Mentioned]


def render(text: str, mentions: Mentions | None = None) -> str:
    """The HTML of a message. `mentions` maps what follows `@` (lower case) to who is meant."""
    if _PLAIN.fullmatch(text) and not _UNDERSCORE.search(text) and text == text.strip():
        return f"<p>{html_lib.escape(text, quote=False)}</p>\n"
    env: dict[str, Any] = {"mentions": mentions or {}}
    # Alignment as an attribute: the page's policy refuses style attributes.
    html = _cleaner().clean(_ALIGNED.sub(r'align="\1"', _parser(costly=_costly(text)).render(text, env)))
    # One end for all: a mail carries the HTML too, and a rebuild from mail must give the same.
    return f"{html.rstrip()}\n" if html.strip() else ""


def mention_key(match: re.Match[str]) -> str:
    """What a mention names, in lower case."""
    return next(group for group in match.groups() if group).lower()


def _costly(text: str) -> bool:
    """Whether links, task lists or tables would take time by the square: such a text is shown without them."""
    lines = text.split("\n")
    cells = max(line.count("|") for line in lines) * len(lines)
    longest = max(map(len, text.split()), default=0)
    many = text.count("[") > _BRACKET_LIMIT or len(_TASK.findall(text)) > _TASK_LIMIT
    return many or longest > _WORD_LIMIT or cells > _CELL_LIMIT


@lru_cache(maxsize=2)
def _parser(*, costly: bool = False) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True, "highlight": _highlight, "maxNesting": 20})
    parser.enable("strikethrough")
    if costly:
        parser.disable(["link", "image"])
    else:
        parser.enable(["table", "linkify"])
        parser.use(tasklists_plugin)
    if parser.linkify is not None:
        parser.linkify.set({"fuzzy_link": True, "fuzzy_email": True, "fuzzy_ip": False})
    parser.core.ruler.after("linkify", "mentions", _mentions)
    parser.add_render_rule("mention", _render_mention)
    parser.add_render_rule("softbreak", _render_softbreak)
    parser.add_render_rule("image", _render_image)
    return parser


def _render_softbreak(_r: RendererHTML, _t: Sequence[Token], _i: int, _o: Any, _e: Any) -> str:
    return "<br>\n"  # a line break somebody typed in a chat is meant


def _render_image(_r: RendererHTML, tokens: Sequence[Token], index: int, _o: Any, _e: Any) -> str:
    """A picture elsewhere is shown as a link: loading it would tell its host who reads."""
    source = html_lib.escape(str(tokens[index].attrGet("src") or ""))
    return f'<a href="{source}">{html_lib.escape(tokens[index].content) or source}</a>'


def _mentions(state: StateCore) -> None:
    known: Mentions = state.env.get("mentions") or {}
    if not known:
        return
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _split(block.children, known)


def _split(tokens: Sequence[Token], known: Mentions) -> list[Token]:
    split: list[Token] = []
    in_link = 0
    for token in tokens:
        in_link += (token.type == "link_open") - (token.type == "link_close")
        if token.type == "text" and not in_link and "@" in token.content:
            split.extend(_pieces(token, known))
        else:
            split.append(token)
    return split


def _pieces(token: Token, known: Mentions) -> list[Token]:
    pieces: list[Token] = []
    at = 0
    for match in MENTION.finditer(token.content):
        found, end = _known(match, known)
        if found is None:
            continue
        pieces += [_text(token, token.content[at : match.start()]), _mention(token, found)]
        at = end
    return [piece for piece in [*pieces, _text(token, token.content[at:])] if piece.content]


def _known(match: re.Match[str], known: Mentions) -> tuple[Mentioned | None, int]:
    key = mention_key(match)
    if key in known:
        return known[key], match.end()
    trimmed = key.rstrip(".-")  # "ask @bob." ends a sentence, not a handle
    if match.group(3) and trimmed in known:
        return known[trimmed], match.end() - (len(key) - len(trimmed))
    return None, match.end()


def _text(like: Token, content: str) -> Token:
    return Token("text", "", 0, content=content, level=like.level)


def _mention(like: Token, who: Mentioned) -> Token:
    return Token("mention", "", 0, content=who.name, level=like.level, meta={"id": who.id or who.name})


def _render_mention(_r: RendererHTML, tokens: Sequence[Token], index: int, _o: Any, _e: Any) -> str:
    token = tokens[index]
    who, name = html_lib.escape(token.meta["id"]), html_lib.escape(token.content)
    return f'<span class="mention" data-person="{who}">@{name}</span>'


def _highlight(code: str, language: str, _attrs: str) -> str:
    if not language or len(code) > _HIGHLIGHT_LIMIT or max(map(len, code.split("\n"))) > _HIGHLIGHT_LINE_LIMIT:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    inner = highlight(code, lexer, HtmlFormatter(nowrap=True))
    return f'<pre class="hl"><code>{inner}</code></pre>\n'


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    tags = (
        "p br hr strong em s del code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td a span input"
    )
    return nh3.Cleaner(
        tags=set(tags.split()),
        attributes={
            "a": {"href", "title"},
            "span": {"class", "data-person"},
            "pre": {"class"},
            "code": {"class"},
            "ol": {"start"},
            "li": {"class"},
            "ul": {"class"},
            "th": {"align"},
            "td": {"align"},
            "input": {"checked", "class"},
        },
        tag_attribute_values={"input": {"type": {"checkbox"}, "disabled": {"disabled", ""}}},
        url_schemes={"http", "https", "mailto", "xmpp", "tel", "ftp"},
        link_rel="noopener noreferrer nofollow",
    )
