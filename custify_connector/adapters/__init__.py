"""Translations of the manifest into what a host takes, a few files a host. None of them retries, paces or decides."""
