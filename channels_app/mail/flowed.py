"""format=flowed (RFC 3676): paragraphs that an ordinary program wraps and a good one joins again."""

import re

_WIDTH = 76
_NEEDS_STUFFING = re.compile(r"[ >]|From ")
_QUOTE = re.compile(r">+")


def flow(text: str) -> str:
    """The text with LF line ends, long lines softly broken. Lines that start with `>` stay whole: they are quotes."""
    return "\n".join([_flow_line(line) for line in text.split("\n")])


def unflow(text: str, delsp: bool = False) -> str:
    """The paragraphs of a flowed text, each on one line; quotes keep one `>` a level."""
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        quote = _QUOTE.match(line)
        level = quote.end() if quote else 0
        line = line[level:].removeprefix(" ")
        if paragraph and level != depth:
            _close(out, paragraph, depth)
        depth = level
        flowed = line.endswith(" ") and line != "-- "
        if paragraph and line == "-- ":
            _close(out, paragraph, depth)
        paragraph.append(line[:-1] if flowed and delsp else line)
        if not flowed:
            _close(out, paragraph, depth)
    if paragraph:
        _close(out, paragraph, depth)
    return "\n".join(out)


def _flow_line(line: str) -> str:
    line = line.rstrip(" ") if line != "-- " else line
    if not line or line[0] == ">":
        return line
    if len(line) <= _WIDTH:
        return " " + line if _NEEDS_STUFFING.match(line) else line
    broken: list[str] = []
    while len(line) > _WIDTH:
        at = line.rfind(" ", 1, _WIDTH) + 1 or line.find(" ", _WIDTH) + 1
        if not at or not line[:at].strip():
            break
        broken.append(line[:at])
        line = line[at:]
    if line:
        broken.append(line)
    return "\n".join([" " + piece if _NEEDS_STUFFING.match(piece) else piece for piece in broken])


def _close(out: list[str], paragraph: list[str], depth: int) -> None:
    text = "".join(paragraph)
    out.append(">" * depth + (" " + text if text else "") if depth else text)
    paragraph.clear()
