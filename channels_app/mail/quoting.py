"""What of a mail's text is new, and what is quoted, signature or small print.

Nothing a person wrote may get lost: what is folded away stays readable, an answer written between quotes keeps the
whole text, and when nothing new would be left the text stays as it is. Time is linear in the text.
"""

from channels_app.mail import phrases
from channels_app.mail.markdown import QUOTE_STARTS

_NEW, _BLANK, _QUOTE, _FOOT = "NBQF"  # what a line is
_MOST_LINES = 5_000  # of a text that is looked at; a longer one is no answer to anybody
_MOST_ATTRIBUTIONS = 50
_AFTER_COLON = " *_\xa0\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # marks of direction
_ORNAMENTED_LINES = 10


def fold(text: str, *, forwarded: bool = False, answer: bool = True) -> tuple[str, str | None]:
    """(the new text, what was folded away or None).

    `forwarded`: what would be the quote is what is being said. `answer`: the mail answers another; in one that
    does not, a `>` that nobody is named for is the author's own.
    """
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        return _without_mark(text), None
    kinds = _kinds(lines, forwarded, answer)
    lines = ["" if line.strip() == QUOTE_STARTS else line for line in lines]
    shape = "".join(kinds).replace(_BLANK, "").replace(_FOOT, "")
    if _NEW not in shape:
        if lines[0] == "-- " and not shape:
            return "", _join(lines)  # nothing but a signature, under files
        return _join(lines), None
    first_new = kinds.index(_NEW)
    if _QUOTE in shape.strip(_QUOTE) or (shape[0] == _QUOTE == shape[-1]):
        # Answers between quotes make sense only with them.
        return _split(lines, [kind == _FOOT for kind in kinds])
    if shape[0] == _QUOTE:
        return _split(lines, [at < first_new or kind == _FOOT for at, kind in enumerate(kinds)])
    return _split(lines, [kind in (_QUOTE, _FOOT) for kind in kinds])


def _kinds(lines: list[str], forwarded: bool, answer: bool) -> list[str]:
    kinds = [_BLANK if not line.strip() else _QUOTE if line.lstrip(" ").startswith(">") else _NEW for line in lines]
    _keep_code(lines, kinds)
    end = _forward_at(lines)
    if end is None and forwarded:
        end = _hard_cut(lines, len(lines))
    limit = len(lines) if end is None else end
    cut = _hard_cut(lines, limit)
    if cut is not None:
        _mark(kinds, cut, limit, _QUOTE)
    named = _mark_attributions(lines, kinds, limit if cut is None else cut)
    if not (answer or named or cut is not None):
        kinds = [_NEW if kind == _QUOTE else kind for kind in kinds]
    _mark_feet(lines, kinds, limit)
    if end is not None:
        kinds[end:] = [_NEW] * (len(lines) - end)
    return kinds


def _keep_code(lines: list[str], kinds: list[str]) -> None:
    """Inside a fenced block of Markdown a `>` is no quote; a fence that nobody closes is none."""
    opened: int | None = None
    for at, line in enumerate(lines):
        if line.lstrip(" ").startswith("```"):
            if opened is None:
                opened = at
            else:
                kinds[opened : at + 1] = [_NEW] * (at + 1 - opened)
                opened = None


def _forward_at(lines: list[str]) -> int | None:
    """Where a forwarded mail begins: what somebody shows to others is no quote."""
    return next((at for at, line in enumerate(lines) if phrases.FORWARDED.match(line[:200])), None)


def _hard_cut(lines: list[str], limit: int) -> int | None:
    """Where a program says that from here on it is the answered mail, without a `>` before each line."""
    for at, line in enumerate(lines[:limit]):
        if line.strip() == QUOTE_STARTS or phrases.ORIGINAL.match(line[:200]) or _is_header_block(lines, at, limit):
            return _with_rule(lines, at)
    return None


