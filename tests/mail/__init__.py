"""The codec is pure: these tests need neither Django nor a server."""
