"""The actions: a file a subject."""
