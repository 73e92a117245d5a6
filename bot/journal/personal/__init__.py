"""Where a patient's words name a person, a number or a place: one module for each family of personal data."""
