"""The ledger as a web site, and the `batchlaw` command line. Reads claims, computes nothing of its own."""
