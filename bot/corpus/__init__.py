"""The clinic's files: read into documents, cut into passages, checked."""
