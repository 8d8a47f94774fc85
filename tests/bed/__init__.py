"""A small world of mail on loopback: two providers (a Dovecot), a mail server between them, and Roost among them."""
