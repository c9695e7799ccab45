"""How sure: what the stated uncertainty of the numbers does to an answer."""
