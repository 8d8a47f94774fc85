"""What is wrong with the mail of this installation, and the exact line that mends it: in DNS, at the relay, by TLS.

`examination` makes all checks. `finding` is what is said of one thing, `names` asks DNS, `records` are what it should
have, `published` compares, `carried` asks the servers.
"""