def _is_header_block(lines: list[str], at: int, limit: int) -> bool:
    """From and at least two other headers in seven lines (a long To may take several), the first of them here."""
    starts_here = phrases.FROM_LINE.match(lines[at][:60]) or phrases.OTHER_LINE.match(lines[at][:60])
    if not starts_here:
        return False
    block = [line[:60] for line in lines[at : min(at + 7, limit)]]
    others = {found[1].lower() for line in block if (found := phrases.OTHER_LINE.match(line))}
    return len(others) >= 2 and any(phrases.FROM_LINE.match(line) for line in block)


def _with_rule(lines: list[str], at: int) -> int:
    """The line above, when it is nothing but a rule."""
    above = at - 1
    while above >= 0 and at - above <= 2 and not lines[above].strip():
        above -= 1
    rule = lines[above].strip() if above >= 0 else ""
    return above if len(rule) >= 3 and not rule.strip("_-* ") else at


def _mark_attributions(lines: list[str], kinds: list[str], limit: int) -> bool:
    """ "On Monday Bob wrote:" belongs to the quote below it; and it is one even when the quote has no `>`."""
    tried, found = 0, False
    for at in range(limit):
        line = lines[at].rstrip(_AFTER_COLON)
        if kinds[at] != _NEW or not line.endswith((":", "：", ":>")) or tried >= _MOST_ATTRIBUTIONS:
            continue
        tried += 1
        before_quote = _next_kind(kinds, at + 1, limit) == _QUOTE
        start = _attribution_start(lines, kinds, at, before_quote)
        if start is not None:
            _mark(kinds, start, at + 1 if before_quote else limit, _QUOTE)
            found = True
    return found


def _attribution_start(lines: list[str], kinds: list[str], at: int, before_quote: bool) -> int | None:
    for start in range(at, max(-1, at - 4), -1):
        if kinds[start] != _NEW:
            return None
        whole = " ".join(line.strip() for line in lines[start : at + 1])
        if len(whole) > phrases.ATTRIBUTION_LENGTH:
            return None
        dated = phrases.DATE.search(whole)
        opens = phrases.WROTE.match(whole)
        wrote = opens or phrases.WROTE_VERB.search(whole)
        if before_quote and (dated or (wrote and start == at and _is_sentence_start(lines, kinds, start))):
            return start if wrote or "@" in whole else _with_name(lines, kinds, start, whole)
        if not before_quote and dated and wrote and (opens or "@" in whole):
            return start
    return None


def _with_name(lines: list[str], kinds: list[str], start: int, whole: str) -> int:
    """The line above a date that was broken off from the name it belongs to."""
    above = f"{lines[start - 1].strip()} {whole}" if start and kinds[start - 1] == _NEW else ""
    belongs = "@" in above and len(above) <= phrases.ATTRIBUTION_LENGTH and phrases.WROTE_VERB.search(above)
    return start - 1 if belongs else start


def _is_sentence_start(lines: list[str], kinds: list[str], at: int) -> bool:
    return lines[at][:1].isupper() and (at == 0 or kinds[at - 1] != _NEW)


def _next_kind(kinds: list[str], start: int, limit: int) -> str | None:
    """The kind of the next line that is not blank, at most two blank lines further."""
    return next((kind for kind in kinds[start : min(start + 3, limit)] if kind != _BLANK), None)


def _mark_feet(lines: list[str], kinds: list[str], limit: int) -> None:
    """Signatures, "Sent from my phone", disclaimers, list footers: each reaches to the next quote or the end.

    Disclaimers come first: what a signature is shows in what stands between it and them.
    """
    _mark_banner(lines, kinds, limit)
    for is_foot in (_is_disclaimer, _is_foot):
        at = stop = 0
        while at < limit:
            if at >= stop:
                stop = _stop(kinds, at + 1, limit)
            if kinds[at] == _NEW and is_foot(lines, kinds, at, stop):
                _mark(kinds, at, stop, _FOOT)
                at = stop
            at += 1


def _mark_banner(lines: list[str], kinds: list[str], limit: int) -> None:
    """The paragraph at the top by which a mail server warns of mail from outside."""
    top = next((at for at in range(limit) if kinds[at] != _BLANK), limit)
    end = next((at for at in range(top, limit) if kinds[at] != _NEW), limit)
    if end < limit and end - top <= 4 and phrases.BANNER.match(" ".join(lines[top:end])[:300]):
        _mark(kinds, top, end, _FOOT)


