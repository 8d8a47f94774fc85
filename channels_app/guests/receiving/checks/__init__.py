"""Our own checks of who sent a mail: SPF, DKIM, ARC, and what DMARC makes of them.

envelope → `senders` (SPF) ┐
header   → `signatures`, `chains` (DKIM, ARC) ┼→ `verdicts` (DMARC) → `Checked`, which `judging` acts on
DNS      ← `resolving` ┘
"""
