"""What is kept on this machine: SQLite files and their versions, whole files replaced in one step, locks.

It does not know what is kept. What cannot be used is a ConfigurationError that names the file and the remedy.
"""
