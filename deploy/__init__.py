"""What is deployed: manifests, configurations, locks, and the two programs that keep the locks."""
