"""The action table and what is made from it."""
