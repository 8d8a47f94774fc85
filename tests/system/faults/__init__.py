"""What the test of faults consists of: people who write, a client that reads, what is killed, and what must hold."""
