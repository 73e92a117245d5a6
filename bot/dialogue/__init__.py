"""The turn: from a patient's words to a reply of verbatim passages, or an honest decline."""
