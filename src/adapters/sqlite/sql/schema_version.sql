SELECT coalesce(MAX(Version), 0) FROM SchemaVersion
