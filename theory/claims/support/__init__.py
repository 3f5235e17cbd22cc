"""What several claims lean on: second routes, instances, certificates. Nothing here states anything."""
