"""The screens: each takes a request apart, makes the one call that it is for, and shows what came of it."""
