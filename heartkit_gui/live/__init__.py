"""The live view: a stream on paper as it arrives, what host and board make of it, and the board itself."""
