"""Example sentences for the kinds of messages, and the training of the classifier that ships with the bot."""
