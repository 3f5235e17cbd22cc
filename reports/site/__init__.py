"""The ledger as a web site: a page for each claim, pages of measurements, an index, and the generated parts of the README."""
