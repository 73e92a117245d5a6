"""What was asked and how it was answered, kept for the clinic for a while, personal data masked before it is written."""
