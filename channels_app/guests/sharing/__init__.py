"""A channel on two servers: what happens on one goes to the other as mail, each once and in order."""

ORIGIN = "share"  # of what people of the other side do
