"""Reading and writing recordings and annotations."""
