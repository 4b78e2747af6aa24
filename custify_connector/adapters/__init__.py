"""Translations of the manifest into what each host takes, one or a few files a host. None of them retries, paces or decides."""
