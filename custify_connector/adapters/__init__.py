"""One file a host: translations of the manifest into what that host takes. None of them retries, paces or decides."""
