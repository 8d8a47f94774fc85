"""The tree of parts of a mail (RFC 2046), read by offsets into the raw bytes: nothing is copied, nothing unbounded."""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels_app.mail.charset import clean, decode, known, without_controls
from channels_app.mail.headers import Headers, from_base64, read_headers
from channels_app.mail.model import Limits
from channels_app.mail.params import content_type, split_value

_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary", "none", "7-bit", "8-bit", "unencoded"})


@dataclass(slots=True)
class Part:
    """One part: its headers, its body as the range `raw[start:end]`, its children when it is a multipart."""

    headers: Headers
    type: str
    params: dict[str, str]
    disposition: str
    filename: str
    start: int
    end: int
    children: list["Part"] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        return self.type.startswith("multipart/")


class Reader:
    """Reads one mail's parts and bodies within the limits, and notes what is wrong with it in `defects`."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.limits = limits
        self.defects: dict[str, None] = {}
        self._count = 0
        self._texts: dict[int, str] = {}

    def note(self, defect: str) -> None:
        """Remember a defect, once."""
        self.defects[defect] = None

    def root(self) -> Part:
        """The whole mail as a tree."""
        return self._part(0, len(self.raw), 0, "text/plain")

    def content(self, part: Part) -> bytes:
        """The body of a leaf with its transfer encoding undone."""
        body = self.raw[part.start : part.end]
        encoding = part.headers.get("content-transfer-encoding").split(";")[0].strip().strip('"').lower()
        if encoding in _PLAIN_ENCODINGS:
            return body
        if encoding == "base64":
            return from_base64(body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(body)
        self.note("unknown transfer encoding")
        return body

    def text(self, part: Part) -> str:
        """The body of a text leaf, decoded, with LF line ends."""
        cached = self._texts.get(part.start)
        if cached is None:
            charset = part.params.get("charset")
            if charset and not known(charset):
                self.note("unknown charset")
            cached = self._texts[part.start] = clean(decode(self.content(part), charset))
        return cached

    def exact_text(self, part: Part) -> str:
        """The text of a part of ours. In base64 we write LF ends, so there even a carriage return is the text's own."""
        text = self.content(part).decode("utf-8", "replace")
        encoding = part.headers.get("content-transfer-encoding").lower()
        return without_controls(text if encoding == "base64" else text.replace("\r\n", "\n"))

    def _part(self, start: int, end: int, depth: int, default: str) -> Part:
        self._count += 1
        headers, body = read_headers(self.raw, start, end, self.limits)
        for defect in headers.defects if depth == 0 else ():
            self.note(defect)
        kind, params = content_type(headers.get("content-type") or default)
        disposition, more = split_value(headers.get("content-disposition"))
        filename = more.get("filename") or params.get("name") or ""
        part = Part(headers, kind, params, disposition, filename, body, end)
        if part.is_multipart:
            self._read_children(part, depth)
        return part

    def _read_children(self, part: Part, depth: int) -> None:
        mark = part.params.get("boundary", "")
        if not mark or len(mark) > 200 or not mark.isascii():
            self.note("no boundary")
            part.type = "text/plain"
            return
        if depth >= self.limits.depth:
            self.note("nested too deep")
            return
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        for start, end in self._ranges(part, mark.encode("ascii")):
            if self._count >= self.limits.parts:
                self.note("too many parts")
                return
            part.children.append(self._part(start, end, depth + 1, default))

    def _ranges(self, part: Part, mark: bytes) -> Iterator[tuple[int, int]]:
        """The ranges between the delimiter lines; a last part that nobody closed ends with its parent."""
        begin = -1
        for line, after, closing in self._delimiters(part, b"--" + mark):
            if begin >= 0:
                yield begin, max(begin, self._before_line_end(line))
            begin = after
            if closing:
                return
        if begin >= 0:
            self.note("multipart not closed")
            yield begin, part.end

    def _delimiters(self, part: Part, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
        """(start of the line, start of the next line, whether it closes) of each delimiter line."""
        raw, at = self.raw, part.start
        found = at - 1 if raw.startswith(delimiter, at, part.end) else raw.find(b"\n" + delimiter, at, part.end)
        while found >= 0:  # a multipart has a header, so nothing begins at 0
            at = found + 1 + len(delimiter)
            stop = raw.find(b"\n", at, min(part.end, at + 100))
            rest = raw[at : stop if stop >= 0 else min(part.end, at + 100)].strip()
            if rest in (b"", b"--"):
                at = stop + 1 if stop >= 0 else part.end
                yield found + 1, at, rest == b"--"
            found = raw.find(b"\n" + delimiter, max(part.start, at - 1), part.end)

    def _before_line_end(self, at: int) -> int:
        """The line end before a delimiter belongs to the delimiter."""
        if self.raw[at - 2 : at] == b"\r\n":
            return at - 2
        return at - 1
