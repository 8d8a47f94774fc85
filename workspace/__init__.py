"""The installation: who is here, and how it runs."""
