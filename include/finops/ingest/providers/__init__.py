"""How each cloud lays out its exports: pure functions from a listing and manifests to deliveries."""
