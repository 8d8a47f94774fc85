"""Messages as mails, and mails as what people do: what every carrier of mail needs, and none of their own ways."""
