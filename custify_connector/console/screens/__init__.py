"""The screens: each reads a request, makes the one call that it is for, and shows the result."""
