"""Public ECG databases: download, read, and split by patient."""
