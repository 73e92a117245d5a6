"""How good the retrieval is: ranking and answerability measured on a BEIR-style folder."""
