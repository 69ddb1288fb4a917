def written(settings, version): return ""
