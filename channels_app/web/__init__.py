"""The web client (TypeScript, React) and the few views that hand it out."""
