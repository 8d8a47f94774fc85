"""Encrypted guests: keys, codes to join by, the handshake, and what only our key opens."""
