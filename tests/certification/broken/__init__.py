"""Complete connectors that are broken on purpose: the eight that public suites were tried on."""
