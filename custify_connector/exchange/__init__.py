"""One request and its answer: credential, transport, retries and the rate budget."""