def _is_disclaimer(lines: list[str], kinds: list[str], at: int, stop: int) -> bool:
    text = lines[at].strip()
    if phrases.LIST_FOOTER.fullmatch(text):
        text = next(iter(_below(lines, at, stop)), "")
    elif not (at > 0 and kinds[at - 1] == _BLANK):
        return False
    if not phrases.DISCLAIMER.match(text[:80]):
        return False
    said = " ".join([text, *_below(lines, at, stop)])
    return len(said) > 60 and bool(phrases.SECRECY.search(said))


def _is_foot(lines: list[str], kinds: list[str], at: int, stop: int) -> bool:
    line = lines[at]
    if line in ("-- ", "\\-- ", "\\--"):
        return True
    text = line.strip()
    if len(text) > 200:
        return False
    after_blank = at > 0 and kinds[at - 1] == _BLANK
    if phrases.DELIMITER.fullmatch(text):
        rest = _below(lines, at, stop)
        return (text == "--" and len(rest) <= 12) or (0 < len(rest) <= 6 and _is_card(rest))
    if phrases.LIST_FOOTER.fullmatch(text):
        rest = _below(lines, at, stop)
        return len(rest) <= 8 and any(phrases.LIST_WORDS.search(below[:200]) for below in rest)
    if phrases.ORNAMENT.fullmatch(text) and after_blank:
        rest = _below(lines, at, stop)
        return 0 < len(rest) <= _ORNAMENTED_LINES and _is_ornamented(rest)
    if phrases.SENT_FROM.match(text[:120]):
        rest = _below(lines, at, stop)
        return len(text) <= 120 and len(rest) <= 2 and (after_blank or at == 0 or not rest)
    return (
        at > 0 and bool(phrases.CLOSING.fullmatch(text[:60])) and len(text) <= 60 and _is_card(_below(lines, at, stop))
    )


def _below(lines: list[str], at: int, stop: int) -> list[str]:
    """What stands under a line, up to 40 lines further."""
    return [line.strip() for line in lines[at + 1 : min(stop, at + 40)] if line.strip()]


def _is_card(rest: list[str]) -> bool:
    """Whether lines under a closing are a name and how to reach its owner, and not a further sentence."""
    if not rest or len(rest) > 10:
        return False
    return len(rest[0].split()) <= 4 and all(len(line) <= 80 and not line.endswith(("?", "!")) for line in rest)


def _is_ornamented(rest: list[str]) -> bool:
    """Whether lines under a line of ornaments say how to reach somebody."""
    return all(len(line) <= 80 for line in rest) and any(phrases.REACHABLE.search(line) for line in rest)


def _stop(kinds: list[str], at: int, limit: int) -> int:
    """The next quote, or what is a foot already, from a line on: there ends at the latest what stands before."""
    return min(_index(kinds, _QUOTE, at, limit), _index(kinds, _FOOT, at, limit))


def _index(kinds: list[str], kind: str, at: int, limit: int) -> int:
    try:
        return kinds.index(kind, at, limit)
    except ValueError:
        return limit


def _mark(kinds: list[str], start: int, stop: int, kind: str) -> None:
    kinds[start:stop] = [old if old == _BLANK else kind for old in kinds[start:stop]]


def _split(lines: list[str], folded: list[bool]) -> tuple[str, str | None]:
    """New and folded lines; a blank line goes with what stands before it."""
    new: list[str] = []
    away: list[str] = []
    side = new
    for line, fold_it in zip(lines, folded, strict=True):
        if line.strip():
            side = away if fold_it else new
        side.append(line)
    quoted = _join(away)
    return _join(new), quoted or None


def _join(lines: list[str]) -> str:
    """The lines as a text; a space or three before its first word mean nothing, four are code."""
    text = "\n".join(lines).strip("\n").rstrip()
    return text if text.startswith("    ") else text.lstrip(" ")


def _without_mark(text: str) -> str:
    return text.replace(QUOTE_STARTS, "")
