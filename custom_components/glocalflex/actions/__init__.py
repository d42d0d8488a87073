"""The actions, each with an answer: a file a subject."""
