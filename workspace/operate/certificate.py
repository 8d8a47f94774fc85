"""The certificate with which others reach IMAP: yours (IMAP_TLS_CERT and IMAP_TLS_KEY), else one that signs itself.

Both lie beside the mail as Dovecot's user may read them: yours is often root's alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from workspace.operate import debian, paths, programs


@dataclass(frozen=True)
class Certificate:
    """Two PEM files in the data directory."""

    chain: Path
    key: Path


def provide(home: Path, name: str) -> Certificate:
    """The certificate for a server of this name. Raises `RuntimeError` when yours can't be read."""
    folder = paths.own(home / "tls")
    files = Certificate(folder / "chain.pem", folder / "key.pem")
    if os.environ.get("IMAP_TLS_CERT"):
        take_over(home)
    elif not files.key.exists() or _read(folder / "name") != name:
        _sign(files, name)
        private(folder / "name", name)
    return files


def take_over(home: Path) -> bool:
    """Copy your certificate and key, if they are others than last time; whether they were. Raises `RuntimeError`."""
    folder = home / "tls"
    chain, key = os.environ.get("IMAP_TLS_CERT", ""), os.environ.get("IMAP_TLS_KEY", "")
    if not chain or not folder.exists():
        return False
    try:
        fresh = {"chain.pem": Path(chain).read_text(), "key.pem": Path(key or chain).read_text()}
    except OSError as error:
        raise RuntimeError(f"IMAP_TLS_CERT or IMAP_TLS_KEY can't be read: {error}") from None
    changed = {file: text for file, text in fresh.items() if _read(folder / file) != text}
    for file, text in changed.items():
        private(folder / file, text)
    (folder / "name").unlink(missing_ok=True)
    return bool(changed)


def _sign(files: Certificate, name: str) -> None:
    openssl, env = debian.tool("openssl", "openssl")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650"]
    who = ["-subj", "/CN=Roost", "-addext", f"subjectAltName={'IP' if _is_address(name) else 'DNS'}:{name}"]
    drafts = [path.with_suffix(".draft") for path in (files.chain, files.key)]
    out = ["-out", str(drafts[0]), "-keyout", str(drafts[1])]
    programs.run([openssl, "req", *kind, *who, *out], env={**os.environ, **env})
    for draft, path in zip(drafts, (files.chain, files.key), strict=True):
        private(path, draft.read_text())
        draft.unlink()


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def private(path: Path, text: str) -> None:
    """Write a file that only the servers' user may read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as out:
        out.write(text)
    if paths.IS_ROOT:
        os.chown(fresh, *paths.service_ids(), follow_symlinks=False)
    fresh.replace(path)
