"""Boards and cables: protocol, transports, live sessions, and boards that exist in software only."""
