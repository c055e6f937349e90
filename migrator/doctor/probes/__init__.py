"""What is read from the machine, one module a subject. Nothing of the user's is imported here, and nothing is written."""
