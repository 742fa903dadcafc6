"""What every collection of the API shares: errors, pages, verbs, fields, the token. Below every app; knows none of them."""
