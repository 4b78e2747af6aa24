"""Reports as a person reads them: one module a format, each a function from a `Report` to text."""
